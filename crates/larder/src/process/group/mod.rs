//! A program and all that it starts, ended together: what a build script started would go on to write into a folder that
//! somebody else uses by then.
//!
//! It must never end a process that it did not start.

#[cfg(not(unix))]
mod none;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use none::Group;
#[cfg(unix)]
pub(super) use unix::Group;
