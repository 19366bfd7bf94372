//! Places in the text of a TOML file.

use std::ops::Range;

use toml_edit::{Item, Key, Table, Value};

/// Text that takes the place of a range of the old text.
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The addition.
pub(super) struct TomlEntry<'a> {
    pub(super) value: String,
    pub(super) why: &'a str,
}

impl TomlEntry<'_> {
    /// The reason as comment lines, each with what is in front of it.
    pub(super) fn comment(&self, indent: &str) -> String {
        let lines = self.why.lines().map(|line| format!("{indent}# {line}\n"));
        lines.collect()
    }
}

/// How far a path leads into a document.
pub(super) struct Walk<'a> {
    /// The table with braces or a header of its own that was reached last.
    pub(super) place: TomlPlace<'a>,
    /// The dotted part of the path, from there on.
    pub(super) dotted: Vec<&'a str>,
    /// The last table reached.
    pub(super) last: &'a dyn toml_edit::TableLike,
    /// The names for which there is no table yet.
    pub(super) missing: &'a [String],
}

#[derive(Clone, Copy)]
pub(super) enum TomlPlace<'a> {
    /// A table with a header, or the root.
    Table(&'a Table),
    /// A table in braces.
    Inline(&'a toml_edit::InlineTable),
    /// A table that only headers of other tables speak of.
    Nowhere,
}

impl<'a> Walk<'a> {
    pub(super) fn along(root: &'a Table, tables: &'a [String]) -> Result<Self, String> {
        let mut walk =
            Self { place: TomlPlace::Table(root), dotted: Vec::new(), last: root, missing: tables };
        while let Some((name, rest)) = walk.missing.split_first() {
            let Some(item) = walk.last.get(name) else { break };
            match item {
                Item::Table(table) if table.is_dotted() => walk.dotted.push(name),
                Item::Table(table) => {
                    walk.place =
                        if table.is_implicit() { TomlPlace::Nowhere } else { TomlPlace::Table(table) };
                    walk.dotted.clear();
                }
                Item::Value(Value::InlineTable(table)) if table.is_dotted() => walk.dotted.push(name),
                Item::Value(Value::InlineTable(table)) => {
                    walk.place = TomlPlace::Inline(table);
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
    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// The range of the key's value, if it has one.
    pub(super) fn found(&self, key: &str) -> Result<Option<Range<usize>>, String> {
        let Some(item) = self.last.get(key).filter(|_| self.is_complete()) else { return Ok(None) };
        match item {
            Item::Value(value) if !is_dotted(value) => Ok(value.span()),
            _ => Err(format!("`{key}` is a table")),
        }
    }

    /// The words of the key as it is written in its place.
    pub(super) fn words<'b>(&'b self, key: &'b str) -> Vec<&'b str> {
        let missing = self.missing.iter().map(String::as_str);
        self.dotted.iter().copied().chain(missing).chain([key]).collect()
    }
}

pub(super) fn is_dotted(value: &Value) -> bool {
    value.as_inline_table().is_some_and(toml_edit::InlineTable::is_dotted)
}

/// A key's words as TOML writes them.
pub(super) fn written<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words = words.into_iter().map(|word| Key::new(word).display_repr().into_owned());
    words.collect::<Vec<_>>().join(".")
}

/// A new line in a table with a header: after its last entry, or after the last one of the same dotted table.
pub(super) fn line(text: &str, home: &Table, walk: &Walk<'_>, key: &str, entry: &TomlEntry<'_>) -> Splice {
    let last = if walk.dotted.is_empty() { last_value(home) } else { last_value(walk.last) };
    let end = last.or_else(|| home.span().map(|header| header.end)).unwrap_or_default();
    let at = if end == 0 { 0 } else { line_end(text, end) };
    let indent = last.map(|_| indent(text, first_value(walk.last, home))).unwrap_or_default();
    let key = written(walk.words(key));
    let line = format!("{}{indent}{key} = {}\n", entry.comment(indent), entry.value);
    Splice { range: at..at, text: format!("{}{line}", missing_end(text, at)) }
}

/// The end of the last value in a table; values of tables with a header of their own are not in it.
pub(super) fn last_value(table: &dyn toml_edit::TableLike) -> Option<usize> {
    values(table).into_iter().map(|span| span.end).max()
}

/// The start of the first value in a dotted table, or else in the table around it.
pub(super) fn first_value(table: &dyn toml_edit::TableLike, home: &Table) -> usize {
    first_start(table).or_else(|| first_start(home)).unwrap_or_default()
}

fn first_start(table: &dyn toml_edit::TableLike) -> Option<usize> {
    values(table).into_iter().map(|span| span.start).min()
}

pub(super) fn values(table: &dyn toml_edit::TableLike) -> Vec<Range<usize>> {
    table.iter().flat_map(|(_, item)| item_values(item)).collect()
}

fn item_values(item: &Item) -> Vec<Range<usize>> {
    match item {
        Item::Value(value) if is_dotted(value) => {
            value.as_inline_table().map_or_else(Vec::new, |t| values(t))
        }
        Item::Value(value) => value.span().into_iter().collect(),
        Item::Table(table) if table.is_dotted() => values(table),
        _ => Vec::new(),
    }
}

/// The white space at the start of the line of an offset.
pub(super) fn indent(text: &str, offset: usize) -> &str {
    let line = &text[line_start(text, offset)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |end| end + 1)
}

/// The offset after the end of an offset's line.
pub(super) fn line_end(text: &str, offset: usize) -> usize {
    text[offset..].find('\n').map_or(text.len(), |end| offset + end + 1)
}

/// The line end that the text in front of an offset lacks.
pub(super) fn missing_end(text: &str, at: usize) -> &'static str {
    if at == 0 || text[..at].ends_with('\n') { "" } else { "\n" }
}

/// Puts a splice in, with the line ends that most lines have.
pub(super) fn spliced(text: &str, splice: Splice) -> String {
    let windows = 2 * text.matches("\r\n").count() > text.matches('\n').count();
    let new = if windows { splice.text.replace("\r\n", "\n").replace('\n', "\r\n") } else { splice.text };
    format!("{}{new}{}", &text[..splice.range.start], &text[splice.range.end..])
}
