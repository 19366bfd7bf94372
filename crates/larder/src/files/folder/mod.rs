//! A folder that is held: whether it is still the one in its place, and a lock that others respect.
//!
//! It must never keep a folder from being deleted: that is for the lock of the whole tree to do.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::Folder;
#[cfg(windows)]
pub(crate) use windows::Folder;
