//! The portfolio's server, as a child process on a free loopback port.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use larder::process::{Cmd, Environment, Running};

use crate::fetch::{self, Response};
use crate::needs::Needs;

/// A running server; killed when dropped.
pub(crate) struct Server {
    running: Running,
    addr: SocketAddr,
    scratch: PathBuf,
    env: Environment,
}

impl Server {
    /// Starts it with its database in `scratch`, and waits until it is healthy.
    pub(crate) fn start(needs: &Needs, scratch: &Path) -> Result<Self> {
        let addr = free_addr()?;
        let log = scratch.join("server.log");
        let database = scratch.join("portfolio.sqlite");
        let running = Cmd::new(&needs.server, scratch, &needs.env)
            .env("LEPTOS_SITE_ADDR", addr.to_string())
            .env("LEPTOS_SITE_ROOT", &needs.site)
            .env("DATABASE_URL", format!("sqlite://{}", database.display()))
            .spawn_logged(&log)?;
        let mut server = Self { running, addr, scratch: scratch.to_owned(), env: needs.env.clone() };
        server
            .wait_until_healthy()
            .with_context(|| format!("its log says: {}", fs_err::read_to_string(&log).unwrap_or_default()))?;
        Ok(server)
    }

    /// The address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Fetches a page.
    pub(crate) fn get(&self, path: &str) -> Result<Response> {
        fetch::get(self.addr, path)
    }

    /// Asks it to stop, as a supervisor would; returns how long that took.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let asked = Instant::now();
        let pid = self.running.id().to_string();
        Cmd::new("/bin/kill", &self.scratch, &self.env).args(["-TERM", &pid]).run()?;
        let deadline = asked + Duration::from_secs(5);
        let code = loop {
            if let Some(code) = self.running.try_exit_code()? {
                break code;
            }
            ensure!(Instant::now() < deadline, "the server ignores SIGTERM");
            std::thread::sleep(Duration::from_millis(10));
        };
        ensure!(code == 0, "after SIGTERM the server ended with exit code {code}");
        Ok(asked.elapsed())
    }

    fn wait_until_healthy(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(code) = self.running.try_exit_code()? {
                bail!("the server ended at once with exit code {code}");
            }
            if self.get("/health").is_ok_and(|health| health.status == 200) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server does not become healthy");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A port that was free a moment ago. Nothing else on the machine is likely to take it in between.
pub(crate) fn free_addr() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
