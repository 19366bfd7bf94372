//! The tools that were found, and what a child has to inherit to use them.
//!
//! It looks at the machine only for the linker's folder: what else it knows was found elsewhere.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use larder::process::{Environment, quoted};
use serde::Serialize;

use super::{choose::Source, needs::Tool, version::Version};

/// The version of what `--json` prints.
const JSON_VERSION: u32 = 1;

/// One tool that was found or got.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// Which.
    pub(crate) tool: Tool,
    /// Its own description.
    pub(crate) version: Version,
    /// The program.
    pub(crate) path: PathBuf,
    /// Where it was found or got.
    pub(crate) source: Source,
    /// Why there and not earlier in the order.
    pub(crate) why: String,
}

impl Chosen {
    fn cells(&self) -> [String; 4] {
        [
            self.tool.name().to_owned(),
            self.version.to_string(),
            format!("{}: {}", self.source, self.why),
            self.path.display().to_string(),
        ]
    }
}

/// All tools, and the environment that xtask was started in.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    chosen: Vec<Chosen>,
    inherited: Environment,
}

impl Tools {
    /// Nothing chosen yet.
    pub(super) fn new(inherited: &Environment) -> Self {
        Self { chosen: Vec::new(), inherited: inherited.clone() }
    }

    pub(super) fn push(&mut self, chosen: Chosen) {
        self.chosen.push(chosen);
    }

    /// What has to change in the environment that xtask was started in: a value to set, or `None` if the
    /// variable has to go.
    pub(crate) fn env(&self) -> Vec<(String, Option<OsString>)> {
        let (before, after) = (&self.inherited, self.environment());
        let mut changes: Vec<(String, Option<OsString>)> = Vec::new();
        for (name, value) in after.iter().filter(|(name, value)| before.get(name) != Some(value)) {
            changes.push((name.to_string_lossy().into_owned(), Some(value.to_os_string())));
        }
        for (name, _) in before.iter().filter(|(name, _)| after.get(name).is_none()) {
            changes.push((name.to_string_lossy().into_owned(), None));
        }
        changes
    }

    /// The whole environment of a child that uses the tools.
    pub(crate) fn environment(&self) -> Environment {
        let mut env = cleaned(&self.inherited);
        let kept =
            |chosen: &&Chosen| !matches!(chosen.source, Source::Path | Source::NixShell | Source::Rustup);
        let mut dirs: Vec<PathBuf> = Vec::new();
        let tools = self.chosen.iter().filter(kept).filter_map(|chosen| chosen.path.parent());
        let path = env.get("PATH").unwrap_or_default().to_owned();
        let tools = tools.map(Path::to_path_buf).chain(self.linker_folder());
        for dir in tools.chain(std::env::split_paths(&path)) {
            if !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
        if let Ok(path) = std::env::join_paths(dirs) {
            env.set("PATH", path);
        }
        env
    }

    /// The folder where mold is called `ld`.
    ///
    /// gcc looks for its linker on PATH (if it has none of its own, as on Debian), and neither cargo nor the
    /// crate `cc` hashes PATH. They do hash the other ways to name a linker, cargo its own settings
    /// (rust-lang/cargo#9647) and `cc` the variable `COMPILER_PATH`: with those a shell that has the tools and one
    /// that does not would compile again what the other one did. A toolchain that brings its own linker does
    /// not look there, and a Nix shell's `ld` is a wrapper that must not be passed by.
    fn linker_folder(&self) -> Option<PathBuf> {
        let wanted = |chosen: &&Chosen| chosen.tool == Tool::Mold && chosen.source != Source::NixShell;
        let mold = self.chosen.iter().find(wanted)?;
        let folder = mold.path.canonicalize().ok()?.parent()?.parent()?.join("libexec/mold");
        folder.join("ld").is_file().then_some(folder)
    }

    /// A table for people.
    pub(crate) fn describe(&self) -> String {
        let head = ["tool", "version", "chosen", "path"].map(str::to_owned);
        table(&[vec![head], self.chosen.iter().map(Chosen::cells).collect()].concat())
    }

    /// The same for machines.
    pub(crate) fn to_json(&self) -> anyhow::Result<String> {
        let tools = self.chosen.iter().map(|chosen| JsonTool {
            tool: chosen.tool.name(),
            version: chosen.version.to_string(),
            path: &chosen.path,
            source: chosen.source.id(),
            why: &chosen.why,
        });
        Ok(serde_json::to_string_pretty(&JsonTools { version: JSON_VERSION, tools: tools.collect() })?)
    }

    /// Lines for a POSIX shell to evaluate.
    pub(crate) fn to_shell(&self) -> String {
        let lines = self.env().into_iter().map(|(name, value)| match value {
            Some(value) => format!("export {name}={}\n", quoted(&value.to_string_lossy())),
            None => format!("unset {name}\n"),
        });
        lines.collect()
    }
}

#[derive(Serialize)]
struct JsonTools<'a> {
    version: u32,
    tools: Vec<JsonTool<'a>>,
}

#[derive(Serialize)]
struct JsonTool<'a> {
    tool: &'a str,
    version: String,
    path: &'a Path,
    source: &'a str,
    why: &'a str,
}

/// The environment without what the `cargo run` behind `cargo xtask` put there: it would tie children to the
/// toolchain that xtask was compiled with, and crates that read `CARGO_PKG_*` to xtask's manifest.
pub(super) fn cleaned(inherited: &Environment) -> Environment {
    let mut env = inherited.clone();
    for (name, _) in inherited.iter() {
        if name.to_str().is_some_and(is_cargos) {
            env.unset(name);
        }
    }
    let (Some(paths), Some(manifest_dir)) =
        (inherited.get("LD_LIBRARY_PATH"), inherited.get("CARGO_MANIFEST_DIR"))
    else {
        return env;
    };
    let sysroot = inherited.get("CARGO").and_then(|cargo| Path::new(cargo).parent()?.parent());
    let cargo_folders = [sysroot, Path::new(manifest_dir).parent()];
    let others = std::env::split_paths(paths)
        .filter(|path| !cargo_folders.iter().flatten().any(|folder| path.starts_with(folder)));
    match std::env::join_paths(others) {
        Ok(rest) if !rest.is_empty() => env.set("LD_LIBRARY_PATH", rest),
        _ => env.unset("LD_LIBRARY_PATH"),
    }
    env
}

fn is_cargos(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "RUSTC",
        "RUSTDOC",
        "RUSTUP_TOOLCHAIN",
        "RUSTUP_TOOLCHAIN_SOURCE",
        "RUST_RECURSION_COUNT",
    ];
    NAMES.contains(&name) || name.starts_with("CARGO_PKG_")
}

fn table(rows: &[[String; 4]]) -> String {
    let [first, second, third] =
        [0, 1, 2].map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for [tool, version, chosen, path] in rows {
        let _ = writeln!(text, "{tool:first$}  {version:second$}  {chosen:third$}  {path}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(vars: &[(&str, &str)], source: Source) -> Tools {
        let mut tools = Tools::new(&Environment::new(vars.iter().copied()));
        tools.push(Chosen {
            tool: Tool::Sass,
            version: Version::new(1, 2, 3),
            path: "/kept/sass/bin/sass".into(),
            source,
            why: "PATH has none".to_owned(),
        });
        tools
    }

    #[test]
    fn kept_tools_come_first_on_path_and_only_once() {
        for (before, source, after) in [
            ("/usr/bin:/bin", Source::Kept, "/kept/sass/bin:/usr/bin:/bin"),
            ("/bin:/kept/sass/bin", Source::Kept, "/kept/sass/bin:/bin"),
            ("/usr/bin:/bin", Source::Path, "/usr/bin:/bin"),
        ] {
            let env = tools(&[("PATH", before)], source).environment();
            assert_eq!(env.get_str("PATH"), Some(after), "{source} with {before}");
        }
    }

    #[test]
    fn a_fast_linker_is_put_forward_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (program, folder) = (root.join("bin/mold"), root.join("libexec/mold"));
        for file in [&program, &folder.join("ld")] {
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        let folder = folder.to_str().unwrap();
        let (forward, behind) = (format!("{folder}:/bin"), format!("/bin:{folder}"));
        for (before, source, after) in [
            ("/bin", Source::Path, forward.as_str()),
            (behind.as_str(), Source::Path, forward.as_str()),
            ("/bin", Source::NixShell, "/bin"),
        ] {
            let mut tools = tools(&[("PATH", before)], source);
            tools.chosen[0].tool = Tool::Mold;
            tools.chosen[0].path.clone_from(&program);
            assert_eq!(tools.environment().get_str("PATH"), Some(after), "{source} with {before}");
        }
    }

    #[test]
    fn what_cargo_run_added_is_taken_away() {
        let vars = [
            ("CARGO", "/r/toolchains/stable/bin/cargo"),
            ("CARGO_HOME", "/r"),
            ("CARGO_MANIFEST_DIR", "/repo/xtask"),
            ("CARGO_PKG_NAME", "xtask"),
            ("LD_LIBRARY_PATH", "/repo/target/debug:/r/toolchains/stable/lib:/opt/mine"),
            ("RUSTUP_TOOLCHAIN", "stable"),
        ];
        let env = cleaned(&Environment::new(vars));
        let left = env.iter().map(|(name, value)| format!("{}={}", name.display(), value.display()));
        let left: Vec<String> = left.collect();
        assert_eq!(left, ["CARGO_HOME=/r", "LD_LIBRARY_PATH=/opt/mine"]);
    }

    #[test]
    fn a_shell_gets_exports_and_unsets() {
        let text = tools(&[("PATH", "/it's"), ("RUSTC", "x")], Source::Debian).to_shell();
        assert_eq!(text, "export PATH='/kept/sass/bin:/it'\\''s'\nunset RUSTC\n");
    }

    #[test]
    fn json_is_versioned() {
        let json: serde_json::Value =
            serde_json::from_str(&tools(&[], Source::Debian).to_json().unwrap()).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["tools"][0]["source"], "debian");
    }
}
