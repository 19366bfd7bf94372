//! Checks of a workspace and of the machine that builds it: a verdict, a reason, and the command that puts it right.
//!
//! A check is a function of [`Facts`] alone, so that a test can make it fail on any machine. Looking is in
//! [`facts`]; nothing here changes anything, except that the speed of the disk is measured by writing to it.

mod checks;
pub mod facts;
mod version;
pub(crate) mod workflow;

use serde::Serialize;

pub use facts::{Facts, Topic};
pub use version::Version;

use crate::{
    error::Result,
    files::change::Change,
    project::Project,
    tuning::{self, Setting},
};

/// How good a thing is.
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

/// What one check found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How good it is.
    pub verdict: Verdict,
    /// Why, for people.
    pub reason: String,
    /// What to do about a warning or a problem.
    pub fix: Option<Fix>,
}

/// What puts something right.
#[derive(Debug, Clone)]
pub struct Fix {
    /// The command to run, or the edit to make.
    pub command: String,
    /// What `--fix` does; `None` where it is not Larder's to do.
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
    fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), fix: None }
    }

    fn ok(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, reason)
    }

    fn skipped(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Skipped, reason)
    }

    fn warning(reason: impl Into<String>, command: impl Into<String>) -> Self {
        Self::new(Verdict::Warning, reason).fixed_by(command)
    }

    fn problem(reason: impl Into<String>, command: impl Into<String>) -> Self {
        Self::new(Verdict::Problem, reason).fixed_by(command)
    }

    fn fixed_by(self, command: impl Into<String>) -> Self {
        Self { fix: Some(Fix { command: command.into(), repair: None }), ..self }
    }

    fn with_repair(mut self, repair: Repair) -> Self {
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
    /// What it is about, in a few words.
    pub about: &'static str,
    /// What has to be looked at for it.
    pub needs: &'static [Topic],
    run: fn(&Facts) -> Finding,
}

impl Check {
    /// Checks it.
    pub fn run(&self, facts: &Facts) -> Finding {
        (self.run)(facts)
    }
}

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
