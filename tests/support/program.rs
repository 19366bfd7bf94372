//! Programs that a test writes itself, in the place of real ones.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

/// Writes a program that everybody can run, making its folder.
///
/// # Panics
/// When it cannot be written.
pub fn write_program(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    let path = path.as_ref();
    fs_err::create_dir_all(path.parent().expect("programs are in a folder")).expect("the folder can be made");
    fs_err::write(path, text).expect("the program can be written");
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("the program can be run");
}
