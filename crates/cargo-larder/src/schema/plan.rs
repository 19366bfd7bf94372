//! `cargo larder plan --json`.

use larder::{
    cargo::platform::Platform,
    plan::{Unit, UnitKey},
    recipe::chain::Use,
    slice::Slice,
};
use serde::Serialize;

use super::{Format, lock::RefusedSlices};

/// The needs of slices on a platform.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PlannedSlices<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) slices: Vec<PlannedSlice<'a>>,
    pub(crate) refused: Vec<RefusedSlices<'a>>,
}

impl Format for PlannedSlices<'_> {
    const VERSION: u32 = 1;
}

/// One of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PlannedSlice<'a> {
    pub(crate) slice: &'a Slice,
    pub(crate) units: Vec<PlannedUnit<'a>>,
    pub(crate) layers: &'a [Use],
    pub(crate) tainted: &'a [String],
    pub(crate) local: usize,
}

/// An external unit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PlannedUnit<'a> {
    #[serde(flatten)]
    pub(crate) unit: &'a Unit,
    pub(crate) key: &'a UnitKey,
    /// The first layer that builds it.
    pub(crate) layer: Option<usize>,
}
