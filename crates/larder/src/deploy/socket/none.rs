//! Sockets of a system that has none: they cannot be made.

use std::{
    io::{self, Read, Write},
    path::Path,
    time::Duration,
};

use crate::deploy::problem::Problem;

/// Never there.
pub(in crate::deploy) enum UnixStream {}

/// Never there.
pub(in crate::deploy) enum UnixListener {}

fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, Problem::System))
}

impl UnixStream {
    pub(in crate::deploy) fn connect(_path: impl AsRef<Path>) -> io::Result<Self> {
        refused()
    }

    pub(in crate::deploy) fn set_read_timeout(&self, _patience: Option<Duration>) -> io::Result<()> {
        match *self {}
    }

    pub(in crate::deploy) fn set_write_timeout(&self, _patience: Option<Duration>) -> io::Result<()> {
        match *self {}
    }
}

impl Read for UnixStream {
    fn read(&mut self, _bytes: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

impl Write for UnixStream {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }
}

impl UnixListener {
    pub(in crate::deploy) fn bind(_path: impl AsRef<Path>) -> io::Result<Self> {
        refused()
    }

    pub(in crate::deploy) fn incoming(&self) -> std::iter::Empty<io::Result<UnixStream>> {
        match *self {}
    }
}
