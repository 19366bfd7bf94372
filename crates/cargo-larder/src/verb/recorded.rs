//! Running somebody's build with the recording cargo in front. No verb of its own.

use std::path::PathBuf;

use larder::{
    process::{Cmd, Environment},
    recorder::Recorder,
    why::{Mode, Place},
};

use crate::context::Context;

/// A command that builds the application.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) words: Vec<String>,
    pub(super) dir: PathBuf,
    pub(super) env: Environment,
}

impl Command {
    /// What the user typed, where the user is.
    pub(super) fn of_user(context: &Context, words: &[String]) -> Self {
        let (dir, env) = (context.process.dir.clone(), context.process.env.clone());
        Self { words: words.to_vec(), dir, env }
    }

    pub(super) fn line(&self) -> String {
        self.words.join(" ")
    }

    /// Runs the command on the user's terminal and returns its exit code.
    pub(super) fn run(&self, recorder: &Recorder) -> anyhow::Result<i32> {
        let (program, args) =
            self.words.split_first().ok_or_else(|| anyhow::anyhow!("there is no command to run"))?;
        let env = recorder.environment(&self.env)?;
        let program = env.find_program(program).unwrap_or_else(|| PathBuf::from(program));
        Ok(Cmd::new(program, &self.dir, &env).args(args).exit_code()?)
    }
}

/// A recording cargo that explains every call that builds something.
pub(super) fn explaining(context: &Context, mode: Mode) -> anyhow::Result<Recorder> {
    Ok(recorder(context)?.with_reasons(mode, Place::from(&context.project.workspace)))
}

/// A recording cargo that is this very binary.
pub(super) fn recorder(context: &Context) -> anyhow::Result<Recorder> {
    Ok(Recorder::new(&context.process.program, &real_cargo(context)?)?)
}

/// The toolchain's own cargo: rustup's stand-in would put itself in front of the recording one again.
fn real_cargo(context: &Context) -> anyhow::Result<PathBuf> {
    let sysroot =
        Cmd::new(context.project.cargo.rustc(), context.project.workspace.root(), &context.process.env)
            .args(["--print", "sysroot"])
            .output()?;
    let cargo = PathBuf::from(sysroot.trim_end()).join("bin/cargo");
    Ok(if cargo.is_file() { cargo } else { context.project.cargo.program().to_owned() })
}
