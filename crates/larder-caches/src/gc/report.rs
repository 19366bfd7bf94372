//! A plan and its outcome, as text for people. Prints nothing.

use std::fmt::Write as _;

use larder::text::columns;

use super::{
    plan::ClearingPlan,
    row::{Freed, Row},
};

/// The rows with their bytes, and the caches that could not be looked at, each with the reason.
pub fn text(plan: &ClearingPlan) -> String {
    let mut rows: Vec<_> = plan.rows().iter().filter(|row| row.is_work()).map(cells).collect();
    let mut text = if rows.is_empty() {
        "nothing to delete\n".to_owned()
    } else {
        rows.push([
            "total".into(),
            String::new(),
            String::new(),
            String::new(),
            columns::bytes(plan.bytes()),
        ]);
        columns::text(["<cache", "<place", "<what goes", "entries", "size"], &rows)
    };
    for row in plan.rows() {
        if let Some(why) = &row.missing {
            let why = why.lines().next().unwrap_or_default();
            let _ = writeln!(text, "{} is not looked at: {why}", row.cache.name());
        }
    }
    text
}

fn cells(row: &Row) -> [String; 5] {
    let entries = row.entries.to_string();
    [row.cache.name().to_owned(), row.place.clone(), row.what.clone(), entries, columns::bytes(row.bytes)]
}

/// The sentence at the end.
pub fn summary(plan: &ClearingPlan, freed: &[Freed]) -> String {
    let bytes = freed.iter().map(|freed| freed.bytes).sum();
    format!("{} freed, {} planned", columns::bytes(bytes), columns::bytes(plan.bytes()))
}

/// The deletions that failed, a line each.
pub fn left(plan: &ClearingPlan, freed: &[Freed]) -> Vec<String> {
    let mut lines = Vec::new();
    for (row, freed) in plan.rows().iter().zip(freed) {
        let failed = freed.failures.iter();
        lines.extend(failed.map(|failure| format!("{}: {}", failure.path.display(), failure.reason)));
        let skipped = freed.skipped.iter();
        lines.extend(skipped.map(|reason| format!("{} in {} stay: {reason}", row.what, row.place)));
    }
    lines
}
