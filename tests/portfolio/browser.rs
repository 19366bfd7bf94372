//! Headless Chromium behind chromedriver.

use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use larder::process::{Cmd, Running};
use serde_json::{Value, json};

use crate::needs::Needs;
use larder_tests::site::free_addr;

/// A browser with one window, and the driver that controls it.
pub(crate) struct Browser {
    client: Client,
    // Killed when dropped; the browser itself ends with its session.
    _driver: Running,
}

impl Browser {
    /// Starts both with a fresh profile in `scratch`.
    pub(crate) async fn start(needs: &Needs, scratch: &Path) -> Result<Self> {
        let addr = free_addr()?;
        let driver = Cmd::new(&needs.chromedriver, scratch, &needs.env)
            // Chromium writes below the home folder; this one goes away with the test.
            .env("HOME", scratch)
            .arg(format!("--port={}", addr.port()))
            .spawn_logged(&scratch.join("chromedriver.log"))?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(addr).is_err() {
            ensure!(Instant::now() < deadline, "chromedriver does not listen on {addr}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities(needs, scratch))
            .connect(&format!("http://{addr}"))
            .await
            .context("cannot start a browser")?;
        Ok(Self { client, _driver: driver })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the session, and with it the browser, then the driver.
    pub(crate) async fn stop(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}

fn capabilities(needs: &Needs, scratch: &Path) -> Capabilities {
    let profile = format!("--user-data-dir={}", scratch.join("chromium").display());
    let args = [
        "--headless",
        // Chromium's sandbox refuses to run as root, as tests in containers do.
        "--no-sandbox",
        // Containers often have a tiny /dev/shm.
        "--disable-dev-shm-usage",
        "--disable-gpu",
        // The page under test is all it shall talk to.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-quic",
        "--no-first-run",
        "--window-size=1200,900",
        &profile,
    ];
    let wanted = json!({
        "goog:chromeOptions": { "binary": needs.chromium, "args": args },
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    match wanted {
        Value::Object(capabilities) => capabilities,
        _ => unreachable!("the literal above is an object"),
    }
}

/// The errors in the browser's console since the last call: exceptions, failed loads, panics of the WASM.
pub(crate) async fn severe_messages(client: &Client) -> Result<Vec<String>> {
    let messages = client.issue_cmd(BrowserLog).await?;
    let messages = messages.as_array().context("chromedriver's log is no list")?;
    Ok(messages
        .iter()
        .filter(|message| message["level"] == "SEVERE")
        .map(|message| message["message"].as_str().unwrap_or_default().to_owned())
        .collect())
}

/// Chromedriver's own way to the console; the `WebDriver` standard has none.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
