//! Running somebody's build with the recording cargo in front.

use std::{ffi::OsString, path::PathBuf};

use larder::{
    cargo::shown,
    process::{Cmd, Environment},
    shim::recorder::Recorder,
    why::{BuildFolders, Mode},
};

use crate::context::VerbContext;

/// Which cargo the word `cargo` of a command means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhichCargo {
    /// The one that verbs work with.
    Projects,
    /// The first one on `PATH`, as in the user's shell.
    Shells,
}

/// A command that builds the application.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) cargo: WhichCargo,
    pub(crate) words: Vec<OsString>,
    pub(crate) dir: PathBuf,
    pub(crate) env: Environment,
}

impl Command {
    /// What the user typed, where the user is.
    pub(crate) fn of_user(context: &VerbContext, words: &[OsString]) -> Self {
        let (dir, env) = (context.process.dir.clone(), context.process.env.clone());
        Self { cargo: WhichCargo::Shells, words: words.to_vec(), dir, env }
    }

    /// The command as others may see it.
    pub(crate) fn line(&self) -> String {
        shown::command(&self.words)
    }

    /// Runs the command on the user's terminal and returns its exit code.
    pub(crate) fn run(&self, recorder: &Recorder) -> anyhow::Result<i32> {
        self.run_in(&recorder.environment(&self.env)?, recorder.cargo())
    }

    /// The same with a recorder or without; `projects` is the cargo that verbs work with.
    pub(crate) fn run_in(&self, env: &Environment, projects: PathBuf) -> anyhow::Result<i32> {
        let (program, args) =
            self.words.split_first().ok_or_else(|| anyhow::anyhow!("there is no command to run"))?;
        let found = match self.cargo {
            WhichCargo::Projects if program == "cargo" => Some(projects),
            _ => program.to_str().and_then(|program| env.find_program(program)),
        };
        let program = found.unwrap_or_else(|| PathBuf::from(program));
        Ok(Cmd::new(program, &self.dir, env).args(args).told_as(self.line()).exit_code()?)
    }
}

/// A recording cargo that explains every call that builds something.
pub(crate) fn explaining(context: &VerbContext, mode: Mode) -> anyhow::Result<Recorder> {
    Ok(recorder(context)?.with_reasons(mode, BuildFolders::from(&context.project.workspace)))
}

/// A recording cargo that is this very binary.
pub(crate) fn recorder(context: &VerbContext) -> anyhow::Result<Recorder> {
    Ok(Recorder::new(&context.process.program, context.project.cargo.program())?)
}
