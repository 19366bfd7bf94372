//! The errors of a store. None of them is a reason for a build to fail.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::remote::Trouble;

/// The result of anything that works with a store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A fault of the store, or of the place that units are restored into.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a folder.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The library that reads target directories and asks cargo.
    #[error(transparent)]
    Larder(#[from] larder::Error),
    /// A folder that no store made, with something in it.
    #[error("{} is not empty and no store of Larder's", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the store that does not say what it should.
    #[error("{what}: {reason}")]
    Bad {
        /// The file, or what it was to be.
        what: String,
        /// The fault, in words.
        reason: String,
    },
    /// A remote that did not do what was asked.
    #[error("{remote}: {object}: {trouble}")]
    Remote {
        /// Its address, without a query or credentials.
        remote: String,
        /// The object's name.
        object: String,
        /// Why.
        trouble: Trouble,
    },
}

impl Error {
    pub(crate) fn bad(what: impl std::fmt::Display, reason: impl std::fmt::Display) -> Self {
        Self::Bad { what: what.to_string(), reason: reason.to_string() }
    }
}

/// An error of the system with the path that it is about.
pub(crate) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
