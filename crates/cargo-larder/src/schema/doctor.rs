//! `cargo larder doctor --json`.

use larder::doctor::{self, Finding, Verdict};
use serde::Serialize;

use super::Format;

/// Everything that was checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Checks<'a> {
    pub(crate) checks: Vec<CheckOutcome<'a>>,
    /// The changes that `--fix` made.
    pub(crate) repaired: &'a [String],
}

impl Format for Checks<'_> {
    const VERSION: u32 = 1;
}

/// One check with its outcome.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CheckOutcome<'a> {
    name: &'a str,
    about: &'a str,
    verdict: Verdict,
    reason: &'a str,
    fix: Option<SuggestedFix<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct SuggestedFix<'a> {
    command: &'a str,
    /// Whether `--fix` does it.
    safe: bool,
}

impl<'a> CheckOutcome<'a> {
    pub(crate) fn new(check: &'a doctor::Check, finding: &'a Finding) -> Self {
        let fix = finding.fix.as_ref();
        let fix = fix.map(|fix| SuggestedFix { command: &fix.command, safe: fix.repair.is_some() });
        let Finding { verdict, reason, .. } = finding;
        Self { name: check.name, about: check.about, verdict: *verdict, reason, fix }
    }
}
