//! What Larder remembers of builds: small JSON files in `target/larder/`, which go with the target directory.
//!
//! A record that is missing, broken or of another version is no error: whoever reads it knows less then.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    change,
    error::{Error, Result},
    target_folder::Tag,
};

/// Where a record is kept in a target directory.
pub(crate) fn path(target_directory: &Utf8Path, name: &str) -> Utf8PathBuf {
    target_directory.join("larder").join(name)
}

/// Reads a record; `None` where there is none that can be understood.
///
/// # Errors
/// When the file is there and cannot be read.
pub(crate) fn read<T: DeserializeOwned>(path: &Utf8Path) -> Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&fs_err::read(path)?).ok())
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
        fs_err::create_dir_all(folder)?;
    }
    let text = serde_json::to_string_pretty(record).map_err(|error| Error::Io(error.into()))?;
    change::write(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
