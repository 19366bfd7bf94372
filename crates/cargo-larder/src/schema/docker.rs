//! `cargo larder docker --json`, `docker explain --json` and `dockerfile --json`.

use larder::{
    camino::Utf8Path,
    docker::{
        explain::Miss,
        progress::{BuildStep, Stage},
    },
};
use serde::Serialize;

use super::Format;

/// An image that was built.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ImageBuild<'a> {
    pub(crate) image: &'a str,
    /// Its size in the engine's store, if it is there.
    pub(crate) bytes: Option<u64>,
    pub(crate) seconds: f64,
    pub(crate) stages: &'a [Stage],
    pub(crate) steps: &'a [&'a BuildStep],
}

impl Format for ImageBuild<'_> {
    const VERSION: u32 = 1;
}

/// The steps that the next build would not take from a cache.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Misses<'a> {
    pub(crate) misses: &'a [Miss],
}

impl Format for Misses<'_> {
    const VERSION: u32 = 1;
}

/// The files that images are built from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Files<'a> {
    pub(crate) files: Vec<Written<'a>>,
}

impl Format for Files<'_> {
    const VERSION: u32 = 1;
}

/// One of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Written<'a> {
    pub(crate) path: &'a Utf8Path,
    pub(crate) outcome: FileOutcome,
}

/// Whether the file is as it has to be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileOutcome {
    /// It was before.
    Fresh,
    /// It is not, and `--check` writes nothing.
    Stale,
    /// It is now.
    Written,
}
