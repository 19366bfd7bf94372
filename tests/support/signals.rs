//! Signals to processes that a test or a verb has started, sent without a program: not every machine has `kill`.

use anyhow::Context as _;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// Sends a signal to one process.
///
/// # Errors
/// If the process is gone, or belongs to somebody else.
pub fn send(process: u32, signal: Signal) -> anyhow::Result<()> {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let pid = pid.with_context(|| format!("{process} is no id of a process"))?;
    kill_process(pid, signal).with_context(|| format!("cannot send {signal:?} to the process {process}"))
}
