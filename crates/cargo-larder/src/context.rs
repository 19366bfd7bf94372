//! The surroundings of a verb: the one place where arguments, environment and working directory are turned into
//! values for the library.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::Context as _;
use larder::{
    Report as _,
    camino::Utf8PathBuf,
    cargo::{Cargo, CargoLock, Network},
    process::Environment,
    project::Project,
    shim::{self, recorder},
    slice::{self, Slice, Variant},
};

use crate::{
    cli::{Common, Selection},
    ui::terminal::Terminal,
};

/// The process as it was started.
pub(crate) struct StartedProcess {
    pub(crate) env: Environment,
    pub(crate) dir: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) program: PathBuf,
    pub(crate) started: SystemTime,
}

impl StartedProcess {
    #[expect(clippy::disallowed_methods, reason = "the one place where the binary reads its surroundings")]
    pub(crate) fn read() -> anyhow::Result<Self> {
        let started = SystemTime::now();
        let program = std::env::current_exe().context("cannot tell the path of this program")?;
        Ok(Self {
            env: Environment::new(std::env::vars_os()).with_launcher(&program),
            dir: std::env::current_dir().context("cannot tell the working directory")?,
            args: std::env::args_os().collect(),
            program,
            started,
        })
    }

    /// The process as programs in the place of others see it.
    pub(crate) fn as_started(&self) -> shim::Process<'_> {
        let Self { env, dir, args, program, .. } = self;
        shim::Process { env, dir, program, args }
    }

    /// The environment as it was where the user called us, to which cargo adds `CARGO`. A recorder in front of us would
    /// be in front of all builds, too.
    fn env_of_user(&self) -> Environment {
        let mut env = recorder::without_recorder(&self.env);
        if self.args.get(1).is_some_and(|word| word == "larder") {
            env.unset("CARGO");
        }
        env
    }
}

/// Everything a verb needs.
pub(crate) struct VerbContext {
    pub(crate) process: StartedProcess,
    pub(crate) project: Project,
    pub(crate) terminal: Terminal,
    pub(crate) quiet: bool,
}

impl VerbContext {
    pub(crate) fn load(process: StartedProcess, common: &Common) -> anyhow::Result<Self> {
        let env = process.env_of_user();
        let locked = common.locked || common.frozen;
        let offline = common.offline || common.frozen;
        let cargo = Cargo::locate(&process.env)?
            .with_env(env.clone())
            .with_cargo_lock(if locked { CargoLock::Locked } else { CargoLock::AsNeeded })
            .with_network(if offline { Network::Offline } else { Network::Allowed })
            .with_stand_in(process.program.clone());
        let target_dir = common.target_dir.as_ref().map(|dir| absolute(&process.dir, dir)).transpose()?;
        let manifest = common.manifest_path.as_deref();
        let project = Project::load(cargo, &process.dir, manifest, target_dir.as_deref())?;
        let process = StartedProcess { env, ..process };
        Ok(Self { process, project, terminal: Terminal::new(common.quiet), quiet: common.quiet })
    }

    /// Reads the project again, after a verb has changed its settings.
    pub(crate) fn reload(&mut self) -> anyhow::Result<()> {
        let Project { cargo, workspace, named_target_dir, .. } = &self.project;
        let root = workspace.root().as_std_path();
        self.project = Project::load(cargo.clone(), root, None, named_target_dir.as_deref())?;
        Ok(())
    }

    /// The slices that a verb was asked for.
    pub(crate) fn select(&self, selection: &Selection) -> anyhow::Result<Vec<&Slice>> {
        let variant = if selection.dev { Variant::Dev } else { Variant::Release };
        self.choose(&selection.slices, variant)
    }

    /// The named slices, or those of a variant.
    pub(crate) fn choose(&self, names: &[String], variant: Variant) -> anyhow::Result<Vec<&Slice>> {
        let chosen = slice::select(&self.project.slices, names, variant);
        // Metadata that is wrong says more than the slices that it does not give.
        match (chosen, self.project.refused().into_iter().next()) {
            (Err(larder::Error::NoSlice { .. }), Some(refused)) => Err(refused.error.into()),
            (chosen, _) => Ok(chosen?),
        }
    }

    /// A record that may be there. One that cannot be read counts as absent, and is told of.
    pub(crate) fn or_absent<T>(&self, read: larder::Result<Option<T>>) -> Option<T> {
        read.unwrap_or_else(|error| {
            self.terminal.warn(&format!("a record counts as absent: {error}"));
            None
        })
    }

    /// Words that cooking passes on to cargo.
    pub(crate) fn build_words(&self, selection: &Selection) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(selection.jobs.as_ref().map(|jobs| format!("--jobs={jobs}")));
        words.extend(self.quiet.then(|| "--quiet".to_owned()));
        words
    }
}

fn absolute(dir: &Path, path: &Path) -> anyhow::Result<Utf8PathBuf> {
    let path = dir.join(path);
    Utf8PathBuf::from_path_buf(path)
        .map_err(|path| anyhow::anyhow!("--target-dir {} is not UTF-8", path.display()))
}
