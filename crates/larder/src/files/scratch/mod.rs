//! Temporary folders: for their owner's eyes alone, since environments and settings are in them, and swept by the next
//! run if a killed one left them.
//!
//! The process that made a folder holds a lock on it for as long as it lives. It must never sweep what somebody else
//! made or uses.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

#[cfg(unix)]
use unix::Hold;
#[cfg(windows)]
use windows::Hold;

use crate::error::Result;

/// How folders are named, so that they are found again.
const PREFIX: &str = "larder-scratch-";
/// How they are named before they are locked.
const NEW: &str = "larder-new-";

/// A temporary folder; gone when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Released after the folder is gone.
    _hold: Hold,
}

impl Scratch {
    /// Makes a folder, and sweeps those that killed runs left.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Self> {
        Self::new_in(&tempfile::env::temp_dir())
    }

    fn new_in(parent: &Path) -> Result<Self> {
        sweep(parent);
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let new = builder.prefix(NEW).tempdir_in(parent)?;
        let name = new.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = parent.join(name.replace(NEW, PREFIX));
        let hold = Hold::take(new.path(), &path)?;
        fs_err::rename(new.path(), &path)?;
        // It is not there under that name any more.
        let _ = new.keep();
        Ok(Self { path, _hold: hold })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that cannot be removed now is swept by the next run.
        let _ = fs_err::remove_dir_all(&self.path);
    }
}

/// Removes the folders of this user's runs that were killed. A failed deletion is no fault of this run.
fn sweep(parent: &Path) {
    /// A folder is locked the moment after it is made.
    const MOMENT: Duration = Duration::from_mins(1);
    for entry in fs_err::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_new = name.starts_with(NEW);
        if !is_new && !name.starts_with(PREFIX) {
            continue;
        }
        let made = entry.metadata().and_then(|facts| facts.modified());
        let is_young =
            made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age < MOMENT));
        if is_new && is_young {
            continue;
        }
        // Held until it is gone.
        if let Some(_hold) = Hold::of_a_left_one(&entry.path()) {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

/// Waits until the run that made a folder has ended. Returns whether it was killed: one that ends by itself takes the
/// folder along.
pub fn is_orphaned(folder: &Path) -> bool {
    Hold::is_over(folder) && folder.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_used_stays() {
        let parent = tempfile::tempdir().unwrap();
        let used = Scratch::new_in(parent.path()).unwrap();
        fs_err::write(used.path().join("file"), "").unwrap();
        let left = parent.path().join("larder-scratch-AbCdEf");
        let young = parent.path().join("larder-new-AbCdEf");
        for folder in [&left, &young] {
            fs_err::create_dir(folder).unwrap();
            fs_err::write(folder.join("calls.json"), "TOKEN").unwrap();
        }
        #[cfg(windows)]
        fs_err::write(parent.path().join("lock-of-larder-scratch-AbCdEf"), "").unwrap();
        let linked = parent.path().join("larder-scratch-link");
        #[cfg(unix)]
        std::os::unix::fs::symlink(used.path(), &linked).unwrap();
        let other = Scratch::new_in(parent.path()).unwrap();
        assert!(!left.exists() && young.exists() && linked.is_symlink() == cfg!(unix));
        assert!(used.path().join("file").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs_err::metadata(other.path()).unwrap().permissions().mode() & 0o777, 0o700);
        }
        let path = other.path().to_owned();
        let watch = std::thread::spawn({
            let path = path.clone();
            move || is_orphaned(&path)
        });
        drop(other);
        assert!(!watch.join().unwrap() && !path.exists(), "it ended by itself");
    }
}
