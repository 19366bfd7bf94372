//! One table of cases: whatever a file looks like, nothing in it changes but what was asked for.

use toml_edit::DocumentMut;

use super::*;

fn path(key: &str) -> Vec<String> {
    key.split('.').map(|part| part.trim_matches('"').to_owned()).collect()
}

/// Text before, key, value, text after.
type InsertionCase = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const CASES: &[InsertionCase] = &[
    // An empty file.
    ("", "a.b", "1", "# why\n[a]\nb = 1\n"),
    // Commented-out entries stay with their table.
    ("[features]\nx = []\n# y = []\n\n[profile.release]\nlto = true\n", "features.z", "[]", "[features]\nx = []\n# why\nz = []\n# y = []\n\n[profile.release]\nlto = true\n"),
    ("[dependencies]\na = \"1\"\n# b = \"1\"\n", "profile.dev.debug", "1", "[dependencies]\na = \"1\"\n# b = \"1\"\n\n# why\n[profile.dev]\ndebug = 1\n"),
    ("[profile.release]\nlto = true\n# strip = true\n\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n# strip = true\n\n# why\n[profile.dev]\ndebug = 1\n\n[workspace]\n"),
    ("[profile.release]\nlto = true\n\n# strip = true\n\n# All.\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n\n# strip = true\n\n# why\n[profile.dev]\ndebug = 1\n\n# All.\n[workspace]\n"),
    ("[profile.release]\nlto = true\n# strip = true\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n# strip = true\n\n# why\n[profile.dev]\ndebug = 1\n\n[workspace]\n"),
    ("[profile.release]\nlto = true\n# strip = true\n# All.\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n# strip = true\n\n# why\n[profile.dev]\ndebug = 1\n\n# All.\n[workspace]\n"),
    ("[profile.release]\n# panic = \"abort\"\n# Two.\n\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\n# panic = \"abort\"\n# Two.\n\n# why\n[profile.dev]\ndebug = 1\n\n[workspace]\n"),
    ("[profile.release]\nlto = true\n# list = [\n#   1,\n# ]\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n# list = [\n#   1,\n# ]\n\n# why\n[profile.dev]\ndebug = 1\n\n[workspace]\n"),
    // A comment about the next table stays with that.
    ("[profile.release]\nlto = true\n# All.\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n\n# why\n[profile.dev]\ndebug = 1\n\n# All.\n[workspace]\n"),
    ("[profile.release]\nlto = true\n\n# ---- all ----\n\n# The = of all.\n[workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n\n# why\n[profile.dev]\ndebug = 1\n\n# ---- all ----\n\n# The = of all.\n[workspace]\n"),
    ("[profile.release]\nlto = true\n\n  # All.\n  [workspace]\n", "profile.dev.debug", "1", "[profile.release]\nlto = true\n\n# why\n[profile.dev]\ndebug = 1\n\n  # All.\n  [workspace]\n"),
    // A comment at the end, with and without a line end.
    ("[a]\nb = 1\n\n# The end.\n", "c.d", "1", "[a]\nb = 1\n\n# The end.\n\n# why\n[c]\nd = 1\n"),
    ("[a]\nb = 1 # one", "c.d", "1", "[a]\nb = 1 # one\n\n# why\n[c]\nd = 1\n"),
    ("[a]\nb = 1 # one", "a.d", "1", "[a]\nb = 1 # one\n# why\nd = 1\n"),
    ("# only words", "a.d", "1", "# only words\n\n# why\n[a]\nd = 1\n"),
    // A table that only those below it speak of comes above them.
    ("[dependencies]\na = \"1\"\n# b = \"1\"\n\n# Pictures.\n[profile.dev.package.image]\nopt-level = 3\n", "profile.dev.debug", "1", "[dependencies]\na = \"1\"\n# b = \"1\"\n\n# why\n[profile.dev]\ndebug = 1\n\n# Pictures.\n[profile.dev.package.image]\nopt-level = 3\n"),
    ("# Pictures.\n[a.b.c]\nx = 1\n", "a.b.y", "1", "# why\n[a.b]\ny = 1\n\n# Pictures.\n[a.b.c]\nx = 1\n"),
    // Beside its relatives.
    ("[profile.dev]\ndebug = 1\n# strip = true\n\n[profile.dev.package.a]\nopt-level = 1\n# no more\n\n[workspace]\n", "profile.dev.package.\"*\".debug", "false", "[profile.dev]\ndebug = 1\n# strip = true\n\n[profile.dev.package.a]\nopt-level = 1\n# no more\n\n# why\n[profile.dev.package.\"*\"]\ndebug = false\n\n[workspace]\n"),
    ("[[bin]]\nname = \"a\"\n# path = \"b\"\n\n[[bin]]\nname = \"b\"\n", "c.d", "1", "[[bin]]\nname = \"a\"\n# path = \"b\"\n\n[[bin]]\nname = \"b\"\n\n# why\n[c]\nd = 1\n"),
    ("[workspace]\nmembers = [\n  \"a\", # first\n  # \"b\",\n]\n# exclude = []\n\n[[workspace.metadata.leptos]]\nname = \"a\"\n# bin = \"b\"\n\n[profile.dev]\n", "workspace.metadata.larder.find", "false", "[workspace]\nmembers = [\n  \"a\", # first\n  # \"b\",\n]\n# exclude = []\n\n[[workspace.metadata.leptos]]\nname = \"a\"\n# bin = \"b\"\n\n# why\n[workspace.metadata.larder]\nfind = false\n\n[profile.dev]\n"),
    // A table with nothing in it, and one that is indented.
    ("[profile.dev] # hands off\n# overflow-checks = true\n\n[workspace]\n", "profile.dev.debug", "1", "[profile.dev] # hands off\n# why\ndebug = 1\n# overflow-checks = true\n\n[workspace]\n"),
    ("[profile.dev]\n  opt-level = 1\n\n[workspace]\n", "profile.dev.debug", "1", "[profile.dev]\n  opt-level = 1\n  # why\n  debug = 1\n\n[workspace]\n"),
    ("[profile.dev]\nx = \"\"\"\n[y]\n# z = 1\n\"\"\"\n[workspace]\n", "profile.dev.debug", "1", "[profile.dev]\nx = \"\"\"\n[y]\n# z = 1\n\"\"\"\n# why\ndebug = 1\n[workspace]\n"),
    // Dotted keys, at the root and in a table.
    ("profile.dev.opt-level = 0 # no\n# profile.dev.debug = 2\n\n[package]\nname = \"a\"\n", "profile.dev.debug", "1", "profile.dev.opt-level = 0 # no\n# why\nprofile.dev.debug = 1\n# profile.dev.debug = 2\n\n[package]\nname = \"a\"\n"),
    ("[profile]\nrelease.lto = true\ndev.opt-level = 0\nbench.lto = true\n", "profile.dev.package.\"*\".debug", "false", "[profile]\nrelease.lto = true\ndev.opt-level = 0\n# why\ndev.package.\"*\".debug = false\nbench.lto = true\n"),
    ("[profile]\nrelease.lto = true\n", "profile.dev.debug", "1", "[profile]\nrelease.lto = true\n\n# why\n[profile.dev]\ndebug = 1\n"),
    ("profile.release.lto = true\n[profile.dev]\nopt-level = 1\n", "profile.dev.debug", "1", "profile.release.lto = true\n[profile.dev]\nopt-level = 1\n# why\ndebug = 1\n"),
    // Tables in braces.
    ("[profile]\ndev = { opt-level = 1 } # braces\n# bench = { }\n", "profile.dev.debug", "1", "[profile]\ndev = { opt-level = 1, debug = 1 } # braces\n# bench = { }\n"),
    ("[profile]\ndev = {}\n", "profile.dev.package.a.debug", "1", "[profile]\ndev = { package = { a = { debug = 1 } } }\n"),
    ("profile = { dev = { package.a.debug = true } }\n", "profile.dev.package.\"*\".debug", "1", "profile = { dev = { package.a.debug = true, package.\"*\" = { debug = 1 } } }\n"),
    ("[profile]\ndev = {\n  opt-level = 1, # one\n  # debug = 2,\n}\n", "profile.dev.debug", "1", "[profile]\ndev = {\n  opt-level = 1, # one\n  debug = 1,\n  # debug = 2,\n}\n"),
    ("[profile]\ndev = {\n  opt-level = 1 # one\n}\n", "profile.dev.debug", "1", "[profile]\ndev = {\n  opt-level = 1, # one\n  debug = 1\n}\n"),
    ("[profile]\ndev = {\n  opt-level = 1 }\n", "profile.dev.debug", "1", "[profile]\ndev = {\n  opt-level = 1, debug = 1 }\n"),
    // A value that is replaced.
    ("[a]\n# old\nb   =   1 # one\n# c = 2\n", "a.b", "2", "[a]\n# old\nb   =   2 # one\n# c = 2\n"),
    ("a.b.c = 1 # one\n", "a.b.c", "2", "a.b.c = 2 # one\n"),
    ("a = { b = 1, c = 2 }\n", "a.b", "2", "a = { b = 2, c = 2 }\n"),
];

#[test]
fn nothing_changes_but_what_was_asked_for() {
    for (before, key, value, after) in CASES {
        let value: Value = value.parse().unwrap();
        let new = set(before, &path(key), &value, "why").unwrap();
        assert_eq!(new, *after, "{key} in:\n{before}");
        // The same with other line ends.
        let new = set(&to_windows_line_ends(before), &path(key), &value, "why").unwrap();
        let expected = if before.contains('\n') { to_windows_line_ends(after) } else { (*after).to_owned() };
        assert_eq!(new, expected, "{key} in:\n{before}");
        let document: DocumentMut = new.parse().unwrap();
        let found = path(key).iter().try_fold(document.as_item(), |item, part| item.get(part)).cloned();
        let mut found = found.and_then(|item| item.into_value().ok()).unwrap();
        found.decor_mut().clear();
        assert_eq!(found.to_string(), value.to_string(), "{key} in:\n{new}");
    }
}

fn to_windows_line_ends(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// A key is one line more; a table in braces and a value that is replaced are the one line that changes.
#[test]
fn no_more_than_one_line_is_another() {
    for (before, key, value, _) in CASES {
        let new = set(before, &path(key), &value.parse().unwrap(), "why").unwrap();
        let diff = similar::TextDiff::from_lines(before.trim_end(), new.trim_end());
        let gone = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Delete);
        assert!(gone.count() <= 1, "{key} in:\n{new}");
    }
}

#[test]
fn a_mark_of_byte_order_stays() {
    let new = set("\u{feff}[a]\nb = 1\n", &path("a.c"), &Value::from(1), "").unwrap();
    assert_eq!(new, "\u{feff}[a]\nb = 1\nc = 1\n");
}

#[test]
fn mixed_line_ends_stay_mixed() {
    let new = set("[a]\r\nb = 1\nc = 2\r\n", &path("a.d"), &Value::from(1), "").unwrap();
    assert_eq!(new, "[a]\r\nb = 1\nc = 2\r\nd = 1\r\n");
}

#[test]
fn something_else_in_the_place_of_a_table_is_an_error() {
    for (text, key, reason) in [
        ("profile = 1\n", "profile.dev.debug", "`profile` is no table"),
        ("[[profile]]\n", "profile.dev.debug", "`profile` is no table"),
        ("[profile.dev]\n", "profile.dev", "`dev` is a table"),
        ("profile.dev.debug = 1\n", "profile.dev", "`dev` is a table"),
    ] {
        assert_eq!(set(text, &path(key), &Value::from(1), ""), Err(reason.to_owned()), "{text}");
    }
    assert!(set("a = \n", &path("a"), &Value::from(1), "").is_err());
}
