//! The folder `larder` in a target directory: Larder's records, and recipes while cargo reads them.
//!
//! It must never show up as new files of the user's, also in a repository that git was not told to ignore `target` in:
//! with `build.target-dir` elsewhere, nobody but Larder makes that folder.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{change, tag::Tag, temporary};
use crate::error::Result;

/// The record of the last build.
pub(crate) const LAST_BUILD: &str = "last-build.json";
/// The record of the image's last build.
pub(crate) const IMAGE_BUILD: &str = "docker-build.json";
/// The record of images that were built here.
pub(crate) const IMAGES: &str = "docker-images.json";
/// The memory of `lock`.
const LOCKED: &str = "locked.json";
/// The lock of whoever works with recipes in the folder.
const LOCK: &str = ".lock";
/// The recipes that are cooked, on this machine: in images they lie below `target` in any case.
pub(crate) const RECIPES: &str = "recipes";
/// The recipes that are being proven, beside those that are cooked, so that relative paths hold.
pub(crate) const PROVING: &str = "proving";
/// The recipes that cargo is only asked about.
pub(crate) const ASKING: &str = "asking";

const MARK: &str = ".gitignore";
/// Has git ignore everything beside it, and itself.
const IGNORED: &str = "*\n";

/// Whether a file in the folder has a name that Larder gives.
pub fn is_own_file(name: &str) -> bool {
    [LAST_BUILD, IMAGE_BUILD, IMAGES, LOCKED, LOCK, MARK].contains(&name) || temporary::is_temporary(name)
}

/// Whether a folder in it has such a name.
pub fn is_own_subfolder(name: &str) -> bool {
    [RECIPES, PROVING, ASKING].contains(&name)
}

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
    let ignore = folder.join(MARK);
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
    fn own_names_are_those_in_use() {
        let lock = Utf8Path::new(crate::target_dir::LARDERS_LOCK).file_name().unwrap();
        for name in [lock, ".gitignore", "locked.json", "last-build.json", ".larder-new-a1B2c3"] {
            assert!(is_own_file(name), "{name}");
        }
        assert!(is_own_subfolder("recipes"));
        assert!(!is_own_file("recipes") && !is_own_subfolder("photos") && !is_own_file(""));
    }

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
