//! cargo configuration for recipes: the slice's own settings, and the workspace's that reach dependencies.
//!
//! cargo joins the arrays of every `.cargo/config.toml` from the working directory upwards, so a flag repeated
//! in a recipe would be passed twice on the host and make every unit a different one. A recipe therefore holds
//! only what its slice adds; what is [`shared`] is put at the root by backends that cook without the source.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, TableLike};

use super::{UP, expand::quoted, manifest};
use crate::{
    secret,
    slice::Slice,
    workspace::{Workspace, locked_packages, parse_toml},
};

/// Tables of a cargo configuration that neither a dependency's units nor getting their sources needs.
const IRRELEVANT: [&str; 7] =
    ["alias", "cargo-new", "doc", "future-incompat-report", "install", "term", "cache"];
/// Keys of `[build]` of which the same is true. The build directory is the application's own, wherever it is cooked.
const IRRELEVANT_IN_BUILD: [&str; 3] = ["build-dir", "rustdoc", "rustdocflags"];
/// Keys of the tables in `[target]` of which the same is true.
const IRRELEVANT_IN_TARGET: [&str; 2] = ["runner", "rustdocflags"];
/// Tables that reach a compilation, beyond what is in the units' keys.
const COMPILED_WITH: [&str; 10] =
    ["build", "env", "host", "include", "patch", "paths", "profile", "source", "target", "unstable"];
/// Keys of `[build]` that reach a compilation.
const COMPILED_WITH_IN_BUILD: [&str; 4] = ["rustc", "rustc-wrapper", "rustflags", "target"];
/// Keys of a registry that hold a secret, or how one is had: never copied, even from a file where they should not be.
const SECRET: [&str; 3] = ["token", "secret-key", "credential-provider"];

/// The first keys that lines of a recipe's configuration have, beside its environment: no other reaches it.
pub(super) const KEYS: [&str; 3] =
    ["build.rustflags = ", "build.target-dir = ", "target.\"cfg(all())\".rustflags = "];

/// The first keys of the settings that reach dependencies, or getting their sources: no other is copied.
pub(super) const SHARED: [&str; 13] = [
    "build.",
    "env.",
    "host.",
    "http.",
    "net.",
    "patch.",
    "paths = ",
    "profile.",
    "registries.",
    "registry.",
    "source.",
    "target.",
    "unstable.",
];

/// The lines of the recipe's `.cargo/config.toml`: target directory and added rustflags of the slice.
pub(super) fn of_recipe(workspace: &Workspace, slice: &Slice) -> BTreeSet<String> {
    let target_dir = format!("{UP}/{}", slice.target_dir.committed(workspace));
    let mut lines = BTreeSet::from([format!("build.target-dir = {}", quoted(&target_dir))]);
    if !slice.rustflags.is_empty() {
        let flags: Vec<String> = slice.rustflags.iter().map(|flag| quoted(flag)).collect();
        // cargo ignores `build.rustflags` where any `target.*.rustflags` applies.
        let table =
            if workspace.target_rustflags().next().is_some() { "target.\"cfg(all())\"" } else { "build" };
        lines.insert(format!("{table}.rustflags = [{}]", flags.join(", ")));
    }
    lines
}

/// The workspace's settings that reach dependencies, without those that nobody else may see.
pub(super) fn shared(workspace: &Workspace) -> BTreeSet<String> {
    reaching(workspace).into_iter().filter(|line| !is_secret(line)).collect()
}

/// Whether something of it is a secret, which [`shared`] leaves out.
pub(super) fn has_secret(workspace: &Workspace) -> bool {
    reaching(workspace).iter().any(|line| is_secret(line))
}

fn reaching(workspace: &Workspace) -> BTreeSet<String> {
    let mut document = workspace.config().clone();
    remove_from(&mut document, "build", &IRRELEVANT_IN_BUILD);
    let targets = document.get_mut("target").and_then(Item::as_table_like_mut);
    targets
        .into_iter()
        .flat_map(TableLike::iter_mut)
        .for_each(|(_, target)| remove(target, &IRRELEVANT_IN_TARGET));
    for name in IRRELEVANT {
        document.remove(name);
    }
    // It is for `cargo publish`, `cargo add` and their kin.
    remove_from(&mut document, "registry", &["default"]);
    let is_shared = |line: &String| SHARED.iter().any(|key| line.starts_with(key));
    manifest::dotted(&document).into_iter().filter(is_shared).collect()
}

/// Whether a line is a credential, or looks like one.
fn is_secret(line: &str) -> bool {
    let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
    let value = value.trim_matches('"');
    let mut names = key.split('.');
    match names.next() {
        Some("registry" | "registries") if SECRET.iter().any(|name| key.ends_with(name)) => true,
        Some("env") => {
            let name = names.next().unwrap_or_default().trim_matches('"');
            secret::is_secret(name, value)
        }
        _ => secret::is_held_by(value),
    }
}

/// A configuration's text without comments, tables and keys in an order of our own.
fn settings_alone(mut document: DocumentMut) -> String {
    manifest::strip_comments(document.as_table_mut());
    document.set_trailing("");
    document.to_string().trim().to_owned()
}

fn remove(item: &mut Item, keys: &[&str]) {
    if let Some(table) = item.as_table_like_mut() {
        keys.iter().for_each(|key| drop(table.remove(key)));
    }
}

/// Removes keys of a table, and the table if nothing else is in it.
fn remove_from(document: &mut DocumentMut, name: &str, keys: &[&str]) {
    let Some(item) = document.get_mut(name) else { return };
    remove(item, keys);
    if item.as_table_like().is_some_and(TableLike::is_empty) {
        document.remove(name);
    }
}

/// Whether units are compiled with the same settings as when recipes were written, so that what an older layer built
/// can be of use.
pub(super) fn compiles_the_same(workspace: &Workspace, before: &BTreeSet<String>) -> bool {
    let text = |lines: &BTreeSet<String>| lines.iter().fold(String::new(), |text, line| text + line + "\n");
    compiled_with(&text(&shared(workspace))) == compiled_with(&text(before))
}

/// The settings of a configuration that reach a compilation.
fn compiled_with(text: &str) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return text.to_owned() };
    document.retain(|name, _| COMPILED_WITH.contains(&name));
    if let Some(build) = document.get_mut("build").and_then(Item::as_table_like_mut) {
        let others: Vec<String> = build
            .iter()
            .map(|(key, _)| key.to_owned())
            .filter(|key| !COMPILED_WITH_IN_BUILD.contains(&key.as_str()))
            .collect();
        others.iter().for_each(|key| drop(build.remove(key)));
    }
    remove_from(&mut document, "build", &[]);
    settings_alone(document)
}

/// Local packages that `[patch]` in cargo's configuration names, with their versions. cargo finds the patch in the
/// recipe's folder as well, and writes it down in its `Cargo.lock` as one that is not used there.
pub(super) fn local_patches(workspace: &Workspace) -> Vec<(String, String)> {
    let sources = workspace.config().get("patch").and_then(Item::as_table_like).map(|patch| patch.iter());
    let tables = sources.into_iter().flatten().filter_map(|(_, source)| source.as_table_like());
    let entries = tables.flat_map(|table| table.iter()).filter(|(_, entry)| entry.get("path").is_some());
    let names: Vec<&str> =
        entries.map(|(alias, entry)| entry.get("package").and_then(Item::as_str).unwrap_or(alias)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    // cargo has just read the file; without it nothing would have been planned.
    let lock = parse_toml(&workspace.root().join("Cargo.lock")).unwrap_or_default();
    let local =
        locked_packages(&lock).filter(|package| package.source.is_none() && names.contains(&package.name));
    local.map(|package| (package.name.to_owned(), package.version.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_reach_no_compilation_are_left_out() {
        for text in [
            "[build]\njobs = 2\n",
            "[net]\nretry = 3\n[http]\ntimeout = 9\n[term]\nquiet = true\n",
            "[build]\nrustc-workspace-wrapper = \"w\"\ntarget-dir = \"t\"\nincremental = false\n",
            "[registries.own]\nindex = \"sparse+https://a/\"\n[alias]\na = \"b\"\n",
        ] {
            assert_eq!(compiled_with(text), "", "{text}");
        }
        let kept = "[build]\nrustflags = [\"-g\"]\n\n[env]\nA = \"1\"\n\n[target.x]\nlinker = \"l\"";
        assert_eq!(
            compiled_with(&format!("{kept}\n\n[net]\nretry = 3\n").replace("[build]", "[build]\njobs = 2")),
            kept
        );
    }
}
