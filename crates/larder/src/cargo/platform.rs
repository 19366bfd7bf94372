//! Platforms: the host triples that a project's slices are built on. One recipe serves all of them.
//!
//! Everything that is not this machine's own platform is planned through a [stand-in](crate::shim::stand_in) for its
//! compiler, so no toolchain of it is needed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A host triple, such as `x86_64-unknown-linux-gnu`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Platform(String);

/// The platform of containers and CI machines; recipes serve it unless a project says otherwise.
const EVERYWHERE: &str = "x86_64-unknown-linux-gnu";

/// The word for the host in a call of cargo, whichever that is. rustc does not know it.
pub const HOST_TUPLE: &str = "host-tuple";

/// The platform of browsers, which is nobody's host.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// How many a project can name: more than Rust has hosts of its own. cargo is asked for each of them.
pub(crate) const MOST: usize = 32;

impl Platform {
    /// Takes a triple as rustc spells it.
    pub fn new(triple: impl Into<String>) -> Self {
        Self(triple.into())
    }

    /// The triple.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text can be a triple: it becomes a table name in recipes.
    pub(crate) fn is_well_formed(&self) -> bool {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        self.0.contains('-') && self.0.chars().all(known)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The platforms that recipes serve if a project names none: x86-64 Linux, those that they serve already (so
/// that developers on different machines do not undo each other's work), and `host`.
pub fn wanted(recorded: &[Platform], host: &Platform) -> Vec<Platform> {
    let mut platforms: Vec<Platform> = recorded.iter().chain([host]).cloned().collect();
    platforms.sort();
    platforms.dedup();
    platforms.retain(|platform| platform.as_str() != EVERYWHERE);
    platforms.insert(0, Platform::new(EVERYWHERE));
    platforms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platforms(names: &[&str]) -> Vec<Platform> {
        names.iter().copied().map(Platform::new).collect()
    }

    #[test]
    fn every_developers_platform_is_kept() {
        let host = Platform::new("aarch64-apple-darwin");
        let recorded = platforms(&[EVERYWHERE, "aarch64-unknown-linux-gnu"]);
        let expected = platforms(&[EVERYWHERE, "aarch64-apple-darwin", "aarch64-unknown-linux-gnu"]);
        assert_eq!(wanted(&recorded, &host), expected);
        assert_eq!(wanted(&[], &Platform::new(EVERYWHERE)), platforms(&[EVERYWHERE]));
    }
}
