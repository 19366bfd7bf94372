//! Asking programs for facts, within a time limit.

use std::{path::PathBuf, time::Duration};

use crate::process::{Cmd, Environment};

/// A value, or why it could not be told.
pub type Answer<T> = Result<T, String>;

/// How long a program may take to say what it is.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a program something that it should answer at once.
pub(super) fn ask(program: impl Into<PathBuf>, env: &Environment, args: &[&str]) -> Answer<String> {
    answer_of(&Cmd::new(program, "/", env).args(args))
}

/// The same of a call that somebody else words.
pub(super) fn answer_of(cmd: &Cmd) -> Answer<String> {
    cmd.output_within(PATIENCE).map_err(|error| error.to_string())
}

/// Finds a program and asks it; the reason says if none is.
pub(super) fn ask_program(env: &Environment, program: &str, args: &[&str]) -> Answer<String> {
    let path = env.find_program(program).ok_or_else(|| format!("there is no `{program}` on PATH"))?;
    ask(path, env, args)
}
