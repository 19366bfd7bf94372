//! Servers that are started for a test: a port for one, and the wait until it listens.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;
use larder::process::Running;

/// A port of loopback that is free now, and in a moment the server's.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Waits until a server takes connections; its log is in the error if it does not.
pub(crate) fn wait(
    name: &str,
    running: &mut Running,
    port: u16,
    log: &Path,
    patience: Duration,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + patience;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        ensure!(running.try_exit_code()?.is_none(), "{name} ended at once: {}", said(log));
        ensure!(Instant::now() < deadline, "{name} does not answer: {}", said(log));
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Everything that a server wrote into its log; nothing if there is none.
pub(crate) fn said(log: &Path) -> String {
    fs_err::read_to_string(log).unwrap_or_default()
}
