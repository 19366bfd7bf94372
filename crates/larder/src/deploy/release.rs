//! A release as the server has it: a container whose labels say everything about it, so that any machine can go on.
//!
//! Nothing about a deployment is kept anywhere else. It must never put into a label anything but names and digests.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Deserialize, Serialize};

/// The beginning of all labels.
const PREFIX: &str = "larder.";
/// The end of the name of a container that has not served yet.
pub(super) const NEW: &str = ".new";

/// The parts of both halves: a digest of each file with its name, and of each step. As labels they tell the next
/// deployment what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Halves {
    /// The digests of the front half, if it has a stage of its own.
    pub front: Option<String>,
    /// Those of the server.
    pub server: Option<String>,
}

/// The labels of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Labels {
    /// The service.
    pub service: String,
    /// The release's name, by which releases are sorted.
    pub release: String,
    /// The commit that it was made from, with `-dirty` if files were changed since.
    pub commit: Option<String>,
    /// When.
    pub time: String,
    /// The release that served before it.
    pub previous: Option<String>,
    /// A digest of all that decides the image, if it is known without building.
    pub inputs: Option<String>,
    /// The parts of its halves.
    #[serde(skip)]
    pub halves: Halves,
    /// A digest of all that decides how it is started.
    pub configuration: String,
    /// The port of the server that it has.
    pub port: u16,
}

impl Labels {
    /// As the engine takes them.
    pub(super) fn words(&self) -> Vec<String> {
        let port = self.port.to_string();
        let given = [
            ("service", Some(&self.service)),
            ("release", Some(&self.release)),
            ("commit", self.commit.as_ref()),
            ("time", Some(&self.time)),
            ("previous", self.previous.as_ref()),
            ("inputs", self.inputs.as_ref()),
            ("front", self.halves.front.as_ref()),
            ("server", self.halves.server.as_ref()),
            ("configuration", Some(&self.configuration)),
            ("port", Some(&port)),
        ];
        given.into_iter().filter_map(|(name, value)| Some(format!("{PREFIX}{name}={}", value?))).collect()
    }

    /// As the engine gives them.
    pub(super) fn read(labels: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            service: label(labels, "service")?,
            release: label(labels, "release")?,
            commit: label(labels, "commit"),
            time: label(labels, "time").unwrap_or_default(),
            previous: label(labels, "previous"),
            inputs: label(labels, "inputs"),
            halves: Halves { front: label(labels, "front"), server: label(labels, "server") },
            configuration: label(labels, "configuration").unwrap_or_default(),
            port: label(labels, "port")?.parse().ok()?,
        })
    }

    /// The label that finds all containers of a service.
    pub(super) fn filter(service: &str) -> String {
        format!("label={PREFIX}service={service}")
    }
}

fn label(labels: &BTreeMap<String, String>, name: &str) -> Option<String> {
    labels.get(&format!("{PREFIX}{name}")).cloned()
}

/// One container of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Release {
    /// Its labels.
    #[serde(flatten)]
    pub labels: Labels,
    /// The container.
    pub container: String,
    /// The image.
    pub image: String,
    /// Whether it has never served.
    pub is_new: bool,
    /// Whether it runs.
    pub is_running: bool,
    /// The engine's own word for what it does, as `restarting`.
    pub status: String,
    /// How often it was started again.
    pub restarts: u64,
    /// How it ended, if it has.
    pub exit_code: i64,
    /// Whether it was ended for taking too much memory.
    pub out_of_memory: bool,
    /// The verdict of the image's health check, if it has one.
    pub health: Option<String>,
    /// The names of its volumes.
    pub volumes: Vec<String>,
}

impl Release {
    /// One that has no container yet.
    pub(super) fn planned(labels: Labels) -> Self {
        Self {
            labels,
            container: String::new(),
            image: String::new(),
            is_new: true,
            is_running: false,
            status: String::new(),
            restarts: 0,
            exit_code: 0,
            out_of_memory: false,
            health: None,
            volumes: Vec::new(),
        }
    }

    /// Whether it has ended, and the engine is about to start it again.
    pub fn is_restarting(&self) -> bool {
        self.status == "restarting"
    }

    /// Whether the engine keeps it going: it has its port and its volume, or will have them again in a moment.
    pub(super) fn is_going(&self) -> bool {
        self.is_running || self.is_restarting()
    }
}

/// The name that all images of a service have.
pub(super) fn image_name(service: &str) -> String {
    format!("larder/{service}")
}

/// The image of a release by its name on the engine.
pub(super) fn tag(service: &str, release: &str) -> String {
    format!("{}:{release}", image_name(service))
}

/// The time as a name, which comes after those of all other releases.
pub(super) fn new_name(now: SystemTime, releases: &[Release]) -> String {
    let time = humantime::format_rfc3339_seconds(now).to_string();
    let digits: String = time.chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    let name = digits.replace('T', "-");
    match releases.iter().map(|release| &release.labels.release).max() {
        // The clock of another machine was ahead.
        Some(newest) if *newest >= name => format!("{newest}a"),
        _ => name,
    }
}

/// Whether this may be a name of [`new_name`].
pub(super) fn is_name(text: &str) -> bool {
    let parts = text.trim_end_matches('a').split_once('-');
    parts.is_some_and(|(day, time)| is_digits(day, 8) && is_digits(time, 6))
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.chars().all(|c| c.is_ascii_digit())
}

/// The parts of `docker inspect` that are used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    image: String,
    restart_count: u64,
    state: ContainerState,
    config: ContainerConfig,
    #[serde(default)]
    mounts: Vec<Mount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerState {
    running: bool,
    #[serde(default)]
    status: String,
    #[serde(rename = "OOMKilled", default)]
    oom_killed: bool,
    exit_code: i64,
    health: Option<Health>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Health {
    status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerConfig {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mount {
    #[serde(default)]
    name: String,
}

/// Reads the answer of `docker inspect`, the newest release first. A container without our labels is somebody else's.
pub(super) fn read(answer: &str) -> Result<Vec<Release>, serde_json::Error> {
    let all: Vec<Inspected> = serde_json::from_str(answer)?;
    let mut releases: Vec<Release> = all.into_iter().filter_map(release).collect();
    releases.sort_by(|a, b| b.labels.release.cmp(&a.labels.release));
    Ok(releases)
}

fn release(inspected: Inspected) -> Option<Release> {
    let Inspected { id, name, image, restart_count, state, config, mounts } = inspected;
    Some(Release {
        labels: Labels::read(&config.labels?)?,
        container: id,
        image,
        is_new: name.ends_with(NEW),
        // One that restarts counts as running there.
        is_running: state.running && state.status != "restarting",
        status: state.status,
        restarts: restart_count,
        exit_code: state.exit_code,
        out_of_memory: state.oom_killed,
        health: state.health.map(|health| health.status).filter(|status| status != "none"),
        volumes: mounts.into_iter().map(|mount| mount.name).filter(|name| !name.is_empty()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let labels = Labels {
            service: "web".into(),
            release: "20260101-000000".into(),
            commit: Some("abc-dirty".into()),
            time: "2026-01-01T00:00:00Z".into(),
            previous: Some("20250101-000000".into()),
            inputs: None,
            halves: Halves { front: Some("a b".into()), server: None },
            configuration: "d".into(),
            port: 8101,
        };
        let map = labels.words().into_iter().map(|word| {
            let (name, value) = word.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        let map = map.collect();
        assert_eq!(Labels::read(&map), Some(labels));
        assert_eq!(Labels::read(&BTreeMap::new()), None);
    }

    #[test]
    fn names_of_releases_are_known_by_their_form() {
        let first = new_name(SystemTime::UNIX_EPOCH, &[]);
        let ahead = Release::planned(Labels { release: first.clone(), ..Labels::default() });
        let second = new_name(SystemTime::UNIX_EPOCH, &[ahead]);
        assert_eq!([first.as_str(), &second], ["19700101-000000", "19700101-000000a"]);
        assert!(is_name(&first) && is_name(&second));
        for other in ["latest", "<none>", "19700101", "1970010-1000000", "v19700101-000000"] {
            assert!(!is_name(other), "{other}");
        }
    }

    #[test]
    fn a_container_between_two_starts_does_not_run_and_is_kept_going() {
        for (status, is_running) in [("restarting", false), ("running", true)] {
            let answer = serde_json::json!([{ "Id": "c", "Name": "/web-1", "Image": "i", "RestartCount": 3,
                "State": { "Running": true, "Status": status, "ExitCode": 1 }, "Config": { "Labels":
                { "larder.service": "web", "larder.release": "1", "larder.port": "8101" } } }]);
            let found = read(&answer.to_string()).unwrap();
            assert_eq!((found[0].is_running, found[0].is_going()), (is_running, true));
        }
    }
}
