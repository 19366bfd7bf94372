//! The process as it was started.

use std::{ffi::OsString, path::Path};

use crate::process::Environment;

/// The process as it was started.
#[derive(Debug, Clone, Copy)]
pub struct Process<'a> {
    /// Its environment.
    pub env: &'a Environment,
    /// Its working directory.
    pub dir: &'a Path,
    /// This binary.
    pub program: &'a Path,
    /// Its arguments, with the name that it was called by.
    pub args: &'a [OsString],
}
