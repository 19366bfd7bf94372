//! `cargo larder store push --json`, `pull --json` and `keygen --json`.

use larder_store::exchange;
use serde::Serialize;

use super::Format;

/// The half of a new key that is committed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GeneratedKey<'a> {
    pub(crate) public_key: &'a str,
}

impl Format for GeneratedKey<'_> {
    const VERSION: u32 = 1;
}

/// The units that a remote got.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PushedUnits<'a> {
    pub(crate) slices: Vec<PushedSlice<'a>>,
}

impl Format for PushedUnits<'_> {
    const VERSION: u32 = 1;
}

/// The part of a slice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PushedSlice<'a> {
    slice: &'a str,
    units: usize,
    new: usize,
    sent: u64,
    bytes: u64,
}

impl<'a> PushedSlice<'a> {
    pub(crate) fn new(slice: &'a str, pushed: &exchange::Pushed) -> Self {
        let exchange::Pushed { units, new, sent, bytes } = *pushed;
        Self { slice, units, new, sent, bytes }
    }
}

/// The units that a remote gave.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PulledUnits<'a> {
    pub(crate) slices: Vec<PulledSlice<'a>>,
}

impl Format for PulledUnits<'_> {
    const VERSION: u32 = 1;
}

/// The part of a slice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PulledSlice<'a> {
    slice: &'a str,
    new: usize,
    present: usize,
    received: u64,
    whole: bool,
    missed: &'a [String],
}

impl<'a> PulledSlice<'a> {
    pub(crate) fn new(slice: &'a str, pulled: &'a exchange::Pulled) -> Self {
        let exchange::Pulled { new, present, received, is_whole, missed, has_failed: _ } = pulled;
        Self { slice, new: *new, present: *present, received: *received, whole: *is_whole, missed }
    }
}
