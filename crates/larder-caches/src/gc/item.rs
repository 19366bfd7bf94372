//! One thing in a target directory that could be deleted.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{measure::DeletionTally, rules::Class};

/// Something that goes as a whole, or stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Why it goes.
    pub(super) class: Class,
    /// The file that makes it fresh in cargo's eyes: it goes first, so that no half of it ever counts as whole.
    pub(super) mark: Option<PathBuf>,
    /// Everything else, relative to the folder.
    pub(super) paths: Vec<PathBuf>,
    /// When it was last used, as far as is known.
    pub(super) last_use: Option<SystemTime>,
}

impl Item {
    pub(super) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        self.mark.iter().chain(&self.paths)
    }

    /// The bytes that it frees, beside what the tally has already.
    pub(super) fn bytes(&self, folder: &Path, tally: &mut DeletionTally) -> u64 {
        self.all().map(|path| tally.add(&folder.join(path))).sum()
    }

    /// Its mark among others in the folder.
    pub(super) fn id(&self) -> Option<&PathBuf> {
        self.all().next()
    }
}
