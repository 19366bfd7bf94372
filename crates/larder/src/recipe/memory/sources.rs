//! Folders of sources that configuration names: vendored packages, local registries, and packages in the place of
//! others.
//!
//! They can be large, so they are told by names, sizes and times, and only what planning reads. It must never look at
//! more than so many files: what is larger is not remembered.

use std::{
    ffi::OsStr,
    fs::Metadata,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::names::entries;

/// So many packages, or files of an index, may be in a folder.
const MOST: usize = 4096;
/// So many folders may be in one that takes the place of others.
const MOST_FOLDERS: usize = 1024;
/// The folder of a local registry that says what its packages are.
const INDEX: &str = "index";
/// The files of a vendored package that planning reads. A new target is a new name in a folder.
const READ: [&str; 4] = ["", "Cargo.toml", ".cargo-checksum.json", "src"];

/// The entries of a folder of vendored packages or a local registry, in a line for each; `None` if there are too many.
pub(super) fn stamps(folder: &Path) -> Option<Vec<String>> {
    let real = fs_err::canonicalize(folder).unwrap_or_default();
    let mut lines = vec![real.display().to_string()];
    let mut open: Vec<PathBuf> = Vec::new();
    for path in inside(folder) {
        if path.is_dir() && path.file_name() == Some(OsStr::new(INDEX)) {
            open.push(path);
        } else if path.is_dir() {
            lines.extend(READ.map(|name| stamp(&path.join(name))));
        } else {
            lines.push(stamp(&path));
        }
    }
    while let Some(folder) = open.pop() {
        for path in inside(&folder) {
            if path.is_dir() && !path.is_symlink() { open.push(path) } else { lines.push(stamp(&path)) }
        }
        if open.len() + lines.len() > MOST * READ.len() {
            return None;
        }
    }
    (lines.len() <= MOST * READ.len()).then_some(lines)
}

/// A folder and those below it, as far as cargo looks for packages there; `None` if there are too many.
pub(super) fn folders(top: &Utf8Path) -> Option<Vec<Utf8PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![top.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let is_hidden = entry.file_name().starts_with('.');
            let is_built = entry.file_name() == "target" && folder.join("Cargo.toml").is_file();
            if !is_hidden && !is_built && entry.path().is_dir() {
                open.push(entry.into_path());
            }
        }
        found.push(folder);
        // A link that leads back up ends here, too.
        if found.len() + open.len() > MOST_FOLDERS {
            return None;
        }
    }
    Some(found)
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().map(|(name, _)| folder.join(name)).collect()
}

fn stamp(path: &Path) -> String {
    let facts = fs_err::metadata(path);
    let facts = facts.map_or_else(|_| "none".into(), |facts| format!("{} {}", facts.len(), changed(&facts)));
    format!("{} {facts}", path.display())
}

/// When a file was changed last, in nanoseconds.
pub(super) fn changed(facts: &Metadata) -> u128 {
    let time = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    time.unwrap_or_default().as_nanos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    #[test]
    fn what_planning_reads_is_told() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path();
        for path in ["a/Cargo.toml", "a/.cargo-checksum.json", "a/src/lib.rs", "x.crate", "index/3/a/abc"] {
            write(&folder.join(path), "");
        }
        let mut before = stamps(folder).unwrap();
        assert_eq!(before, stamps(folder).unwrap());
        for path in [
            "a/Cargo.toml",
            "a/.cargo-checksum.json",
            "a/src/main.rs",
            "a/build.rs",
            "b/Cargo.toml",
            "x.crate",
            "y.crate",
            "index/3/a/abc",
            "index/3/a/abd",
        ] {
            write(&folder.join(path), "more");
            let after = stamps(folder).unwrap();
            assert_ne!(before, after, "{path}");
            before = after;
        }
        write(&folder.join("a/src/lib.rs"), "more");
        assert_eq!(before, stamps(folder).unwrap(), "what only compiling reads");
        assert_ne!(before, stamps(&folder.join("gone")).unwrap());
    }

    #[test]
    fn packages_are_looked_for_at_any_depth() {
        let scratch = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(scratch.path()).unwrap();
        for path in ["a/b/Cargo.toml", "a/b/target/c/x", ".git/x", "target/x"] {
            write(top.join(path).as_std_path(), "");
        }
        let mut found = folders(top).unwrap();
        found.sort();
        assert_eq!(found, ["", "a", "a/b", "target"].map(|path| top.join(path)));
    }

    #[cfg(unix)]
    #[test]
    fn a_circle_of_links_is_not_remembered() {
        let scratch = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(scratch.path()).unwrap();
        for name in ["one", "two"] {
            std::os::unix::fs::symlink(top, top.join(name)).unwrap();
        }
        assert_eq!(folders(top), None);
    }
}
