//! Checks of a workspace and of the machine that builds it: a verdict, a reason, and the command that puts it right.
//!
//! A check is a function of [`Facts`] alone, so that a test can make it fail on any machine. Looking is in
//! [`facts`]; nothing here changes anything, except that the speed of the disk is measured by writing to it.

mod checks;
pub mod facts;
mod finding;
mod version;
pub(crate) mod workflow;

pub use facts::{Facts, Topic};
pub use version::Version;

use crate::{
    error::Result,
    files::change::Change,
    project::Project,
    tuning::{self},
};
pub use finding::{Check, Finding, Fix, Repair, Verdict};

/// All checks, in the order in which they are shown.
pub fn checks() -> &'static [Check] {
    checks::ALL
}

/// The changes of files that repair what was found, one for each file. Recipes and generated files are not among
/// them: those are made by their own verbs.
///
/// # Errors
/// When a file cannot be read or is no TOML.
pub fn changes<'a>(
    project: &Project,
    findings: impl IntoIterator<Item = &'a Finding>,
) -> Result<Vec<Change>> {
    let (mut manifest, mut config) = (Vec::new(), Vec::new());
    for repair in findings.into_iter().filter_map(|finding| finding.fix.as_ref()?.repair.as_ref()) {
        match repair {
            Repair::Manifest(settings) => manifest.extend(settings.iter().cloned()),
            Repair::Config(settings) => config.extend(settings.iter().cloned()),
            Repair::Recipes | Repair::Generated => {}
        }
    }
    let root = project.workspace.root();
    let manifest = tuning::change(root.join("Cargo.toml"), &manifest)?;
    let config = tuning::change(tuning::config_path(root), &config)?;
    Ok(manifest.into_iter().chain(config).collect())
}
