//! `[workspace.metadata.larder.docker]`: what an image needs that no manifest says. Everything has a default.

use std::collections::BTreeMap;

use cargo_metadata::camino::Utf8PathBuf;
use serde::Deserialize;

use crate::secret;

/// The table. A secret is only ever named here, never held: builds get it through a BuildKit mount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DockerSettings {
    /// The folder that is sent to Docker and gets the generated files, relative to the workspace's root; the root
    /// itself by default.
    pub context: Option<Utf8PathBuf>,
    /// The image that everything is compiled in.
    pub build_base: Option<String>,
    /// The image that the result is put on.
    pub runtime_base: Option<String>,
    /// Debian packages that compiling takes.
    pub build_packages: Vec<String>,
    /// Debian packages that running takes.
    pub runtime_packages: Vec<String>,
    /// Files and folders outside the members' own that the build reads.
    pub include: Vec<String>,
    /// Environment of the running container.
    pub env: BTreeMap<String, String>,
    /// The port that the program listens on.
    pub port: Option<u16>,
    /// The folder that outlives a container.
    pub volume: Option<String>,
    /// The command that a container starts; its first word may be a program of the image.
    pub entrypoint: Vec<String>,
    /// The command that tells whether the container is healthy; its first word may be a binary of the image.
    pub health_check: Vec<String>,
    /// Secret mounts of every step that calls cargo: the secret's id, and the file it is seen as.
    pub secrets: BTreeMap<String, String>,
    /// Whether those steps may use the caller's SSH agent, for private git dependencies.
    pub ssh: bool,
}

/// The base images of a project that names none.
const BUILD_BASE: &str = "rust:1-slim-trixie";
const RUNTIME_BASE: &str = "debian:trixie-slim";

impl DockerSettings {
    /// The base image of stages that build.
    pub(super) fn build_base(&self) -> &str {
        self.build_base.as_deref().unwrap_or(BUILD_BASE)
    }

    /// The base image of the last stage.
    pub(super) fn runtime_base(&self) -> &str {
        self.runtime_base.as_deref().unwrap_or(RUNTIME_BASE)
    }

    /// The problem with the table, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        let secret =
            self.env.iter().find(|(name, value)| secret::is_named(name) || secret::is_held_by(value));
        if let Some((name, _)) = secret {
            return Err(format!(
                "env.{name}: an image is no place for a secret; set it when the container starts"
            ));
        }
        if let Some((name, _)) =
            self.env.iter().find(|(key, value)| !is_name(key) || value.contains(char::is_control))
        {
            return Err(format!(
                "env.{name:?}: a name is letters, digits and `-_.`, and a value is one line"
            ));
        }
        let texts = [&self.build_packages, &self.runtime_packages, &self.include].into_iter().flatten();
        let texts = texts.chain(self.secrets.keys()).chain(self.secrets.values()).chain(&self.volume);
        let texts = texts.chain(&self.build_base).chain(&self.runtime_base);
        // These words end up in shell commands and comma-separated options.
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./+:*@".contains(c));
        let is_option = |text: &str| text.starts_with('-');
        if let Some(text) = texts.into_iter().find(|text| text.is_empty() || !plain(text) || is_option(text))
        {
            return Err(format!("{text:?} holds a character that has no place in a Dockerfile's words"));
        }
        if let Some(path) = self.include.iter().find(|path| leads_out(path)) {
            return Err(format!(
                "include: {path:?} is no path in the workspace; write it without `..` and a first `/`"
            ));
        }
        match &self.volume {
            Some(volume) if !volume.starts_with('/') => {
                Err(format!("volume: {volume:?} is no absolute path in the image"))
            }
            Some(volume) if volume == "/" || volume.split('/').any(|word| word == "..") => {
                Err(format!("volume: {volume:?} is no folder of its own in the image"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a path in the workspace could mean something outside of it.
fn leads_out(path: &str) -> bool {
    path.starts_with('/') || path.split('/').any(|part| part == "..")
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_shell_words_are_refused() {
        assert!(check("env = { API_TOKEN = \"x\" }").unwrap_err().contains("env.API_TOKEN"));
        assert!(check("build-packages = [\"a; rm -rf /\"]").is_err());
        assert!(check("build-packages = [\"--allow-unauthenticated\"]").is_err());
        assert!(check("volume = \"data\"").unwrap_err().contains("absolute"));
        for volume in ["/", "/data/../etc"] {
            assert!(check(&format!("volume = {volume:?}")).unwrap_err().contains("of its own"));
        }
        for path in ["../home/.ssh", "..", "a/../../b", "/etc"] {
            let reason = check(&format!("include = [{path:?}]")).unwrap_err();
            assert!(reason.contains("is no path in the workspace"), "{reason}");
        }
        assert_eq!(check("include = [\"a..b/..c\", \"./d/*\"]"), Ok(()));
        assert!(check("build-base = \"rust AS x\"").is_err());
        assert!(check("env = { \"A B\" = \"x\" }").unwrap_err().contains("letters"));
        assert!(check("env = { A = \"x\\nRUN y\" }").unwrap_err().contains("one line"));
        assert_eq!(check("build-base = \"host:5000/rust@sha256:12\"\nenv = { A = \"$x 1\" }"), Ok(()));
        assert_eq!(
            check("include = [\"migrations\"]\nsecrets = { cargo = \"/cargo/credentials.toml\" }"),
            Ok(())
        );
    }

    fn check(toml: &str) -> Result<(), String> {
        toml_edit::de::from_str::<DockerSettings>(toml).unwrap().check()
    }
}
