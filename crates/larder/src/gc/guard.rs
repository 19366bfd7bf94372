//! Which folders may be deleted from: cargo's own target folders, recognised by the tag that cargo puts into them.
//!
//! A wrong path in a setting must never cost anybody's files, so whatever looks like something else is refused.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    target_folder::Tag,
};

/// A folder that cargo builds into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFolder(PathBuf);

impl TargetFolder {
    /// Checks a folder; `None` where there is none. Only the last step to it may be a symlink, which is resolved
    /// here once and never again.
    ///
    /// # Errors
    /// [`Error::NotATargetFolder`] for anything that cargo has not made.
    pub fn check(path: &Path, workspace_root: &Path) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let folder = fs_err::canonicalize(path)?;
        let root = fs_err::canonicalize(workspace_root)?;
        let refuse = |reason: &'static str| Err(Error::NotATargetFolder { path: folder.clone(), reason });
        if !folder.is_dir() {
            return refuse("is no folder");
        }
        if root.starts_with(&folder) {
            return refuse("holds the workspace itself");
        }
        if ["Cargo.toml", ".git"].iter().any(|name| folder.join(name).exists()) {
            return refuse("holds sources");
        }
        // cargo builds into any folder, but tags only those that it makes: others may hold more than builds.
        if Tag::of(&folder) == Tag::Missing {
            return refuse("lacks cargo's CACHEDIR.TAG");
        }
        Ok(Some(Self(folder)))
    }

    /// The folder's path, without symlinks.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(files: &[(&str, &str)]) -> String {
        let scratch = tempfile::tempdir().unwrap();
        let (root, target) = (scratch.path().join("work"), scratch.path().join("target"));
        fs_err::create_dir_all(&root).unwrap();
        fs_err::create_dir_all(&target).unwrap();
        for (name, text) in files {
            fs_err::write(target.join(name), text).unwrap();
        }
        match TargetFolder::check(&target, &root) {
            Ok(Some(_)) => "accepted".into(),
            Ok(None) => "nothing".into(),
            Err(Error::NotATargetFolder { reason, .. }) => reason.into(),
            Err(other) => other.to_string(),
        }
    }

    const TAG: (&str, &str) = ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# cargo\n");

    #[test]
    fn only_what_cargo_made_is_accepted() {
        assert_eq!(verdict(&[TAG]), "accepted");
        let untagged = "lacks cargo's CACHEDIR.TAG";
        assert_eq!(verdict(&[]), untagged);
        assert_eq!(verdict(&[(".rustc_info.json", "{}")]), untagged);
        assert_eq!(verdict(&[("CACHEDIR.TAG", "something else")]), untagged);
        assert_eq!(verdict(&[TAG, ("Cargo.toml", "")]), "holds sources");
    }

    #[test]
    fn the_workspace_is_never_inside_what_is_deleted() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("work");
        fs_err::create_dir_all(&root).unwrap();
        fs_err::write(scratch.path().join(TAG.0), TAG.1).unwrap();
        let error = TargetFolder::check(scratch.path(), &root).unwrap_err();
        assert!(error.to_string().contains(" holds the workspace itself: "), "{error}");
        assert_eq!(TargetFolder::check(&scratch.path().join("none"), &root).unwrap(), None);
    }
}
