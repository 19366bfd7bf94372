//! Lines of a recipe's manifest that nobody can do harm with, whoever wrote them. It must never take a line that it does
//! not understand.

use toml_edit::{DocumentMut, TableLike};

/// Settings of profiles that choose how code is made, and name no program, file or flag.
const HARMLESS: [&str; 13] = [
    "codegen-units",
    "debug",
    "debug-assertions",
    "incremental",
    "inherits",
    "lto",
    "opt-level",
    "overflow-checks",
    "panic",
    "rpath",
    "split-debuginfo",
    "strip",
    "trim-paths",
];

/// Whether a line only sets such things.
pub(super) fn is_harmless(line: &str) -> bool {
    fn all(table: &dyn TableLike) -> bool {
        table.iter().all(|(key, item)| item.as_table_like().map_or(HARMLESS.contains(&key), all))
    }
    let Ok(document) = line.parse::<DocumentMut>() else { return false };
    let mut tables = document.iter();
    tables.all(|(key, item)| key == "profile" && item.as_table_like().is_some_and(all))
}
