//! The server's engine, spoken to by the ordinary Docker client over the forwarded socket.
//!
//! It must never give the value of a variable on a command line: environments go by files.

use std::path::Path;

use serde_json::Value;

use super::{
    problem::Problem,
    release::{self, Labels, NEW, Release},
};
use crate::{
    docker::client::Client,
    error::{Error, Result},
    process::{Cmd, Environment, Stderr},
};

/// The engine behind a socket.
#[derive(Debug)]
pub(super) struct Engine {
    client: Client,
    host: String,
}

/// The engine's description of itself.
#[derive(Debug)]
pub(super) struct About {
    pub(super) version: String,
    /// In Docker's word.
    pub(super) architecture: String,
    /// Where it keeps its data.
    pub(super) folder: String,
    /// Its name in a Swarm that it manages.
    pub(super) node: Option<String>,
}

/// An image's description of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InspectedImage {
    pub(super) id: String,
    pub(super) architecture: String,
    pub(super) ports: Vec<u16>,
    pub(super) has_health_check: bool,
}

/// A container to be.
#[derive(Debug)]
pub(super) struct Container<'a> {
    pub(super) labels: &'a Labels,
    pub(super) image: &'a str,
    /// The port that the program listens on.
    pub(super) port: u16,
    /// A volume, as `NAME:PATH`.
    pub(super) volume: Option<String>,
    pub(super) env_file: Option<&'a Path>,
    pub(super) memory: Option<&'a str>,
}

impl Engine {
    /// A client for the engine at this address.
    pub(super) fn new(env: &Environment, address: &str, host: &str) -> Result<Self> {
        let mut env = env.clone();
        for name in
            ["DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER"]
        {
            env.unset(name);
        }
        env.set("DOCKER_HOST", address);
        Ok(Self { client: Client::find(&env)?, host: host.to_owned() })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn cmd(&self, words: &[&str]) -> Cmd {
        self.client.cmd().args(words.iter().copied())
    }

    /// Asks for its version, its processor and its folder.
    pub(super) fn about(&self) -> Result<About> {
        const FORMAT: &str = "{{.ServerVersion}}\t{{.Architecture}}\t{{.DockerRootDir}}\t\
                              {{.Swarm.ControlAvailable}}\t{{.Swarm.NodeID}}";
        let answer = self.cmd(&["info", "--format", FORMAT]).output().map_err(|error| match error {
            Error::Failed { stderr, .. } => Error::from(Problem::Server {
                host: self.host.clone(),
                what: format!("the Docker engine does not answer: {}", last_line(&stderr)),
                hint: "start it there; `docker info` on the server says more",
            }),
            other => other,
        })?;
        let mut words = answer.trim().split('\t').map(str::to_owned);
        let [version, architecture, folder, is_manager, node] =
            std::array::from_fn(|_| words.next().unwrap_or_default());
        let architecture = match architecture.as_str() {
            "x86_64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            _ => architecture,
        };
        Ok(About { version, architecture, folder, node: Some(node).filter(|_| is_manager == "true") })
    }

    /// All containers of a service, the newest release first.
    pub(super) fn releases(&self, service: &str) -> Result<Vec<Release>> {
        let ids = self.cmd(&["ps", "-aq", "--no-trunc", "--filter", &Labels::filter(service)]).output()?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        self.inspect(&ids)
    }

    /// One container; `None` if it is gone.
    pub(super) fn release(&self, container: &str) -> Result<Option<Release>> {
        Ok(self.inspect(&[container])?.into_iter().next())
    }

    fn inspect(&self, ids: &[&str]) -> Result<Vec<Release>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let cmd = self.cmd(&["container", "inspect"]).args(ids.iter().copied());
        let answer = match cmd.output() {
            Err(Error::Failed { stderr, .. }) if stderr.contains("No such container") => {
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        release::read(&answer).map_err(|error| cmd.unreadable(&error))
    }

    /// An image; `None` if the engine does not have it.
    pub(super) fn image(&self, image: &str) -> Result<Option<InspectedImage>> {
        let cmd = self.cmd(&["image", "inspect", image]);
        let answer = match cmd.output() {
            Err(Error::Failed { stderr, .. }) if stderr.contains("No such image") => return Ok(None),
            answer => answer?,
        };
        let value: Value = serde_json::from_str(&answer).map_err(|error| cmd.unreadable(&error))?;
        Ok(Some(read_image(&value[0])))
    }

    /// Makes a container that does not run yet, and gives its id.
    pub(super) fn create(&self, container: &Container<'_>) -> Result<String> {
        let Container { labels, image, port, volume, env_file, memory } = container;
        let mut cmd = self.cmd(&["create", "--name"]);
        cmd = cmd.arg(format!("{}-{}{NEW}", labels.service, labels.release));
        cmd = cmd.arg(format!("--publish=127.0.0.1:{}:{port}", labels.port));
        cmd = cmd.args(labels.words().into_iter().map(|word| format!("--label={word}")));
        cmd = cmd.args(volume.iter().map(|volume| format!("--volume={volume}")));
        cmd = cmd.args(memory.iter().map(|memory| format!("--memory={memory}")));
        // Without it the release would go on in what it swaps out.
        cmd = cmd.args(memory.iter().map(|memory| format!("--memory-swap={memory}")));
        if let Some(file) = env_file {
            cmd = cmd.arg("--env-file").arg(*file);
        }
        Ok(cmd.arg(*image).output()?.trim().to_owned())
    }

    /// Starts a container on its port.
    pub(super) fn start(&self, release: &Release) -> Result<()> {
        self.cmd(&["start", &release.container]).output().map(drop).map_err(|error| match error {
            Error::Failed { stderr, .. } if is_port_taken(&stderr) => Problem::Server {
                host: self.host.clone(),
                what: format!("port {} is taken by something else", release.labels.port),
                hint: "end what has it, or set `ports` to two that are free",
            }
            .into(),
            other => other,
        })
    }

    /// Ends a container by SIGTERM, and after these seconds by force.
    pub(super) fn stop(&self, container: &str, seconds: u64) -> Result<()> {
        self.cmd(&["stop", "--time", &seconds.to_string(), container]).output().map(drop)
    }

    pub(super) fn remove(&self, container: &str) -> Result<()> {
        self.cmd(&["rm", "--force", container]).output().map(drop)
    }

    /// Removes an image, unless something else is made of it.
    pub(super) fn remove_image(&self, image: &str) {
        // An image that is used or gone is no reason to fail.
        let _ = self.cmd(&["rmi", image]).output();
    }

    /// Marks a container as one that serves. From now on the engine starts it again if it ends: done earlier that would
    /// hide why a bad one ended.
    pub(super) fn mark_served(&self, release: &Release) -> Result<()> {
        self.cmd(&["update", "--restart", "unless-stopped", &release.container]).output()?;
        let Labels { service, release: name, .. } = &release.labels;
        self.cmd(&["rename", &release.container, &format!("{service}-{name}")]).output().map(drop)
    }

    /// The last lines of a container's log, from both streams.
    pub(super) fn last_lines(&self, container: &str, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let cmd = self.cmd(&["logs", "--timestamps", "--tail", &count.to_string(), container]);
        // The client keeps the container's streams apart; the time puts them in order again.
        let _ = cmd.each_line(Stderr::Dropped, |line| lines.extend(time_and_text(line)));
        let _ = cmd.each_error_line(|line| lines.extend(time_and_text(line)));
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        let from = lines.len().saturating_sub(count);
        lines.into_iter().skip(from).map(|(_, text)| text).collect()
    }

    /// The environment that a container was started with, as a file of variables. One of several lines has no place there,
    /// and comes from the image anyway.
    pub(super) fn environment(&self, container: &str) -> Result<String> {
        let cmd = self.cmd(&["container", "inspect", "--format", "{{json .Config.Env}}", container]);
        let all: Option<Vec<String>> =
            serde_json::from_str(cmd.output()?.trim()).map_err(|error| cmd.unreadable(&error))?;
        let all = all.unwrap_or_default().into_iter().filter(|variable| !variable.contains('\n'));
        Ok(all.map(|variable| variable + "\n").collect())
    }

    /// The call that shows the log of a container.
    pub(super) fn logs(&self, container: &str) -> Cmd {
        self.cmd(&["logs", "--tail", "200", container])
    }
}

fn time_and_text(line: &str) -> Option<(String, String)> {
    let (time, text) = line.split_once(' ')?;
    Some((time.to_owned(), text.to_owned()))
}

fn is_port_taken(stderr: &str) -> bool {
    ["port is already allocated", "address already in use", "failed to bind"]
        .iter()
        .any(|words| stderr.contains(words))
}

pub(super) fn last_line(text: &str) -> String {
    text.trim().lines().last().unwrap_or_default().to_owned()
}

fn read_image(value: &Value) -> InspectedImage {
    let config = &value["Config"];
    let ports = config["ExposedPorts"].as_object().into_iter().flat_map(|ports| ports.keys());
    let port = |name: &String| name.strip_suffix("/tcp").unwrap_or(name).parse::<u16>().ok();
    let test = config["Healthcheck"]["Test"].as_array();
    InspectedImage {
        id: value["Id"].as_str().unwrap_or_default().to_owned(),
        architecture: value["Architecture"].as_str().unwrap_or_default().to_owned(),
        ports: ports.filter_map(port).collect(),
        has_health_check: test.is_some_and(|test| !test.is_empty() && test[0] != "NONE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read() {
        let value = serde_json::json!({ "Id": "sha256:1", "Architecture": "amd64", "Config": {
            "ExposedPorts": { "8080/tcp": {}, "53/udp": {} }, "Healthcheck": { "Test": ["CMD", "check"] } } });
        let image = read_image(&value);
        assert_eq!((image.ports.as_slice(), image.has_health_check), ([8080].as_slice(), true));
        assert!(!read_image(&serde_json::json!({ "Id": "x", "Config": {} })).has_health_check);
    }
}
