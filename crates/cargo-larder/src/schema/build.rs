//! `cargo larder cook --json` and `cargo larder build --json`.

use larder::cook::Phase;
use serde::Serialize;

use super::Format;

/// The phases of a build, one after the other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Phases<'a> {
    pub(crate) phases: &'a [Phase],
}

impl Format for Phases<'_> {
    const VERSION: u32 = 1;
}
