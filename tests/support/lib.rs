//! Helpers shared by the integration tests: one per kind of test.
//!
//! Tests run the real `cargo` and the real `cargo-larder` on workspaces in temporary folders. A test that
//! cannot run here says SKIPPED and why; where `CI=true` it fails instead, since it would run nowhere.

mod larder;
mod project;
mod redact;
pub mod site;

pub use crate::{
    larder::{Outcome, Surroundings},
    project::Project,
    redact::redact,
};

/// Says that a test did not run, and why; fails where `CI=true`.
///
/// # Panics
/// In CI, where a test that is skipped would run nowhere.
pub fn skip(test: &str, why: &str) {
    let in_ci = Surroundings::get().env().get_str("CI") == Some("true");
    assert!(!in_ci, "{test} cannot run in CI: {why}");
    println!("SKIPPED {test}: {}", why.trim());
}
