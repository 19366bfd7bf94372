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

/// A project that a framework builds.
pub(super) trait FrameworkProject {
    /// The program that builds it.
    const PROGRAM: &'static str;

    /// The name that tells its slices from those of others.
    fn name(&self) -> &str;

    /// The file that a problem is told of.
    fn path(&self) -> &Utf8Path;

    /// The names of its packages.
    fn packages(&self) -> Vec<String>;

    /// Its slices, each name with this prefix.
    ///
    /// # Errors
    /// Why it has none.
    fn slices(&self, cargo: &Cargo, prefix: &str) -> Result<Vec<Slice>, String>;
}

/// The slices of all projects; names have a prefix unless there is one project and nobody else builds for browsers.
pub(super) fn of_all<P: FrameworkProject>(
    cargo: &Cargo,
    workspace: &Workspace,
    taken: &BTreeSet<String>,
    projects: &[P],
) -> Found {
    let mut found = Found::default();
    // Most workspaces have none, and this is asked at every start.
    if projects.is_empty() {
        return found;
    }
    // A setting of somebody's shell is not the project's.
    let cargo = cargo.of_everybody(workspace.root().as_std_path()).unwrap_or_else(|_| cargo.clone());
    let has_prefix = projects.len() > 1 || !taken.is_empty();
    for project in projects {
        let prefix = if has_prefix { format!("{}-", project.name()) } else { String::new() };
        match project.slices(&cargo, &prefix) {
            Ok(slices) => {
                found.slices.extend(slices);
                found.packages.extend(project.packages());
            }
            Err(reason) => found.broken.push(Broken {
                program: P::PROGRAM,
                slices: VARIANTS.map(|variant| name(&prefix, "front", variant)).to_vec(),
                path: project.path().to_owned(),
                reason,
            }),
        }
    }
    found
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
