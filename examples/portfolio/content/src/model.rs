//! What the pages show; the rows of the database, as both halves see them.

use serde::{Deserialize, Serialize};

/// A project as the home page lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectSummary {
    /// The last part of the project's address.
    pub slug: String,
    /// The name to show.
    pub title: String,
    /// What sort of thing it is: `command line`, `library` or `service`.
    pub kind: String,
    /// The year of its first release.
    pub year: i64,
    /// One sentence.
    pub summary: String,
}

/// A project as its own page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// The name to show.
    pub title: String,
    /// What sort of thing it is: `command line`, `library` or `service`.
    pub kind: String,
    /// The year of its first release.
    pub year: i64,
    /// One sentence.
    pub summary: String,
    /// The text, its paragraphs separated by empty lines.
    pub body: String,
}

/// A visitor's note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Grows with every note.
    pub id: i64,
    /// The visitor's name, as they gave it.
    pub name: String,
    /// The note itself.
    pub message: String,
    /// When it was written: UTC, as in `2026-05-01T12:00:00Z`.
    pub created_at: String,
}

impl Entry {
    /// The day it was written, as in `2026-05-01`.
    pub fn day(&self) -> &str {
        self.created_at.split('T').next().unwrap_or_default()
    }
}
