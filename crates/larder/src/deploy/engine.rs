//! The server's engine, spoken to by the ordinary Docker client over the forwarded socket.
//!
//! It must never give the value of a variable on a command line: environments go by files.

#[cfg(all(test, unix))]
pub(super) mod fake;

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

/// How often the containers of a service are looked at while others of its go.
const ATTEMPTS: usize = 5;

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
        for name in ["DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"] {
            env.unset(name);
        }
        env.set("DOCKER_HOST", address);
        // The engine's own, whichever one the user has chosen for all builds.
        env.set("BUILDX_BUILDER", "default");
        Ok(Self { client: Client::find(&env)?, host: host.to_owned() })
    }

    /// An error of the server.
    pub(super) fn problem(&self, what: String, hint: &'static str) -> Error {
        Problem::Server { host: self.host.clone(), what, hint }.into()
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
            Error::Failed { stderr, .. } => {
                let what = format!("the Docker engine does not answer: {}", last_line(&stderr));
                self.problem(what, "start it there; `docker info` on the server says more")
            }
            other => other,
        })?;
        let mut words = answer.trim().split('\t').map(str::to_owned);
        let [version, architecture, folder, is_manager, node] =
            std::array::from_fn(|_| words.next().unwrap_or_default());
        let architecture = in_words_of_images(&architecture).to_owned();
        Ok(About { version, architecture, folder, node: Some(node).filter(|_| is_manager == "true") })
    }

    /// All containers of a service, the newest release first.
    pub(super) fn releases(&self, service: &str) -> Result<Vec<Release>> {
        for _ in 0..ATTEMPTS {
            let ids =
                self.cmd(&["ps", "-aq", "--no-trunc", "--filter", &Labels::filter(service)]).output()?;
            let ids: Vec<&str> = ids.split_whitespace().collect();
            if let Some(releases) = self.inspect(&ids)? {
                return Ok(releases);
            }
        }
        let what = format!("the containers of `{service}` change all the time");
        Err(self.problem(what, "run this again once nothing else removes them"))
    }

    /// One container; `None` if it is gone.
    pub(super) fn release(&self, container: &str) -> Result<Option<Release>> {
        Ok(self.inspect(&[container])?.and_then(|found| found.into_iter().next()))
    }

    /// Containers; `None` if one of them is gone.
    fn inspect(&self, ids: &[&str]) -> Result<Option<Vec<Release>>> {
        if ids.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let cmd = self.cmd(&["container", "inspect"]).args(ids.iter().copied());
        let answer = match cmd.output() {
            Err(Error::Failed { stderr, .. }) if is_of_one_gone(&stderr) => return Ok(None),
            answer => answer?,
        };
        release::read(&answer).map(Some).map_err(|error| cmd.unreadable(&error))
    }

    /// The releases of a service that images are named after, whether they have a container or not.
    pub(super) fn images_of(&self, service: &str) -> Result<Vec<String>> {
        let name = release::image_name(service);
        let tags = self.cmd(&["image", "ls", "--format", "{{.Tag}}", &name]).output()?;
        Ok(tags.lines().filter(|tag| release::is_name(tag)).map(str::to_owned).collect())
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
            Error::Failed { stderr, .. } if is_port_taken(&stderr) => self.port_taken(release.labels.port),
            other => other,
        })
    }

    /// The error if something else has a port of ours.
    pub(super) fn port_taken(&self, port: u16) -> Error {
        let what = format!("port {port} is taken by something else");
        self.problem(what, "end what has it, or set `ports` to two that are free")
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

/// The name that images have for a processor, which the engine names as its kernel does. Images for `arm` need version
/// 7, so an older ARM keeps its own name.
fn in_words_of_images(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" | "armv8l" => "arm",
        "i386" | "i486" | "i586" | "i686" => "386",
        "loongarch64" => "loong64",
        other => other,
    }
}

fn is_of_one_gone(stderr: &str) -> bool {
    let said = stderr.to_lowercase();
    ["no such container", "no such object"].iter().any(|words| said.contains(words))
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
    #[cfg(unix)]
    use super::fake::FakeEngine;
    use super::*;

    /// With one container that is gone once it was listed, and one that stays.
    #[cfg(unix)]
    const GOING: &str = r#"
ps*) [ -e "$folder/gone" ] || echo gone; echo there; : > "$folder/gone" ;;
*gone*) echo "Error response from daemon: No such container: gone" >&2; exit 1 ;;
"container inspect there") cat "$folder/there" ;;
info*) printf "28.0\tarmv7l\t/var/lib/docker\tfalse\t\n" ;;
builder) echo "$BUILDX_BUILDER at $DOCKER_HOST" ;;
image*) printf "20260102-030405\nlatest\n<none>\n20260102-030405a\n" ;;
"#;

    #[cfg(unix)]
    fn engine(branches: &str) -> (FakeEngine, Engine) {
        let fake = FakeEngine::new(branches);
        let there = serde_json::json!([{ "Id": "there", "Name": "/web-1", "Image": "i", "RestartCount": 0,
            "State": { "Running": true, "ExitCode": 0 }, "Config": { "Labels":
            { "larder.service": "web", "larder.release": "1", "larder.port": "8101" } } }]);
        fs_err::write(fake.path().join("there"), there.to_string()).unwrap();
        let mut env = fake.env();
        env.set("BUILDX_BUILDER", "own");
        let engine = Engine::new(&env, "unix:///none", "h").unwrap();
        (fake, engine)
    }

    #[cfg(unix)]
    #[test]
    fn a_container_that_goes_meanwhile_takes_no_other_one_with_it() {
        let (fake, engine) = engine(GOING);
        let found = engine.releases("web").unwrap();
        assert_eq!(found.iter().map(|release| release.container.as_str()).collect::<Vec<_>>(), ["there"]);
        assert_eq!(fake.told().len(), 4);
        assert_eq!(engine.release("gone").unwrap(), None);
        // One that cannot be told is never taken for none.
        fs_err::write(
            fake.path().join("docker"),
            "#!/bin/sh\necho No such object: x >&2\n[ $1 = ps ] && echo x\n",
        )
        .unwrap();
        let error = engine.releases("web").unwrap_err().to_string();
        assert_eq!(error, "h: the containers of `web` change all the time");
    }

    #[cfg(unix)]
    #[test]
    fn an_engine_is_asked_for_what_it_is_itself() {
        let (_fake, engine) = engine(GOING);
        assert_eq!(engine.about().unwrap().architecture, "arm");
        assert_eq!(engine.cmd(&["builder"]).output().unwrap(), "default at unix:///none\n");
        assert_eq!(engine.images_of("web").unwrap(), ["20260102-030405", "20260102-030405a"]);
    }

    #[test]
    fn processors_are_named_as_images_name_them() {
        let kernels = ["x86_64", "aarch64", "armv7l", "i686", "armv6l", "riscv64"];
        let names = kernels.map(in_words_of_images);
        assert_eq!(names, ["amd64", "arm64", "arm", "386", "armv6l", "riscv64"]);
    }

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
