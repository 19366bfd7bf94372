//! The names in a folder: what cargo looks for there, without what is in it.
//!
//! It must never fail: a folder that is not there has no names.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The names in a folder, sorted, each with whether a folder has it; none if it is not there.
pub(super) fn entries(folder: &Path) -> Vec<(OsString, bool)> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<(OsString, bool)> =
        entries.map(|entry| (entry.file_name(), is_folder(&entry))).collect();
    names.sort();
    names
}

/// Whether an entry is a folder, or a link to one.
fn is_folder(entry: &fs_err::DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
        kind => kind.is_ok_and(|kind| kind.is_dir()),
    }
}

pub(super) fn subfolders(dir: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = entries(dir.as_ref()).into_iter().filter(|(_, is_folder)| *is_folder);
    entries.map(|(name, _)| dir.as_ref().join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file `tests/x` is nothing to cargo; a folder of that name may be a test.
    #[test]
    fn a_folder_in_the_place_of_a_file_is_another_name() {
        let scratch = tempfile::tempdir().unwrap();
        fs_err::write(scratch.path().join("x"), "").unwrap();
        let before = entries(scratch.path());
        fs_err::remove_file(scratch.path().join("x")).unwrap();
        fs_err::create_dir(scratch.path().join("x")).unwrap();
        assert_ne!(entries(scratch.path()), before);
    }
}
