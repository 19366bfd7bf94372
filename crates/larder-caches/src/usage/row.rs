//! The answer of `usage` as a whole.

use larder::files::disk::Size;
use serde::Serialize;

use super::cache::Cache;

/// Everything that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Usage {
    /// The size of all caches together; those of Docker as its engine tells them, wherever that keeps them.
    pub total: Size,
    /// The caches, the project's own first.
    pub caches: Vec<Cache>,
    /// Unreadable entries, a line each.
    pub problems: Vec<String>,
}
