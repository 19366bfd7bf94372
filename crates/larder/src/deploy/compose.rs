//! A deployment as a Compose file: for programs that run one themselves, and for Swarm, which this room tells what to do by
//! one.
//!
//! It must never hold a value of an environment file, only the file's name.

use std::fmt::Write as _;

use serde_json::Value;

use super::{deployment::settings, problem::Problem, rollout_step::SETTLING, settings::DeploySettings};
use crate::{docker, error::Result, project::Project};

/// The program that is to read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComposeReader {
    /// Compose, and what builds on it: it builds the image itself.
    Compose,
    /// Swarm, which takes the image from a registry and rolls back by itself.
    Swarm,
}

/// Where the image comes from.
#[derive(Debug, Clone)]
pub(super) enum ImageSource<'a> {
    /// This folder, relative to the file.
    Folder(String),
    /// A registry, by a name that is still to be given.
    Registry,
    /// The engine of one node.
    Node { image: &'a str, node: &'a str },
}

/// Everything in the file.
#[derive(Debug)]
pub(super) struct Description<'a> {
    pub(super) service: &'a str,
    pub(super) settings: &'a DeploySettings,
    /// The port that the program listens on.
    pub(super) port: u16,
    /// The path of the volume in the container.
    pub(super) volume: Option<&'a str>,
    pub(super) env_file: Option<&'a str>,
    /// As `NAME=VALUE`.
    pub(super) labels: Vec<String>,
    pub(super) source: ImageSource<'a>,
}

/// The file of a deployment.
///
/// # Errors
/// [`Problem::NoDeployment`] and [`Problem::Unnamed`], and if no port is set.
pub fn compose(project: &Project, name: Option<&str>, reader: ComposeReader) -> Result<String> {
    let (name, settings) = settings(project, name)?;
    let port = project.settings.docker.port.ok_or_else(|| Problem::Image {
        what: "nothing says on which port the program listens".into(),
        hint: "set `port` in [workspace.metadata.larder.docker]",
    })?;
    let source = match reader {
        ComposeReader::Swarm => ImageSource::Registry,
        ComposeReader::Compose => {
            let folder = docker::context(project)?;
            // A workspace below the folder that is sent has the file beside its manifest.
            let below = project.workspace.root().strip_prefix(&folder).ok();
            let up = below.map_or(0, |below| below.components().count());
            ImageSource::Folder(if up == 0 { ".".to_owned() } else { vec![".."; up].join("/") })
        }
    };
    let file = Description {
        service: settings.service(name),
        settings,
        port,
        volume: project.settings.docker.volume.as_ref().map(AsRef::as_ref),
        env_file: settings.env_file.as_ref().map(|file| file.as_str()),
        labels: Vec::new(),
        source,
    };
    Ok(file.text())
}

impl Description<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = format!("services:\n  {}:\n", key(self.service));
        let _ = match &self.source {
            ImageSource::Folder(folder) => {
                writeln!(text, "    build: {}\n    restart: unless-stopped", word(folder))
            }
            ImageSource::Registry => {
                writeln!(text, "    image: ${{IMAGE:?the name of the image in a registry}}")
            }
            ImageSource::Node { image, .. } => writeln!(text, "    image: {}", word(image)),
        };
        let [first, _] = self.settings.ports;
        // A port of Swarm's own network has no address.
        let address = if self.is_swarm() { "" } else { "127.0.0.1:" };
        let _ = writeln!(text, "    ports: [\"{address}{first}:{}\"]", self.port);
        if let Some(file) = self.env_file {
            let _ = writeln!(text, "    env_file: [{}]", word(file));
        }
        if let Some(path) = self.volume {
            let _ = writeln!(text, "    volumes: [{}]", word(&format!("data:{path}")));
        }
        if !self.labels.is_empty() {
            let labels: Vec<String> = self.labels.iter().map(|label| word(label)).collect();
            let _ = writeln!(text, "    labels: [{}]", labels.join(", "));
        }
        let _ = writeln!(text, "    stop_grace_period: {}s", self.settings.drain);
        self.rollout(&mut text);
        if self.volume.is_some() {
            let _ = writeln!(text, "volumes:\n  data:\n    name: {}-data", self.service);
        }
        text
    }

    fn is_swarm(&self) -> bool {
        !matches!(self.source, ImageSource::Folder(_))
    }

    /// How releases take turns, which Compose does in one way only.
    fn rollout(&self, text: &mut String) {
        if !self.is_swarm() && self.settings.memory.is_none() {
            return;
        }
        text.push_str("    deploy:\n");
        if let Some(memory) = &self.settings.memory {
            let _ = writeln!(text, "      resources: {{ limits: {{ memory: {} }} }}", word(memory));
        }
        if !self.is_swarm() {
            return;
        }
        if let ImageSource::Node { node, .. } = self.source {
            let _ = writeln!(
                text,
                "      placement: {{ constraints: [{}] }}",
                word(&format!("node.id == {node}"))
            );
        }
        let order = if self.settings.update.is_alone(self.volume) { "stop-first" } else { "start-first" };
        let monitor = SETTLING.as_secs();
        let _ = writeln!(
            text,
            "      replicas: 1\n      update_config: {{ order: {order}, failure_action: rollback, monitor: {monitor}s }}\n      \
             rollback_config: {{ order: {order} }}"
        );
    }
}

/// A text as YAML takes it, which knows JSON's. Compose puts values in the place of names after `$`.
fn word(text: &str) -> String {
    Value::from(text.replace('$', "$$")).to_string()
}

/// A name as the key of a map: some names are a truth value to YAML, or nothing at all.
fn key(name: &str) -> String {
    const VALUES: [&str; 9] = ["y", "yes", "on", "true", "n", "no", "off", "false", "null"];
    if VALUES.contains(&name) { word(name) } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(settings: &str, volume: Option<&str>, source: ImageSource<'_>) -> String {
        let settings: DeploySettings =
            toml_edit::de::from_str(&format!("to = \"ssh://host\"\n{settings}")).unwrap();
        let env_file = settings.env_file.as_ref().map(|file| file.as_str());
        let labels = vec!["larder.release=1".to_owned()];
        let labels = if matches!(source, ImageSource::Node { .. }) { labels } else { Vec::new() };
        Description { service: "web", settings: &settings, port: 3000, volume, env_file, labels, source }
            .text()
    }

    #[test]
    fn compose_builds_and_listens_on_loopback() {
        let text = text(
            "memory = \"512m\"\nenv-file = \"a $b.env\"",
            Some("/data"),
            ImageSource::Folder("..".into()),
        );
        assert_eq!(
            text,
            "services:\n  web:\n    build: \"..\"\n    restart: unless-stopped\n    ports: [\"127.0.0.1:8101:3000\"]\n    \
             env_file: [\"a $$b.env\"]\n    volumes: [\"data:/data\"]\n    stop_grace_period: 30s\n    deploy:\n      \
             resources: { limits: { memory: \"512m\" } }\nvolumes:\n  data:\n    name: web-data\n"
        );
    }

    #[test]
    fn names_and_sizes_are_texts_to_yaml() {
        assert_eq!(["on", "no", "web", "nowhere"].map(key), ["\"on\"", "\"no\"", "web", "nowhere"]);
        let text = text("memory = \"536870912\"", None, ImageSource::Folder(".".into()));
        assert!(text.contains("limits: { memory: \"536870912\" }"), "{text}");
    }

    #[test]
    fn swarm_rolls_back_by_itself_and_two_never_share_a_volume() {
        assert!(
            starts_new_first("", None)
                && !starts_new_first("", Some("/data"))
                && !starts_new_first("update = \"stop\"", None)
        );
        let here = text("", None, ImageSource::Node { image: "larder/web:1", node: "n1" });
        assert!(
            here.contains("    image: \"larder/web:1\"\n") && here.contains("[\"node.id == n1\"]"),
            "{here}"
        );
        assert!(here.contains("    labels: [\"larder.release=1\"]\n"), "{here}");
    }

    fn starts_new_first(settings: &str, volume: Option<&str>) -> bool {
        text(settings, volume, ImageSource::Registry).contains("order: start-first, failure_action: rollback")
    }
}
