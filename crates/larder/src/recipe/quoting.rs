//! Strings of TOML, quoted as every expander quotes them.

use std::fmt::Write as _;

/// A text as a basic string that TOML and JSON read alike.
pub(super) fn quoted(text: &str) -> String {
    escaped(&serde_json::Value::from(text).to_string())
}

/// JSON without the characters that some program takes for a control character, which TOML or JSON do not escape.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_control(c) {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Whether a character is a control character to any awk: a line of the table has none.
pub(super) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}
