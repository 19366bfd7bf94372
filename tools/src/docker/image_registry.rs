//! A registry of images and caches on loopback, which counts what is pulled from it.
//!
//! It is Debian's `docker-registry`, started for one run and stopped with it. It must never listen anywhere else.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use larder::process::{Cmd, Environment, Running};
use serde_json::{Value, json};

use crate::listening;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running registry.
pub(crate) struct ImageRegistry {
    address: String,
    log: PathBuf,
    _running: Running,
}

impl ImageRegistry {
    /// Starts one that keeps what it holds in `folder`.
    pub(crate) fn start(env: &Environment, folder: &Path) -> anyhow::Result<Self> {
        let program = env.find_program("docker-registry").context("PATH has no docker-registry")?;
        fs_err::create_dir_all(folder)?;
        let port = listening::free_port()?;
        let address = format!("127.0.0.1:{port}");
        let config = json!({
            "version": "0.1",
            "log": { "level": "info", "formatter": "json" },
            "storage": { "filesystem": { "rootdirectory": folder.join("data") } },
            "http": { "addr": address },
        });
        // Every JSON text is a YAML text.
        let file = folder.join("config.yml");
        fs_err::write(&file, config.to_string())?;
        let log = folder.join("registry.log");
        let mut running = Cmd::new(program, folder, env).arg("serve").arg(&file).spawn_logged(&log)?;
        listening::wait("the registry", &mut running, port, &log, PATIENCE)?;
        Ok(Self { address, log, _running: running })
    }

    /// Host and port, as they stand in an image's name.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Bytes that it has sent so far.
    pub(crate) fn pulled(&self) -> anyhow::Result<u64> {
        Ok(fs_err::read_to_string(&self.log)?.lines().map(sent).sum())
    }
}

/// The bytes of the answer that a line of the log tells of, if it tells of one to a GET.
fn sent(line: &str) -> u64 {
    let Ok(entry) = serde_json::from_str::<Value>(line) else { return 0 };
    let is_get = entry["msg"] == "response completed" && entry["http.request.method"] == "GET";
    if is_get { entry["http.response.written"].as_u64().unwrap_or_default() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::sent;

    #[test]
    fn answers_to_get_are_counted_and_nothing_else() {
        for (method, message, bytes) in [
            ("GET", "response completed", 96),
            ("HEAD", "response completed", 0),
            ("GET", "authorized request", 0),
        ] {
            let line = format!(
                "{{\"http.request.method\":\"{method}\",\"http.response.written\":96,\"msg\":\"{message}\"}}"
            );
            assert_eq!(sent(&line), bytes, "{line}");
        }
        assert_eq!(sent("no JSON"), 0);
    }
}
