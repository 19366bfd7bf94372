//! The Docker backend: a Dockerfile that cooks each layer in a step of its own, and the client that builds it.
//!
//! The steps of a build are decided in `application`, worded in `dockerfile`, and followed in [`progress`] while they
//! run. The generated files work without Larder.

mod absent;
mod application;
mod artifacts;
mod check;
pub mod client;
mod configured;
mod context;
pub mod disk_usage;
mod dockerfile;
pub mod explain;
mod generated;
mod half_stage;
mod halves;
mod ignore;
mod image;
pub mod images;
mod made_from;
mod member_steps;
mod names;
pub mod needs;
pub mod packages;
mod path_packages;
pub mod pin;
pub mod progress;
pub mod reads;
mod recipe_stage;
mod recipes;
mod rustflags;
pub mod settings;
mod shared;
mod shipped;
mod sources;
pub mod tailwind;
mod tailwind_stage;
mod tracked;
mod words;
mod writer;

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use self::artifacts::Entrypoint;
pub use self::{made_from::made_from, recipes::Recipes};
use crate::{
    error::{Error, Result},
    files::{change, read},
    project::Project,
};
pub(crate) use generated::FILES;
use generated::origin;
pub use generated::{has_generated, is_generated};

/// The folder that is sent to Docker, which has the generated files in it.
///
/// # Errors
/// When the setting names none that holds the workspace.
pub fn context(project: &Project) -> Result<Utf8PathBuf> {
    context::folder(project)
}

impl Recipes {
    /// Those that the Dockerfile on disk takes; committed ones if there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn of_dockerfile(project: &Project) -> Result<Self> {
        let path = context(project)?.join("Dockerfile");
        let text = if path.is_file() { read::text(path)? } else { String::new() };
        let is_planned = origin(&text).is_some() && text.contains(dockerfile::PLANNER);
        Ok(if is_planned { Self::Planned } else { Self::Committed })
    }
}

/// The generated files, by path relative to the [`context()`].
///
/// # Errors
/// When the project has no recipes yet and they are committed ones, or no slice that is shipped.
pub fn files(project: &Project, recipes: Recipes) -> Result<BTreeMap<Utf8PathBuf, String>> {
    generated(project, recipes).map(|generated| generated.files)
}

/// The generated files.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The files, by path relative to the [`context()`].
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// The decision that the user has to make for the image to be of use.
    pub undecided: Option<String>,
}

/// The generated files, with what they leave open.
///
/// # Errors
/// As [`files`].
pub fn generated(project: &Project, recipes: Recipes) -> Result<Generated> {
    let application = check::application(project, recipes)?;
    let settings = &project.settings.docker;
    let dockerfile = dockerfile::text(&application, settings);
    let files = BTreeMap::from([
        ("Dockerfile".into(), dockerfile),
        (".dockerignore".into(), ignore::text(&application)),
    ]);
    let undecided = match &application.entry {
        Entrypoint::Undecided(programs) if settings.entrypoint.is_empty() => Some(format!(
            "the image starts none of its {} programs ({}): name one with `entrypoint = [\"NAME\"]` in \
             [workspace.metadata.larder.docker], or with `default-run` in its package",
            programs.len(),
            programs.join(", "),
        )),
        _ => None,
    };
    Ok(Generated { files, undecided })
}

/// Files and folders that an image would get if git tracked them, relative to the workspace.
pub fn unshared(project: &Project) -> Vec<Utf8PathBuf> {
    shared::missing(&project.workspace).into_iter().collect()
}

/// Whether there is anything to ship: a program, or a site.
///
/// # Errors
/// As [`files`].
pub fn ships(project: &Project) -> Result<bool> {
    match check::application(project, Recipes::of_dockerfile(project)?) {
        Ok(application) => Ok(application.artifacts.has_program() || application.site.is_some()),
        Err(Error::NothingToShip { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// One line of an instruction. Mounts are the same in every step and say nothing to a reader, and what runs says more
/// than the variables that it runs with, which come last.
pub fn shortened(instruction: &str) -> String {
    const LENGTH: usize = 100;
    let mut words = instruction.split_whitespace().filter(|word| !word.starts_with("--mount=")).peekable();
    let mut text: Vec<&str> = words.next_if_eq(&"RUN").into_iter().collect();
    let (runs, mut in_quotes) = (!text.is_empty(), false);
    let mut variables = Vec::new();
    while let Some(word) =
        words.next_if(|word| in_quotes || (runs && word.contains('=') && !word.starts_with('-')))
    {
        in_quotes ^= word.matches('\'').count() % 2 == 1;
        variables.push(word);
    }
    text.extend(words);
    if !variables.is_empty() {
        text.push("with");
        text.extend(variables);
    }
    let text = text.join(" ");
    if text.chars().count() <= LENGTH { text } else { text.chars().take(LENGTH - 1).chain(['…']).collect() }
}

/// The action for one generated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is what would be written.
    Fresh,
    /// It is missing or older.
    Stale,
    /// Somebody wrote it, or another workspace's recipes; it is left alone.
    Foreign,
}

/// Compares a generated file with what is on disk.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn state(path: &Utf8Path, text: &str) -> Result<State> {
    if !path.exists() {
        return Ok(State::Stale);
    }
    let found = read::text(path)?;
    Ok(match found.as_str() {
        // A checkout may give text files the line ends of its system, which Docker reads as well.
        found if found.replace("\r\n", "\n") == text => State::Fresh,
        found if origin(found).is_some() && origin(found) == origin(text) => State::Stale,
        _ => State::Foreign,
    })
}

/// Writes the generated files anew that are there and stale, as they are after the recipes changed; gives their
/// paths.
///
/// # Errors
/// As [`files`] and [`write()`].
pub fn refresh(project: &Project) -> Result<Vec<Utf8PathBuf>> {
    let folder = context(project)?;
    // Somebody's own Dockerfile asks for nothing that a slice could lack.
    if !FILES.iter().any(|name| has_generated(&folder, name)) {
        return Ok(Vec::new());
    }
    let mut written = Vec::new();
    for (name, text) in files(project, Recipes::of_dockerfile(project)?)? {
        let path = folder.join(name);
        if path.exists() && state(&path, &text)? == State::Stale {
            write(&path, &text)?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Writes a generated file as a whole or not at all; a link in its place is replaced.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(path: &Utf8Path, text: &str) -> Result<()> {
    change::write_own(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// git writes them so if `core.autocrlf` is set, as it is on most machines with Windows.
    #[test]
    fn a_checkout_with_line_ends_of_windows_is_fresh() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("Dockerfile");
        let text = "# Generated by `cargo larder dockerfile` from larder; x\nFROM a\n";
        for (found, expected) in [
            (text.to_owned(), State::Fresh),
            (text.replace('\n', "\r\n"), State::Fresh),
            (text.replace('\n', "\r\n") + "RUN b\r\n", State::Stale),
            ("FROM a\r\n".to_owned(), State::Foreign),
        ] {
            fs_err::write(&path, found).unwrap();
            assert_eq!(state(&path, text).unwrap(), expected);
        }
    }

    #[test]
    fn what_runs_comes_before_its_variables() {
        assert_eq!(
            shortened("RUN --mount=type=ssh A=1 B='x y'  cargo build --lib"),
            "RUN cargo build --lib with A=1 B='x y'"
        );
        assert_eq!(shortened("ENV A=1"), "ENV A=1");
        assert_eq!(shortened("RUN cargo build --config A=1"), "RUN cargo build --config A=1");
        assert_eq!(shortened(&format!("COPY {}", "a".repeat(200))).chars().count(), 100);
    }
}
