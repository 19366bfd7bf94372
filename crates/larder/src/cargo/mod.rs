//! Calling cargo: the questions Larder asks it, with the user's own selection words passed on.
//!
//! It must never compile anything by itself; cooking does that.

pub(crate) mod aliases;
pub(crate) mod command_line;
pub(crate) mod compilers;
mod graph;
pub mod invocation;
pub mod messages;
pub mod package_id;
pub mod platform;
pub(crate) mod query;
pub(crate) mod refusal;
pub(crate) mod settings_files;
pub mod shown;
pub mod subcommands;
pub(crate) mod unit_hash;
pub(crate) mod variables;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use cargo_metadata::cargo_platform::Cfg;

use crate::{
    error::{Error, Result},
    process::{Cmd, Environment},
    shim::markers,
};
use platform::{HOST_TUPLE, Platform};
use query::Stable;

/// cargo as this run may use it.
#[derive(Debug, Clone)]
pub struct Cargo {
    program: PathBuf,
    env: Environment,
    lock_policy: CargoLock,
    network: Network,
    stand_in: Option<PathBuf>,
    /// The platform that graph queries are about, if it is not this machine's.
    pretended: Option<Platform>,
    /// rustc's answer about itself, once it was asked for.
    compiler: Arc<OnceLock<String>>,
    /// The settings that graph queries have to tell a stable cargo, once they were asked for.
    stable: Arc<OnceLock<Option<Stable>>>,
    /// The same without one person's settings.
    stable_for_everybody: Arc<OnceLock<Option<Stable>>>,
    /// Whether the servers of registries and repositories were seen to answer.
    servers: Arc<Mutex<Servers>>,
}

/// The state of the servers that cargo downloads from.
#[derive(Debug, Default, PartialEq, Eq)]
enum Servers {
    /// No question needed them yet.
    #[default]
    Unasked,
    /// They answer.
    Answered,
    /// None can be reached.
    Silent {
        /// cargo's own words.
        stderr: String,
    },
}

/// Whether cargo may change a `Cargo.lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CargoLock {
    /// It is brought up to date if the manifests ask for it.
    AsNeeded,
    /// `--locked`.
    Locked,
    /// It is reduced to what the manifests ask for, with what is downloaded if that will do.
    Reduced,
    /// It is not changed, and error messages show the call without a word about it: for questions.
    Untouched,
}

/// Whether cargo may use the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// As cargo's own configuration says.
    Allowed,
    /// `--offline`.
    Offline,
}

/// The conditions in rustc's answer.
pub(crate) fn conditions(said: &str) -> Vec<Cfg> {
    said.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The [home](Cargo::home) of a cargo that runs in an environment.
pub(crate) fn home(env: &Environment) -> Option<PathBuf> {
    let set = env.get("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    set.or_else(|| env.home().map(|home| home.join(".cargo")))
}

impl Cargo {
    /// The cargo that runs us (`CARGO`, set for subcommands), else the first one on `PATH`.
    ///
    /// # Errors
    /// If there is none; [`Error::NotAnswered`] for a program that did not call [`answer`](crate::shim::answer).
    pub fn locate(env: &Environment) -> Result<Self> {
        if markers::is_unanswered(env) {
            return Err(Error::NotAnswered);
        }
        let program = env.get("CARGO").map(PathBuf::from).or_else(|| env.find_program("cargo"));
        let Some(program) = program else {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::Start { command: "cargo".into(), source });
        };
        Ok(Self {
            program,
            env: env.clone(),
            lock_policy: CargoLock::AsNeeded,
            network: Network::Allowed,
            stand_in: None,
            pretended: None,
            compiler: Arc::default(),
            servers: Arc::default(),
            stable: Arc::default(),
            stable_for_everybody: Arc::default(),
        })
    }

    /// The same cargo, called with other variables.
    #[must_use]
    pub fn with_env(mut self, env: Environment) -> Self {
        self.env = env;
        self
    }

    /// The same cargo without one person's settings, for what is written down for everybody.
    ///
    /// # Errors
    /// [`Error::PersonalSetting`] if there are some that cannot be left out.
    pub fn of_everybody(&self, root: &Path) -> Result<Self> {
        query::require_of_everybody(self.home(), root, &self.env)?;
        let stable = Arc::clone(&self.stable_for_everybody);
        Ok(Self { env: query::of_everybody(&self.env), stable, ..self.clone() })
    }

    /// The same cargo with another policy for lock files.
    #[must_use]
    pub fn with_cargo_lock(mut self, cargo_lock: CargoLock) -> Self {
        self.lock_policy = cargo_lock;
        self
    }

    /// The same cargo for a question, which must not bring a stale `Cargo.lock` up to date.
    #[must_use]
    pub fn asking(self) -> Self {
        match self.lock_policy {
            CargoLock::AsNeeded => self.with_cargo_lock(CargoLock::Untouched),
            CargoLock::Reduced | CargoLock::Locked | CargoLock::Untouched => self,
        }
    }

    /// Whether the network may be used.
    pub fn network(&self) -> Network {
        self.network
    }

    /// The same cargo with or without the network.
    #[must_use]
    pub fn with_network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// The same cargo, able to plan for other platforms: `program` calls
    /// [`answer`](crate::shim::answer) first.
    #[must_use]
    pub fn with_stand_in(mut self, program: PathBuf) -> Self {
        self.stand_in = Some(program);
        self
    }

    /// The binary that stands in for other programs, if there is one.
    pub fn stand_in(&self) -> Option<&Path> {
        self.stand_in.as_deref()
    }

    /// The platform of the compiler that is used in `dir`.
    ///
    /// # Errors
    /// When rustc cannot be asked.
    pub fn host(&self, dir: &Path) -> Result<Platform> {
        let answer = self.compiler(|| self.ask_compiler(dir))?;
        let triple = answer.lines().find_map(|line| line.strip_prefix("host: "));
        let nameless = || Error::Answer { command: "rustc -vV".into(), reason: "it names no host".into() };
        triple.map(Platform::new).ok_or_else(nameless)
    }

    /// rustc's answer about itself, as `rustc -vV` gives it. It is asked once, by `ask`, which may know the answer from
    /// elsewhere.
    ///
    /// # Errors
    /// As `ask`.
    pub fn compiler(&self, ask: impl FnOnce() -> Result<String>) -> Result<&str> {
        if let Some(answer) = self.compiler.get() {
            return Ok(answer);
        }
        let answer = ask()?;
        Ok(self.compiler.get_or_init(|| answer))
    }

    /// Asks rustc about itself in `dir`.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn ask_compiler(&self, dir: &Path) -> Result<String> {
        Cmd::new(self.rustc(), dir, &self.env).arg("-vV").output()
    }

    /// The folder of the toolchain that rustc belongs to.
    ///
    /// # Errors
    /// When rustc cannot be asked.
    pub fn sysroot(&self, dir: &Path) -> Result<PathBuf> {
        let answer = Cmd::new(self.rustc(), dir, &self.env).args(["--print", "sysroot"]).output()?;
        Ok(PathBuf::from(answer.trim_end()))
    }

    /// Asks rustc which conditions hold for a target; [`conditions`] reads the answer.
    pub(crate) fn ask_conditions(&self, dir: &Path, target: &str) -> Cmd {
        Cmd::new(self.rustc(), dir, &self.env).args(["--print", "cfg", "--target", target])
    }

    /// The path by which this cargo names itself to its subcommands. A rustup on `PATH` is not it.
    ///
    /// # Errors
    /// When rustc cannot be asked.
    pub fn own_path(&self, dir: &Path) -> Result<PathBuf> {
        let cargo = self.sysroot(dir)?.join("bin/cargo");
        Ok(if cargo.is_file() { cargo } else { self.program.clone() })
    }

    /// The same cargo with graph queries answered as on a platform, compilers and standard libraries apart.
    ///
    /// # Errors
    /// [`Error::NoStandIn`] for another platform if nothing can stand in for its compiler.
    pub fn on(&self, dir: &Path, platform: &Platform) -> Result<Self> {
        let pretended = if self.host(dir)? == *platform { None } else { Some(platform.clone()) };
        if pretended.is_some() && self.stand_in.is_none() {
            return Err(Error::NoStandIn { platform: platform.clone() });
        }
        Ok(Self { pretended, ..self.clone() })
    }

    /// The platform that graph queries are about, if it is not this machine's.
    pub fn pretended(&self) -> Option<&Platform> {
        self.pretended.as_ref()
    }

    /// The folder of what cargo downloads: `CARGO_HOME`, else the one that cargo takes without it; `None` if the
    /// environment tells neither.
    pub fn home(&self) -> Option<PathBuf> {
        home(&self.env)
    }

    /// Whether calls may change `Cargo.lock`.
    pub fn cargo_lock(&self) -> CargoLock {
        self.lock_policy
    }

    /// The environment that calls run with.
    pub fn env(&self) -> &Environment {
        &self.env
    }

    /// The program called.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A call in `dir`: the subcommand and its arguments, then the words that pass the policies on.
    pub fn cmd(&self, dir: impl Into<PathBuf>, args: &[String]) -> Cmd {
        Cmd::new(&self.program, dir, &self.env).args(args).args(self.words())
    }

    /// The words that say both policies on a command line.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let is_locked = matches!(self.lock_policy, CargoLock::Locked | CargoLock::Untouched);
        let locked = is_locked.then_some("--locked");
        let offline = (self.network == Network::Offline).then_some("--offline");
        locked.into_iter().chain(offline)
    }

    /// `cargo metadata --no-deps` as JSON: members, target directory and metadata tables, without resolving.
    ///
    /// # Errors
    /// [`Error::NoWorkspace`] with what cargo said.
    pub fn metadata(&self, dir: &Path, manifest: Option<&Path>) -> Result<cargo_metadata::Metadata> {
        let mut cmd = Cmd::new(&self.program, dir, &self.env)
            .args(["metadata", "--no-deps", "--format-version", "1", "--color", "never"])
            .args(self.words());
        if let Some(manifest) = manifest {
            cmd = cmd.arg("--manifest-path").arg(manifest);
        }
        let json = cmd.output().map_err(|error| match error {
            Error::Failed { stderr, .. } => {
                Error::NoWorkspace { path: manifest.unwrap_or(dir).to_owned(), stderr }
            }
            other => other,
        })?;
        serde_json::from_str(&json)
            .map_err(|error| Error::Answer { command: cmd.line(), reason: error.to_string() })
    }

    /// Whether `Cargo.lock` is what the manifests ask for, in cargo's own word.
    ///
    /// # Errors
    /// When cargo cannot be asked, or fails for another reason.
    pub fn lock_fits(&self, dir: &Path) -> Result<bool> {
        match self.clone().with_cargo_lock(CargoLock::Locked).resolve(dir) {
            Err(Error::StaleCargoLock { .. }) => Ok(false),
            answer => answer.map(|()| true),
        }
    }

    /// Has cargo resolve all dependencies, and bring `Cargo.lock` up to date unless that is [`CargoLock::Locked`].
    ///
    /// # Errors
    /// [`Error::StaleCargoLock`] for a file that must not change; what cargo says about the dependencies.
    pub fn resolve(&self, dir: &Path) -> Result<()> {
        let args = ["metadata", "--format-version", "1", "--color", "never"].map(str::to_owned);
        self.cmd(dir, &args).output().map(drop).map_err(|error| stale(error, dir))
    }

    /// The compiler that cargo would run: `RUSTC`, else the first one on `PATH`.
    pub fn rustc(&self) -> PathBuf {
        self.env
            .get("RUSTC")
            .map(PathBuf::from)
            .or_else(|| self.env.find_program("rustc"))
            .unwrap_or_else(|| PathBuf::from("rustc"))
    }

    /// Whether the compiler has a standard library for `target`.
    ///
    /// # Errors
    /// When rustc cannot be asked, or does not know the target at all.
    pub fn has_target(&self, dir: &Path, target: &str) -> Result<bool> {
        let named = (target != HOST_TUPLE).then_some(["--target", target]);
        let folder = Cmd::new(self.rustc(), dir, &self.env)
            .args(["--print", "target-libdir"])
            .args(named.into_iter().flatten())
            .output()?;
        // An empty folder is left behind by a toolchain that was updated, and every target has `core`.
        let files = fs_err::read_dir(folder.trim_end()).into_iter().flatten().flatten();
        Ok(files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("libcore-")))
    }
}

/// Gives a failure its name if cargo says that it was not allowed to write `Cargo.lock`.
fn stale(error: Error, dir: &Path) -> Error {
    match error {
        Error::Failed { stderr, .. } if stderr.contains("lock file") && stderr.contains("--locked") => {
            Error::StaleCargoLock { path: dir.join("Cargo.lock") }
        }
        other => other,
    }
}
