//! The portfolio's server as a child process on a free loopback port, and what it must answer.
//!
//! Shared by the browser test and by `cargo xtask build`.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use larder::process::{Cmd, Environment, Running};

use crate::signals::{self, Signal};

/// How long a single answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A site that answers at an address.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    addr: SocketAddr,
}

/// A running server of the site; killed when dropped.
#[derive(Debug)]
pub struct Server {
    running: Running,
    site: Site,
}

impl std::ops::Deref for Server {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

/// The server's answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Site {
    /// The site at an address.
    pub fn at(addr: SocketAddr) -> Self {
        Self { addr }
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Fetches a page.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Response> {
        let url = self.url(path);
        let mut response = agent().get(&url).call().with_context(|| format!("no answer from {url}"))?;
        let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = header.unwrap_or_default().to_owned();
        let body =
            response.body_mut().read_to_vec().with_context(|| format!("no whole answer from {url}"))?;
        Ok(Response { status: response.status().as_u16(), content_type, body })
    }

    /// Fetches the home page and everything that it needs in a browser; says what it found.
    ///
    /// # Errors
    /// Naming the address whose answer is wrong.
    pub fn check_home_page(&self) -> anyhow::Result<Vec<String>> {
        let home = self.get("/")?.text();
        ensure!(home.contains("<main"), "{} is not the rendered home page", self.url("/"));
        let mut found = vec![format!("{} {} bytes", self.url("/"), home.len())];
        let assets: [(&str, &str, &[u8]); 3] = [
            ("/pkg/portfolio.wasm", "application/wasm", b"\0asm"),
            ("/pkg/portfolio.js", "text/javascript", b""),
            ("/pkg/portfolio.css", "text/css", b""),
        ];
        for (path, content_type, magic) in assets {
            let asset = self.get(path)?;
            let url = self.url(path);
            ensure!(home.contains(path.trim_end_matches(".wasm")), "the home page does not name {path}");
            ensure!(asset.status == 200, "{url} answers {}", asset.status);
            ensure!(asset.content_type.starts_with(content_type), "{url} is {}", asset.content_type);
            ensure!(asset.body.starts_with(magic) && !asset.body.is_empty(), "{url} holds something else");
            found.push(format!("{url} {} bytes", asset.body.len()));
        }
        Ok(found)
    }

    /// Leaves a note in the guestbook as a browser without scripts does: by posting the page's form.
    ///
    /// # Errors
    /// When the page has no such form, or the note is not there afterwards.
    pub fn sign_guestbook(&self, name: &str, message: &str) -> anyhow::Result<()> {
        let page = self.get("/guestbook")?.text();
        let action = page.split("<form").find_map(|form| form.split_once("action=\"")).map(|(_, rest)| rest);
        let action = action.and_then(|rest| rest.split_once('"')).map(|(action, _)| action);
        let action = action.context("the guestbook's page has no form")?;
        let url = self.url(action);
        let response = agent()
            .post(&url)
            .header("Referer", self.url("/guestbook"))
            .send_form([("name", name), ("message", message)])
            .with_context(|| format!("no answer from {url}"))?;
        ensure!(response.status().as_u16() < 400, "{url} answers {}", response.status());
        ensure!(self.get("/guestbook")?.text().contains(message), "the note is not in the guestbook");
        Ok(())
    }
}

/// Answers of every status are answers.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    ureq::Agent::new_with_config(config.timeout_global(Some(PATIENCE)).http_status_as_error(false).build())
}

impl Server {
    /// Starts the binary with its database in `scratch`, and waits until it is healthy.
    ///
    /// # Errors
    /// When it cannot be started or does not become healthy, with its log.
    pub fn start(env: &Environment, binary: &Path, site: &Path, scratch: &Path) -> anyhow::Result<Self> {
        let addr = free_addr()?;
        let log = scratch.join("server.log");
        let database = scratch.join("portfolio.sqlite");
        let running = Cmd::new(binary, scratch, env)
            .env("LEPTOS_SITE_ADDR", addr.to_string())
            .env("LEPTOS_SITE_ROOT", site)
            .env("DATABASE_URL", format!("sqlite://{}", database.display()))
            .spawn_logged(&log)?;
        let mut server = Self { running, site: Site::at(addr) };
        server
            .wait_until_healthy()
            .with_context(|| format!("its log says: {}", fs_err::read_to_string(&log).unwrap_or_default()))?;
        Ok(server)
    }

    /// Asks it to stop, as a supervisor would; returns how long that took.
    ///
    /// # Errors
    /// When it does not stop, or not cleanly.
    pub fn stop(mut self) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        signals::send(self.running.id(), Signal::TERM)?;
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

    fn wait_until_healthy(&mut self) -> anyhow::Result<()> {
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
///
/// # Errors
/// When the machine has no loopback interface.
pub fn free_addr() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
