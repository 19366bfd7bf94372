//! `cargo larder gc --json` and `cargo larder clean --json`.

use larder_caches::gc::{ClearingPlan, Freed, Row};
use serde::Serialize;

use super::Format;

/// The entries that are to go, or went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Cleared<'a> {
    applied: bool,
    bytes: u64,
    rows: Vec<ClearedRow<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ClearedRow<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    freed: Option<&'a Freed>,
}

impl Format for Cleared<'_> {
    const VERSION: u32 = 1;
}

impl<'a> Cleared<'a> {
    /// The plan, with what came of it if it was carried out.
    pub(crate) fn new(plan: &'a ClearingPlan, freed: Option<&'a [Freed]>) -> Self {
        let row = |(number, row)| ClearedRow { row, freed: freed.map(|freed| &freed[number]) };
        let rows = plan.rows().iter().enumerate().map(row).collect();
        Self { applied: freed.is_some(), bytes: plan.bytes(), rows }
    }
}
