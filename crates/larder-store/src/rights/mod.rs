//! Who may read and run a file, for each system: one module for each, with the same functions.
//!
//! Windows has no such bits: a file has the rights of its folder there, and a user's own folders are private.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{is_executable, make_private, new_private, set_runs, share};
#[cfg(windows)]
pub(crate) use windows::{is_executable, make_private, new_private, set_runs, share};
