//! The lock is on the folder itself.

use std::{fs::File, io, os::unix::fs::MetadataExt as _};

use cargo_metadata::camino::Utf8Path;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder(File);

impl Folder {
    /// Opens a folder.
    pub(crate) fn open(path: &Utf8Path) -> io::Result<Self> {
        Ok(Self(fs_err::File::open(path)?.into_file()))
    }

    /// Whether a path leads to this folder.
    pub(crate) fn is_at(&self, path: &Utf8Path) -> bool {
        let now = path.metadata().map(|facts| (facts.dev(), facts.ino()));
        let opened = self.0.metadata().map(|facts| (facts.dev(), facts.ino()));
        now.is_ok_and(|now| opened.is_ok_and(|opened| now == opened))
    }

    /// The lock.
    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}
