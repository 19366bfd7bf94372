//! Environments of Python packages, each in a folder of its own.
//!
//! Nothing may be installed into the system's Python.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use xshell::cmd;

use super::{debian, exec::Exec};

/// How Python is asked whether it can make environments, which Debian has apart.
const CAN_MAKE: &str = "import ensurepip, venv";
const PACKAGE: &str = "python3-venv";
/// Where most systems keep the authorities that they trust; pip has a list of its own.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

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
