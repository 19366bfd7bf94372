//! Text of others as text for people: a name or a path may hold what moves the cursor, hides text or turns its
//! direction around, and a terminal would do as it is told.
//!
//! All that people read goes through here at the last moment. It must never be used on what programs read.

use std::{borrow::Cow, fmt::Write as _, path::Path};

/// A text of several lines: colours are taken out, and every other control character is spelt out.
pub fn text(text: &str) -> Cow<'_, str> {
    spelt_out(text, |c| matches!(c, '\n' | '\t'))
}

/// The same for what is one line, such as a name: it cannot look like two.
pub fn line(text: &str) -> Cow<'_, str> {
    spelt_out(text, |_| false)
}

/// A path, which is one line whatever its folders are called: an error's own words cannot come from it.
pub fn path(path: impl AsRef<Path>) -> String {
    line(&path.as_ref().to_string_lossy()).into_owned()
}

fn spelt_out(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(|c| is_acting(c) && !is_kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = color(rest).or_else(|| rest.starts_with("\r\n").then_some(1));
        let length = length.unwrap_or_else(|| {
            let _ = if is_acting(c) && !is_kept(c) {
                write!(out, "{}", c.escape_default())
            } else {
                write!(out, "{c}")
            };
            c.len_utf8()
        });
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// Whether a character does something instead of being shown.
fn is_acting(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The length of the colour that a text starts with, as other programs print it when they are told to.
fn color(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    rest[end..].starts_with('m').then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_is_left() {
        for (told, expected) in [
            ("plain ä 日本\n\ttext\r\n", "plain ä 日本\n\ttext\n"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{1b}[", "\\u{1b}["),
            ("a\rb\u{8}\u{7f}\u{9b}2J", "a\\rb\\u{8}\\u{7f}\\u{9b}2J"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
        ] {
            assert_eq!(text(told), expected);
        }
        assert_eq!(line("a\nerror: b\tc"), "a\\nerror: b\\tc");
        assert!(matches!(line("plain"), Cow::Borrowed(_)));
        assert_eq!(path("a\nerror: b/c"), "a\\nerror: b/c");
    }
}
