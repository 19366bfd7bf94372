//! `cargo larder observe --json`.

use larder::slice::Slice;
use serde::Serialize;

use super::Format;

/// The slices that a build driver's calls are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Observed<'a> {
    pub(crate) slices: &'a [ObservedSlice<'a>],
}

impl Format for Observed<'_> {
    const VERSION: u32 = 1;
}

/// A slice that was seen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ObservedSlice<'a> {
    pub(crate) slice: Slice,
    /// The name of the known slice that it equals.
    pub(crate) known: Option<&'a str>,
}
