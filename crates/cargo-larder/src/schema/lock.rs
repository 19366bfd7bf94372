//! `cargo larder lock --json`, with `--check` as well.

use std::collections::BTreeMap;

use larder::{
    cargo::platform::Platform,
    recipe::{
        lock,
        locked::{self, RecipeChange},
    },
    slice,
};
use serde::Serialize;

use super::Format;

/// The recipes that were written or kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LockedRecipes<'a> {
    pub(crate) slices: Vec<SliceRecipe<'a>>,
    pub(crate) refused: Vec<RefusedSlices<'a>>,
}

impl Format for LockedRecipes<'_> {
    const VERSION: u32 = 1;
}

/// The recipes that were checked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CheckedRecipes<'a> {
    pub(crate) slices: Vec<SliceRecipe<'a>>,
    pub(crate) findings: Vec<RecipeFault<'a>>,
}

impl Format for CheckedRecipes<'_> {
    const VERSION: u32 = 1;
}

/// The recipe of a slice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SliceRecipe<'a> {
    name: &'a str,
    change: &'static str,
    units: &'a BTreeMap<Platform, usize>,
    tainted: &'a [String],
}

impl<'a> From<&'a locked::Locked> for SliceRecipe<'a> {
    fn from(locked: &'a locked::Locked) -> Self {
        let change = match locked.change {
            RecipeChange::Kept => "kept",
            RecipeChange::Written => "written",
            RecipeChange::Needed => "needed",
        };
        Self { name: &locked.slice, change, units: &locked.units, tainted: &locked.tainted }
    }
}

/// Slices that cargo refuses, for one reason.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RefusedSlices<'a> {
    slices: &'a [String],
    reason: String,
    hint: Option<String>,
}

impl<'a> From<&'a slice::Refused> for RefusedSlices<'a> {
    fn from(refused: &'a slice::Refused) -> Self {
        let hint = refused.error.hint();
        Self { slices: &refused.slices, reason: refused.text(), hint }
    }
}

/// A fault of recipes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RecipeFault<'a> {
    kind: &'static str,
    reason: &'a str,
}

impl<'a> From<&'a lock::RecipeFinding> for RecipeFault<'a> {
    fn from(finding: &'a lock::RecipeFinding) -> Self {
        Self { kind: finding.kind(), reason: finding.reason() }
    }
}
