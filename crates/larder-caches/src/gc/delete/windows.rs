//! Nothing is deleted on Windows, yet: there a name can become a junction between a look and a deletion.
//!
//! It must say so before anything is deleted.

use std::{io, path::Path};

use larder::error::Result;

use super::outcome::{Deleted, Failure};

/// Never there.
#[derive(Debug)]
pub enum Deleter {}

impl Deleter {
    /// Refuses the folder.
    ///
    /// # Errors
    /// Always.
    pub fn open(root: &Path) -> Result<Self> {
        let said = format!("{}: deleting builds needs Unix; `cargo clean` deletes them here", root.display());
        Err(io::Error::new(io::ErrorKind::Unsupported, said).into())
    }

    /// Deletes nothing.
    pub fn remove(&mut self, _path: &Path) -> Deleted {
        match *self {}
    }

    /// No failures.
    pub fn into_failures(self) -> Vec<Failure> {
        match self {}
    }
}
