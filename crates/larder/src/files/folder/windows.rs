//! Windows locks no folders, so the lock is a file beside it.

use std::{fs::File, io};

use cargo_metadata::camino::Utf8Path;

use crate::files::disk::{FileFacts, FileId};

/// A folder that was found.
#[derive(Debug)]
pub(crate) struct Folder {
    id: FileId,
    lock: File,
}

impl Folder {
    /// Finds a folder and opens its lock.
    pub(crate) fn open(path: &Utf8Path) -> io::Result<Self> {
        let beside = path.with_file_name(format!("{}.lock", path.file_name().unwrap_or_default()));
        let mut options = fs_err::OpenOptions::new();
        let lock = options.read(true).write(true).create(true).truncate(false).open(beside)?.into_file();
        Ok(Self { id: FileFacts::read(path.as_std_path())?.id, lock })
    }

    /// Whether a path leads to this folder.
    pub(crate) fn is_at(&self, path: &Utf8Path) -> bool {
        FileFacts::read(path.as_std_path()).is_ok_and(|facts| facts.id == self.id)
    }

    /// The lock.
    pub(crate) fn file(&self) -> &File {
        &self.lock
    }
}
