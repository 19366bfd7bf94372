//! The folder `larder` in a target directory: Larder's records, and recipes while cargo reads them.
//!
//! It must never show up as new files of the user's, also in a repository that git was not told to ignore `target` in:
//! with `build.target-dir` elsewhere, nobody but Larder makes that folder.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{change, tag::Tag};
use crate::error::Result;

/// Has git ignore everything beside it, and itself.
const IGNORED: &str = "*\n";

/// Makes the folder, in a target directory that is made as cargo would make it; gives its path.
///
/// # Errors
/// If it cannot be made, or is a link.
pub(crate) fn make(target: &Utf8Path) -> Result<Utf8PathBuf> {
    Tag::made_with(target)?;
    let folder = target.join("larder");
    hidden(&folder)?;
    Ok(folder)
}

/// Makes a folder that git ignores, with all that is in it.
///
/// # Errors
/// As [`make`].
pub(crate) fn hidden(folder: &Utf8Path) -> Result<()> {
    change::refuse_link(folder)?;
    fs_err::create_dir_all(folder)?;
    let ignore = folder.join(".gitignore");
    if ignore.symlink_metadata().is_err() {
        // A folder that cannot be written is told of by whatever else is written there.
        let _ = change::write_own(&ignore, IGNORED);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_has_its_marks() {
        let scratch = tempfile::tempdir().unwrap();
        let target = Utf8Path::from_path(scratch.path()).unwrap().join("target");
        let folder = make(&target).unwrap();
        assert_eq!(folder, target.join("larder"));
        assert_eq!(Tag::read(target.as_std_path()), Tag::Cargo);
        assert_eq!(fs_err::read_to_string(folder.join(".gitignore")).unwrap(), IGNORED);
        fs_err::write(folder.join(".gitignore"), "# mine\n").unwrap();
        make(&target).unwrap();
        assert_eq!(fs_err::read_to_string(folder.join(".gitignore")).unwrap(), "# mine\n");
    }
}
