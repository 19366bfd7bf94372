//! Which folders may be deleted from: cargo's own target folders, recognised by cargo's own tag and a build beside it,
//! or by holding nothing but what a build leaves; outside of the workspace only the one that the user named.
//!
//! A wrong path in a setting must never cost anybody's files, so whatever looks like something else is refused.

use std::path::{Path, PathBuf};

use larder::{
    error::{Error, Result},
    files::own_folder,
    target_dir::{ANSWERS, FINGERPRINTS, LOCKS, TAG, Tag},
};

/// A folder that cargo builds into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardedFolder(PathBuf);

impl GuardedFolder {
    /// Checks a folder; `None` if there is none. Only the last step to it may be a symlink, which is resolved
    /// here once and never again. `named` is what the user wrote on the command line: a setting of a repository's may
    /// point anywhere.
    ///
    /// # Errors
    /// [`Error::NotATargetFolder`] for anything that cargo has not made.
    pub fn check(path: &Path, workspace_root: &Path, named: Option<&Path>) -> Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        let folder = fs_err::canonicalize(path)?;
        let root = fs_err::canonicalize(workspace_root)?;
        if !folder.is_dir() {
            return refuse(folder, "is no folder");
        }
        if root.starts_with(&folder) {
            return refuse(folder, "holds the workspace itself");
        }
        if ["Cargo.toml", ".git"].iter().any(|name| folder.join(name).exists()) {
            return refuse(folder, "holds sources");
        }
        if !folder.starts_with(&root) && !named.is_some_and(|named| is_same(named, &folder)) {
            return refuse(folder, "is outside of the workspace, and was not named with --target-dir");
        }
        let entries: Vec<PathBuf> =
            fs_err::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        match Tag::read(&folder) {
            // cargo tags its downloads, too, and whoever copies a tag may have meant something else.
            Tag::Cargo if holds_builds(&entries) || entries.iter().all(|path| is_of_a_build(path)) => {}
            Tag::Cargo => return refuse(folder, "has cargo's CACHEDIR.TAG, and no build in it"),
            Tag::Others => return refuse(folder, "has the CACHEDIR.TAG of another program"),
            Tag::Missing if has_build_info(&folder) && entries.iter().all(|path| is_of_a_build(path)) => {}
            Tag::Missing => return refuse(folder, "lacks cargo's CACHEDIR.TAG, and holds more than builds"),
        }
        Ok(Some(Self(folder)))
    }

    /// The folder's path, without symlinks.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

fn refuse(path: PathBuf, reason: &'static str) -> Result<Option<GuardedFolder>> {
    Err(Error::NotATargetFolder { path, reason })
}

fn is_same(named: &Path, folder: &Path) -> bool {
    fs_err::canonicalize(named).is_ok_and(|named| named == folder)
}

/// Whether cargo has built something that is among a folder's entries.
fn holds_builds(entries: &[PathBuf]) -> bool {
    entries.iter().any(|path| is_called(path, &ANSWERS) || is_built_folder(path))
}

fn is_built_folder(path: &Path) -> bool {
    let is_folder = path.symlink_metadata().is_ok_and(|facts| facts.is_dir());
    is_folder && (Tag::read(path) == Tag::Cargo || is_profile(path) || is_platform(path))
}

/// Whether cargo was the last to build into a folder. It tags only folders that it makes itself: not those of others,
/// and not `target` if a build in `target/front` came first, as in many a Leptos project.
fn has_build_info(folder: &Path) -> bool {
    folder.join(ANSWERS[0]).is_file()
}

fn is_called(path: &Path, names: &[&str]) -> bool {
    path.file_name().is_some_and(|name| names.iter().any(|one| name == *one))
}

/// Whether an entry of a target folder is by its name and content what cargo, cargo-leptos or Larder puts there. A
/// name that anybody might use, such as `doc`, is not enough.
fn is_of_a_build(path: &Path) -> bool {
    const FILES: [&str; 5] =
        [ANSWERS[0], ANSWERS[1], ".future-incompat-report.json", ".rustdoc_fingerprint.json", TAG];
    // A link leads to what is somebody's own.
    match path.symlink_metadata() {
        Ok(facts) if facts.is_dir() => match path.file_name().and_then(|name| name.to_str()) {
            Some("doc") => has_any(path, &["static.files", "crates.js", "search-index.js"]),
            Some("site") => has_any(path, &["pkg"]),
            Some("package") => holds_packages(path),
            Some("larder") => holds_records(path),
            // Tests put anything there, and so may anybody else.
            Some("tmp") => holds_style_sheet(path),
            Some("cargo-timings") => has_any(path, &["cargo-timing.html"]),
            _ => Tag::read(path) == Tag::Cargo || is_profile(path) || is_platform(path),
        },
        Ok(facts) => facts.is_file() && (is_called(path, &FILES) || is_called(path, &LOCKS)),
        Err(_) => false,
    }
}

fn has_any(folder: &Path, names: &[&str]) -> bool {
    names.iter().any(|name| folder.join(name).exists())
}

/// Whether a folder is empty, but for what cargo-leptos has Tailwind write.
fn holds_style_sheet(folder: &Path) -> bool {
    let mut entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.all(|entry| is_called(&entry.path(), &["tailwind.css"]))
}

/// Whether all in a folder is what Larder keeps beside builds.
fn holds_records(folder: &Path) -> bool {
    let mut entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.all(|entry| {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => own_folder::is_own_subfolder(name),
            Ok(kind) if kind.is_file() => own_folder::is_own_file(name),
            _ => false,
        }
    })
}

/// Whether all files in a folder are packed packages, or lists of them.
fn holds_packages(folder: &Path) -> bool {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().all(|entry| {
        let path = entry.path();
        path.extension().is_some_and(|extension| extension == "crate")
            || path.join("Cargo.toml").is_file()
            || is_called(&path, &["tmp-crate", "tmp-registry"])
    })
}

fn is_profile(folder: &Path) -> bool {
    LOCKS.iter().chain(&[FINGERPRINTS]).any(|name| folder.join(name).exists())
}

/// Whether a folder has profile folders in it and nothing else, but for a tag.
fn is_platform(folder: &Path) -> bool {
    let entries: Vec<_> = fs_err::read_dir(folder).into_iter().flatten().flatten().collect();
    let is_known = |path: &Path| is_profile(path) || path.ends_with(TAG);
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
        match GuardedFolder::check(&target, &root, Some(&target)) {
            Ok(Some(_)) => "accepted".into(),
            Ok(None) => "nothing".into(),
            Err(Error::NotATargetFolder { reason, .. }) => reason.into(),
            Err(other) => other.to_string(),
        }
    }

    const TAG: (&str, &str) =
        ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# created by cargo.\n");

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
            ("site/pkg/app.js", ""),
            ("doc/crates.js", ""),
            ("package/a-0.1.0.crate", ""),
            ("larder/.lock", ""),
            ("larder/last-build.json", ""),
            ("larder/recipes/release/0/Cargo.toml", ""),
            ("wasm32-unknown-unknown/release/.fingerprint/x", ""),
        ];
        assert_eq!(verdict(&built), "accepted");
        assert_eq!(verdict(&built[1..]), untagged);
        for foreign in [
            "notes.txt",
            "notes/release/x",
            "wasm32-unknown-unknown/notes.txt",
            "release.txt",
            "package/notes.txt",
        ] {
            assert_eq!(verdict(&[&built[..], &[(foreign, "")]].concat()), untagged, "{foreign}");
        }
        for folder in ["doc", "site", "tmp", "larder", "larder/mine"] {
            let own = format!("{folder}/thesis.txt");
            assert_eq!(verdict(&[built[0], (&own, "")]), untagged, "{folder}");
        }
        assert_eq!(verdict(&[TAG, ("Cargo.toml", "")]), "holds sources");
    }

    /// ccache has a tag, and so have cargo's downloads.
    #[test]
    fn a_tag_alone_is_not_enough() {
        let ccache = ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# created by ccache.\n");
        let another = "has the CACHEDIR.TAG of another program";
        assert_eq!(verdict(&[ccache, ("photos/a.jpg", "")]), another);
        assert_eq!(verdict(&[ccache, (".rustc_info.json", "{}")]), another);
        let no_build = "has cargo's CACHEDIR.TAG, and no build in it";
        assert_eq!(verdict(&[TAG, ("photos/a.jpg", "")]), no_build);
        assert_eq!(verdict(&[TAG, ("cache/a.crate", ""), ("src/a/lib.rs", "")]), no_build);
        assert_eq!(verdict(&[TAG, ("debug/.cargo-lock", ""), ("photos/a.jpg", "")]), "accepted");
    }

    #[test]
    fn outside_of_the_workspace_a_folder_must_be_named() {
        let scratch = tempfile::tempdir().unwrap();
        let (root, target) = (scratch.path().join("work"), scratch.path().join("target"));
        for folder in [&root, &target, &root.join("target")] {
            fs_err::create_dir(folder).unwrap();
            fs_err::write(folder.join(TAG.0), TAG.1).unwrap();
        }
        for named in [None, Some(root.as_path())] {
            let error = GuardedFolder::check(&target, &root, named).unwrap_err();
            assert!(error.to_string().contains("was not named with --target-dir"), "{error}");
            assert!(GuardedFolder::check(&root.join("target"), &root, named).unwrap().is_some());
        }
        assert!(GuardedFolder::check(&target, &root, Some(&root.join("../target"))).unwrap().is_some());
    }

    #[test]
    fn the_workspace_is_never_inside_what_is_deleted() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("work");
        fs_err::create_dir_all(&root).unwrap();
        fs_err::write(scratch.path().join(TAG.0), TAG.1).unwrap();
        let error = GuardedFolder::check(scratch.path(), &root, None).unwrap_err();
        assert!(error.to_string().contains(" holds the workspace itself: "), "{error}");
        assert_eq!(GuardedFolder::check(&scratch.path().join("none"), &root, None).unwrap(), None);
    }
}
