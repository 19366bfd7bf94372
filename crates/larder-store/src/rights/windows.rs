//! Rights come from the folder that a file is in, and its name says whether it is a program.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

#[expect(clippy::unnecessary_wraps, reason = "other systems ask the file")]
pub(crate) fn is_executable(path: &Path) -> io::Result<bool> {
    Ok(path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("exe")))
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn set_runs(_file: &File, _runs: bool) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn share(_file: &File) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn make_private(_folder: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn new_private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}
