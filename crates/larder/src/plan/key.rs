//! Unit keys: what makes one external unit interchangeable with another.
//!
//! # What enters a key
//!
//! | input | why |
//! |---|---|
//! | package id specification | name, version and source |
//! | commit of a git package | what a branch or a tag stands for, which the id does not say |
//! | target kinds and name | which part of the package |
//! | profile: every field that is set (not null, not empty) | code generation |
//! | platform | `--target`, or the host |
//! | mode | check, build, run of a build script |
//! | features | conditional compilation |
//! | the keys of all dependencies | everything below |
//!
//! Left out on purpose: source paths (they are this machine's), edges' names (the package id fixes them), and
//! what the unit graph does not show: compiler version, rustflags, environment and LTO mode. Those belong to
//! the whole slice, or to [`lto`](super::lto), and recipes are compared for them as a whole.
//!
//! # Bytes
//!
//! A key is SHA-256 over the domain string `larder unit key 1` followed by the fields in the order of the table,
//! as `hash.rs` writes them. A commit stands in the package id's string, after one space. Dependency keys are sorted
//! and deduplicated.
//! Any change to this contract changes the domain string.

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    external::Kind,
    unit_graph::{GraphUnit, UnitGraph},
};
use crate::hash::{ContentHasher, hex};

const DOMAIN: &str = "larder unit key 1";

/// Identifies an external unit by content, the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitKey([u8; 32]);

impl fmt::Display for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnitKey({self})")
    }
}

impl Serialize for UnitKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The keys of the external units, by index.
pub fn keys(graph: &UnitGraph, kinds: &[Kind]) -> BTreeMap<usize, UnitKey> {
    let mut keys = BTreeMap::new();
    for (index, kind) in kinds.iter().enumerate() {
        if *kind == Kind::External {
            key_of(graph, index, &mut keys);
        }
    }
    keys
}

fn key_of(graph: &UnitGraph, index: usize, keys: &mut BTreeMap<usize, UnitKey>) -> UnitKey {
    if let Some(key) = keys.get(&index) {
        return *key;
    }
    let unit = &graph.units[index];
    let mut dependencies: Vec<UnitKey> = unit.edges().map(|edge| key_of(graph, edge, keys)).collect();
    dependencies.sort_unstable();
    dependencies.dedup();
    let key = hash(unit, &dependencies);
    keys.insert(index, key);
    key
}

fn hash(unit: &GraphUnit, dependencies: &[UnitKey]) -> UnitKey {
    let mut hasher = ContentHasher::new(DOMAIN);
    match &unit.commit {
        Some(commit) => hasher.string(&format!("{} {commit}", unit.pkg_id)),
        None => hasher.string(&unit.pkg_id),
    }
    hasher.strings(&unit.target.kind);
    hasher.string(&unit.target.name);
    let profile: BTreeMap<_, _> = unit.profile.iter().filter(|(_, value)| is_set(value)).collect();
    hasher.length(profile.len());
    for (name, value) in profile {
        hasher.string(name);
        hasher.json(value);
    }
    hasher.optional(unit.platform.as_deref());
    hasher.string(&unit.mode);
    hasher.strings(&unit.features);
    hasher.length(dependencies.len());
    for key in dependencies {
        hasher.bytes(&key.0);
    }
    UnitKey(hasher.finish())
}

/// A newer cargo prints fields an older one does not know; unset they must not change a key.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::external::{kinds, tests::graph};

    fn key(change: impl Fn(&mut UnitGraph)) -> UnitKey {
        let mut graph = graph(&[
            ("path+file:///app#0.1.0", "bin", &[1]),
            ("registry+x#a@1.0.0", "lib", &[2]),
            ("registry+x#b@1.0.0", "lib", &[]),
        ]);
        change(&mut graph);
        keys(&graph, &kinds(&graph))[&1]
    }

    /// The contract is written down; this pins it. A change here is a change of [`DOMAIN`].
    #[test]
    fn the_bytes_are_pinned() {
        let pinned = "121a6161857028a262ee17e73d8db99c261cb7371911aac824e1df4b42688b76";
        assert_eq!(key(|_| ()).to_string(), pinned);
    }

    #[test]
    fn every_declared_input_changes_the_key() {
        type Change = fn(&mut UnitGraph);
        let changes: [(&str, Change); 10] = [
            ("package", |g| g.units[1].pkg_id.push('1')),
            ("commit", |g| g.units[1].commit = Some("0123abc".into())),
            ("kind", |g| g.units[1].target.kind.push("cdylib".into())),
            ("target", |g| g.units[1].target.name.push('x')),
            ("profile", |g| drop(g.units[1].profile.insert("opt_level".into(), "z".into()))),
            ("platform", |g| g.units[1].platform = Some("wasm32-unknown-unknown".into())),
            ("mode", |g| g.units[1].mode = "check".into()),
            ("features", |g| g.units[1].features.push("std".into())),
            ("dependency", |g| g.units[2].features.push("std".into())),
            ("edge", |g| g.units[1].dependencies.clear()),
        ];
        for (input, change) in changes {
            assert_ne!(key(change), key(|_| ()), "{input}");
        }
    }

    #[test]
    fn fields_that_are_unset_and_the_application_do_not() {
        assert_eq!(key(|g| drop(g.units[1].profile.insert("new".into(), Value::Null))), key(|_| ()));
        assert_eq!(key(|g| g.units[0].pkg_id.push('9')), key(|_| ()));
    }
}
