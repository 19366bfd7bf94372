//! The calls of cargo that are asked which units they need.

use std::path::PathBuf;

use larder::{cargo::invocation::Invocation, project::Project};

/// One question.
#[derive(Debug)]
pub(super) struct UnitGraphCall {
    pub(super) invocation: Invocation,
    /// The folder of the call's units: the build folder, if one is set, else the target folder.
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

impl UnitGraphCall {
    pub(super) fn new(project: &Project, invocation: Invocation, whose: Whose) -> Self {
        let folder = project.workspace.build_directory(&invocation.target_dir);
        let folder = fs_err::canonicalize(&folder).unwrap_or_else(|_| folder.into());
        Self { invocation, folder, whose }
    }
}
