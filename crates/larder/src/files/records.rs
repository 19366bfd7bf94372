//! Larder's memory of builds: small JSON files in `target/larder/`, which go with the target directory.
//!
//! A record that is missing, broken or of another version stops nobody: whoever reads it knows less then, and says so if
//! it was asked for. A repository can have files in their places, so no link is followed, and nothing is read that is no
//! plain file of some size.

use std::io;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Serialize, de::DeserializeOwned};

use super::{change, own_folder, read, system};
use crate::error::{Error, Result};

/// No record of a build comes near this size.
const LARGEST: u64 = 256 << 20;

/// The path of a record in a target directory.
pub(crate) fn path(target_directory: &Utf8Path, name: &str) -> Utf8PathBuf {
    target_directory.join("larder").join(name)
}

/// Reads a record; `None` if there is none.
///
/// # Errors
/// When something is there that cannot be read or understood. It counts as absent: the error is to be told if
/// somebody asks for the record, and must stop nothing.
pub(crate) fn read<T: DeserializeOwned>(path: &Utf8Path) -> Result<Option<T>> {
    if !is_there(path)? {
        return Ok(None);
    }
    if let Some(folder) = path.parent() {
        change::refuse_link(folder)?;
    }
    change::refuse_link(path)?;
    let text = read::read_small(path.as_std_path(), LARGEST)?;
    serde_json::from_slice(&text).map(Some).map_err(|error| not_understood(path, &error))
}

/// Whether there is something in the place of a record. No folder has one if a file is in the folder's place.
fn is_there(path: &Utf8Path) -> io::Result<bool> {
    match fs_err::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn not_understood(path: &Utf8Path, error: &serde_json::Error) -> Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("failed to read `{path}`: {error}")).into()
}

/// Writes a record as a whole or not at all. A target directory that is not there yet is made as cargo makes it.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(path: &Utf8Path, record: &impl Serialize) -> Result<()> {
    if let Some(target) = path.parent().and_then(Utf8Path::parent) {
        own_folder::make(target)?;
    }
    if system::open(path.as_std_path()).is_err() {
        // A new file would be given the permissions that keep this one from being read.
        let _ = fs_err::remove_file(path);
    }
    let text = serde_json::to_string_pretty(record).map_err(|error| Error::Io(error.into()))?;
    change::write_own(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        let (target, mine) = (root.join("target"), root.join("mine"));
        fs_err::create_dir_all(target.join("larder")).unwrap();
        fs_err::write(&mine, "[1]").unwrap();
        let record = path(&target, "x.json");
        symlink(&mine, &record).unwrap();
        assert!(matches!(read::<Vec<u32>>(&record), Err(Error::Link { .. })));
        write(&record, &[2]).unwrap();
        assert_eq!(read(&record).unwrap(), Some(vec![2]));
        assert_eq!(fs_err::read_to_string(&mine).unwrap(), "[1]");
        fs_err::remove_dir_all(target.join("larder")).unwrap();
        fs_err::create_dir(root.join("home")).unwrap();
        symlink(root.join("home"), target.join("larder")).unwrap();
        assert!(matches!(write(&record, &[3]), Err(Error::Link { .. })));
        assert_eq!(fs_err::read_dir(root.join("home")).unwrap().count(), 0);
        // Reading a pipe or a device would never end.
        fs_err::remove_file(target.join("larder")).unwrap();
        fs_err::create_dir(target.join("larder")).unwrap();
        symlink("/dev/zero", &record).unwrap();
        assert!(read::<Vec<u32>>(&record).is_err());
    }

    #[test]
    fn a_new_target_directory_has_its_tag() {
        let dir = tempfile::tempdir().unwrap();
        let target = Utf8Path::from_path(dir.path()).unwrap().join("target");
        let path = path(&target, "x.json");
        assert_eq!(read::<Vec<u32>>(&path).unwrap(), None);
        write(&path, &[1, 2]).unwrap();
        assert_eq!(read(&path).unwrap(), Some(vec![1, 2]));
        assert!(fs_err::read_to_string(target.join("CACHEDIR.TAG")).unwrap().starts_with("Signature: "));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_named_and_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let target = Utf8Path::from_path(dir.path()).unwrap().join("target");
        let path = path(&target, "x.json");
        write(&path, &[1]).unwrap();
        for broken in [&b"{"[..], b"\xff", b"[1, 2", b""] {
            fs_err::write(&path, broken).unwrap();
            assert!(read::<Vec<u32>>(&path).unwrap_err().to_string().contains("x.json"));
        }
        fs_err::File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(read::<Vec<u32>>(&path).unwrap_err().to_string().contains("x.json"));
        fs_err::remove_file(&path).unwrap();
        fs_err::create_dir(&path).unwrap();
        assert!(read::<Vec<u32>>(&path).unwrap_err().to_string().contains("x.json"));
        write(&path, &[2]).unwrap();
        assert_eq!(read(&path).unwrap(), Some(vec![2]));
        // A file in the place of the folder.
        fs_err::remove_dir_all(target.join("larder")).unwrap();
        fs_err::write(target.join("larder"), "").unwrap();
        assert_eq!(read::<Vec<u32>>(&path).unwrap(), None);
    }
}
