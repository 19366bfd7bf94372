//! `cargo larder store --json` and its verbs for this machine's own store.

use std::path::{Path, PathBuf};

use larder_store::{archive, local::sweep::Contents, rebuild, restore::why::Answer};
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
    project: Vec<Recipe<'a>>,
}

impl Format for Status<'_> {
    const VERSION: u32 = 1;
}

/// How much of a slice's recipe is there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Recipe<'a> {
    pub(crate) slice: &'a str,
    /// Nothing if it is not there as a whole.
    pub(crate) units: Option<usize>,
}

impl<'a> Status<'a> {
    pub(crate) fn new(folder: &'a Path, contents: &Contents, project: Vec<Recipe<'a>>) -> Self {
        let Contents { records, blobs, bytes, snapshots } = *contents;
        Self { folder, units: records, files: blobs, bytes, recipes: snapshots, project }
    }
}

/// The outcome of reading everything.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Verified<'a> {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) damaged: &'a [PathBuf],
    pub(crate) incomplete: &'a [PathBuf],
    pub(crate) repaired: bool,
}

impl Format for Verified<'_> {
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
pub(crate) struct Moved {
    units: usize,
    bytes: u64,
}

impl Format for Moved {
    const VERSION: u32 = 1;
}

impl From<&archive::Moved> for Moved {
    fn from(moved: &archive::Moved) -> Self {
        Self { units: moved.units, bytes: moved.bytes }
    }
}

/// Why the store has a unit, or has not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Explained<'a> {
    unit: &'a str,
    slices: Vec<OfSlice<'a, Answer>>,
}

impl Format for Explained<'_> {
    const VERSION: u32 = 1;
}

impl<'a> Explained<'a> {
    pub(crate) fn new(unit: &'a str, slices: &'a [(String, Answer)]) -> Self {
        Self { unit, slices: of_slices(slices) }
    }
}

/// Units that were compiled again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Rebuilt<'a> {
    slices: Vec<OfSlice<'a, rebuild::Rebuilt>>,
}

impl Format for Rebuilt<'_> {
    const VERSION: u32 = 1;
}

impl<'a> Rebuilt<'a> {
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
