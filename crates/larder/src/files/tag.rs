//! cargo's mark on the folders that it makes, after <https://bford.info/cachedir/>. Tools that make backups go by it,
//! and so does the care of caches.

use std::path::Path;

use cargo_metadata::camino::Utf8Path;

use super::{change, read};
use crate::error::Result;

/// The file's name.
pub const TAG: &str = "CACHEDIR.TAG";
/// How the file starts; the rest is its comment.
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55";
const COMMENT: &str = "
# This file is a cache directory tag created by cargo.
# For information about cache directory tags see https://bford.info/cachedir/
";

/// The words that cargo alone writes on its tags; other programs have the same signature.
const CARGOS: &str = "created by cargo";
/// No tag is longer.
const LONGEST: u64 = 64 << 10;

/// Whether a folder holds the `CACHEDIR.TAG` that cargo puts into its target folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// It does.
    Cargo,
    /// It holds another program's: a cache, but not of builds.
    Others,
    /// There is none.
    Missing,
}

impl Tag {
    /// The mark on a folder.
    pub fn read(folder: &Path) -> Self {
        match read::read_small(&folder.join(TAG), LONGEST) {
            Ok(text) if !text.starts_with(SIGNATURE.as_bytes()) => Self::Missing,
            Ok(text) if String::from_utf8_lossy(&text).contains(CARGOS) => Self::Cargo,
            Ok(_) => Self::Others,
            Err(_) => Self::Missing,
        }
    }

    /// Makes a folder that is not there yet as cargo would, with the mark.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn made_with(folder: &Utf8Path) -> Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        fs_err::create_dir_all(folder)?;
        change::write_own(&folder.join(TAG), format!("{SIGNATURE}{COMMENT}"))
    }

    /// Removes a folder again that holds nothing but the mark, or nothing at all; any other stays.
    pub(crate) fn unmake(folder: &Utf8Path) {
        let mut entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        if entries.all(|entry| entry.file_name() == TAG) {
            let _ = fs_err::remove_file(folder.join(TAG));
            let _ = fs_err::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_others_use_is_not_unmade() {
        let scratch = tempfile::tempdir().unwrap();
        let target = Utf8Path::from_path(scratch.path()).unwrap().join("target");
        Tag::made_with(&target).unwrap();
        fs_err::write(target.join("mine"), "").unwrap();
        Tag::unmake(&target);
        assert_eq!(Tag::read(target.as_std_path()), Tag::Cargo);
        fs_err::remove_file(target.join("mine")).unwrap();
        Tag::unmake(&target);
        assert!(!target.exists());
        Tag::unmake(&target);
    }
}
