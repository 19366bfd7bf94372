//! The folders in which cargo runs for recipes, and the way from there to the workspace's.
//!
//! cargo looks for configuration and toolchain files above them, so they lie in the workspace's own folder, even if
//! `target` is a link, such as to a faster disk: cargo would look above the folder that it leads to.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    error::{Error, Result},
    files::own_folder,
    workspace::Workspace,
};

/// From a recipe's folder, `target/larder/recipes/<slice>/<layer>`, to the workspace's.
pub(super) const UP: &str = "../../../../..";

/// The folder that these lie in, seen from the workspace's.
const IN_TARGET: &str = "target/larder";
/// The same if `target` is a link, as deep; the first of them has its own mark for git.
const BESIDE_TARGET: [&str; 2] = [".larder", "work"];

/// The folder that all of them lie in.
pub(super) fn outer(root: &Utf8Path) -> Utf8PathBuf {
    if root.join("target").is_symlink() {
        BESIDE_TARGET.iter().fold(root.to_owned(), |folder, name| folder.join(name))
    } else {
        root.join(IN_TARGET)
    }
}

/// Makes the workspace's target directory, and the folders that these lie in.
///
/// # Errors
/// [`Error::Link`] if `target` is a link of the repository's, and if one cannot be made.
pub(super) fn make(workspace: &Workspace) -> Result<()> {
    let target = workspace.root().join("target");
    if target.is_symlink() {
        if workspace.tracks(&target) {
            return Err(Error::Link { path: target.into() });
        }
        own_folder::hidden(&workspace.root().join(BESIDE_TARGET[0]))?;
    }
    own_folder::make(&target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_as_deep() {
        let scratch = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(scratch.path()).unwrap();
        let depth = UP.split('/').count();
        assert_eq!(outer(root).join("recipes/slice/0").ancestors().nth(depth), Some(root));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("elsewhere", root.join("target")).unwrap();
            assert_eq!(outer(root), root.join(".larder/work"));
            assert_eq!(outer(root).join("recipes/slice/0").ancestors().nth(depth), Some(root));
        }
    }
}
