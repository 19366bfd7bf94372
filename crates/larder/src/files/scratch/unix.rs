//! A folder is held by a lock on the folder itself.
//!
//! It must never follow a link, and never take a folder of another user for a left one.

use std::{io, os::fd::OwnedFd, path::Path};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

/// The lock on a folder; free when it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    _folder: OwnedFd,
}

impl Hold {
    /// Holds a folder that is going to be renamed.
    pub(super) fn take(new: &Path, _later: &Path) -> io::Result<Self> {
        let folder = open(new)?;
        // If folders cannot be locked, nobody else can lock this one either, and it is swept by hand.
        let _ = flock(&folder, FlockOperation::NonBlockingLockExclusive);
        Ok(Self { _folder: folder })
    }

    /// Holds a folder of this user's that nobody holds.
    pub(super) fn of_a_left_one(path: &Path) -> Option<Self> {
        let folder = open(path).ok()?;
        let owner = rustix::fs::fstat(&folder).ok()?.st_uid;
        let is_left = owner == rustix::process::geteuid().as_raw()
            && flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok();
        is_left.then_some(Self { _folder: folder })
    }

    /// Waits until nobody holds a folder that is there.
    pub(super) fn is_over(path: &Path) -> bool {
        open(path).is_ok_and(|folder| flock(&folder, FlockOperation::LockShared).is_ok())
    }
}

fn open(folder: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, Mode::empty())
}
