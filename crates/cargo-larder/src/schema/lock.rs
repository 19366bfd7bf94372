//! `cargo larder lock --json`, with `--check` as well.

use std::collections::BTreeMap;

use larder::{
    cargo::platform::Platform,
    recipe::{
        lock,
        locked::{self, Change},
    },
    slice,
};
use serde::Serialize;

use super::Format;

/// The recipes that were written or kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Locked<'a> {
    pub(crate) slices: Vec<LockedSlice<'a>>,
    pub(crate) refused: Vec<Refused<'a>>,
}

impl Format for Locked<'_> {
    const VERSION: u32 = 1;
}

/// The recipes that were checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Checked<'a> {
    pub(crate) slices: Vec<LockedSlice<'a>>,
    pub(crate) findings: Vec<Finding<'a>>,
}

impl Format for Checked<'_> {
    const VERSION: u32 = 1;
}

/// The recipe of a slice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LockedSlice<'a> {
    name: &'a str,
    change: &'static str,
    units: &'a BTreeMap<Platform, usize>,
    tainted: &'a [String],
}

impl<'a> From<&'a locked::Locked> for LockedSlice<'a> {
    fn from(locked: &'a locked::Locked) -> Self {
        let change = match locked.change {
            Change::Kept => "kept",
            Change::Written => "written",
            Change::Needed => "needed",
        };
        Self { name: &locked.slice, change, units: &locked.units, tainted: &locked.tainted }
    }
}

/// Slices that cargo refuses, for one reason.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Refused<'a> {
    slices: &'a [String],
    reason: String,
    hint: Option<String>,
}

impl<'a> From<&'a slice::Refused> for Refused<'a> {
    fn from(refused: &'a slice::Refused) -> Self {
        let hint = refused.error.hint();
        Self { slices: &refused.slices, reason: refused.text(), hint }
    }
}

/// A fault of recipes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Finding<'a> {
    kind: &'static str,
    reason: &'a str,
}

impl<'a> From<&'a lock::Finding> for Finding<'a> {
    fn from(finding: &'a lock::Finding) -> Self {
        Self { kind: finding.kind(), reason: finding.reason() }
    }
}
