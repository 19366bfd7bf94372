//! Single keys put into TOML files that a user owns, as insertions into the text: every other byte stays as it is, so
//! comments stay with the lines that they were written for, whatever the line ends are.
//!
//! The parser is asked for places only. Nothing is rendered anew: a rendered document has comments in other places,
//! since a comment after the last entry of a table counts as the next table's.

mod gap;
mod inline;
pub(crate) mod list;
mod text;

#[cfg(test)]
mod tests;

use text::{Splice, TomlEntry, TomlPlace, Walk, line, spliced};
use toml_edit::{Document, Value};

/// Sets one key: its value is replaced, or the key is added in the form that its table has. `why` goes above an added
/// key as comment lines, or above its table if that is new.
///
/// # Errors
/// If the text is no TOML, or has something else although a table is needed.
pub(crate) fn set(text: &str, path: &[String], value: &Value, why: &str) -> Result<String, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let Some((key, tables)) = path.split_last() else { return Ok(text.to_owned()) };
    let walk = Walk::along(document.as_table(), tables)?;
    let entry = TomlEntry { value: value.to_string().trim().to_owned(), why };
    let splice = match walk.found(key)? {
        Some(old) => Splice { range: old, text: entry.value },
        None => match walk.place {
            TomlPlace::Inline(_) => inline::insertion(text, &walk, key, &entry)?,
            TomlPlace::Table(home) if walk.is_complete() || !walk.dotted.is_empty() => {
                line(text, home, &walk, key, &entry)
            }
            TomlPlace::Table(_) | TomlPlace::Nowhere => gap::section(text, &document, path, &entry),
        },
    };
    Ok(spliced(text, splice))
}
