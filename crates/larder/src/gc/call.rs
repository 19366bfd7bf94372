//! The calls of cargo that are asked which units they need.

use std::path::PathBuf;

use cargo_metadata::camino::Utf8Path;

use crate::{process::Environment, project::Project};

/// One question: arguments of cargo in a folder, and where the call would build.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) dir: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Environment,
    pub(super) folder: PathBuf,
    pub(super) whose: Whose,
}

/// Who said what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The checkout that the user works in.
    Ours,
    /// A branch that is not checked out, so nothing of it may be run.
    Branch,
}

/// Where units of a call lie: in the build folder, where one is set, else in the target folder.
pub(super) fn build_folder(project: &Project, target_dir: &Utf8Path) -> PathBuf {
    let folder = project.workspace.build_directory(target_dir);
    fs_err::canonicalize(&folder).unwrap_or_else(|_| folder.into())
}
