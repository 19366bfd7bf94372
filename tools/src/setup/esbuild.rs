//! esbuild from npm, which dx bundles scripts with.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::npm::{self, Package};
use crate::log::Log;

const ESBUILD: Package = Package { name: "esbuild", version: "0.28.2", options: &[] };

/// The folder with the program; `None` without npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Option<PathBuf>> {
    npm::programs(sh, env, log, &ESBUILD)
}
