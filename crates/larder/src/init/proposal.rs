//! What `init` proposes: a change of a file that the user is asked about.

use crate::files::change::Change;

/// Whether a part was asked for by its name, and so is written also if nothing says that it is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartChoice {
    /// By its name.
    ByName,
    /// As one of the default parts.
    ByDefault,
}

/// The plan of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// Everything is as it should be.
    Fresh,
    /// These files change.
    Files(Vec<Change>),
    /// Recipes are written, by [`lock`](crate::recipe::lock::lock); a line for each reason.
    Recipes(Vec<String>),
    /// Nothing, and why.
    Skipped(String),
}

impl Proposal {
    pub(super) fn new(changes: Vec<Change>) -> Self {
        if changes.is_empty() { Self::Fresh } else { Self::Files(changes) }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped(why.into())
    }
}
