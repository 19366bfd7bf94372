//! The server's engine, spoken to by the ordinary Docker client over the forwarded socket.
//!
//! It must never give the value of a variable on a command line: environments go by files.

use std::{path::Path, time::Duration};

use serde_json::Value;

use super::{
    problem::Problem,
    release::{self, Labels, Release},
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
    pub(super) health_check: Option<ImageCheck>,
}

/// The health check of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageCheck {
    /// The command.
    pub(super) words: Vec<String>,
    /// How long one run of it may take.
    pub(super) patience: Duration,
}

/// A container to be.
#[derive(Debug)]
pub(super) struct Container<'a> {
    pub(super) name: String,
    pub(super) labels: &'a Labels,
    pub(super) image: &'a str,
    /// The port that the program listens on.
    pub(super) port: u16,
    /// As `NAME:PATH`.
    pub(super) volumes: Vec<String>,
    pub(super) env_file: Option<&'a Path>,
    pub(super) memory: Option<String>,
}

/// How a container was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StartedWith {
    /// As a file of variables. One of several lines has no place there, and comes from the image anyway.
    pub(super) environment: String,
    /// The port that the program listens on.
    pub(super) port: Option<u16>,
    /// As `NAME:PATH`.
    pub(super) volumes: Vec<String>,
    /// In bytes.
    pub(super) memory: Option<u64>,
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

    /// Runs a health check in a container; the reason in words if it fails.
    pub(super) fn probe(&self, container: &str, check: &ImageCheck) -> Result<Result<(), String>> {
        let cmd = self.cmd(&["exec", container]).args(check.words.iter().cloned());
        match cmd.output_within(check.patience) {
            Err(Error::Failed { status, stderr, .. }) => {
                let said = Some(last_line(&stderr)).filter(|line| !line.is_empty());
                Ok(Err(format!("its health check fails: {}", said.unwrap_or(status))))
            }
            // Its output need not be text.
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => Ok(Ok(())),
            done => done.map(|_| Ok(())),
        }
    }

    /// Makes a container that does not run yet, and gives its id.
    pub(super) fn create(&self, container: &Container<'_>) -> Result<String> {
        let Container { name, labels, image, port, volumes, env_file, memory } = container;
        let mut cmd = self.cmd(&["create", "--name", name]);
        cmd = cmd.arg(format!("--publish=127.0.0.1:{}:{port}", labels.port));
        cmd = cmd.args(labels.words().into_iter().map(|word| format!("--label={word}")));
        cmd = cmd.args(volumes.iter().map(|volume| format!("--volume={volume}")));
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

    /// Has the engine start a container again if it ends. Done too early that would hide why a bad one ended.
    pub(super) fn keep_going(&self, container: &str) -> Result<()> {
        self.cmd(&["update", "--restart", "unless-stopped", container]).output().map(drop)
    }

    /// Marks a container as one that serves, and that is to go on.
    pub(super) fn mark_served(&self, release: &Release) -> Result<()> {
        self.keep_going(&release.container)?;
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

    /// How a container was started.
    pub(super) fn started_with(&self, container: &str) -> Result<StartedWith> {
        let cmd = self.cmd(&["container", "inspect", container]);
        let all: Value = serde_json::from_str(&cmd.output()?).map_err(|error| cmd.unreadable(&error))?;
        Ok(read_started_with(&all[0]))
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
    InspectedImage {
        id: value["Id"].as_str().unwrap_or_default().to_owned(),
        architecture: value["Architecture"].as_str().unwrap_or_default().to_owned(),
        ports: ports_in(&config["ExposedPorts"]),
        health_check: read_check(config),
    }
}

fn read_check(config: &Value) -> Option<ImageCheck> {
    /// The engine's own.
    const PATIENCE: Duration = Duration::from_secs(30);
    let check = &config["Healthcheck"];
    let test = texts(&check["Test"]);
    let words = match test.split_first()? {
        (kind, words) if kind == "CMD" => words.to_vec(),
        (kind, words) if kind == "CMD-SHELL" => {
            let shell = Some(texts(&config["Shell"])).filter(|shell| !shell.is_empty());
            let shell = shell.unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into()]);
            [&shell[..], words].concat()
        }
        _ => return None,
    };
    let patience = check["Timeout"].as_u64().filter(|nanos| *nanos > 0).map(Duration::from_nanos);
    Some(ImageCheck { words, patience: patience.unwrap_or(PATIENCE) })
}

fn read_started_with(value: &Value) -> StartedWith {
    let (config, host) = (&value["Config"], &value["HostConfig"]);
    let variables = texts(&config["Env"]).into_iter().filter(|variable| !variable.contains('\n'));
    StartedWith {
        environment: variables.map(|variable| variable + "\n").collect(),
        port: ports_in(&host["PortBindings"]).first().copied(),
        volumes: texts(&host["Binds"]),
        memory: host["Memory"].as_u64().filter(|memory| *memory > 0),
    }
}

/// The ports that are names of an object, as `8080/tcp`.
fn ports_in(value: &Value) -> Vec<u16> {
    let names = value.as_object().into_iter().flat_map(|ports| ports.keys());
    names.filter_map(|name| name.strip_suffix("/tcp").unwrap_or(name).parse::<u16>().ok()).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read() {
        let value = serde_json::json!({ "Id": "sha256:1", "Architecture": "amd64", "Config": {
            "ExposedPorts": { "8080/tcp": {}, "53/udp": {} }, "Healthcheck": { "Test": ["CMD", "check"] } } });
        let image = read_image(&value);
        assert_eq!(image.ports, [8080]);
        assert_eq!(image.health_check.unwrap().words, ["check"]);
    }

    #[test]
    fn a_container_tells_how_it_was_started() {
        let value = serde_json::json!({ "Config": { "Env": ["A=b c", "LINES=1\n2"] }, "HostConfig": {
            "Binds": ["web-data:/data"], "Memory": 64, "PortBindings": { "8080/tcp": [{ "HostPort": "8101" }] } } });
        let StartedWith { environment, port, volumes, memory } = read_started_with(&value);
        assert_eq!((environment.as_str(), port, memory), ("A=b c\n", Some(8080), Some(64)));
        assert_eq!(volumes, ["web-data:/data"]);
        let bare = serde_json::json!({ "Config": {}, "HostConfig": { "Binds": null, "Memory": 0 } });
        assert_eq!((read_started_with(&bare).port, read_started_with(&bare).memory), (None, None));
    }

    #[test]
    fn a_health_check_is_a_command_of_the_image() {
        for (config, words) in [
            ("{}", None),
            (r#"{ "Healthcheck": { "Test": ["NONE"] } }"#, None),
            (r#"{ "Healthcheck": { "Test": ["CMD", "a b", "c"] } }"#, Some("a b|c")),
            (r#"{ "Healthcheck": { "Test": ["CMD-SHELL", "a | b"] } }"#, Some("/bin/sh|-c|a | b")),
            (r#"{ "Healthcheck": { "Test": ["CMD-SHELL", "a"] }, "Shell": ["x", "-e"] }"#, Some("x|-e|a")),
        ] {
            let check = read_check(&serde_json::from_str(config).unwrap());
            assert_eq!(check.map(|check| check.words.join("|")).as_deref(), words);
        }
        let config = serde_json::json!({ "Healthcheck": { "Test": ["CMD", "a"], "Timeout": 2_000_000_000 } });
        assert_eq!(read_check(&config).unwrap().patience, Duration::from_secs(2));
    }
}
