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
    hash::{ContentHasher, content_digest},
    process::Environment,
    project::Project,
};

/// The files and steps that the image is made of. Only for a Dockerfile of ours it is known what they are.
pub(super) fn of_image(project: &Project, build_args: &[String]) -> Result<Option<BuildRecord>> {
    let folder = docker::context(project)?;
    if !docker::FILES.iter().all(|name| docker::has_generated(&folder, name)) {
        return Ok(None);
    }
    // Base images stay what they are until somebody pulls newer ones, as they do for the builder.
    Ok(Some(BuildRecord::gather(project, build_args, |_| None)?).filter(BuildRecord::is_complete))
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

/// The same with the values of variables that are only named there, which the client takes from its own environment.
pub(super) fn with_variables(env: &Environment, text: &str) -> String {
    text.split_inclusive('\n').map(|line| with_variable(env, line)).collect()
}

fn with_variable(env: &Environment, line: &str) -> String {
    let is_named = !line.contains('=') && !line.trim_start().starts_with('#');
    let value = if is_named { env.get_str(line.trim()) } else { None };
    value.map_or_else(|| line.to_owned(), |value| format!("{}={value}\n", line.trim()))
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

    #[test]
    fn a_variable_that_an_environment_file_only_names_counts_with_its_value() {
        let env = Environment::new([("TOKEN", "one"), ("#TOKEN", "no"), ("A", "no")]);
        let text = "A=b\n#TOKEN\n  TOKEN\nNONE\n";
        assert_eq!(with_variables(&env, text), "A=b\n#TOKEN\nTOKEN=one\nNONE\n");
    }
}
