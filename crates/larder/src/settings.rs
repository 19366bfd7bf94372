//! The settings of a user in `[workspace.metadata.larder]` (or `[package.metadata.larder]` of a root package without
//! a `[workspace]`). Everything has a default; a workspace without the table is fine.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml_edit::DocumentMut;

use crate::{
    cargo::platform::{self, Platform},
    deploy::settings::DeploySettings,
    docker::settings::DockerSettings,
    error::{Error, Result},
    slice::written::WrittenSlice,
    workspace::Workspace,
};

/// The place of a team's compiled units, and the keys that are believed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StoreSettings {
    /// A folder, a bucket, a registry or a server that units are taken from.
    pub remote: Option<String>,
    /// Public keys, each as `name:base64`, one of which must have signed what is taken.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Part of every key; teams that share a remote keep to themselves by it.
    #[serde(default)]
    pub namespace: String,
    /// Whether the remote may be asked by plain HTTP on another machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// The settings table. Unknown keys are an error: a typo must not be silently ignored.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Whether slices are found from metadata as well.
    #[serde(default = "yes")]
    pub find: bool,
    /// The platforms that recipes serve; see [`platform::wanted`] for the default.
    pub platforms: Option<Vec<Platform>>,
    /// How many layers a slice may have.
    #[serde(default = "four")]
    pub max_layers: usize,
    /// The needs of an image.
    #[serde(default)]
    pub docker: DockerSettings,
    /// The place of a team's compiled units.
    #[serde(default)]
    pub store: StoreSettings,
    /// Where the application is brought to, by name.
    #[serde(default)]
    pub deploy: BTreeMap<String, DeploySettings>,
    #[serde(default)]
    pub(crate) slices: BTreeMap<String, WrittenSlice>,
}

fn yes() -> bool {
    true
}

fn four() -> usize {
    4
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            find: yes(),
            platforms: None,
            max_layers: four(),
            docker: DockerSettings::default(),
            store: StoreSettings::default(),
            deploy: BTreeMap::new(),
            slices: BTreeMap::new(),
        }
    }
}

/// The table in which cargo leaves room for others.
const METADATA: &str = "metadata";
/// Larder's own in it.
const OWN: &str = "larder";

impl Settings {
    /// The table of the root manifest whose `metadata.larder` holds the settings, or would hold new ones: a second
    /// table would hide those that are there.
    pub fn owner(manifest: &DocumentMut) -> &'static str {
        let is_package = !manifest.contains_key("workspace")
            || !has_settings(manifest, "workspace") && has_settings(manifest, "package");
        if is_package { "package" } else { "workspace" }
    }

    /// The keys of a setting in a manifest whose table `owner` has the settings.
    pub(crate) fn path<'a>(owner: &'a str, keys: &[&'a str]) -> Vec<&'a str> {
        [&[owner, METADATA, OWN], keys].concat()
    }

    /// Reads the table; a missing one gives the defaults.
    ///
    /// # Errors
    /// [`Error::Settings`] naming the manifest and the key.
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let path = workspace.manifest_path();
        let metadata = workspace.metadata();
        let root_package = metadata.packages.iter().find(|package| package.manifest_path == path);
        let table = metadata
            .workspace_metadata
            .get(OWN)
            .or_else(|| root_package.and_then(|package| package.metadata.get(OWN)));
        let Some(table) = table else { return Ok(Self::default()) };
        Self::parse(table).map_err(|reason| Error::Settings {
            path: path.into(),
            reason: format!("metadata.larder: {reason}"),
        })
    }

    fn parse(table: &serde_json::Value) -> Result<Self, String> {
        let settings: Self = serde_json::from_value(table.clone()).map_err(|error| error.to_string())?;
        if settings.max_layers == 0 {
            return Err("max-layers: there is always one, the current recipe".into());
        }
        if let Some(platforms) = &settings.platforms {
            check_platforms(platforms).map_err(|reason| format!("platforms: {reason}"))?;
        }
        settings.docker.check().map_err(|reason| format!("docker: {reason}"))?;
        DeploySettings::check_all(&settings.deploy).map_err(|reason| format!("deploy.{reason}"))?;
        for (name, slice) in &settings.slices {
            slice.check(name).map_err(|reason| format!("slices.{name}: {reason}"))?;
        }
        Ok(settings)
    }
}

fn has_settings(manifest: &DocumentMut, owner: &str) -> bool {
    manifest.get(owner).and_then(|owner| owner.get(METADATA)?.get(OWN)).is_some()
}

fn check_platforms(platforms: &[Platform]) -> Result<(), String> {
    if platforms.is_empty() {
        return Err("name at least one".into());
    }
    if platforms.len() > platform::MOST {
        return Err(format!("name at most {}: cargo is asked for each of them", platform::MOST));
    }
    if let Some(platform) = platforms.iter().find(|platform| !platform.is_well_formed()) {
        return Err(format!("`{platform}` is no host triple, such as `x86_64-unknown-linux-gnu`"));
    }
    match platforms.iter().enumerate().find(|(index, platform)| platforms[..*index].contains(platform)) {
        Some((_, platform)) => Err(format!("`{platform}` is named twice")),
        None => Ok(()),
    }
}
