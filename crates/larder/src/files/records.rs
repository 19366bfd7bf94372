//! Larder's memory of builds: small JSON files in `target/larder/`, which go with the target directory.
//!
//! A record that is missing, broken or of another version is no error: whoever reads it knows less then. A repository
//! can have files in their places, so no link is followed, and nothing is read that is no plain file of some size.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Serialize, de::DeserializeOwned};

use super::{change, read};
use crate::{
    error::{Error, Result},
    target_dir::Tag,
};

/// No record of a build comes near this size.
const LARGEST: u64 = 256 << 20;

/// The path of a record in a target directory.
pub(crate) fn path(target_directory: &Utf8Path, name: &str) -> Utf8PathBuf {
    target_directory.join("larder").join(name)
}

/// Reads a record; `None` if there is none that can be understood.
///
/// # Errors
/// When the file is there and cannot be read.
pub(crate) fn read<T: DeserializeOwned>(path: &Utf8Path) -> Result<Option<T>> {
    let is_record = path.symlink_metadata().is_ok_and(|facts| facts.is_file() && facts.len() <= LARGEST);
    if !is_record || path.parent().is_some_and(Utf8Path::is_symlink) {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&read::read_small(path.as_std_path(), LARGEST)?).ok())
}

/// Writes a record as a whole or not at all. A target directory that is not there yet is made as cargo makes it.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(path: &Utf8Path, record: &impl Serialize) -> Result<()> {
    if let Some(folder) = path.parent() {
        if let Some(target) = folder.parent() {
            Tag::made_with(target)?;
        }
        change::refuse_link(folder)?;
        fs_err::create_dir_all(folder)?;
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
        assert_eq!(read::<Vec<u32>>(&record).unwrap(), None);
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
        assert_eq!(read::<Vec<u32>>(&record).unwrap(), None);
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
        for broken in [&b"{"[..], b"\xff"] {
            fs_err::write(&path, broken).unwrap();
            assert_eq!(read::<Vec<u32>>(&path).unwrap(), None);
        }
    }
}
