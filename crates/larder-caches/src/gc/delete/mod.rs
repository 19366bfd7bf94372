//! Deletes entries below one folder, and nothing else.
//!
//! No symlink is followed and no mount is crossed. A failure at one entry is written down and the rest goes on.
//! It must never be given a folder that has not been through [`guard`](super::guard).

mod outcome;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use outcome::{Deleted, Failure, Left};
#[cfg(unix)]
pub use unix::Deleter;
#[cfg(windows)]
pub use windows::Deleter;
