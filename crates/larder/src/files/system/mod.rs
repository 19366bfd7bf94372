//! The questions about files that each system answers in its own way: one module for each, with the same functions.
//!
//! They must never follow a link in the last step of a path, except for opening a file to read it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{facts, list, open, open_untouched, too_deep};
#[cfg(windows)]
pub(super) use windows::{facts, list, open, open_untouched, too_deep};
