//! Slices for the builds of tests and lints, so that these find their dependencies too.
//!
//! It must never guess at features: a build of tests that nobody makes would be cooked for nothing.

use toml_edit::Array;

use super::proposal::Proposal;
use crate::{
    error::Result,
    project::Project,
    settings::Settings,
    slice::Origin,
    tuning::{self, Setting},
};

/// Each slice's name with its call of cargo. The one of tests serves cargo-nextest too, which makes the same call.
const CHECKS: [(&str, &[&str]); 2] =
    [("tests", &["test", "--workspace"]), ("lints", &["clippy", "--workspace", "--all-targets"])];

pub(super) fn propose(project: &Project) -> Result<Proposal> {
    if project.slices.iter().any(|slice| slice.origin == Origin::Leptos) {
        return Ok(Proposal::skipped(
            "tests and lints of a Leptos project take features that are not known: \
             run them with `cargo larder observe --write --`",
        ));
    }
    let owner = Settings::owner(project.workspace.manifest());
    let settings: Vec<Setting> = CHECKS
        .into_iter()
        .filter(|(_, call)| !has_slice_calling(project, call[0]))
        .map(|(name, call)| {
            let path = Settings::path(owner, &["slices", name, "args"]);
            Setting::new(&path, call.iter().copied().collect::<Array>(), "")
        })
        .collect();
    let manifest = project.workspace.manifest_path();
    Ok(Proposal::new(tuning::change(manifest, &settings)?.into_iter().collect()))
}

fn has_slice_calling(project: &Project, command: &str) -> bool {
    project.slices.iter().any(|slice| slice.subcommand() == command)
}
