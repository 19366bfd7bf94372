//! Programs that change a repository by themselves: Renovate from npm, which is asked what it would do to recipes, and
//! pre-commit from Python's packages, which runs the hooks of this repository.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::{
    npm::{self, Package},
    python::Programs,
};
use crate::log::Log;

const RENOVATE: Package = Package {
    name: "renovate",
    // The last one that runs on the Node.js of Debian's stable release.
    version: "39.264.1",
    // Nothing is compiled that it can do without.
    options: &["--ignore-scripts", "--omit=optional"],
};
const PRE_COMMIT: Programs =
    Programs { tree: "pre-commit-1", packages: &["pre-commit==4.7.0"], names: &["pre-commit"] };

/// The folders with the programs; what is missing is got, Renovate if there is npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Vec<PathBuf>> {
    let renovate = npm::programs(sh, env, log, &RENOVATE)?;
    Ok(renovate.into_iter().chain([PRE_COMMIT.ensure(sh, env, log)?]).collect())
}
