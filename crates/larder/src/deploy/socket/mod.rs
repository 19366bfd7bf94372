//! Sockets that are files, which `ssh` forwards; on systems without them, a deployment is refused before its first step.
//!
//! It must never stand in for a socket by something that others reach, such as a port.

#[cfg(not(unix))]
mod none;

#[cfg(not(unix))]
pub(super) use none::{UnixListener, UnixStream};
#[cfg(unix)]
pub(super) use std::os::unix::net::{UnixListener, UnixStream};

use super::problem::Problem;

/// Refuses to go on if this system has none.
pub(super) fn refuse_without() -> Result<(), Problem> {
    if cfg!(unix) { Ok(()) } else { Err(Problem::System) }
}
