//! Whether everything in a store is what it should be.

use std::path::PathBuf;

use larder::{files::read::read_small, side_by_side};

use super::{Store, sweep::digest_in};
use crate::{
    Result,
    digest::{Digest, digest_of},
    record::{LARGEST, Record},
};

/// The treatment of damaged files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageTreatment {
    /// They stay.
    None,
    /// They go, so that the next build stores sound ones.
    Remove,
}

/// The findings of a look at everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files that were read.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files whose content is not what their name says, or that cannot be read.
    pub damaged: Vec<PathBuf>,
    /// Units that lack a file or are not to be read.
    pub incomplete: Vec<PathBuf>,
}

impl Store {
    /// Reads everything.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn verify(&self, treatment: DamageTreatment) -> Result<Verified> {
        let blobs = self.files("blobs")?;
        let mut verified = Verified {
            files: blobs.len(),
            bytes: blobs.iter().map(|(_, size, _)| size).sum(),
            ..Verified::default()
        };
        let looked = side_by_side::map(blobs, |(path, _, _)| {
            // Another name is nobody's of a store.
            let is_sound =
                digest_in(&path).is_none_or(|name| digest_of(&path).is_ok_and(|(found, _)| found == name));
            Ok((path, is_sound))
        })?;
        verified.damaged =
            looked.into_iter().filter(|(_, is_sound)| !is_sound).map(|(path, _)| path).collect();
        if treatment == DamageTreatment::Remove {
            verified.damaged.iter().for_each(|path| Self::put_aside(path));
        }
        for (path, _, _) in self.files("records")? {
            let Some(name) = digest_in(&path) else { continue };
            let bytes = read_small(&path, LARGEST as u64).ok();
            let sound = bytes.filter(|bytes| name == Digest::hash(bytes));
            // A sound record that cannot be read is of another version of Larder.
            let is_whole =
                |bytes: Vec<u8>| Record::parse(&bytes).map_or(true, |record| self.has_files(&record));
            if !sound.is_some_and(is_whole) {
                if treatment == DamageTreatment::Remove {
                    Self::put_aside(&path);
                }
                verified.incomplete.push(path);
            }
        }
        Ok(verified)
    }
}
