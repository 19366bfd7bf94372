//! Real builds by Nix, in a store of their own and in its sandbox, with `tests/nix` in place of nixpkgs, crane and
//! rust-overlay.
//!
//! The sandbox shows what the stand-ins are made of: Debian's programs, the toolchain as `/machine/rust`, tools as
//! `/machine/tools` and cargo's downloads as `/machine/crates`. Nothing is fetched, and the machine's own store and
//! settings must stay as they are.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use tempfile::TempDir;

use crate::{Outcome, Surroundings, skip};

/// The folders that Debian's programs are made of.
const DEBIAN: [&str; 5] = ["/bin", "/etc/alternatives", "/lib", "/lib64", "/usr"];

/// The variable that names nixpkgs if somebody has it; see [`input`].
pub const GIVEN_NIXPKGS: &str = "LARDER_TEST_NIXPKGS";

/// Nix, with a scratch store.
#[derive(Debug)]
pub struct Nix {
    program: PathBuf,
    env: Environment,
    scratch: TempDir,
    /// The paths that the sandbox shows, as Nix is told.
    shown: Vec<String>,
    sysroot: PathBuf,
}

/// Whose flake it is: that says by which names its inputs are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// One that has Larder as an input.
    Consumer,
    /// Larder's own.
    Larder,
}

/// The answer of a call of Nix.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Standard error, the builds' own output included.
    pub log: String,
    /// The built paths, if this machine has it; empty for calls that build nothing.
    pub result: PathBuf,
}

/// Evaluates an expression, strictly, with a store of its own. `None` after saying that the test is skipped.
///
/// # Panics
/// When there can be no temporary folder.
pub fn evaluate(test: &str, expression: &str) -> Option<Outcome> {
    let surroundings = Surroundings::get();
    let Some(program) = surroundings.env().find_program("nix-instantiate") else {
        skip(test, "nix-instantiate is not on PATH");
        return None;
    };
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let store = scratch.path().join("store").display().to_string();
    let home = scratch.path().to_string_lossy();
    let mut args = vec!["--eval", "--read-write-mode", "--strict", "--json", "--store", &store];
    // Whatever needs a build to be evaluated fails.
    args.extend(["--option", "allow-import-from-derivation", "false", "--option", "build-users-group", ""]);
    args.extend(["--expr", expression]);
    Some(surroundings.run(&program, scratch.path(), &args, &[("HOME", &*home)]))
}

/// The folder of one of the flake's inputs: the stand-in, or the real one if a variable such as `LARDER_TEST_CRANE`
/// names it.
pub fn input(env: &Environment, name: &str) -> PathBuf {
    let variable = format!("LARDER_TEST_{}", name.to_uppercase().replace('-', "_"));
    let stand_in = || Path::new(env!("CARGO_MANIFEST_DIR")).join("nix").join(name);
    env.get(variable).map_or_else(stand_in, PathBuf::from)
}

impl Nix {
    /// Finds Nix in the environment and makes sure that it builds in a sandbox here; `rustc` is the one that builds
    /// are to use, `tools` are further programs by the names that the stand-ins know.
    ///
    /// # Errors
    /// Why this machine cannot do it.
    pub fn find(env: &Environment, rustc: &Path, tools: &[(&str, PathBuf)]) -> anyhow::Result<Self> {
        let program = env.find_program("nix").context("PATH has no nix")?;
        ensure!(cfg!(target_os = "linux"), "the stand-ins are made of Debian's programs");
        for needed in ["/bin/bash", "/usr/bin/jq", "/usr/bin/cc"] {
            ensure!(Path::new(needed).exists(), "{needed} is missing");
        }
        let scratch = tempfile::tempdir()?;
        let sysroot = Cmd::new(rustc, scratch.path(), env).args(["--print", "sysroot"]).output()?;
        let mut nix =
            Self { program, env: env.clone(), scratch, shown: Vec::new(), sysroot: sysroot.trim().into() };
        nix.show_machine(tools)?;
        nix.copy_flake()?;
        nix.probe()?;
        Ok(nix)
    }

    /// Builds an output of a consumer's flake, with the stand-ins as Larder's inputs.
    ///
    /// # Errors
    /// When Nix cannot be started.
    pub fn build(&self, flake: &str, output: &str, more: &[&str]) -> anyhow::Result<Said> {
        // Nix appends the name of an output other than `out`, so the link gets a folder of its own.
        let links = tempfile::tempdir_in(self.scratch.path())?;
        let cmd = self.cmd().args(["build", "--print-build-logs"]).arg(format!("{flake}#{output}"));
        let cmd = self.with_inputs(cmd, Whose::Consumer).arg("--out-link").arg(links.path().join("result"));
        let mut said = run(&cmd.args(more))?;
        let mut links = fs_err::read_dir(links.path())?
            .flatten()
            .filter_map(|entry| fs_err::read_link(entry.path()).ok());
        said.result = links.next().map(|path| self.on_disk(&path)).unwrap_or_default();
        Ok(said)
    }

    /// Checks a flake, with the stand-ins as inputs.
    ///
    /// # Errors
    /// When Nix cannot be started.
    pub fn check(&self, flake: &str, whose: Whose) -> anyhow::Result<Said> {
        let words = ["flake", "check", "--print-build-logs", flake];
        let cmd = match whose {
            Whose::Consumer => self.cmd().args(words),
            // Building all of it takes longer than a test may. Without builds the store's place does not matter, and
            // Nix 2.8 does not find a template's folder in a store that only claims to be in the usual place.
            Whose::Larder => self
                .set(Cmd::new(&self.program, self.scratch.path(), &self.env))
                .env("NIX_STORE_DIR", self.scratch.path().join("evaluated"))
                .env("NIX_STATE_DIR", self.scratch.path().join("state"))
                .env("NIX_LOG_DIR", self.scratch.path().join("log"))
                .args(words)
                .arg("--no-build"),
        };
        run(&self.with_inputs(cmd, whose))
    }

    /// The output of a command in a consumer's shell.
    ///
    /// # Errors
    /// When Nix cannot be started, or there is no such shell.
    pub fn in_shell(&self, flake: &str, script: &str) -> anyhow::Result<String> {
        let cmd = self.with_inputs(self.cmd().args(["develop", flake]), Whose::Consumer);
        Ok(cmd.args(["--command", "/bin/sh", "-c", script]).output()?)
    }

    fn with_inputs(&self, mut cmd: Cmd, whose: Whose) -> Cmd {
        let mut prefix = "";
        if whose == Whose::Consumer {
            cmd = cmd.args(override_input("larder", &self.scratch.path().join("larder")));
            prefix = "larder/";
        }
        for name in ["crane", "nixpkgs", "rust-overlay"] {
            cmd = cmd.args(override_input(&format!("{prefix}{name}"), &input(&self.env, name)));
        }
        if !self.is_all_ours() {
            // nixpkgs looks around itself, which Nix 2.8 forbids in a store that is not in its usual place.
            cmd = cmd.arg("--impure");
        }
        cmd.arg("--no-write-lock-file")
    }

    /// Whether nixpkgs is the stand-in and not one that somebody has given.
    pub fn is_all_ours(&self) -> bool {
        self.env.get(GIVEN_NIXPKGS).is_none()
    }

    /// Whether the toolchain has rustfmt.
    pub fn formats(&self) -> bool {
        self.sysroot.join("bin/cargo-fmt").exists()
    }

    /// The place of a path of the store on this machine.
    pub fn on_disk(&self, path: &Path) -> PathBuf {
        self.store().join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Every path that a built one needs to work, itself included, without hashes.
    ///
    /// # Errors
    /// When it is not in the store.
    pub fn closure(&self, built: &Path) -> anyhow::Result<BTreeSet<String>> {
        let path = Path::new("/").join(built.strip_prefix(self.store())?);
        let paths = self.cmd().args(["path-info", "--recursive"]).arg(path).output()?;
        Ok(paths.lines().map(|path| without_hash(path).to_owned()).collect())
    }

    fn store(&self) -> PathBuf {
        self.scratch.path().join("store")
    }

    fn show_machine(&mut self, tools: &[(&str, PathBuf)]) -> anyhow::Result<()> {
        let debian = DEBIAN.iter().filter(|path| Path::new(path).exists());
        self.shown.extend(debian.map(|path| (*path).to_owned()));
        let home = self.env.get("HOME").map(PathBuf::from).context("HOME is not set")?;
        let cargo_home = self.env.get("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
        let crates = cargo_home.join("registry/cache");
        fs_err::create_dir_all(&crates)?;
        self.shown.push(format!("/machine/crates={}", crates.display()));
        self.shown.push(format!("/machine/rust={}", self.sysroot.display()));
        self.shown.extend(own_folder(&self.sysroot));
        let links = self.scratch.path().join("tools");
        fs_err::create_dir(&links)?;
        for (name, program) in tools {
            let program = fs_err::canonicalize(program)?;
            #[cfg(unix)]
            fs_err::os::unix::fs::symlink(&program, links.join(name))?;
            self.shown.extend(program.parent().and_then(|folder| own_folder(folder.parent()?)));
        }
        self.shown.push(format!("/machine/tools={}", links.display()));
        Ok(())
    }

    /// The part of this repository that a consumer's flake reads. A flake is copied into the store as a whole, so the
    /// folder of builds must not be part of it.
    fn copy_flake(&self) -> anyhow::Result<()> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let copy = self.scratch.path().join("larder");
        crate::project::copy_tree(&repository.join("nix"), &copy.join("nix"))?;
        for file in ["flake.nix", "flake.lock", "crates/larder/src/docker/private.txt"] {
            let to = copy.join(file);
            fs_err::create_dir_all(to.parent().unwrap_or(&copy))?;
            fs_err::copy(repository.join(file), to)?;
        }
        Ok(())
    }

    /// Not every machine lets processes have namespaces of their own.
    fn probe(&self) -> anyhow::Result<()> {
        let expression =
            "derivation { name = \"probe\"; system = builtins.currentSystem; builder = \"/bin/bash\";
            args = [ \"-c\" \"/machine/rust/bin/rustc --version >$out\" ]; }";
        let cmd =
            self.cmd().args(["build", "--impure", "--no-link", "--print-build-logs", "--expr", expression]);
        let said = run(&cmd)?;
        let last = said.log.lines().rfind(|line| !line.is_empty()).unwrap_or_default();
        ensure!(said.code == 0, "Nix does not build in a sandbox here: {last}");
        Ok(())
    }

    /// Nix with the scratch store, which has the usual place as far as builds can see.
    fn cmd(&self) -> Cmd {
        self.set(Cmd::new(&self.program, self.scratch.path(), &self.env)).arg("--store").arg(self.store())
    }

    /// Nobody else's settings, and those that these builds need.
    fn set(&self, cmd: Cmd) -> Cmd {
        let settings = [
            ("allow-import-from-derivation", "false"),
            ("build-users-group", ""),
            ("experimental-features", "nix-command flakes"),
            ("extra-sandbox-paths", &self.shown.join(" ")),
            ("flake-registry", ""),
            ("max-jobs", "2"),
            ("sandbox", "true"),
            ("sandbox-fallback", "false"),
            ("substituters", ""),
        ];
        let home = self.scratch.path();
        let cmd = cmd.env("HOME", home).env("NIX_CONF_DIR", home).env("NO_COLOR", "1");
        settings.into_iter().fold(cmd, |cmd, (name, value)| cmd.args(["--option", name, value]))
    }
}

fn override_input(name: &str, folder: &Path) -> [String; 3] {
    ["--override-input".to_owned(), name.to_owned(), format!("path:{}", folder.display())]
}

fn run(cmd: &Cmd) -> anyhow::Result<Said> {
    let mut log = String::new();
    let code = cmd.each_error_line(|line| {
        log.push_str(line);
        log.push('\n');
    })?;
    Ok(Said { code, log, result: PathBuf::new() })
}

impl Said {
    /// Requires success.
    ///
    /// # Panics
    /// With everything Nix said.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.log);
        self
    }

    /// The packages that a derivation compiled, in order.
    pub fn compiled(&self, derivation: &str) -> Vec<&str> {
        let prefix = format!("{derivation}> ");
        let lines = self.log.lines().filter_map(|line| line.strip_prefix(&prefix));
        lines.filter_map(|line| line.trim_start().strip_prefix("Compiling ")).collect()
    }
}

/// The name of a path of the store.
fn without_hash(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('-').map_or(name, |(_, name)| name)
}

/// A relocated program finds its loader and its libraries by absolute paths, in the folder that has its `usr`.
fn own_folder(prefix: &Path) -> Option<String> {
    let folder = if prefix.ends_with("usr") { prefix.parent()? } else { prefix };
    // Debian's own is there already.
    (folder != Path::new("/")).then(|| folder.display().to_string())
}
