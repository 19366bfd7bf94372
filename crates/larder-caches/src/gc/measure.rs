//! The space that deleting something would free, counted as the deletion itself counts it: blocks on disk, a file with
//! several links only with its last one.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use larder::files::disk::{self, EntryKind, FileFacts, FileId};

/// Adds up what would come free, over everything that is to be deleted together.
#[derive(Debug, Default)]
pub struct DeletionTally {
    /// Names met so far of files that have several.
    links: HashMap<FileId, HashSet<PathBuf>>,
    /// Files and folders met so far that have one: what is named may be below something else that is.
    single: HashSet<FileId>,
    /// Links that go by themselves once all others are gone, as those of the Nix store's own pool.
    spare: u64,
}

impl DeletionTally {
    /// A tally of files that one more link is kept of, which goes when it is the last.
    pub(super) fn with_pool() -> Self {
        Self { spare: 1, ..Self::default() }
    }

    /// The bytes that come free when the entry goes too; nothing if it cannot be read.
    pub fn add(&mut self, path: &Path) -> u64 {
        let Ok(facts) = FileFacts::read(path) else { return 0 };
        let device = facts.id.device;
        let mut bytes = self.one(path, &facts);
        let mut open: Vec<PathBuf> =
            if facts.kind == EntryKind::Folder { vec![path.to_owned()] } else { Vec::new() };
        while let Some(folder) = open.pop() {
            for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(facts) = FileFacts::read(&path) else {
                    bytes += self.too_deep(&path);
                    continue;
                };
                if facts.id.device != device {
                    continue;
                }
                bytes += self.one(&path, &facts);
                if facts.kind == EntryKind::Folder {
                    open.push(path);
                }
            }
        }
        bytes
    }

    /// The bytes of what has too long a path to be looked at by it.
    fn too_deep(&mut self, path: &Path) -> u64 {
        let (mut bytes, mut names) = (0, 0_u64);
        disk::too_deep(path, |facts| {
            names += 1;
            // Any name will do that nothing else has.
            bytes += self.one(&path.join(names.to_string()), &facts);
        });
        bytes
    }

    /// The bytes that come free when this goes, without what is in it.
    pub(super) fn add_one(&mut self, path: &Path) -> u64 {
        FileFacts::read(path).map_or(0, |facts| self.one(path, &facts))
    }

    fn one(&mut self, path: &Path, facts: &FileFacts) -> u64 {
        let bytes = facts.size.on_disk;
        if facts.links == 1 {
            return if self.single.insert(facts.id) { bytes } else { 0 };
        }
        let links = self.links.entry(facts.id).or_default();
        if !links.insert(path.to_owned()) {
            return 0;
        }
        if links.len() as u64 == facts.links.saturating_sub(self.spare) { bytes } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum<'a>(names: impl Iterator<Item = &'a PathBuf>) -> u64 {
        let mut tally = DeletionTally::default();
        names.map(|name| tally.add(name)).sum()
    }

    #[test]
    fn what_is_in_something_that_counts_does_not_count_again() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("a")).unwrap();
        for file in ["a/b", "a/c"] {
            fs_err::write(folder.path().join(file), vec![b'x'; 50_000]).unwrap();
        }
        fs_err::hard_link(folder.path().join("a/c"), folder.path().join("a/d")).unwrap();
        let names = ["a", "a/b", "a/c", "a/d"].map(|name| folder.path().join(name));
        let whole = sum(names[..1].iter());
        assert!(whole >= 100_000);
        assert_eq!((sum(names.iter()), sum(names.iter().rev())), (whole, whole));
    }

    #[test]
    fn a_file_counts_with_its_last_link() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, missing] = ["a", "b", "c"].map(|name| folder.path().join(name));
        fs_err::write(&file, [b'x'; 5000]).unwrap();
        fs_err::hard_link(&file, &link).unwrap();
        let mut tally = DeletionTally::default();
        assert_eq!(tally.add(&file), 0);
        assert!(tally.add(&link) >= 5000);
        assert_eq!(tally.add(&missing), 0);
        assert!(DeletionTally::with_pool().add(&file) >= 5000);
    }
}
