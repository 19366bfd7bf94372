//! Which folders may be deleted from: cargo's own target folders, recognised by the tag that cargo puts into them, or by
//! holding nothing but what a build leaves.
//!
//! A wrong path in a setting must never cost anybody's files, so whatever looks like something else is refused.

use std::path::{Path, PathBuf};

use crate::{
    error::{Error, Result},
    target_folder::{LOCKS, Tag},
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
        if Tag::of(&folder) == Tag::Missing && !holds_builds_alone(&folder)? {
            return refuse("lacks cargo's CACHEDIR.TAG, and holds more than builds");
        }
        Ok(Some(Self(folder)))
    }

    /// The folder's path, without symlinks.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Whether cargo has built into a folder, and nothing else is in it.
///
/// cargo tags only folders that it makes itself: not those of others, and not `target` where a build in `target/front`
/// came first, as in many a Leptos project.
fn holds_builds_alone(folder: &Path) -> Result<bool> {
    if !folder.join(".rustc_info.json").is_file() {
        return Ok(false);
    }
    for entry in fs_err::read_dir(folder)? {
        if !is_of_a_build(&entry?.path()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether an entry of a target folder is by its name or content what cargo, cargo-leptos or Larder puts there.
fn is_of_a_build(path: &Path) -> bool {
    const FILES: [&str; 3] = [".rustc_info.json", ".rustc-info.json", ".future-incompat-report.json"];
    const FOLDERS: [&str; 5] = ["doc", "larder", "package", "site", "tmp"];
    let is_called =
        |names: &[&str]| path.file_name().is_some_and(|name| names.iter().any(|one| name == *one));
    // A link leads to what is somebody's own.
    match path.symlink_metadata() {
        Ok(facts) if facts.is_dir() => {
            is_called(&FOLDERS) || Tag::of(path) == Tag::Cargo || is_profile(path) || is_platform(path)
        }
        Ok(facts) => facts.is_file() && is_called(&FILES),
        Err(_) => false,
    }
}

fn is_profile(folder: &Path) -> bool {
    LOCKS.iter().chain(&[".fingerprint"]).any(|name| folder.join(name).exists())
}

/// Whether a folder has profile folders in it and nothing else, but for a tag.
fn is_platform(folder: &Path) -> bool {
    let entries: Vec<_> = fs_err::read_dir(folder).into_iter().flatten().flatten().collect();
    let is_known = |path: &Path| is_profile(path) || path.ends_with("CACHEDIR.TAG");
    !entries.is_empty() && entries.iter().all(|entry| is_known(&entry.path()))
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
            let path = target.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
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
        let untagged = "lacks cargo's CACHEDIR.TAG, and holds more than builds";
        assert_eq!(verdict(&[]), untagged);
        assert_eq!(verdict(&[("CACHEDIR.TAG", "something else")]), untagged);
        let built = [
            (".rustc_info.json", "{}"),
            ("front/CACHEDIR.TAG", TAG.1),
            ("release/.cargo-lock", ""),
            ("site/page.html", ""),
            ("wasm32-unknown-unknown/release/.fingerprint/x", ""),
        ];
        assert_eq!(verdict(&built), "accepted");
        assert_eq!(verdict(&built[1..]), untagged);
        for foreign in ["notes.txt", "notes/release/x", "wasm32-unknown-unknown/notes.txt", "release.txt"] {
            assert_eq!(verdict(&[&built[..], &[(foreign, "")]].concat()), untagged, "{foreign}");
        }
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
