//! Projects of a framework whose settings are wrong, left over from the past maybe: they keep nothing else from working.

use cargo_metadata::camino::Utf8PathBuf;

use super::refused::Refused;
use crate::error::Error;

/// A project that gives no slice.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The program that builds it.
    pub program: &'static str,
    /// The names of the slices that it would have.
    pub slices: Vec<String>,
    /// The file that is wrong.
    pub path: Utf8PathBuf,
    /// The problem with it.
    pub reason: String,
}

impl Broken {
    /// Its slices, as those that are refused.
    pub fn refused(&self) -> Refused {
        let error = Error::Settings { path: self.path.clone().into(), reason: self.reason.clone() };
        Refused { slices: self.slices.clone(), error }
    }
}
