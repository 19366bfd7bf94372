//! `cargo larder init --json`.

use larder::camino::Utf8PathBuf;
use serde::Serialize;

use super::Format;

/// The parts of a workspace that were looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ProposedParts {
    pub(crate) parts: Vec<Proposed>,
}

impl Format for ProposedParts {
    const VERSION: u32 = 1;
}

/// One of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Proposed {
    pub(crate) part: &'static str,
    pub(crate) outcome: &'static str,
    /// Why it was skipped, or why recipes are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Vec<ProposedFile>>,
}

/// A file that changes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ProposedFile {
    /// Below the workspace's root.
    pub(crate) path: Utf8PathBuf,
    pub(crate) change: &'static str,
    pub(crate) diff: String,
}
