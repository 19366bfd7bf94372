//! Adds entries to a list in a user's file, in the form that the list has. Comments stay behind what they follow.

use toml_edit::{Array, Value};

/// Adds entries at the end: on lines of their own if the last one has a line of its own.
pub(crate) fn extend(list: &mut Array, more: impl IntoIterator<Item = String>) {
    let end = take_end(list);
    let last = list.iter().last().and_then(|last| last.decor().prefix()?.as_str()).unwrap_or_default();
    // A comment above the last entry is not repeated.
    let Some(start) = last.rfind('\n').map(|start| last[start..].to_owned()) else {
        more.into_iter().for_each(|entry| list.push(entry));
        return;
    };
    let mut before = if end.contains('#') { end.trim_end() } else { "" };
    for entry in more {
        list.push_formatted(Value::from(entry).decorated(format!("{before}{start}"), ""));
        before = "";
    }
    list.set_trailing(end.rfind('\n').map_or("", |line| &end[line..]));
    list.set_trailing_comma(true);
}

/// Takes what stands before the closing bracket. Without a comma it counts as the last entry's own.
fn take_end(list: &mut Array) -> String {
    let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
    let Some(last) = list.len().checked_sub(1).and_then(|last| list.get_mut(last)) else { return trailing };
    let own = last.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default().to_owned();
    last.decor_mut().set_suffix("");
    list.set_trailing("");
    own + &trailing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extended(list: &str) -> String {
        let document: toml_edit::DocumentMut = format!("a = {list}\n").parse().unwrap();
        let mut list = document["a"].as_array().unwrap().clone();
        extend(&mut list, ["x".to_owned(), "y".to_owned()]);
        let text = list.to_string().trim().to_owned();
        let again: toml_edit::DocumentMut = format!("a = {text}\n").parse().unwrap();
        assert_eq!(again["a"].as_array().unwrap().len(), list.len(), "{text}");
        text
    }

    #[test]
    fn lists_go_on_in_their_own_form() {
        assert_eq!(extended("[]"), r#"["x", "y"]"#);
        assert_eq!(extended("[ \"a\" ]"), r#"[ "a", "x", "y"]"#);
        let long = "[\n  # One.\n  \"a\",\n  \"x\",\n  \"y\",\n]";
        for old in ["[\n  # One.\n  \"a\",\n]", "[\n  # One.\n  \"a\"\n]"] {
            assert_eq!(extended(old), long);
        }
    }

    #[test]
    fn comments_stay_behind_the_entries_that_they_follow() {
        let long = "[\n  \"a\", # by cargo\n  # the end\n  \"x\",\n  \"y\",\n]";
        for old in ["[\n  \"a\", # by cargo\n  # the end\n]", "[\n  \"a\" # by cargo\n  # the end\n]"] {
            assert_eq!(extended(old), long);
        }
    }
}
