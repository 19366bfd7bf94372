//! `Cargo.lock` by lines: the line of each package, so that a reason can name the line.

use std::{collections::BTreeMap, path::Path};

use crate::files::read;

/// The lines of a lock file that name the versions of packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LockLines {
    lines: BTreeMap<(String, String), usize>,
}

impl LockLines {
    /// Reads a lock file; one that is not there has no lines.
    pub(super) fn read(path: &Path) -> Self {
        Self::parse(&read::text(path).unwrap_or_default())
    }

    /// cargo writes each key on a line of its own, the name before the version.
    pub(super) fn parse(text: &str) -> Self {
        let mut lock = Self::default();
        let mut name = None;
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                name = None;
            } else if let Some(value) = value_in(line, "name") {
                name = Some(value);
            } else if let (Some(version), Some(name)) = (value_in(line, "version"), &name) {
                lock.lines.insert((name.clone(), version), index + 1);
            }
        }
        lock
    }

    /// The line of a package's version.
    pub(super) fn line(&self, name: &str, version: &str) -> Option<usize> {
        self.lines.get(&(name.to_owned(), version.to_owned())).copied()
    }

    /// The versions of a package.
    pub(super) fn versions(&self, name: &str) -> Vec<&str> {
        self.lines.keys().filter(|(known, _)| known == name).map(|(_, version)| version.as_str()).collect()
    }
}

fn value_in(line: &str, key: &str) -> Option<String> {
    let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim();
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_its_line() {
        let lock = LockLines::parse(
            "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"x\"\n\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n",
        );
        assert_eq!(lock.line("a", "2.0.0"), Some(10));
        assert_eq!(lock.versions("a"), ["1.0.0", "2.0.0"]);
        assert_eq!(lock.line("b", "1.0.0"), None);
    }
}
