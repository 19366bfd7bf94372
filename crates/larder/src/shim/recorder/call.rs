//! One call of cargo that a driver made.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    cargo::{
        command_line::{own_args, subcommand},
        messages::Counts,
        subcommands::{compiles, is_script},
    },
    why::answer::Answer,
};

/// One call of cargo that a driver made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// cargo's arguments, as text, without words that are for the program that it runs.
    pub args: Vec<String>,
    /// The working directory.
    pub dir: PathBuf,
    /// How it ended.
    pub code: i32,
    /// Wall-clock time.
    pub seconds: f64,
    /// The units it compiled.
    pub counts: Counts,
    /// Variables that the driver set and that may reach a compiler; never one that looks like a secret.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Why it compiled what it did, if that was asked for and something was compiled.
    #[serde(default)]
    pub why: Option<Answer>,
}

impl Call {
    /// A call that a driver would make, without variables of its own.
    pub(crate) fn planned(args: Vec<String>, dir: PathBuf) -> Self {
        let (counts, env) = (Counts::default(), BTreeMap::new());
        Self { args, dir, code: 0, seconds: 0.0, counts, env, why: None }
    }

    /// The arguments from the subcommand on, up to a `--`.
    pub fn cargo_args(&self) -> &[String] {
        let start = subcommand(&self.args).unwrap_or(self.args.len());
        own_args(&self.args[start..])
    }

    /// Whether it compiles something and went well, and nobody could tell what.
    pub fn is_unexplained(&self) -> bool {
        let compiles = self.subcommand().is_some_and(|name| compiles(name) || is_script(name));
        compiles && self.code == 0 && self.why.is_none()
    }

    /// The subcommand, as it was spelt.
    pub fn subcommand(&self) -> Option<&str> {
        self.cargo_args().first().map(String::as_str)
    }
}
