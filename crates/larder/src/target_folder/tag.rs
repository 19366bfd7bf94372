//! cargo's mark on the folders that it makes, after <https://bford.info/cachedir/>. Tools that make backups go by it,
//! and so does [`gc`](crate::gc).

use std::path::Path;

use cargo_metadata::camino::Utf8Path;

use crate::{change, error::Result};

const NAME: &str = "CACHEDIR.TAG";
/// How the file starts; the rest is its comment.
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55";
const COMMENT: &str = "
# This file is a cache directory tag created by cargo.
# For information about cache directory tags see https://bford.info/cachedir/
";

/// Whether a folder holds the `CACHEDIR.TAG` that cargo puts into its target folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// It does.
    Cargo,
    /// There is none, or not cargo's.
    Missing,
}

impl Tag {
    /// The mark on a folder.
    pub fn of(folder: &Path) -> Self {
        match fs_err::read(folder.join(NAME)) {
            Ok(text) if text.starts_with(SIGNATURE.as_bytes()) => Self::Cargo,
            _ => Self::Missing,
        }
    }

    /// Makes a folder that is not there yet as cargo would, with the mark.
    pub(crate) fn made_with(folder: &Utf8Path) -> Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        fs_err::create_dir_all(folder)?;
        change::write(&folder.join(NAME), &format!("{SIGNATURE}{COMMENT}"))
    }
}
