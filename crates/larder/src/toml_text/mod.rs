//! Single keys put into TOML files that a user owns, as insertions into the text: every other byte stays as it is, so
//! comments stay with the lines that they were written for, whatever the line ends are.
//!
//! The parser is asked for places only. Nothing is rendered anew: a rendered document has comments in other places,
//! since a comment after the last entry of a table counts as the next table's.

mod gap;
mod inline;
pub(crate) mod list;

#[cfg(test)]
mod tests;

use std::ops::Range;

use toml_edit::{Document, Item, Key, Table, Value};

/// Text that takes the place of a range of the old text.
struct Splice {
    range: Range<usize>,
    text: String,
}

/// Sets one key: its value is replaced, or the key is added in the form that its table has. `why` goes above an added
/// key as comment lines, or above its table if that is new.
///
/// # Errors
/// If the text is no TOML, or has something else where a table is needed.
pub(crate) fn set(text: &str, path: &[String], value: &Value, why: &str) -> Result<String, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let Some((key, tables)) = path.split_last() else { return Ok(text.to_owned()) };
    let walk = Walk::along(document.as_table(), tables)?;
    let entry = Entry { value: value.to_string().trim().to_owned(), why };
    let splice = match walk.found(key)? {
        Some(old) => Splice { range: old, text: entry.value },
        None => match walk.place {
            Place::Inline(_) => inline::insertion(text, &walk, key, &entry)?,
            Place::Table(home) if walk.is_complete() || !walk.dotted.is_empty() => {
                line(text, home, &walk, key, &entry)
            }
            Place::Table(_) | Place::Nowhere => gap::section(text, &document, path, &entry),
        },
    };
    Ok(spliced(text, splice))
}

/// What is to be added.
struct Entry<'a> {
    value: String,
    why: &'a str,
}

impl Entry<'_> {
    /// The reason as comment lines, each with what is in front of it.
    fn comment(&self, indent: &str) -> String {
        let lines = self.why.lines().map(|line| format!("{indent}# {line}\n"));
        lines.collect()
    }
}

/// How far a path leads into a document.
struct Walk<'a> {
    /// The table with braces or a header of its own that was reached last.
    place: Place<'a>,
    /// The dotted part of the path, from there on.
    dotted: Vec<&'a str>,
    /// The last table reached.
    last: &'a dyn toml_edit::TableLike,
    /// The names for which there is no table yet.
    missing: &'a [String],
}

#[derive(Clone, Copy)]
enum Place<'a> {
    /// A table with a header, or the root.
    Table(&'a Table),
    /// A table in braces.
    Inline(&'a toml_edit::InlineTable),
    /// A table that only headers of other tables speak of.
    Nowhere,
}

impl<'a> Walk<'a> {
    fn along(root: &'a Table, tables: &'a [String]) -> Result<Self, String> {
        let mut walk = Self { place: Place::Table(root), dotted: Vec::new(), last: root, missing: tables };
        while let Some((name, rest)) = walk.missing.split_first() {
            let Some(item) = walk.last.get(name) else { break };
            match item {
                Item::Table(table) if table.is_dotted() => walk.dotted.push(name),
                Item::Table(table) => {
                    walk.place = if table.is_implicit() { Place::Nowhere } else { Place::Table(table) };
                    walk.dotted.clear();
                }
                Item::Value(Value::InlineTable(table)) if table.is_dotted() => walk.dotted.push(name),
                Item::Value(Value::InlineTable(table)) => {
                    walk.place = Place::Inline(table);
                    walk.dotted.clear();
                }
                _ => return Err(format!("`{name}` is no table")),
            }
            walk.last = item.as_table_like().ok_or_else(|| format!("`{name}` is no table"))?;
            walk.missing = rest;
        }
        Ok(walk)
    }

    /// Whether every table of the path is there.
    fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// Where the key's value is, if it has one.
    fn found(&self, key: &str) -> Result<Option<Range<usize>>, String> {
        let Some(item) = self.last.get(key).filter(|_| self.is_complete()) else { return Ok(None) };
        match item {
            Item::Value(value) if !is_dotted(value) => Ok(value.span()),
            _ => Err(format!("`{key}` is a table")),
        }
    }

    /// The words of the key as it is written in its place.
    fn words<'b>(&'b self, key: &'b str) -> Vec<&'b str> {
        let missing = self.missing.iter().map(String::as_str);
        self.dotted.iter().copied().chain(missing).chain([key]).collect()
    }
}

fn is_dotted(value: &Value) -> bool {
    value.as_inline_table().is_some_and(toml_edit::InlineTable::is_dotted)
}

/// A key's words as TOML writes them.
fn written<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words = words.into_iter().map(|word| Key::new(word).display_repr().into_owned());
    words.collect::<Vec<_>>().join(".")
}

/// A new line in a table with a header: after its last entry, or after the last one of the same dotted table.
fn line(text: &str, home: &Table, walk: &Walk<'_>, key: &str, entry: &Entry<'_>) -> Splice {
    let last = if walk.dotted.is_empty() { last_value(home) } else { last_value(walk.last) };
    let end = last.or_else(|| home.span().map(|header| header.end)).unwrap_or_default();
    let at = if end == 0 { 0 } else { line_end(text, end) };
    let indent = last.map(|_| indent(text, first_value(walk.last, home))).unwrap_or_default();
    let key = written(walk.words(key));
    let line = format!("{}{indent}{key} = {}\n", entry.comment(indent), entry.value);
    Splice { range: at..at, text: format!("{}{line}", missing_end(text, at)) }
}

/// Where the last value in a table ends; values of tables with a header of their own are not in it.
fn last_value(table: &dyn toml_edit::TableLike) -> Option<usize> {
    values(table).into_iter().map(|span| span.end).max()
}

/// Where the first value is in a dotted table, or else in the table around it.
fn first_value(table: &dyn toml_edit::TableLike, home: &Table) -> usize {
    let first = |table: &dyn toml_edit::TableLike| values(table).into_iter().map(|span| span.start).min();
    first(table).or_else(|| first(home)).unwrap_or_default()
}

fn values(table: &dyn toml_edit::TableLike) -> Vec<Range<usize>> {
    let of_item = |(_, item): (&str, &Item)| match item {
        Item::Value(value) if is_dotted(value) => {
            value.as_inline_table().map_or_else(Vec::new, |t| values(t))
        }
        Item::Value(value) => value.span().into_iter().collect(),
        Item::Table(table) if table.is_dotted() => values(table),
        _ => Vec::new(),
    };
    table.iter().flat_map(of_item).collect()
}

/// The white space at the start of the line of an offset.
fn indent(text: &str, offset: usize) -> &str {
    let line = &text[line_start(text, offset)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |end| end + 1)
}

/// The offset after the end of an offset's line.
fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |end| offset + end + 1)
}

/// The line end that the text in front of an offset lacks.
fn missing_end(text: &str, at: usize) -> &'static str {
    if at == 0 || text[..at].ends_with('\n') { "" } else { "\n" }
}

/// Puts a splice in, with the line ends that most lines have.
fn spliced(text: &str, splice: Splice) -> String {
    let count = |end: &str| text.matches(end).count();
    let windows = 2 * count("\r\n") > count("\n");
    let new = if windows { splice.text.replace("\r\n", "\n").replace('\n', "\r\n") } else { splice.text };
    format!("{}{new}{}", &text[..splice.range.start], &text[splice.range.end..])
}
