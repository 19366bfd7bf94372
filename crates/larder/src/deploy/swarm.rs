//! A server that is the manager of a Swarm: the rollout is Swarm's own, with its own way back. Larder orchestrates nothing
//! there.
//!
//! The labels that releases have elsewhere are in the service's own description, so any machine can go on here too.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::Deserialize;

use super::{
    engine::{Engine, last_line},
    release::{Labels, Release},
};
use crate::{
    error::{Error, Result},
    process::{Cmd, Stderr},
};

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The release serves.
    Well,
    /// It was taken away again, for this reason.
    Refused(String),
}

/// The parts of `docker service inspect` that are used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SwarmService {
    #[serde(rename = "ID")]
    id: String,
    spec: Spec,
    previous_spec: Option<Spec>,
    update_status: Option<UpdateStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spec {
    task_template: TaskTemplate,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaskTemplate {
    container_spec: ContainerSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerSpec {
    image: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateStatus {
    #[serde(default)]
    state: String,
    #[serde(default)]
    message: String,
}

/// The name that a stack gives its only service.
fn full_name(service: &str) -> String {
    format!("{service}_{service}")
}

impl Spec {
    fn release(self, id: &str) -> Option<Release> {
        let ContainerSpec { image, labels } = self.task_template.container_spec;
        Some(Release {
            container: id.to_owned(),
            image,
            is_new: false,
            is_running: true,
            ..Release::planned(Labels::read(&labels?)?)
        })
    }
}

impl Engine {
    /// The release of a service, and the one that it would go back to.
    pub(super) fn swarm_releases(&self, service: &str) -> Result<Vec<Release>> {
        let Some(found) = self.swarm_service(service)? else { return Ok(Vec::new()) };
        let Some(serving) = found.spec.release(&found.id) else { return Err(self.foreign(service)) };
        let previous = found.previous_spec.and_then(|spec| spec.release(&found.id));
        let previous = previous.map(|release| Release { is_running: false, ..release });
        let mut releases: Vec<Release> = [serving].into_iter().chain(previous).collect();
        for release in &mut releases {
            // A service knows the image by its name.
            if let Some(image) = self.image(&release.image)? {
                release.image = image.id;
            }
        }
        Ok(releases)
    }

    /// The error if something else has deployed the service: a stack of the same name would take its place.
    fn foreign(&self, service: &str) -> Error {
        let what = format!("Swarm has a service `{}` that Larder did not deploy", full_name(service));
        self.problem(what, "set `service` to another name, or remove that stack if it is not needed any more")
    }

    /// Whether some of a service's containers were not started by Swarm.
    pub(super) fn has_plain_releases(&self, service: &str, count: usize) -> Result<bool> {
        let filter = Labels::filter(service);
        let words = ["ps", "-aq", "--filter", &filter, "--filter", "label=com.docker.swarm.task.id"];
        Ok(self.cmd(&words).output()?.lines().count() < count)
    }

    /// The call that shows the log of a service.
    pub(super) fn swarm_logs(&self, id: &str) -> Cmd {
        self.cmd(&["service", "logs", "--raw", "--tail", "200", id])
    }

    fn swarm_service(&self, service: &str) -> Result<Option<SwarmService>> {
        let cmd = self.cmd(&["service", "inspect", &full_name(service)]);
        let answer = match cmd.output() {
            Err(Error::Failed { stderr, .. }) if stderr.to_lowercase().contains("no such service") => {
                return Ok(None);
            }
            answer => answer?,
        };
        let all: Vec<SwarmService> = serde_json::from_str(&answer).map_err(|error| cmd.unreadable(&error))?;
        Ok(all.into_iter().next())
    }

    /// Has Swarm bring what a Compose file describes, and waits for the end of it.
    pub(super) fn roll_out(&self, service: &str, file: &Path, patience: Duration) -> Result<Ending> {
        let cmd = self.cmd(&["stack", "deploy", "--detach=false", "--resolve-image=never", "--compose-file"]);
        let ended = cmd.arg(file).arg(service).output_within(patience);
        self.ending(service, ended)
    }

    /// Has Swarm go back to the description before.
    pub(super) fn roll_back(&self, service: &str, patience: Duration) -> Result<()> {
        let name = full_name(service);
        self.cmd(&["service", "rollback", "--detach=false", &name]).output_within(patience).map(drop)
    }

    /// Reads how a rollout ended; one that does not end is undone.
    fn ending(&self, service: &str, ended: Result<String>) -> Result<Ending> {
        let Some(found) = self.swarm_service(service)? else { return ended.map(|_| Ending::Well) };
        let UpdateStatus { state, message } = found.update_status.unwrap_or_default();
        if state.starts_with("rollback") || state == "paused" {
            let ended = self.ended_task(service).map(|(_, error)| error).filter(|error| !error.is_empty());
            return Ok(Ending::Refused(ended.unwrap_or(message)));
        }
        let Err(error) = ended else { return Ok(Ending::Well) };
        let reason = match error {
            Error::Failed { status, stderr, .. } if stderr.is_empty() => status,
            Error::Failed { stderr, .. } => last_line(&stderr),
            other => return Err(other),
        };
        let undone = if found.previous_spec.is_some() {
            self.cmd(&["service", "rollback", "--detach", &full_name(service)])
        } else {
            self.cmd(&["stack", "rm", service])
        };
        undone.output()?;
        Ok(Ending::Refused(reason))
    }

    /// The newest task that has failed, and why it did.
    fn ended_task(&self, service: &str) -> Option<(String, String)> {
        const FORMAT: &str = "{{.ID}}\t{{.Error}}";
        let name = full_name(service);
        let words =
            ["service", "ps", "--no-trunc", "--filter", "desired-state=shutdown", "--format", FORMAT, &name];
        let tasks = self.cmd(&words).output().ok()?;
        // One that was replaced has ended without an error.
        let failed =
            tasks.lines().filter_map(|line| line.split_once('\t')).find(|(_, error)| !error.is_empty());
        let (id, error) = failed?;
        Some((id.to_owned(), error.trim_matches('"').to_owned()))
    }

    /// The last lines of the newest task that has failed.
    pub(super) fn last_lines_of_task(&self, service: &str, count: usize) -> Vec<String> {
        let Some((task, _)) = self.ended_task(service) else { return Vec::new() };
        let log = self.cmd(&["service", "logs", "--raw", "--tail", &count.to_string(), &task]);
        let mut lines = Vec::new();
        let _ = log.each_line(Stderr::Dropped, |line| lines.push(line.to_owned()));
        let _ = log.each_error_line(|line| lines.push(line.to_owned()));
        lines
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use super::super::engine::fake::FakeEngine;
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_service_of_somebody_else_is_no_place_for_a_release() {
        let fake = FakeEngine::new(
            r#"
"service inspect web_web") echo '[{"ID": "s", "Spec": {"TaskTemplate": {"ContainerSpec": {"Image": "i"}}}}]' ;;
service*) echo "Error: no such service: x" >&2; exit 1 ;;
"#,
        );
        let engine = Engine::new(&fake.env(), "unix:///none", "h").unwrap();
        let error = engine.swarm_releases("web").unwrap_err().to_string();
        assert_eq!(error, "h: Swarm has a service `web_web` that Larder did not deploy");
        assert!(engine.swarm_releases("blog").unwrap().is_empty());
    }

    #[test]
    fn a_service_tells_of_its_release() {
        let text = r#"[{"ID": "s1", "Spec": {"TaskTemplate": {"ContainerSpec": {"Image": "larder/web:2",
            "Labels": {"larder.service": "web", "larder.release": "2", "larder.port": "8101"}}}},
            "UpdateStatus": {"State": "completed"}}]"#;
        let all: Vec<SwarmService> = serde_json::from_str(text).unwrap();
        let found = all.into_iter().next().unwrap();
        assert_eq!(found.update_status.unwrap().state, "completed");
        assert!(found.previous_spec.is_none());
        let release = found.spec.release(&found.id).unwrap();
        assert_eq!((release.labels.release.as_str(), release.image.as_str()), ("2", "larder/web:2"));
        assert!(release.is_running && !release.is_new);
    }
}
