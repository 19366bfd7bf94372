//! Making the container of a release: of an image that was built, or in the place of one that was kept for another port.
//!
//! It starts nothing. It must never lose a kept release: another container is there before the first one goes.

use std::io::Write as _;

use tempfile::NamedTempFile;

use super::{
    deployment::Deployment,
    engine::{Container, InspectedImage},
    problem::Problem,
    release::{Labels, NEW, Release},
};
use crate::error::Result;

impl Deployment<'_> {
    /// Makes the container of a new release, as the project is configured now.
    pub(super) fn make_new(&self, image: &InspectedImage, labels: &Labels) -> Result<String> {
        let env_file = self.environment.as_ref().map(|text| self.env_file(text)).transpose()?;
        self.engine.create(&Container {
            name: format!("{}-{}{NEW}", labels.service, labels.release),
            labels,
            image: &image.id,
            port: self.inner_port(image)?,
            volumes: self.volume().into_iter().collect(),
            env_file: env_file.as_ref().map(NamedTempFile::path),
            memory: self.settings.memory.clone(),
        })
    }

    /// Makes a container for another port that is otherwise as a kept one, and takes that away.
    ///
    /// Its name is no new release's, so that a run that is killed leaves it as one that is kept.
    pub(super) fn make_again(
        &self,
        kept: &Release,
        image: &InspectedImage,
        labels: &Labels,
    ) -> Result<String> {
        // A run that was killed in here may have left two.
        let same = self.releases.iter().filter(|other| other.labels.release == labels.release);
        for other in same.filter(|other| other.container != kept.container) {
            self.engine.remove(&other.container)?;
        }
        let with = self.engine.started_with(&kept.container)?;
        let env_file = self.env_file(&with.environment)?;
        let made = self.engine.create(&Container {
            name: format!("{}-{}-{}", labels.service, labels.release, labels.port),
            labels,
            image: &image.id,
            port: with.port.map_or_else(|| self.inner_port(image), Ok)?,
            volumes: with.volumes,
            env_file: Some(env_file.path()),
            memory: with.memory.map(|bytes| bytes.to_string()),
        })?;
        self.engine.remove(&kept.container)?;
        Ok(made)
    }

    /// The port that the program listens on: as configured, or the only one that the image has.
    pub(super) fn inner_port(&self, image: &InspectedImage) -> Result<u16> {
        let only = match image.ports.as_slice() {
            [port] => Some(*port),
            _ => None,
        };
        Ok(self.project.settings.docker.port.or(only).ok_or_else(|| Problem::Image {
            what: "nothing says on which port the program listens".into(),
            hint: "set `port` in [workspace.metadata.larder.docker], or EXPOSE one in the Dockerfile",
        })?)
    }

    /// A file that only its owner reads, gone when it was.
    pub(super) fn env_file(&self, text: &str) -> Result<NamedTempFile> {
        let mut file = NamedTempFile::new_in(self.session.folder())?;
        file.write_all(text.as_bytes())?;
        Ok(file)
    }
}
