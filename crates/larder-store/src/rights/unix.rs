//! The permission bits of Unix.

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

/// Whether anybody may run a file.
pub(crate) fn is_executable(path: &Path) -> io::Result<bool> {
    Ok(fs_err::metadata(path)?.permissions().mode() & 0o111 != 0)
}

/// Gives a restored file the rights that cargo and rustc give it.
pub(crate) fn set_runs(file: &File, runs: bool) -> io::Result<()> {
    let mode = if runs { 0o755 } else { 0o644 };
    file.set_permissions(Permissions::from_mode(mode))
}

/// Lets everybody read a file.
pub(crate) fn share(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o644))
}

/// Keeps others out of a folder.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    fs_err::set_permissions(folder, Permissions::from_mode(0o700))
}

/// For a new file that nobody else can read.
pub(crate) fn new_private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}
