//! Putting a whole `larder/` folder in place at once: it is built beside the old one, at the same depth so
//! that relative paths in recipes hold, and then exchanged. Killed at any moment, either the old folder or the
//! new one is there; on a file system that cannot exchange folders, the old one may lie aside until the next
//! run, which [`recover`]s it.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::error::Result;

/// Fixed, since only the holder of the lock is here, so that a killed run's folder is found again.
pub(super) const NAME: &str = ".larder-staging";

/// A folder that will become `larder/`; removed when dropped before that.
pub(super) struct Staging {
    dir: Utf8PathBuf,
}

impl Staging {
    /// Starts in an empty folder beside `larder/`; what a killed run left was [`recover`]ed before.
    pub(super) fn new(root: &Utf8Path) -> Result<Self> {
        let dir = root.join(NAME);
        fs_err::create_dir(&dir)?;
        Ok(Self { dir })
    }

    pub(super) fn dir(&self) -> &Utf8Path {
        &self.dir
    }

    /// Makes a folder, with those that it lies in.
    pub(super) fn make_folder(&self, path: &Utf8Path) -> Result<()> {
        Ok(fs_err::create_dir_all(self.dir.join(path))?)
    }

    /// Writes a file, making its folders.
    pub(super) fn write(&self, path: &Utf8Path, text: &str) -> Result<()> {
        let path = self.dir.join(path);
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        Ok(fs_err::write(path, text)?)
    }

    /// Takes a file or folder over from the old `larder/` as it is, with its modification times.
    pub(super) fn keep(&self, larder_dir: &Utf8Path, name: &Utf8Path) -> Result<()> {
        link_tree(&larder_dir.join(name), &self.dir.join(name))
    }

    /// Removes a folder that is half-written, if it is there.
    pub(super) fn remove(&self, path: &Utf8Path) -> Result<()> {
        let path = self.dir.join(path);
        if path.exists() {
            fs_err::remove_dir_all(path)?;
        }
        Ok(())
    }

    /// Makes this folder the `larder/` folder, if `check` agrees once it is in its place: otherwise everything is put
    /// back as it was.
    pub(super) fn commit(self, larder_dir: &Utf8Path, check: impl FnOnce() -> Result<()>) -> Result<()> {
        if !larder_dir.exists() {
            fs_err::rename(&self.dir, larder_dir)?;
            return check().or_else(|error| {
                fs_err::rename(larder_dir, &self.dir)?;
                Err(error)
            });
        }
        if exchange(&self.dir, larder_dir).is_ok() {
            return check().or_else(|error| {
                exchange(&self.dir, larder_dir)?;
                Err(error)
            });
        }
        let old = aside(&self.dir);
        fs_err::rename(larder_dir, &old)?;
        let placed = fs_err::rename(&self.dir, larder_dir).map_err(Into::into).and_then(|()| check());
        if let Err(error) = placed {
            if larder_dir.exists() {
                fs_err::rename(larder_dir, &self.dir)?;
            }
            fs_err::rename(&old, larder_dir)?;
            return Err(error);
        }
        fs_err::remove_dir_all(&old)?;
        Ok(())
    }
}

fn exchange(one: &Utf8Path, other: &Utf8Path) -> std::io::Result<()> {
    Ok(renameat_with(CWD, one.as_str(), CWD, other.as_str(), RenameFlags::EXCHANGE)?)
}

/// Puts back what a run left aside that was killed between two renames, and sweeps what it left half-written,
/// before anything is read.
pub(super) fn recover(root: &Utf8Path, larder_dir: &Utf8Path) -> Result<()> {
    let unfinished = root.join(NAME);
    let old = aside(&unfinished);
    if old.exists() && !larder_dir.exists() {
        fs_err::rename(&old, larder_dir)?;
    }
    for left in [old, unfinished] {
        if left.exists() {
            fs_err::remove_dir_all(left)?;
        }
    }
    Ok(())
}

/// Where the old folder lies between two renames.
fn aside(dir: &Utf8Path) -> Utf8PathBuf {
    dir.with_extension("old")
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next run.
        let _ = fs_err::remove_dir_all(&self.dir);
    }
}

fn link_tree(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    if fs_err::symlink_metadata(from)?.is_dir() {
        fs_err::create_dir_all(to)?;
        for entry in from.read_dir_utf8()? {
            let entry = entry?;
            link_tree(entry.path(), &to.join(entry.file_name()))?;
        }
    } else if fs_err::hard_link(from, to).is_err() {
        fs_err::copy(from, to)?;
    }
    Ok(())
}
