//! Everything that decides a release, as digests: if they are those of the release that serves, there is nothing to do.
//!
//! In doubt they are unknown, which costs a build that finds everything in its cache.

use cargo_metadata::camino::Utf8Path;

use super::settings::DeploySettings;
use crate::{
    docker::{self, explain::BuildRecord},
    error::Result,
    files::read,
    git::Git,
    plan::key::{ContentHasher, content_digest},
    process::Environment,
    project::Project,
};

/// The files and steps that the image is made of. Only for a Dockerfile of ours it is known what they are.
pub(super) fn of_image(project: &Project, build_args: &[String]) -> Result<Option<BuildRecord>> {
    let folder = docker::context(project)?;
    if !docker::has_generated(&folder, "Dockerfile") || !docker::has_generated(&folder, ".dockerignore") {
        return Ok(None);
    }
    // Base images stay what they are until somebody pulls newer ones, as they do for the builder.
    BuildRecord::gather(project, build_args, |_| None).map(Some)
}

/// Arguments of a build, each with something that changes with its value: for one that is only named, which may be a
/// secret, that is a digest of what the environment has.
pub(super) fn with_values(env: &Environment, build_args: &[String]) -> Vec<String> {
    build_args.iter().map(|arg| with_value(env, arg)).collect()
}

fn with_value(env: &Environment, arg: &str) -> String {
    let value = if arg.contains('=') { None } else { env.get_str(arg) };
    value.map_or_else(|| arg.to_owned(), |value| format!("{arg}={}", content_digest(value.as_bytes())))
}

/// The words of an environment file, which is read to the last byte as the engine's client would do.
pub(super) fn environment(root: &Utf8Path, settings: &DeploySettings) -> Result<Option<String>> {
    Ok(settings.env_file.as_ref().map(|file| read::text(root.join(file))).transpose()?)
}

/// A digest of how a container is started.
pub(super) fn of_configuration(parts: &[Option<&str>]) -> String {
    let mut hasher = ContentHasher::new("larder configuration 1");
    hasher.length(parts.len());
    parts.iter().for_each(|part| hasher.optional(*part));
    hasher.finish_hex()
}

/// The commit of the project, with `-dirty` if files were changed since; `None` outside of git.
pub(super) fn commit(env: &Environment, root: &Utf8Path) -> Option<String> {
    Git::find(env, root).ok()??.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_that_is_only_named_changes_with_the_environment_and_tells_nothing_of_it() {
        let env = Environment::new([("EDITION", "large")]);
        let other = Environment::new([("EDITION", "small")]);
        let given = ["EDITION", "BASE=alpine", "NONE"].map(str::to_owned);
        let [named, told, unset] = &with_values(&env, &given)[..] else { panic!("three are given") };
        assert_eq!([told.as_str(), unset], ["BASE=alpine", "NONE"]);
        assert!(named.starts_with("EDITION=") && !named.contains("large"), "{named}");
        assert_ne!(*named, with_values(&other, &given)[0]);
    }
}
