//! Single dependencies that moved in a history, and branches that each move one of them, as a bot's do.
//!
//! Reads lock files; which branches are made is decided by a seed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item, Table};

/// Branches that leave from one commit.
const BRANCHES: usize = 4;

/// A package of a registry that moved to a compatible version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RegistryBump {
    name: String,
    from: String,
    to: String,
}

impl RegistryBump {
    /// The arguments of cargo that make it.
    pub(super) fn cargo(&self) -> [String; 5] {
        let package = format!("{}@{}", self.name, self.from);
        ["update".into(), "--package".into(), package, "--precise".into(), self.to.clone()]
    }

    /// For messages.
    pub(super) fn text(&self) -> String {
        format!("{} {} to {}", self.name, self.from, self.to)
    }
}

/// The packages of a registry in a lock file: their versions by name and the range that cargo keeps apart.
#[derive(Debug)]
pub(super) struct Versions(BTreeMap<(String, String), String>);

impl Versions {
    /// Reads the text of a `Cargo.lock`.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let document: DocumentMut = text.parse()?;
        let packages =
            document.get("package").and_then(Item::as_array_of_tables).context("it has no package")?;
        Ok(Self(packages.iter().filter_map(registry_package).collect()))
    }

    /// The packages of this lock file that moved between one of the later ones and the next.
    fn moved(&self, later: &[Self]) -> Vec<RegistryBump> {
        let mut bumps = BTreeSet::new();
        for pair in later.windows(2) {
            for (key, from) in &pair[0].0 {
                if let Some(to) = pair[1].0.get(key)
                    && to != from
                    && self.0.get(key) == Some(from)
                {
                    bumps.insert(RegistryBump { name: key.0.clone(), from: from.clone(), to: to.clone() });
                }
            }
        }
        bumps.into_iter().collect()
    }
}

/// A package with its range and its version, if it is of a registry.
fn registry_package(table: &Table) -> Option<((String, String), String)> {
    let registry = word(table, "source")?.starts_with("registry+");
    let (name, version) = (word(table, "name")?, word(table, "version")?);
    registry.then(|| ((name, range(&version)), version))
}

fn word(table: &Table, key: &str) -> Option<String> {
    table.get(key).and_then(Item::as_str).map(str::to_owned)
}

/// The part of a version that cargo keeps apart: `1` or `0.4`.
fn range(version: &str) -> String {
    let mut range: Vec<&str> = Vec::new();
    for part in version.split('.') {
        range.push(part);
        if part != "0" {
            break;
        }
    }
    range.join(".")
}

/// Some packages that moved after the first of these lock files, a few, by the seed; of one that moved twice the first
/// move.
pub(super) fn chosen(locks: &[Versions], random: &mut fastrand::Rng) -> Vec<RegistryBump> {
    let Some(first) = locks.first() else { return Vec::new() };
    let mut bumps = first.moved(locks);
    random.shuffle(&mut bumps);
    bumps.truncate(BRANCHES);
    bumps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(packages: &[(&str, &str)]) -> Versions {
        Versions::parse(&packages.iter().map(lock_entry).collect::<String>()).unwrap()
    }

    fn lock_entry((name, version): &(&str, &str)) -> String {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\n")
    }

    #[test]
    fn only_compatible_moves_of_what_the_first_one_has_count() {
        let locks = [
            versions(&[("a", "1.0.0"), ("b", "0.4.1"), ("c", "1.0.0"), ("d", "0.0.1")]),
            versions(&[("a", "1.2.0"), ("b", "0.5.0"), ("c", "1.0.0"), ("d", "0.0.2")]),
            versions(&[("a", "1.3.0"), ("b", "0.5.0"), ("c", "1.0.1"), ("e", "1.0.0")]),
        ];
        let texts: Vec<String> = locks[0].moved(&locks).iter().map(RegistryBump::text).collect();
        assert_eq!(texts, ["a 1.0.0 to 1.2.0", "c 1.0.0 to 1.0.1"]);
    }

    #[test]
    fn the_same_seed_chooses_the_same() {
        let names: Vec<String> = (0..20).map(|index| format!("p{index}")).collect();
        let locks = ["1.0.0", "1.0.1"].map(|version| {
            let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), version)).collect();
            versions(&packages)
        });
        let [first, again, other] = [1, 1, 2].map(|seed| chosen(&locks, &mut fastrand::Rng::with_seed(seed)));
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_eq!(first.len(), BRANCHES);
    }
}
