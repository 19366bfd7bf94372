//! The image, run as it is meant to be: not as root, on a read-only root file system, with a volume for its data.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use larder::docker::client::Client;
use larder_tests::site::Site;

use crate::log::Log;

/// How long a container may take to be called healthy: its first check comes after ten seconds.
const PATIENCE: Duration = Duration::from_secs(40);
/// The port that the example serves at.
const PORT: u16 = 3000;
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(1);

/// A container and its volume; both are gone when this is dropped.
struct Container<'a> {
    client: &'a Client,
    id: String,
    volume: String,
    keeps_volume: bool,
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.client.cmd().args(["rm", "--force", &self.id]).output();
        if !self.keeps_volume {
            let _ = self.client.cmd().args(["volume", "rm", &self.volume]).output();
        }
    }
}

/// Runs the image and requires everything of it that its users rely on.
pub(super) fn check(client: &Client, image: &str, log: &Log) -> anyhow::Result<()> {
    let volume = format!("larder-test-{}", std::process::id());
    let mut first = Container::start(client, image, &volume, PORT)?;
    first.keeps_volume = true;
    first.wait_until_healthy()?;
    let site = first.site(PORT)?;
    for line in site.check_home_page()? {
        log.step("Fetched", &line);
    }
    let message = format!("A note for the container {}", first.id.get(..12).unwrap_or_default());
    site.sign_guestbook("The image's test", &message)?;
    first.is_confined()?;
    let time = first.stop()?;
    log.step("Stopped", &format!("the container, {} ms after SIGTERM", time.as_millis()));
    drop(first);
    let second = Container::start(client, image, &volume, PORT)?;
    second.wait_until_healthy()?;
    let page = second.site(PORT)?.get("/guestbook")?.text();
    ensure!(page.contains(&message), "the guestbook forgot its entry with the container");
    log.step("Found", "the guestbook's entry in a new container with the same volume");
    Ok(())
}

/// Runs an image that serves at this port, and requires that its home page is the right one.
pub(crate) fn answers(client: &Client, image: &str, port: u16, page: &str) -> anyhow::Result<()> {
    let container = Container::start(client, image, &format!("larder-trial-{}", std::process::id()), port)?;
    let site = container.site(port)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match site.get("/").map(|answer| answer.text()) {
            Ok(text) if text.contains(page) => return Ok(()),
            Ok(text) => anyhow::bail!("the home page does not say {page:?}: {text}"),
            Err(error) => {
                ensure!(Instant::now() < deadline, "{error:#}; the container's log: {}", container.logs());
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

impl<'a> Container<'a> {
    fn start(client: &'a Client, image: &str, volume: &str, port: u16) -> anyhow::Result<Self> {
        let volume_word = format!("--volume={volume}:/data");
        let id = client
            .cmd()
            .args([
                "run",
                "--detach",
                "--read-only",
                &format!("--publish=127.0.0.1::{port}"),
                &volume_word,
                image,
            ])
            .output()?;
        Ok(Self { client, id: id.trim().to_owned(), volume: volume.to_owned(), keeps_volume: false })
    }

    fn ask(&self, format: &str) -> anyhow::Result<String> {
        let answer = self.client.cmd().args(["inspect", "--format", format, &self.id]).output()?;
        Ok(answer.trim().to_owned())
    }

    fn wait_until_healthy(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let health = self.ask("{{.State.Status}} {{.State.Health.Status}}")?;
            if health == "running healthy" {
                return Ok(());
            }
            ensure!(health.starts_with("running"), "the container ended: {health} {}", self.logs());
            ensure!(Instant::now() < deadline, "the container does not become healthy: {}", self.logs());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn logs(&self) -> String {
        self.client.cmd().args(["logs", &self.id]).output().unwrap_or_default()
    }

    fn site(&self, port: u16) -> anyhow::Result<Site> {
        let port = self.client.cmd().args(["port", &self.id, &format!("{port}/tcp")]).output()?;
        let address = port.lines().next().context("the container publishes no port")?;
        Ok(Site::at(address.parse().with_context(|| format!("{address:?} is no address"))?))
    }

    /// Neither its user nor its root file system lets it do more than it has to.
    fn is_confined(&self) -> anyhow::Result<()> {
        let user = self.ask("{{.Config.User}}")?;
        ensure!(!user.is_empty() && !user.starts_with('0') && user != "root", "it runs as {user:?}");
        ensure!(self.ask("{{.HostConfig.ReadonlyRootfs}}")? == "true", "its root file system can be written");
        Ok(())
    }

    fn stop(&self) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        self.client.cmd().args(["stop", "--time=10", &self.id]).output()?;
        let time = asked.elapsed();
        let code = self.ask("{{.State.ExitCode}}")?;
        ensure!(code == "0", "after SIGTERM the container ended with exit code {code}");
        ensure!(time < STOP, "the container took {time:?} to stop");
        Ok(time)
    }
}
