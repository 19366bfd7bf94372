//! A compiler that compiles chosen units and fails for all others: what cargo runs to rebuild a few units without what
//! stands on them.
//!
//! Whatever it compiles, it compiles exactly as cargo said.

use std::{ffi::OsString, path::Path};

use super::pretend::unit_of;
use crate::{
    cargo::command_line::text,
    error::Result,
    process::{Cmd, Environment},
};

/// The hashes of the units to compile; its presence makes the binary such a compiler.
pub(crate) const UNITS_VARIABLE: &str = "LARDER_REBUILD_UNITS";

/// Answers as a `rustc-wrapper`; returns the exit code.
///
/// # Errors
/// When the real compiler cannot be started.
pub(crate) fn run(env: &Environment, dir: &Path, args: &[OsString]) -> Result<i32> {
    let Some((real, words)) = args.get(1..).and_then(<[OsString]>::split_first) else { return Ok(2) };
    let chosen = env.get_str(UNITS_VARIABLE).unwrap_or_default();
    // Questions, and what build scripts try out, belong to no unit.
    match unit_of(&text(words)) {
        Some(unit) if !chosen.split(' ').any(|hash| hash == unit) => Ok(1),
        _ => Cmd::new(real, dir, env).args(words).exit_code(),
    }
}
