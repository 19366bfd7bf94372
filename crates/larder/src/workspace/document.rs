//! TOML files as documents, with errors that name the file.

use cargo_metadata::camino::Utf8Path;
use toml_edit::{DocumentMut, Item, Value};

use crate::{
    error::{Error, Result},
    files::read,
};

/// Reads and parses a TOML file.
///
/// # Errors
/// [`Error::Toml`] with line and column, or the read error with the path.
pub fn parse_toml(path: &Utf8Path) -> Result<DocumentMut> {
    read::text(path)?
        .parse()
        .map_err(|error: toml_edit::TomlError| Error::Toml { path: path.into(), reason: error.to_string() })
}

/// A text, or each text of a list.
pub(crate) fn texts(item: &Item) -> Vec<&str> {
    match item {
        Item::Value(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        item => item.as_str().into_iter().collect(),
    }
}
