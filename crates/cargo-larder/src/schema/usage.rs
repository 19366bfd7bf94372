//! `cargo larder usage --json`.

use larder::camino::Utf8Path;
use larder_caches::usage;
use serde::Serialize;

use super::Format;

/// Every cache of a project and of its machine.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WorkspaceUsage<'a> {
    /// The workspace's.
    pub(crate) root: &'a Utf8Path,
    #[serde(flatten)]
    pub(crate) usage: &'a usage::Usage,
}

impl Format for WorkspaceUsage<'_> {
    const VERSION: u32 = 1;
}
