//! Calls of cargo that a framework would make, written down as if they had been [observed]: so both come out alike.

use std::collections::BTreeSet;

use cargo_metadata::camino::Utf8Path;

use super::{
    broken::Broken,
    call::{Slice, Variant},
    observed,
};
use crate::{cargo::Cargo, error::Error, shim::recorder::call::Call, workspace::Workspace};

/// The projects of a workspace that one framework builds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) slices: Vec<Slice>,
    pub(super) broken: Vec<Broken>,
    /// The packages that are built for browsers.
    pub(super) packages: BTreeSet<String>,
}

/// The builds of a framework.
pub(super) const VARIANTS: [Variant; 2] = [Variant::Release, Variant::Dev];

/// A call with these arguments in a folder, as a slice; `None` if it is not about this workspace.
///
/// # Errors
/// Why no slice can be such a call.
pub(super) fn slice(
    cargo: &Cargo,
    workspace: &Workspace,
    folder: &Utf8Path,
    args: Vec<String>,
) -> Result<Option<Slice>, String> {
    let call = Call::planned(args, folder.into());
    match observed::slices(cargo, workspace, &[], &[call]) {
        Ok(mut slices) => Ok(slices.pop()),
        Err(Error::Observed { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// The name of a part of a project.
pub(super) fn name(prefix: &str, part: &str, variant: Variant) -> String {
    match variant {
        Variant::Release => format!("{prefix}{part}"),
        Variant::Dev => format!("{prefix}{part}-dev"),
    }
}
