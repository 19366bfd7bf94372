//! `cargo larder deploy --json`, with `--plan` and `--status` as well.

use larder::{
    deploy::{Release, Sent, Step, Turn},
    docker::progress::Stage,
};
use serde::Serialize;

use super::Format;

/// A deployment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Deployed<'a> {
    pub(crate) service: &'a str,
    pub(crate) release: &'a str,
    pub(crate) image: &'a str,
    pub(crate) changed: bool,
    pub(crate) seconds: f64,
    /// Nothing if it went back to a release that is there.
    pub(crate) build: Option<DeploymentBuild>,
    pub(crate) sent: Option<Sent>,
}

impl Format for Deployed<'_> {
    const VERSION: u32 = 1;
}

/// The build for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeploymentBuild {
    pub(crate) run_steps: usize,
    pub(crate) cached_steps: usize,
    pub(crate) stages: Vec<Stage>,
}

/// The steps that a deployment would take.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PlannedDeployment<'a> {
    pub(crate) service: &'a str,
    pub(crate) live: Option<&'a Release>,
    pub(crate) unchanged: bool,
    pub(crate) turn: Turn,
    pub(crate) steps: &'a [Step],
}

impl Format for PlannedDeployment<'_> {
    const VERSION: u32 = 1;
}

/// The releases on the server.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DeploymentStatus<'a> {
    pub(crate) service: &'a str,
    pub(crate) live: Option<&'a str>,
    pub(crate) releases: &'a [Release],
}

impl Format for DeploymentStatus<'_> {
    const VERSION: u32 = 1;
}
