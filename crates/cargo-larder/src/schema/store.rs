//! `cargo larder store --json` and its verbs for this machine's own store.

use std::path::{Path, PathBuf};

use larder_store::{archive, local::sweep::StoreContents, rebuild, restore::why::StoreAnswer};
use serde::Serialize;

use super::Format;

/// The store's contents.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Status<'a> {
    folder: &'a Path,
    units: usize,
    files: usize,
    bytes: u64,
    recipes: usize,
    project: Vec<StoredRecipe<'a>>,
}

impl Format for Status<'_> {
    const VERSION: u32 = 1;
}

/// How much of a slice's recipe is there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StoredRecipe<'a> {
    pub(crate) slice: &'a str,
    /// Nothing if it is not there as a whole.
    pub(crate) units: Option<usize>,
}

impl<'a> Status<'a> {
    pub(crate) fn new(folder: &'a Path, contents: &StoreContents, project: Vec<StoredRecipe<'a>>) -> Self {
        let StoreContents { records, blobs, bytes, snapshots } = *contents;
        Self { folder, units: records, files: blobs, bytes, recipes: snapshots, project }
    }
}

/// The outcome of reading everything.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct VerifiedStore<'a> {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) damaged: &'a [PathBuf],
    pub(crate) incomplete: &'a [PathBuf],
    pub(crate) repaired: bool,
}

impl Format for VerifiedStore<'_> {
    const VERSION: u32 = 1;
}

/// The room that clearing the store frees.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Swept {
    pub(crate) bytes: u64,
    pub(crate) deleted: bool,
}

impl Format for Swept {
    const VERSION: u32 = 1;
}

/// The units that went to a file or came from one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TransferredUnits {
    units: usize,
    bytes: u64,
}

impl Format for TransferredUnits {
    const VERSION: u32 = 1;
}

impl From<&archive::ArchiveTotals> for TransferredUnits {
    fn from(moved: &archive::ArchiveTotals) -> Self {
        Self { units: moved.units, bytes: moved.bytes }
    }
}

/// Why the store has a unit, or has not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ExplainedUnit<'a> {
    unit: &'a str,
    slices: Vec<OfSlice<'a, StoreAnswer>>,
}

impl Format for ExplainedUnit<'_> {
    const VERSION: u32 = 1;
}

impl<'a> ExplainedUnit<'a> {
    pub(crate) fn new(unit: &'a str, slices: &'a [(String, StoreAnswer)]) -> Self {
        Self { unit, slices: of_slices(slices) }
    }
}

/// Units that were compiled again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RebuiltUnits<'a> {
    slices: Vec<OfSlice<'a, rebuild::Rebuilt>>,
}

impl Format for RebuiltUnits<'_> {
    const VERSION: u32 = 1;
}

impl<'a> RebuiltUnits<'a> {
    pub(crate) fn new(slices: &'a [(String, rebuild::Rebuilt)]) -> Self {
        Self { slices: of_slices(slices) }
    }
}

/// A slice's name, with the rest that is known of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct OfSlice<'a, T> {
    slice: &'a str,
    #[serde(flatten)]
    known: &'a T,
}

fn of_slices<T>(slices: &[(String, T)]) -> Vec<OfSlice<'_, T>> {
    slices.iter().map(|(slice, known)| OfSlice { slice, known }).collect()
}
