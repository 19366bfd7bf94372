//! Renovate from npm: what it would change in a repository with recipes is asked of itself.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::npm::{self, Package};
use crate::log::Log;

const RENOVATE: Package = Package {
    name: "renovate",
    // The last one that runs on the Node.js of Debian's stable release.
    version: "39.264.1",
    // Nothing is compiled that it can do without.
    options: &["--ignore-scripts", "--omit=optional"],
};

/// The folder with the program; `None` without npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Option<PathBuf>> {
    npm::programs(sh, env, log, &RENOVATE)
}
