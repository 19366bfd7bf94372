//! Files that are not written to their end yet, beside those whose place they take.
//!
//! A run that is killed leaves its file, and the next one that writes in that folder removes it. It must never remove a
//! file that a run still writes, nor one of the user's: the former is locked, and the name is like nobody else's.

use std::io::Write as _;

use cargo_metadata::camino::Utf8Path;
use tempfile::{Builder, NamedTempFile};

use super::facts::named;
use crate::error::Result;

/// The beginning of their names.
const PREFIX: &str = ".larder-new-";
/// The number of letters and digits behind it, which `tempfile` chooses.
const RANDOM: usize = 6;

/// Whether a file has such a name.
pub(super) fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// A new file with this text, in a folder from which those of killed runs are removed.
///
/// # Errors
/// If the folder cannot be written.
pub(super) fn written(folder: &Utf8Path, text: &[u8]) -> Result<NamedTempFile> {
    sweep(folder);
    let mut file = held(folder)?;
    file.write_all(text).map_err(|error| named(file.path(), error))?;
    Ok(file)
}

fn held(folder: &Utf8Path) -> Result<NamedTempFile> {
    loop {
        let file = Builder::new().prefix(PREFIX).rand_bytes(RANDOM).tempfile_in(folder)?;
        // A disk that knows no locks lets nobody sweep either.
        let is_locked = file.as_file().lock().is_ok();
        // Another run may have swept it just before.
        if !is_locked || file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes what killed runs have left in a folder. A failed deletion is no fault of this run.
pub(crate) fn sweep(folder: &Utf8Path) {
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        if !is_temporary(entry.file_name()) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // Held until it is gone.
        let is_left = fs_err::File::open(entry.path()).is_ok_and(|file| file.file().try_lock().is_ok());
        if is_left {
            let _ = fs_err::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn only_what_a_killed_run_left_is_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(scratch.path()).unwrap();
        let other_run = written(folder, b"half").unwrap();
        let writing = other_run.path().file_name().unwrap().to_str().unwrap().to_owned();
        let own = [".larder-todo.md", ".larder-new-", ".larder-new-abc.ef", ".larder-abcdef", "notes"];
        for name in own.iter().chain(&[".larder-new-aB3xYz"]) {
            fs_err::write(folder.join(name), "").unwrap();
        }
        fs_err::create_dir(folder.join(".larder-new-folder")).unwrap();
        drop(written(folder, b"").unwrap());
        let left = folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned());
        let kept = [writing.as_str(), ".larder-new-folder"];
        let wanted: BTreeSet<_> = own.iter().chain(&kept).map(|&name| name.to_owned()).collect();
        assert_eq!(left.collect::<BTreeSet<_>>(), wanted);
    }
}
