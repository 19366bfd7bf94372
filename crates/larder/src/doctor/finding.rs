//! The outcome of a check, and how to repair what it found.

use serde::Serialize;

use super::facts::{Facts, Topic};
use crate::tuning::Setting;

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// It could not be checked here, or does not matter here.
    Skipped,
    /// Builds are right, but slower than they could be.
    Warning,
    /// A build fails, a cache goes unused, or something is unsafe.
    Problem,
}

/// The finding of one check.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How good it is.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
    /// The remedy for a warning or a problem.
    pub fix: Option<Fix>,
}

/// A remedy.
#[derive(Debug, Clone)]
pub struct Fix {
    /// The command to run, or the edit to make.
    pub command: String,
    /// The repair that `--fix` makes; `None` if it is not Larder's to do.
    pub repair: Option<Repair>,
}

/// A repair that is safe: it changes files of the workspace, and can be seen and undone.
#[derive(Debug, Clone)]
pub enum Repair {
    /// Settings of the root manifest.
    Manifest(Vec<Setting>),
    /// Settings of the workspace's cargo configuration.
    Config(Vec<Setting>),
    /// Recipes written anew.
    Recipes,
    /// Generated files written anew.
    Generated,
}

impl Finding {
    pub(super) fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), fix: None }
    }

    pub(super) fn ok(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, reason)
    }

    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Skipped, reason)
    }

    pub(super) fn warning(reason: impl Into<String>, command: impl Into<String>) -> Self {
        Self::new(Verdict::Warning, reason).fixed_by(command)
    }

    pub(super) fn problem(reason: impl Into<String>, command: impl Into<String>) -> Self {
        Self::new(Verdict::Problem, reason).fixed_by(command)
    }

    pub(super) fn fixed_by(self, command: impl Into<String>) -> Self {
        Self { fix: Some(Fix { command: command.into(), repair: None }), ..self }
    }

    pub(super) fn with_repair(mut self, repair: Repair) -> Self {
        if let Some(fix) = &mut self.fix {
            fix.repair = Some(repair);
        }
        self
    }
}

/// One thing that is checked.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its name on the command line and in JSON.
    pub name: &'static str,
    /// Its subject, in a few words.
    pub about: &'static str,
    /// The facts that it needs.
    pub needs: &'static [Topic],
    pub(super) run: fn(&Facts) -> Finding,
}

impl Check {
    /// Checks it.
    pub fn run(&self, facts: &Facts) -> Finding {
        (self.run)(facts)
    }
}
