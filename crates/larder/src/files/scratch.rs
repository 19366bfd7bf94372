//! Temporary folders: for their owner's eyes alone, since environments and settings are in them, and swept by the next
//! run if a killed one left them.
//!
//! The process that made a folder holds a lock on it for as long as it lives. It must never sweep what somebody else
//! made or uses.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustix::fs::{FlockOperation, Mode, OFlags};

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
    _lock: OwnedFd,
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
        let lock = open(new.path()).map_err(std::io::Error::from)?;
        // If folders cannot be locked, nobody else can lock this one either, and it is swept by hand.
        let _ = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive);
        let name = new.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = parent.join(name.replace(NEW, PREFIX));
        fs_err::rename(new.path(), &path)?;
        // It is not there under that name any more.
        let _ = new.keep();
        Ok(Self { path, _lock: lock })
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

fn open(folder: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, Mode::empty())
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
        let Ok(folder) = open(&entry.path()) else { continue };
        let is_own =
            rustix::fs::fstat(&folder).is_ok_and(|stat| stat.st_uid == rustix::process::geteuid().as_raw());
        let made = entry.metadata().and_then(|facts| facts.modified());
        let is_young =
            made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age < MOMENT));
        let is_left = is_own && !(is_new && is_young);
        if is_left && rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

/// Waits until the run that made a folder has ended. Returns whether it was killed: one that ends by itself takes the
/// folder along.
pub fn is_orphaned(folder: &Path) -> bool {
    let Ok(open) = open(folder) else { return false };
    rustix::fs::flock(&open, FlockOperation::LockShared).is_ok() && folder.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_used_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let used = Scratch::new_in(parent.path()).unwrap();
        fs_err::write(used.path().join("file"), "").unwrap();
        let left = parent.path().join("larder-scratch-AbCdEf");
        let young = parent.path().join("larder-new-AbCdEf");
        for folder in [&left, &young] {
            fs_err::create_dir(folder).unwrap();
            fs_err::write(folder.join("calls.json"), "TOKEN").unwrap();
        }
        let linked = parent.path().join("larder-scratch-link");
        std::os::unix::fs::symlink(used.path(), &linked).unwrap();
        let other = Scratch::new_in(parent.path()).unwrap();
        assert!(!left.exists() && young.exists() && linked.is_symlink());
        assert!(used.path().join("file").exists());
        assert_eq!(fs_err::metadata(other.path()).unwrap().permissions().mode() & 0o777, 0o700);
        let path = other.path().to_owned();
        let watch = std::thread::spawn({
            let path = path.clone();
            move || is_orphaned(&path)
        });
        drop(other);
        assert!(!watch.join().unwrap() && !path.exists(), "it ended by itself");
    }
}
