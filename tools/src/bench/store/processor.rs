//! The processor time of everything that a measured command starts, programs included that go on after it.
//!
//! Compiler caches leave a server behind, which does the compiling. This process becomes the parent of whatever loses
//! its own, and the time counts once such a program has ended.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

/// How long a server may take to end once it was told to.
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes this process the parent of all orphans among its descendants.
pub(super) fn adopt() -> anyhow::Result<()> {
    set_child_subreaper(Some(getpid())).context("orphans cannot be adopted")
}

/// Waits until no descendant is left.
pub(super) fn wait_for_all() -> anyhow::Result<()> {
    let start = Instant::now();
    loop {
        match wait(WaitOptions::NOHANG) {
            Err(rustix::io::Errno::CHILD) => return Ok(()),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for programs"),
        }
        ensure!(start.elapsed() < PATIENCE, "the run is void: a program that was started does not end");
    }
}

/// The processor time of programs that were started here and have ended, as `proc(5)` tells.
pub(super) fn seconds() -> anyhow::Result<f64> {
    /// Of Linux on every platform that it tells programs of.
    const TICKS_IN_A_SECOND: f64 = 100.0;
    let text = fs_err::read_to_string("/proc/self/stat").context("processor time is read on Linux alone")?;
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    // The third field is the first one after the name; those of children are the 16th and 17th.
    let ticks: Vec<u32> =
        fields.split_whitespace().skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    ensure!(ticks.len() == 2, "/proc/self/stat has another form");
    Ok(ticks.into_iter().map(f64::from).sum::<f64>() / TICKS_IN_A_SECOND)
}
