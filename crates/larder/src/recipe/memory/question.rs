//! Who asks the memory: a run with all that it was started with.
//!
//! It must never hold what a project says: that is read, and compared.

use std::{path::Path, time::SystemTime};

use crate::process::Environment;

/// The run that asks, with the folder that it was started in.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The environment of the process.
    pub env: &'a Environment,
    /// The working directory.
    pub dir: &'a Path,
    /// The user's `--manifest-path`.
    pub manifest: Option<&'a Path>,
    /// The user's `--target-dir`.
    pub target_dir: Option<&'a Path>,
    /// This program.
    pub program: &'a Path,
    /// The cargo that is asked.
    pub cargo: &'a Path,
    /// Whether nothing is to be written.
    pub check: bool,
    /// When this process began.
    pub started: SystemTime,
}
