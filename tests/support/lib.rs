//! Helpers shared by the integration tests: one per kind of test.
//!
//! Tests run the real `cargo` and the real `cargo-larder` on workspaces in temporary folders. A test that
//! cannot run here says SKIPPED and why; if `CI=true` it fails instead, since it would run nowhere.

use std::io::Write as _;

pub mod act;
pub mod checkers;
pub mod deploy;
pub mod dockerfile;
pub mod files_server;
pub mod fuzz;
mod git;
mod home;
pub mod hostile;
mod larder;
pub mod machine;
pub mod nix;
pub mod oracle;
mod program;
mod project;
pub mod published;
mod random;
pub mod recipes;
mod redact;
pub mod seeds;
pub mod signals;
pub mod site;
pub mod soak;
mod stages;
pub mod team;

pub use crate::{
    git::GitRepository,
    home::{cargo_home, cargo_home_of_user},
    larder::{Outcome, Surroundings},
    machine::{Checkout, Machine},
    program::write_program,
    project::{Project, package},
    random::Random,
    redact::{redact, redact_json},
    stages::Stages,
};

/// Says that a test did not run, and why; fails if `CI=true`.
///
/// # Panics
/// In CI, where a test that is skipped would run nowhere.
pub fn skip(test: &str, why: &str) {
    let in_ci = Surroundings::get().env().get_str("CI") == Some("true");
    assert!(!in_ci, "{test} cannot run in CI: {why}");
    say_skipped(test, why.trim());
}

/// Whether tests may take long, as those of `cargo xtask test --full`.
pub fn is_full() -> bool {
    Surroundings::get().env().get_str("LARDER_TEST_FULL") == Some("1")
}

/// Whether tests that take long run too; if they do not, the test says SKIPPED, in CI as well.
pub fn full(test: &str) -> bool {
    let full = is_full();
    if !full {
        say_skipped(test, "takes long; `cargo xtask test --full` runs it");
    }
    full
}

/// Says that a test did not run because it is for those who have something that nobody can be asked to have; a variable
/// of that name would say where it is.
pub fn not_given(test: &str, variable: &str) {
    say_skipped(test, &format!("{variable} is not set"));
}

/// Says that a test did not run because of something that not every machine can be given, in CI as well.
pub fn not_everywhere(test: &str, why: &str) {
    say_skipped(test, why);
}

/// Writes past the test harness, which keeps to itself what a passing test prints.
fn say_skipped(test: &str, why: &str) {
    // A reader that has gone away must not fail the test.
    let _ = writeln!(std::io::stdout(), "SKIPPED {test}: {why}");
}
