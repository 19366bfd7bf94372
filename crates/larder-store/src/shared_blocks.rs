//! Files that share their blocks with another one, if the file system can do that.
//!
//! Trying it makes a file and removes it again if it cannot be done. For thousands of files that takes as long as copying
//! them, so it is tried once.

use std::{
    io::ErrorKind,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether files of one folder can share blocks with files of another one, as far as was seen.
#[derive(Debug, Default)]
pub(crate) struct SharedBlocks {
    failed: AtomicBool,
}

impl SharedBlocks {
    /// Makes a file that shares the blocks of another one. Returns whether it is there; nothing is otherwise.
    pub(crate) fn share(&self, from: &Path, to: &Path) -> bool {
        if !self.may_work() {
            return false;
        }
        let Err(error) = reflink_copy::reflink(from, to) else { return true };
        // Those are faults of the files, not of the file system.
        let is_of_files = [ErrorKind::AlreadyExists, ErrorKind::StorageFull].contains(&error.kind());
        if !is_of_files && from.is_file() {
            self.failed.store(true, Ordering::Relaxed);
        }
        false
    }

    /// Whether it is worth trying.
    pub(crate) fn may_work(&self) -> bool {
        !self.failed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_system_that_cannot_share_is_tried_once() {
        let dir = tempfile::tempdir().unwrap();
        let [none, file, new] = ["none", "file", "new"].map(|name| dir.path().join(name));
        let shared = SharedBlocks::default();
        assert!(!shared.share(&none, &new) && shared.may_work());
        fs_err::write(&file, "text").unwrap();
        // No file system shares blocks with that one.
        assert!(!shared.share(Path::new("/proc/version"), &new) && !shared.may_work());
        assert!(!new.exists());
        assert!(!shared.share(&file, &new));
    }
}
