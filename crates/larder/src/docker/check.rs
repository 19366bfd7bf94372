//! Refuses an application that has words with no place in generated files.

use cargo_metadata::camino::Utf8PathBuf;

use super::{
    application::{Application, LeptosTools},
    halves::Half,
    packages::is_debian,
    recipes::Recipes,
    settings::DockerSettings,
};
use crate::{
    error::{Error, Result},
    project::Project,
    slice::Slice,
};

/// The parts of an image, once none of them can be refused any more.
///
/// # Errors
/// As [`Application::new`], and for words with no place in generated files.
pub(super) fn application(project: &Project, recipes: Recipes) -> Result<Application> {
    let application = Application::new(project, recipes)?;
    check(project, &application)?;
    match not_installable(&project.settings.docker) {
        Some(reason) => Err(refusal(project, reason)),
        None => Ok(application),
    }
}

/// The packages that no base image of another kind than Debian's can have installed.
fn not_installable(settings: &DockerSettings) -> Option<String> {
    let bases = [
        ("build-packages", &settings.build_packages, settings.build_base()),
        ("runtime-packages", &settings.runtime_packages, settings.runtime_base()),
    ];
    let wrong = bases.into_iter().find(|(_, packages, base)| !packages.is_empty() && !is_debian(base));
    wrong.map(|(key, _, base)| {
        format!(
            "docker: {key}: {base:?} has no apt-get to install them: name a base image that has them already"
        )
    })
}

fn check(project: &Project, application: &Application) -> Result<()> {
    let paths = application.sources.all().chain(application.halves.iter().flat_map(paths));
    let patterns = &project.settings.docker.include;
    let is_pattern = |path: &str| patterns.iter().any(|one| path.ends_with(one.trim_start_matches("./")));
    for path in paths.map(|path| path.to_string()).chain(shipped(application)) {
        if !is_nameable(&path) || path.contains('*') && !is_pattern(&path) {
            let reason = format!(
                "docker: no image can be built with the path {path:?}: rename it, without control characters, \
                 backslashes, stars, spaces at its ends, and a dash at its start"
            );
            return Err(refusal(project, reason));
        }
    }
    for slice in application.groups.iter().flatten().map(|locked| &locked.slice) {
        let dir = application.image.target_dir(slice);
        let reason = (!is_nameable(dir.as_str())).then(|| format!("the target directory {:?}", dir.as_str()));
        if let Some(reason) = reason.or_else(|| wrong_in(slice)) {
            let reason = format!("docker: slice {:?}: no image can be built with {reason}", slice.name);
            return Err(refusal(project, reason));
        }
    }
    match application.leptos.iter().flat_map(LeptosTools::versions).find(|version| !is_version(version)) {
        Some(version) => Err(refusal(project, format!("docker: {version:?} is no version of a tool"))),
        None => Ok(()),
    }
}

fn refusal(project: &Project, reason: String) -> Error {
    let path = project.workspace.root().join("Cargo.toml");
    Error::Settings { path: path.into(), reason }
}

/// Whether a path means itself in an instruction, in a shell and in a list of patterns, written as each takes it.
fn is_nameable(path: &str) -> bool {
    let is_special = |c: char| c.is_control() || c == '\\';
    !path.contains(is_special) && path.trim() == path && !path.starts_with('-')
}

pub(super) fn paths(half: &Half) -> impl Iterator<Item = Utf8PathBuf> {
    let late = half.steps.iter().flat_map(super::member_steps::MemberSteps::late);
    let absent = half.absent.iter().chain(late);
    let absent = absent.flat_map(|member| member.targets.iter().chain([&member.folder]));
    half.files.iter().chain(&half.folders).chain(absent).cloned()
}

/// The names of programs, and what is beside them.
pub(super) fn shipped(application: &Application) -> impl Iterator<Item = String> {
    let files = application.artifacts.files.iter().map(|file| file.to.to_string());
    files.chain(application.hash_file.clone()).chain(application.site.iter().map(ToString::to_string))
}

/// The part of a slice that has no place in a command of a shell.
pub(super) fn wrong_in(slice: &Slice) -> Option<String> {
    let dir = String::from(slice.target_dir.clone());
    let words = slice.args.iter().chain(&slice.rustflags).map(String::as_str).chain([dir.as_str()]);
    let mut words = words.filter(|word| has_control(word));
    if let Some(name) = slice.env.keys().find(|name| !is_variable_name(name)) {
        return Some(format!("the variable {name:?}: a name holds only letters, digits and `_`"));
    }
    if let Some((name, _)) = slice.env.iter().find(|(_, value)| has_control(value)) {
        return Some(format!("the variable {name}: its value holds a control character"));
    }
    words.next().map(|word| format!("the word {word:?}: it holds a control character"))
}

fn is_variable_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}

pub(super) fn is_version(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c))
}
