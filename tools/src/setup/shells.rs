//! Nushell from npm, for the tests of completions: no Debian has it. The other shells are packages of the machine's.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::npm::{self, Package};
use crate::log::Log;

const NUSHELL: Package = Package { name: "nushell", version: "0.115.1", options: &[] };

/// The folder with the program; `None` without npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Option<PathBuf>> {
    npm::programs(sh, env, log, &NUSHELL)
}
