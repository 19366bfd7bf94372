//! `gitlab-ci-local` from npm: it runs pipelines for GitLab on this machine.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::npm::{self, Package};
use crate::log::Log;

const GITLAB_CI_LOCAL: Package = Package {
    name: "gitlab-ci-local",
    // The last one that runs on the Node.js of Debian's stable release.
    version: "4.61.1",
    options: &["--ignore-scripts"],
};

/// The folder with the program; `None` without npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Option<PathBuf>> {
    npm::programs(sh, env, log, &GITLAB_CI_LOCAL)
}
