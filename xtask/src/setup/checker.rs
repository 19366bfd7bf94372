//! The programs that check the repository itself: cargo-deny for licences and sources, mdbook for the book.
//!
//! No build of the example needs them, so they are apart from the tools; they are built here with the machine's
//! own toolchain, once, into the same folder.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::{exec::Exec, folder::Folder, install, tools::cleaned};
use crate::log::Log;

/// A program with the version it was chosen in. Any other version on PATH might judge differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checker {
    /// The name of the package and of its program.
    pub(crate) name: &'static str,
    /// The exact version.
    pub(crate) version: &'static str,
}

/// Looks at licences, sources and duplicate versions.
pub(crate) const CARGO_DENY: Checker = Checker { name: "cargo-deny", version: "0.20.2" };
/// Builds the book.
pub(crate) const MDBOOK: Checker = Checker { name: "mdbook", version: "0.5.4" };

/// The program's path; it is built where it is not there yet.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log, checker: Checker) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.checker(checker.name, checker.version);
    let program = tree.join("bin").join(checker.name);
    if program.is_file() {
        return Ok(program);
    }
    let _lock = folder.lock(log)?;
    if !program.is_file() {
        install::checker(&exec, &folder, checker, &tree)?;
    }
    Ok(program)
}
