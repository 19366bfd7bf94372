//! Environments of Python packages, each in a folder of its own.
//!
//! Nothing may be installed into the system's Python.

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

/// How Python is asked whether it can make environments, which Debian has apart.
const CAN_MAKE: &str = "import ensurepip, venv";
const PACKAGE: &str = "python3-venv";
/// Where most systems keep the authorities that they trust; pip has a list of its own.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Programs of Python packages, which are linked in one folder.
pub(super) struct Programs {
    /// The folder's name, which changes with what is in it.
    pub(super) tree: &'static str,
    /// The packages, each with its version.
    pub(super) packages: &'static [&'static str],
    pub(super) names: &'static [&'static str],
}

impl Programs {
    /// The folder with the programs; what is missing is got.
    pub(super) fn ensure(&self, sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
        let folder = Folder::new(env, &sh.current_dir())?;
        let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
        folder.once(log, || self.answer(&exec, &folder), || self.get(&exec, &folder))?;
        Ok(folder.other(self.tree))
    }

    fn get(&self, exec: &Exec<'_>, folder: &Folder) -> anyhow::Result<()> {
        exec.log.step("Downloading", &format!("{} from PyPI", self.names.join(", ")));
        let tree = folder.other(self.tree);
        // Environments know their own path, so this one is made at its place and linked to last.
        let place = tree.with_extension("python");
        environment(exec, &place, self.packages)?;
        let new = folder.fresh_tmp(self.tree)?;
        for name in self.names {
            fs_err::os::unix::fs::symlink(place.join("bin").join(name), new.join(name))?;
        }
        replace(&new, &tree)?;
        anyhow::ensure!(self.answer(exec, folder), "{} does not answer", self.names.join(" or "));
        Ok(())
    }

    /// Why they cannot be got.
    pub(super) fn problem(&self, exec: &Exec<'_>, folder: &Folder) -> Option<String> {
        if self.answer(exec, folder) { None } else { problem(exec) }
    }

    /// Whether all of them run: another machine's folder may name a Python that is not here.
    fn answer(&self, exec: &Exec<'_>, folder: &Folder) -> bool {
        self.names.iter().all(|name| {
            let program = folder.other(self.tree).join(name);
            program.is_file() && exec.text(cmd!(exec.sh, "{program} --version")).is_some()
        })
    }
}

/// Makes an environment with these packages. It knows its own path, so it has to stay there.
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

/// Why none can be made.
pub(super) fn problem(exec: &Exec<'_>) -> Option<String> {
    let is_possible = python(exec).is_some() || debian::is_root(exec);
    (!is_possible).then(|| format!("python3 makes no environments: install {PACKAGE} as root"))
}

/// A Python that makes environments: the system's own one first, which is at its place on every machine.
fn python(exec: &Exec<'_>) -> Option<PathBuf> {
    let found = [Some(PathBuf::from("/usr/bin/python3")), exec.env.find_program("python3")];
    found.into_iter().flatten().find(|python| exec.text(cmd!(exec.sh, "{python} -c {CAN_MAKE}")).is_some())
}
