//! The lines that a recipe's manifest takes from the workspace's: the settings that reach dependencies, each as a
//! dotted key on a line of its own. Copied parts keep keys that Larder does not know.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{layer::PackageId, quoting::quoted};
use crate::{cargo::package_id::PackageSpec, workspace::Workspace};

/// The first keys that lines of a recipe's manifest have: no other reaches it.
pub(super) const KEYS: [&str; 4] = ["cargo-features = ", "patch.", "profile.", "workspace.resolver = "];

/// The lines for a recipe that pins these packages.
pub(super) fn lines(workspace: &Workspace, pins: &[&PackageId]) -> BTreeSet<String> {
    let source = workspace.manifest();
    let mut document = DocumentMut::new();
    if let Some(features) = source.get("cargo-features") {
        document.insert("cargo-features", features.clone());
    }
    for (key, item) in [("profile", profiles(source, pins)), ("patch", patches(source, pins))] {
        if let Some(item) = item {
            document.insert(key, item);
        }
    }
    let mut lines = dotted(&document);
    lines.insert(format!("workspace.resolver = {}", Value::from(workspace.resolver())));
    lines
}

/// Every value of a document on a line of its own, under its full name.
pub(super) fn dotted(document: &DocumentMut) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    walk("", document.as_table(), &mut lines);
    lines
}

fn walk(prefix: &str, table: &dyn TableLike, lines: &mut BTreeSet<String>) {
    for (key, item) in table.iter() {
        let name = format!("{prefix}{}", toml_edit::Key::new(key).display_repr());
        match item.as_table_like() {
            Some(table) => walk(&format!("{name}."), table, lines),
            None => drop(
                item.clone().into_value().map(|value| lines.insert(format!("{name} = {}", one_line(value)))),
            ),
        }
    }
}

/// A value as it can stand on one line, which texts over several lines and arrays with comments cannot.
fn one_line(mut value: Value) -> Value {
    value.decor_mut().clear();
    match &mut value {
        Value::Array(array) => {
            let values: Vec<Value> = array.iter().cloned().map(one_line).collect();
            return Value::Array(values.into_iter().collect());
        }
        Value::InlineTable(table) => {
            for (_, value) in table.iter_mut() {
                *value = one_line(value.clone());
            }
            table.sort_values();
            table.fmt();
        }
        // Literal and multi-line strings would let characters through that end a line somewhere.
        Value::String(text) => {
            let plain = || Value::String(toml_edit::Formatted::new(text.value().clone()));
            return quoted(text.value()).parse().unwrap_or_else(|_| plain());
        }
        _ => {}
    }
    value
}

/// `[profile]` without overrides for packages that the recipe does not build.
fn profiles(source: &DocumentMut, pins: &[&PackageId]) -> Option<Item> {
    let mut profiles = source.get("profile")?.clone();
    for (_, profile) in profiles.as_table_like_mut()?.iter_mut() {
        let packages = profile.get_mut("package").and_then(Item::as_table_like_mut);
        let Some(packages) = packages else { continue };
        let unknown: Vec<String> = packages
            .iter()
            .map(|(spec, _)| spec.to_owned())
            .filter(|spec| spec != "*" && !pins.iter().any(|pin| matches(spec, pin)))
            .collect();
        unknown.iter().for_each(|spec| drop(packages.remove(spec)));
    }
    Some(profiles)
}

/// Whether a package id specification can mean a pin. An override that means nothing only makes cargo warn, so
/// the rest of an address does not matter.
fn matches(spec: &str, pin: &PackageId) -> bool {
    let spec = PackageSpec::parse(spec);
    spec.name == pin.name
        && spec.version.is_none_or(|version| matches_version(version, pin))
        && !spec.is_path()
}

fn matches_version(version: &str, pin: &PackageId) -> bool {
    let required = pin.required();
    let rest = required.strip_prefix(version);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `[patch]` entries of packages that the recipe builds and that come from no path.
fn patches(source: &DocumentMut, pins: &[&PackageId]) -> Option<Item> {
    let mut patches = source.get("patch")?.clone();
    for (_, registry) in patches.as_table_like_mut()?.iter_mut() {
        let Some(entries) = registry.as_table_like_mut() else { continue };
        let unused: Vec<String> = entries
            .iter()
            .filter(|(alias, entry)| {
                let name = entry.get("package").and_then(Item::as_str).unwrap_or(alias);
                entry.get("path").is_some() || !pins.iter().any(|pin| pin.name == name)
            })
            .map(|(alias, _)| alias.to_owned())
            .collect();
        unused.iter().for_each(|alias| drop(entries.remove(alias)));
    }
    Some(patches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_means_its_package() {
        let pin = PackageId { name: "serde".into(), version: "1.0.219".parse().unwrap(), source: None };
        for spec in
            ["serde", "serde@1", "serde@1.0.219", "serde:1.0", "https://x/i#serde@1.0", "https://x/serde"]
        {
            assert!(matches(spec, &pin), "{spec}");
        }
        for spec in
            ["serd", "serde@1.0.21", "serde@2", "https://x/serde#2.0.0", "path+file:///x#serde@1.0.219"]
        {
            assert!(!matches(spec, &pin), "{spec}");
        }
    }
}
