//! New tables with a header: after those that they belong to, behind the comments that stay with what is above.
//!
//! Between two tables there may be commented-out entries of the first, and a comment about the second. A new table
//! must come between these.

use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, Table};

use super::text::{Splice, TomlEntry, last_value, line_end, line_start, missing_end, written};

/// A table with a header.
struct Header {
    path: Vec<String>,
    /// The start of its line.
    start: usize,
    /// The end of the lines of its entries.
    end: usize,
}

impl Header {
    /// How many of the first names of a path are those of the table.
    fn shares_with(&self, path: &[String]) -> usize {
        self.path.iter().zip(path).take_while(|(a, b)| a == b).count()
    }
}

/// A new table that holds one key. `path` is the key's.
pub(super) fn section(
    text: &str,
    document: &Document<&str>,
    path: &[String],
    entry: &TomlEntry<'_>,
) -> Splice {
    let (tables, key) = path.split_at(path.len() - 1);
    let at = place(text, document, tables);
    let header = written(tables.iter().map(String::as_str));
    let key = written(key.iter().map(String::as_str));
    let section = format!("{}[{header}]\n{key} = {}\n", entry.comment(""), entry.value);
    let (before, after) = (&text[..at], &text[at..]);
    let is_first = before.trim_start_matches('\u{feff}').is_empty();
    let above = if is_first || ends_blank(before) { "" } else { "\n" };
    let below = if after.is_empty() || starts_blank(after) { "" } else { "\n" };
    Splice { range: at..at, text: format!("{}{above}{section}{below}", missing_end(text, at)) }
}

fn ends_blank(text: &str) -> bool {
    text.ends_with('\n') && text.lines().last().is_some_and(|line| line.trim().is_empty())
}

fn starts_blank(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.trim().is_empty())
}

/// The place of a new table: before the tables below it, or behind its nearest relatives, or at the end.
fn place(text: &str, document: &Document<&str>, tables: &[String]) -> usize {
    let headers = headers(text, document.as_table());
    if let Some(index) = headers.iter().position(|header| header.path.starts_with(tables)) {
        let above = match index.checked_sub(1) {
            Some(above) => headers[above].end,
            None => entries_end(text, document.as_table(), 0),
        };
        return above + kept(&text[above..headers[index].start]);
    }
    let nearest = headers.iter().map(|header| header.shares_with(tables)).max().unwrap_or_default();
    let relative = headers.iter().rposition(|header| nearest > 0 && header.shares_with(tables) == nearest);
    match relative.map(|index| (&headers[index], headers.get(index + 1))) {
        Some((relative, Some(next))) => relative.end + kept(&text[relative.end..next.start]),
        // All comments at the end are about what is above.
        Some((_, None)) | None => text.len(),
    }
}

/// All headers, in their order in the text.
fn headers(text: &str, root: &Table) -> Vec<Header> {
    let mut headers = Vec::new();
    collect(text, root, &mut Vec::new(), &mut headers);
    headers.sort_by_key(|header| header.start);
    headers
}

fn collect(text: &str, table: &Table, path: &mut Vec<String>, headers: &mut Vec<Header>) {
    for (name, item) in table {
        path.push(name.to_owned());
        let tables: Vec<&Table> = match item {
            Item::Table(table) => vec![table],
            Item::ArrayOfTables(tables) => tables.iter().collect(),
            _ => Vec::new(),
        };
        for table in tables {
            if let (Some(span), false, false) = (table.span(), table.is_implicit(), table.is_dotted()) {
                let Range { start, end } = span;
                let end = entries_end(text, table, end);
                headers.push(Header { path: path.clone(), start: line_start(text, start), end });
            }
            collect(text, table, path, headers);
        }
        path.pop();
    }
}

/// The end of the lines of a table's entries, or of its header if it has none.
fn entries_end(text: &str, table: &Table, header_end: usize) -> usize {
    match last_value(table) {
        Some(end) => line_end(text, end),
        None if header_end == 0 => 0,
        None => line_end(text, header_end),
    }
}

/// How much of the text between two tables stays with the first: comments right behind its last entry, and everything
/// down to the last commented-out entry. A comment right above the next header is about that.
fn kept(gap: &str) -> usize {
    let lines: Vec<&str> = gap.split_inclusive('\n').collect();
    let first_blank = lines.iter().position(is_blank);
    let mut end = first_blank.unwrap_or_default();
    let mut index = 0;
    while index < lines.len() {
        let Some(next) = entry_end(&lines, index) else {
            index += 1;
            continue;
        };
        // The rest of a paragraph that does not touch the next header is about its entries.
        let paragraph = lines[next..].iter().position(is_blank);
        end = end.max(next + paragraph.unwrap_or_default());
        index = next;
    }
    lines[..end].iter().map(|line| line.len()).sum()
}

fn is_blank(line: &&str) -> bool {
    line.trim().is_empty()
}

/// The end of an entry that is commented out and starts in a line.
fn entry_end(lines: &[&str], start: usize) -> Option<usize> {
    let mut entry = String::new();
    for (index, line) in lines.iter().enumerate().skip(start) {
        let bare = line.trim_start().strip_prefix('#')?;
        if index == start && !bare.contains('=') {
            return None;
        }
        entry.push_str(bare);
        if entry.parse::<DocumentMut>().is_ok_and(|document| !document.is_empty()) {
            return Some(index + 1);
        }
    }
    None
}
