//! Programs that change a repository by themselves: Renovate from npm, which is asked what it would do to recipes, and
//! pre-commit from Python's packages, which runs the hooks of this repository.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::{Shell, cmd};

use super::{
    exec::Exec,
    folder::{Folder, replace},
    npm::{self, Package},
    python,
    tools::cleaned,
};
use crate::log::Log;

const RENOVATE: Package = Package {
    name: "renovate",
    // The last one that runs on the Node.js of Debian's stable release.
    version: "39.264.1",
    // Nothing is compiled that it can do without.
    options: &["--ignore-scripts", "--omit=optional"],
};
const PRE_COMMIT: &str = "pre-commit==4.7.0";
/// Changes with what is in the folder.
const TREE: &str = "pre-commit-1";

/// The folders with the programs; what is missing is got, Renovate if there is npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Vec<PathBuf>> {
    let renovate = npm::programs(sh, env, log, &RENOVATE)?;
    Ok(renovate.into_iter().chain([pre_commit(sh, env, log)?]).collect())
}

fn pre_commit(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.other(TREE);
    let program = tree.join("pre-commit");
    // That of another machine's folder may lack its Python.
    let is_there = || program.is_file() && exec.text(cmd!(exec.sh, "{program} --version")).is_some();
    folder.once(log, is_there, || {
        log.step("Downloading", "pre-commit from PyPI");
        // Environments know their own path, so this one is made at its place and linked to last.
        let place = tree.with_extension("python");
        python::environment(&exec, &place, &[PRE_COMMIT])?;
        let new = folder.fresh_tmp(TREE)?;
        fs_err::os::unix::fs::symlink(place.join("bin/pre-commit"), new.join("pre-commit"))?;
        replace(&new, &tree)?;
        anyhow::ensure!(is_there(), "pre-commit does not answer");
        Ok(())
    })?;
    Ok(tree)
}
