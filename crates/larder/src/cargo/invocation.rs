//! One call of cargo that builds or plans: its folder, arguments, variables and target directory. Slices and recipes
//! give it, so that the words of a call are put together here alone.
//!
//! It must never decide what is built: whoever gives the arguments does.

use std::path::PathBuf;

use cargo_metadata::camino::Utf8PathBuf;

use super::{Cargo, command_line::with_options};
use crate::process::{Cmd, Environment};

/// A call of cargo, before the [policies](Cargo::words) of a run are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The folder that cargo runs in.
    pub dir: PathBuf,
    /// The subcommand and its arguments, without `--target-dir`.
    pub args: Vec<String>,
    /// Variables on top of those that [`Cargo`] has.
    pub env: Environment,
    /// The target directory.
    pub target_dir: Utf8PathBuf,
}

impl Invocation {
    /// The arguments with the target directory, as a unit graph is asked for.
    pub(super) fn args_of_query(&self) -> Vec<String> {
        with_options(&self.args, [self.target_dir_option()])
    }

    /// All arguments of the call: its own with the target directory, the policies of `cargo`, and `more` options.
    pub fn words(&self, cargo: &Cargo, more: impl IntoIterator<Item = String>) -> Vec<String> {
        let policies = cargo.words().map(str::to_owned);
        with_options(&self.args, std::iter::once(self.target_dir_option()).chain(policies).chain(more))
    }

    /// All variables of the call.
    pub fn environment(&self, cargo: &Cargo) -> Environment {
        let mut env = cargo.env().clone();
        self.env.iter().for_each(|(name, value)| env.set(name, value));
        env
    }

    /// The call as a program to start. `words` are [all its arguments](Self::words).
    pub fn command(&self, cargo: &Cargo, words: &[String]) -> Cmd {
        Cmd::new(cargo.program(), &self.dir, &self.environment(cargo)).args(words)
    }

    fn target_dir_option(&self) -> String {
        format!("--target-dir={}", self.target_dir)
    }
}
