//! The answers of Docker's own commands.

use super::ask::{Answer, ask};
use crate::{
    docker::client::{Client, ClientKind},
    process::Environment,
};

/// Docker on this machine.
#[derive(Debug, Clone)]
pub struct DockerFacts {
    /// The way in which builds come by BuildKit, or what was found instead.
    pub client: Answer<Buildx>,
    /// The engine's version, or why it does not answer.
    pub engine: Answer<String>,
    /// The version of the BuildKit that builds.
    pub buildkit: Answer<String>,
    /// Whether the environment switches BuildKit off.
    pub switched_off: bool,
}

/// How a client builds.
#[derive(Debug, Clone)]
pub enum Buildx {
    /// With this version of the plug-in.
    Plugin(String),
    /// With what was built into clients before version 23.
    BuiltIn,
}

pub(super) fn look(env: &Environment) -> Answer<DockerFacts> {
    let programs = env.find_programs("docker");
    let first = programs.first().ok_or("there is no `docker` on PATH")?;
    let found = Client::find(env);
    let program = found.as_ref().map_or(first.as_path(), Client::program);
    let engine = ask(program, env, &["version", "--format", "{{.Server.Version}}"])
        .map(|version| version.trim().to_owned())
        .map_err(|reason| reason.lines().last().unwrap_or_default().to_owned());
    let client = match &found {
        Ok(client) if client.kind() == ClientKind::Buildx => {
            ask(program, env, &["buildx", "version"]).map(|version| Buildx::Plugin(version.trim().to_owned()))
        }
        Ok(_) => Ok(Buildx::BuiltIn),
        Err(error) => Err(error.to_string()),
    };
    let buildkit = match &client {
        Ok(Buildx::Plugin(_)) if engine.is_ok() => {
            ask(program, env, &["buildx", "inspect"]).and_then(|text| builder_version(&text))
        }
        _ => engine.clone(),
    };
    let switched_off = env.get_str("DOCKER_BUILDKIT") == Some("0");
    Ok(DockerFacts { client, engine, buildkit, switched_off })
}

/// The version that a builder runs. Older plug-ins call it `Buildkit:`.
fn builder_version(text: &str) -> Answer<String> {
    text.lines()
        .find_map(buildkit_version)
        .ok_or_else(|| "`docker buildx inspect` names no version of BuildKit".into())
}

fn buildkit_version(line: &str) -> Option<String> {
    let (name, version) = line.split_once(':')?;
    let name = name.trim().to_lowercase();
    (name == "buildkit" || name == "buildkit version").then(|| version.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::builder_version;

    #[test]
    fn builders_say_their_version_in_two_ways() {
        assert_eq!(builder_version("Name: default\nBuildkit:  v0.11.6\n").as_deref(), Ok("v0.11.6"));
        assert_eq!(builder_version("Nodes:\nBuildKit version: v0.29.0\n").as_deref(), Ok("v0.29.0"));
        assert!(builder_version("Name: default\n").is_err());
    }
}
