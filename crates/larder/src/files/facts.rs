//! What a file system says about one name, in the same words for every system.
//!
//! It must never ask a file system itself.

use std::{
    ffi::OsStr,
    io,
    iter::Sum,
    ops::{Add, AddAssign},
    path::Path,
    time::SystemTime,
};

use serde::Serialize;

/// Identifies a file across hard links: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
}

/// Room that is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Size {
    /// Bytes in blocks of the file system, as `du` counts them.
    pub on_disk: u64,
    /// Bytes that a reader sees, as `du --apparent-size` counts them.
    pub apparent: u64,
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // The sizes that other programs tell of their caches may be anything.
        let [on_disk, apparent] = [(self.on_disk, other.on_disk), (self.apparent, other.apparent)]
            .map(|(one, other)| u64::saturating_add(one, other));
        Self { on_disk, apparent }
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}

/// The kind of entry that a name in a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, or something else that is no folder and no link.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; what it points to is not looked at.
    Link,
}

/// The file system's facts about one name.
#[derive(Debug, Clone, Copy)]
pub struct FileFacts {
    /// Its kind.
    pub kind: EntryKind,
    /// The room it takes by itself; a folder without what is in it.
    pub size: Size,
    /// When its content last changed.
    pub modified: SystemTime,
    /// When it was last read, as far as the file system keeps book.
    pub accessed: SystemTime,
    /// Device and inode.
    pub id: FileId,
    /// How many names the file has.
    pub links: u64,
}

/// One thing that reading a folder comes by.
pub(super) enum Seen<'a> {
    /// The folder that is read.
    Itself(FileFacts),
    /// A name in it.
    Inside(&'a OsStr, FileFacts),
    /// A folder in it, which is still to be read and tells of itself then.
    Folder(&'a OsStr),
}

/// The system's error with the path that it is about.
pub(super) fn named(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    io::Error::new(error.kind(), format!("failed to read `{}`: {error}", path.display()))
}
