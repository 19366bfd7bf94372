//! New keys in tables in braces, on one line or on several.

use toml_edit::InlineTable;

use super::text::{Splice, TomlEntry, TomlPlace, Walk, indent, last_value, line_end, written};

/// A new key behind the last one of the table in braces that a walk has reached.
pub(super) fn insertion(
    text: &str,
    walk: &Walk<'_>,
    key: &str,
    entry: &TomlEntry<'_>,
) -> Result<Splice, String> {
    let TomlPlace::Inline(table) = walk.place else { return Err(format!("`{key}` has no table in braces")) };
    let span = table.span().ok_or_else(|| format!("the table of `{key}` is in no place"))?;
    let pair = pair(walk, key, &entry.value);
    let Some(last) = last_value(table) else {
        return Ok(Splice { range: span, text: format!("{{ {pair} }}") });
    };
    let comma = comma(text, table, last);
    let end = comma.unwrap_or(last);
    let line = line_end(text, end);
    if line >= span.end {
        let new = if comma.is_some() { format!(" {pair},") } else { format!(", {pair}") };
        return Ok(Splice { range: end..end, text: new });
    }
    // On a line of its own, behind the comment that the last one may have.
    let indent = indent(text, last);
    let (own_comma, new_comma) = if comma.is_some() { ("", ",") } else { (",", "") };
    let rest = &text[end..line];
    Ok(Splice { range: end..line, text: format!("{own_comma}{rest}{indent}{pair}{new_comma}\n") })
}

/// `a.b = value` if the table has dotted keys, with braces around what is new.
fn pair(walk: &Walk<'_>, key: &str, value: &str) -> String {
    let words = walk.words(key);
    let (first, rest) = words.split_at(walk.dotted.len() + 1);
    let braced = rest
        .iter()
        .rev()
        .fold(value.to_owned(), |inner, word| format!("{{ {} = {inner} }}", written([*word])));
    format!("{} = {braced}", written(first.iter().copied()))
}

/// The offset behind the comma that follows the last value.
fn comma(text: &str, table: &InlineTable, last: usize) -> Option<usize> {
    let mut offset = last;
    for line in text[last..].split_inclusive('\n').take_while(|_| table.trailing_comma()) {
        let code = line.split('#').next().unwrap_or(line);
        if let Some(comma) = code.find(',') {
            return Some(offset + comma + 1);
        }
        offset += line.len();
    }
    None
}
