//! What deleting something would free, counted as the deletion itself counts it: blocks on disk, a file with
//! several links only with its last one.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::disk::{Facts, FileId, Kind};

/// Adds up what would come free, over everything that is to be deleted together.
#[derive(Debug, Default)]
pub struct Tally {
    /// Links met so far of files that have several.
    links: HashMap<FileId, u64>,
    /// Links that go by themselves once all others are gone, as those of the Nix store's own pool.
    spare: u64,
}

impl Tally {
    /// A tally of files that one more link is kept of, which goes when it is the last.
    pub(super) fn with_pool() -> Self {
        Self { spare: 1, ..Self::default() }
    }

    /// The bytes that come free when the entry goes too; nothing where it cannot be read.
    pub fn add(&mut self, path: &Path) -> u64 {
        let Ok(facts) = Facts::of(path) else { return 0 };
        let device = facts.id.device;
        let mut bytes = self.one(&facts);
        let mut open: Vec<PathBuf> =
            if facts.kind == Kind::Folder { vec![path.to_owned()] } else { Vec::new() };
        while let Some(folder) = open.pop() {
            for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
                let Ok(facts) = Facts::of(&entry.path()) else { continue };
                if facts.id.device != device {
                    continue;
                }
                bytes += self.one(&facts);
                if facts.kind == Kind::Folder {
                    open.push(entry.path());
                }
            }
        }
        bytes
    }

    /// The bytes that come free when this goes, without what is in it.
    pub(super) fn add_one(&mut self, path: &Path) -> u64 {
        Facts::of(path).map_or(0, |facts| self.one(&facts))
    }

    fn one(&mut self, facts: &Facts) -> u64 {
        let bytes = facts.size.on_disk;
        if facts.links == 1 {
            return bytes;
        }
        let links = self.links.entry(facts.id).or_default();
        *links += 1;
        if *links == facts.links.saturating_sub(self.spare) { bytes } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_with_its_last_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs_err::write(path("a"), [b'x'; 5000]).unwrap();
        fs_err::hard_link(path("a"), path("b")).unwrap();
        let mut tally = Tally::default();
        assert_eq!(tally.add(&path("a")), 0);
        assert!(tally.add(&path("b")) >= 5000);
        assert_eq!(tally.add(&path("c")), 0);
        assert!(Tally::with_pool().add(&path("a")) >= 5000);
    }
}
