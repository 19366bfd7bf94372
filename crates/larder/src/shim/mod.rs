//! Programs that cargo and build drivers start in the place of others: the recording cargo, the stand-in rustc, the
//! compiler that compiles nothing, and the one that compiles chosen units. A program that uses this library is all of
//! them, told apart by its environment and its name, so it has to call [`answer`] before anything else.
//!
//! None of them may change what is built.

pub(crate) mod chosen;
pub(crate) mod markers;
pub mod pretend;
mod process;
pub mod recorder;
pub mod stand_in;

use std::{io::Write, path::Path};

use crate::{error::Result, files::scratch, process::launched};
pub use process::Process;

/// Does what this process was started for, if it was started in the place of another program, and returns its exit code;
/// `None` if it was started for itself. The first thing that a program calls that uses this library: cargo starts it
/// again as a compiler, or as cargo.
///
/// If the Larder that a recording cargo works for was killed, this process ends with it.
///
/// # Errors
/// If the program in whose place it was started cannot be started itself.
pub fn answer(process: Process<'_>, out: &mut dyn Write) -> Result<Option<i32>> {
    markers::note_answer();
    if let Some(error) = launched(process.args) {
        return Err(error.into());
    }
    if process.env.get(pretend::SKELETON_VARIABLE).is_some() {
        return pretend::run(process.env, process.dir, process.args, out).map(Some);
    }
    if process.env.get(chosen::UNITS_VARIABLE).is_some() {
        return chosen::run(process.env, process.dir, process.args).map(Some);
    }
    if let Some(recording) = recorder::Recording::find(process)? {
        end_with_owner(recording.folder());
        return recording.run(out).map(Some);
    }
    if process.env.get(stand_in::HOST_VARIABLE).is_some() {
        let args = process.args.get(1..).unwrap_or_default();
        return stand_in::run(process.env, process.dir, args, out).map(Some);
    }
    Ok(None)
}

/// A recording cargo whose Larder was killed is for nothing, and so is the cargo that it runs, which ends with it.
fn end_with_owner(folder: &Path) {
    /// As after SIGTERM.
    const TERMINATED: i32 = 128 + 15;
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        if scratch::is_orphaned(&folder) {
            std::process::exit(TERMINATED);
        }
    });
}
