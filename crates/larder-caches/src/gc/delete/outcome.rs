//! The outcome of deletions.
//!
//! It must never say that something is gone which may be there.

use std::path::PathBuf;

use serde::Serialize;

/// The failed deletions, with reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// The folder's path, joined with that of the entry in it.
    pub path: PathBuf,
    /// Why it is still there.
    pub reason: String,
}

/// The remains of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing; it may have been gone before.
    Nothing,
    /// Something, for which there is a failure.
    Something,
}

/// The outcome of deleting one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// Space on disk that came free: a file with other links gives none.
    pub bytes: u64,
    /// Whether all of it went.
    pub left: Left,
}
