//! The copies of the example that are measured: as it is, and with cargo's default settings.
//!
//! A copy is brought up to date without touching files that are equal, so that an earlier target folder stays
//! good. Nothing here may write outside of the copy.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::process::Environment;
use toml_edit::{DocumentMut, Item, Table};

/// Which settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopySettings {
    /// The example as it is.
    Tuned,
    /// Cargo's own.
    Default,
}

impl CopySettings {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tuned => "tuned",
            Self::Default => "default",
        }
    }

    /// The environment of its builds. Variables that stand above both copies' settings are taken away, and from the
    /// defaults also the linker that set-up put forward.
    pub(super) fn environment(self, env: &Environment) -> Environment {
        let mut env = env.clone();
        let overrides =
            |name: &str| name.starts_with("CARGO_PROFILE_DEV_") || name.starts_with("CARGO_BUILD_");
        let names: Vec<_> = env.iter().map(|(name, _)| name.to_os_string()).collect();
        for name in names.iter().filter(|name| name.to_str().is_some_and(overrides)) {
            env.unset(name);
        }
        for name in ["CARGO_INCREMENTAL", "CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            env.unset(name);
        }
        let dirs = std::env::split_paths(env.get("PATH").unwrap_or_default());
        let path = std::env::join_paths(dirs.filter(|dir| !dir.ends_with("libexec/mold")));
        if let (Self::Default, Ok(path)) = (self, path) {
            env.set("PATH", path);
        }
        env
    }
}

/// The edited file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExampleEdit {
    /// A component around the pages, which both halves compile.
    Component,
    /// A component of a page: it is in both halves, and more stands on it.
    Page,
    /// A file of the server alone.
    Server,
    /// A file of the front half alone.
    Front,
    /// A style.
    Style,
}

impl ExampleEdit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Component => "edit of a component",
            Self::Page => "edit of a page",
            Self::Server => "edit of a server file",
            Self::Front => "edit of a front file",
            Self::Style => "edit of a style",
        }
    }

    /// The file, a text that stands in it, and what it becomes.
    pub(super) fn change(self, stamp: u128) -> (&'static str, &'static str, String) {
        match self {
            Self::Component => {
                ("app/src/layout.rs", "and offcuts.\"", format!("and offcuts, edition {stamp}.\""))
            }
            Self::Page => (
                "pages/src/about.rs",
                "\"About the workshop\"</h1>",
                format!("\"About the workshop, edition {stamp}\"</h1>"),
            ),
            Self::Server => (
                "server/src/health.rs",
                "\"the database does not answer\"",
                format!("\"the database does not answer ({stamp})\""),
            ),
            Self::Front => (
                "frontend/src/lib.rs",
                "console_error_panic_hook::set_once();",
                format!(
                    "console_error_panic_hook::set_once();\n    leptos::logging::log!(\"edition {stamp}\");"
                ),
            ),
            Self::Style => ("style/_layout.scss", ".wrap {", format!(".wrap {{\n  --edition: {stamp};")),
        }
    }

    /// Makes it in a copy of the example.
    pub(crate) fn make(self, dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(self.change(0).0);
        let text = self.apply(&fs_err::read_to_string(&path)?, 1)?;
        Ok(fs_err::write(path, text)?)
    }

    fn apply(self, text: &str, stamp: u128) -> anyhow::Result<String> {
        let (path, old, new) = self.change(stamp);
        ensure!(
            text.contains(old),
            "{path} of the example has no `{old}` any more: see tools/src/bench/copies.rs"
        );
        Ok(text.replacen(old, &new, 1))
    }
}

/// One copy of the example.
#[derive(Debug)]
pub(super) struct Copy {
    example: PathBuf,
    dir: PathBuf,
    variant: CopySettings,
}

impl Copy {
    /// Makes the copy, or brings it up to date.
    pub(super) fn new(example: &Path, scratch: &Path, variant: CopySettings) -> anyhow::Result<Self> {
        let dir = scratch.join(variant.name());
        sync(example, &dir, Path::new(""), variant)?;
        Ok(Self { example: example.to_path_buf(), dir, variant })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn variant(&self) -> CopySettings {
        self.variant
    }

    /// Removes everything that was built.
    pub(super) fn clean(&self) -> anyhow::Result<()> {
        let target = self.dir.join("target");
        if target.exists() {
            fs_err::remove_dir_all(target)?;
        }
        Ok(())
    }

    pub(super) fn is_built(&self) -> bool {
        self.dir.join("target/debug/server").is_file()
    }

    /// Makes a real change, starting from the example's own text.
    pub(super) fn edit(&self, edit: ExampleEdit, stamp: u128) -> anyhow::Result<()> {
        let (path, ..) = edit.change(stamp);
        let text = fs_err::read_to_string(self.example.join(path))?;
        fs_err::write(self.dir.join(path), edit.apply(&text, stamp)?)?;
        Ok(())
    }
}

/// Writes what differs from the example, in one of its folders and those below, but for what was built.
fn sync(example: &Path, copy: &Path, below: &Path, variant: CopySettings) -> anyhow::Result<()> {
    fs_err::create_dir_all(copy.join(below))?;
    for entry in fs_err::read_dir(example.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            let bytes = content(&path, fs_err::read(entry.path())?, variant)
                .with_context(|| format!("cannot take the tuning out of {}", entry.path().display()))?;
            let old = fs_err::read(copy.join(&path)).ok();
            if old.as_ref() != Some(&bytes) {
                fs_err::write(copy.join(&path), bytes)?;
            }
        } else if path != Path::new("target") {
            sync(example, copy, &path, variant)?;
        }
    }
    Ok(())
}

/// The content that the copy has in the place of a file of the example.
fn content(path: &Path, bytes: Vec<u8>, variant: CopySettings) -> anyhow::Result<Vec<u8>> {
    let change = match path.to_str() {
        Some("Cargo.toml") if variant == CopySettings::Default => without_profiles,
        Some(".cargo/config.toml") if variant == CopySettings::Default => without_tuning,
        _ => return Ok(bytes),
    };
    let mut document: DocumentMut = String::from_utf8(bytes)?.parse()?;
    change(document.as_table_mut());
    Ok(document.to_string().into_bytes())
}

/// Takes cargo's profile `dev` away, and those that are named after it.
fn without_profiles(manifest: &mut Table) {
    if let Some(profiles) = manifest.get_mut("profile").and_then(Item::as_table_like_mut) {
        let names: Vec<String> = profiles.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| *name == "dev" || name.starts_with("dev-")) {
            profiles.remove(name);
        }
    }
}

/// Takes everything away that changes how code is compiled or linked.
fn without_tuning(config: &mut Table) {
    config.remove("profile");
    for (table, keys) in [("build", &["rustflags", "incremental"][..]), ("host", &["linker", "rustflags"])] {
        if let Some(table) = config.get_mut(table).and_then(Item::as_table_like_mut) {
            keys.iter().for_each(|key| drop(table.remove(key)));
        }
    }
    let Some(targets) = config.get_mut("target").and_then(Item::as_table_like_mut) else { return };
    for (_, target) in targets.iter_mut() {
        if let Some(target) = target.as_table_like_mut() {
            ["linker", "rustflags"].iter().for_each(|key| drop(target.remove(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn default(path: &str, text: &str) -> String {
        let bytes = content(Path::new(path), text.as_bytes().to_vec(), CopySettings::Default).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_profiles_of_debug_builds_go_and_the_others_stay() {
        let manifest = "[workspace]\nmembers = []\n\n# why\n[profile.dev]\ndebug = 1\n\n[profile.dev.package.\"*\"]\n\
                        opt-level = 1\n\n[profile.release]\nstrip = true\n";
        let expected = "[workspace]\nmembers = []\n\n[profile.release]\nstrip = true\n";
        assert_eq!(default("Cargo.toml", manifest), expected);
        let member = default("app/Cargo.toml", manifest);
        assert_eq!(member, manifest, "cargo reads the profiles of the workspace's own manifest alone");
    }

    #[test]
    fn linkers_and_flags_go_and_the_environment_stays() {
        let config = "[env]\nA = \"1\"\n[build]\nrustflags = [\"-Cx\"]\njobs = 1\n[target.x]\nlinker = \"l\"\nrunner = \"r\"\n\
                      [profile.dev]\ndebug = 0\n";
        let expected = "[env]\nA = \"1\"\n[build]\njobs = 1\n[target.x]\nrunner = \"r\"\n";
        assert_eq!(default(".cargo/config.toml", config), expected);
    }

    #[test]
    fn the_tuned_copy_is_the_example() {
        let text = b"[profile.dev]\ndebug = 1\n".to_vec();
        assert_eq!(content(Path::new("Cargo.toml"), text.clone(), CopySettings::Tuned).unwrap(), text);
    }

    #[test]
    fn edits_find_their_place_in_the_example() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
        for edit in [
            ExampleEdit::Component,
            ExampleEdit::Page,
            ExampleEdit::Server,
            ExampleEdit::Front,
            ExampleEdit::Style,
        ] {
            let text = fs_err::read_to_string(example.join(edit.change(1).0)).unwrap();
            let (one, two) = (edit.apply(&text, 1).unwrap(), edit.apply(&text, 2).unwrap());
            assert!(one != text && one != two, "{edit:?}");
            assert!(edit.apply("", 1).is_err());
        }
    }

    #[test]
    fn a_second_sync_touches_nothing_that_is_equal() {
        let scratch = tempfile::tempdir().unwrap();
        let example = scratch.path().join("example");
        fs_err::create_dir_all(example.join("target")).unwrap();
        fs_err::write(example.join("Cargo.toml"), "[profile.dev]\n").unwrap();
        let copy = Copy::new(&example, scratch.path(), CopySettings::Default).unwrap();
        let before = manifest_time(&copy);
        Copy::new(&example, scratch.path(), CopySettings::Default).unwrap();
        assert_eq!(manifest_time(&copy), before);
        assert!(!copy.dir().join("target").exists());
    }

    fn manifest_time(copy: &Copy) -> SystemTime {
        fs_err::metadata(copy.dir().join("Cargo.toml")).unwrap().modified().unwrap()
    }

    #[test]
    fn the_environment_overrides_neither_copy() {
        let vars =
            [("PATH", "/m/libexec/mold:/bin"), ("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_INCREMENTAL", "0")];
        let env = Environment::new(vars);
        for (variant, left) in
            [(CopySettings::Tuned, "PATH=/m/libexec/mold:/bin"), (CopySettings::Default, "PATH=/bin")]
        {
            let env = variant.environment(&env);
            let vars = env.iter().map(|(name, value)| format!("{}={}", name.display(), value.display()));
            assert_eq!(vars.collect::<Vec<String>>(), [left]);
        }
    }
}
