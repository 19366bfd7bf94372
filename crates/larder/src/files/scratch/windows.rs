//! Windows locks no folders, so a folder is held by a lock on a file beside it.
//!
//! It must never take a folder without such a file for a left one.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// The lock of a folder; free, and its file gone, when it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    path: PathBuf,
    _file: File,
}

impl Hold {
    /// Holds a folder that is going to be renamed.
    pub(super) fn take(_new: &Path, later: &Path) -> io::Result<Self> {
        let path = beside(later);
        let file = fs_err::OpenOptions::new().write(true).create_new(true).open(&path)?.into_file();
        // If files cannot be locked, nobody else can lock this one either, and the folder is swept by hand.
        let _ = file.try_lock();
        Ok(Self { path, _file: file })
    }

    /// Holds a folder that nobody holds. Folders for temporary files are each user's own here.
    pub(super) fn of_a_left_one(folder: &Path) -> Option<Self> {
        let is_folder = folder.symlink_metadata().is_ok_and(|facts| facts.is_dir());
        let path = beside(folder);
        let file = is_folder.then(|| open(&path).ok())??;
        file.try_lock().ok()?;
        Some(Self { path, _file: file })
    }

    /// Waits until nobody holds a folder that is there.
    pub(super) fn is_over(folder: &Path) -> bool {
        open(&beside(folder)).is_ok_and(|file| file.lock_shared().is_ok())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Without its folder the file says nothing.
        let _ = fs_err::remove_file(&self.path);
    }
}

fn beside(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folder.with_file_name(format!("lock-of-{name}"))
}

fn open(path: &Path) -> io::Result<File> {
    Ok(fs_err::OpenOptions::new().read(true).write(true).open(path)?.into_file())
}
