//! The checkers of workflows, in their strictest forms: zizmor finds what an attacker could use, actionlint what GitHub
//! would refuse.

use std::path::{Path, PathBuf};

use crate::{Outcome, Surroundings, skip};

/// Both programs.
#[derive(Debug)]
pub struct Checkers {
    zizmor: PathBuf,
    actionlint: PathBuf,
}

impl Checkers {
    /// Finds them; `None` after saying that the test is skipped.
    #[must_use]
    pub fn find(test: &str) -> Option<Self> {
        let [zizmor, actionlint] =
            ["zizmor", "actionlint"].map(|name| Surroundings::get().env().find_program(name));
        let found = zizmor.zip(actionlint);
        if found.is_none() {
            skip(test, "PATH has no zizmor or no actionlint");
        }
        found.map(|(zizmor, actionlint)| Self { zizmor, actionlint })
    }

    /// zizmor in its strictest persona.
    #[must_use]
    pub fn zizmor(&self, folder: &Path, files: &[&str]) -> Outcome {
        let words = ["--offline", "--persona=auditor", "--no-progress"];
        Surroundings::get().run(&self.zizmor, folder, &[&words, files].concat(), &[])
    }

    /// actionlint.
    #[must_use]
    pub fn actionlint(&self, folder: &Path, files: &[&str]) -> Outcome {
        Surroundings::get().run(&self.actionlint, folder, &[&["-no-color"], files].concat(), &[])
    }
}

/// Requires that a checker found nothing.
///
/// # Panics
/// With everything that it found.
#[track_caller]
pub fn found_nothing(outcome: &Outcome) {
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
}
