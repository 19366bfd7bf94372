//! The workspace's own files: what git knows of them, whether recipes and generated files are fresh, what CI runs.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::ask::Answer;
use crate::{
    docker::{
        self, State,
        needs::{self, Lacking},
    },
    error::{Error, Result},
    files::read,
    git::Git,
    git::Tracked,
    project::Project,
    recipe::lock::{self, RecipeFinding},
    tuning,
    workspace::RECIPES,
};

/// git's facts.
#[derive(Debug, Clone)]
pub struct GitFacts {
    /// `Cargo.lock`.
    pub cargo_lock: Answer<Tracked>,
    /// The recipes; an error if there are none.
    pub recipes: Answer<Tracked>,
    /// `flake.nix`; an error if there is none.
    pub flake: Answer<Tracked>,
    /// cargo's configuration; an error if there is none.
    pub config: Answer<Tracked>,
}

/// A file that tells CI what to run.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its path, as a user would name it.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl GitFacts {
    pub(super) fn gather((git, project): &(Git, &Project)) -> Self {
        let root = project.workspace.root();
        let config = tuning::config_path(root);
        let config = config.strip_prefix(root).unwrap_or(&config);
        Self {
            cargo_lock: tracked_if_there(git, root, "Cargo.lock"),
            recipes: tracked_if_there(git, root, RECIPES),
            flake: tracked_if_there(git, root, "flake.nix"),
            config: tracked_if_there(git, root, config.as_str()),
        }
    }
}

fn tracked_if_there(git: &Git, root: &Utf8Path, path: &str) -> Answer<Tracked> {
    if !root.join(path).exists() {
        return Err(format!("there is no {path}"));
    }
    git.tracked(path).map_err(|error| error.to_string())
}

pub(super) fn git(project: &Project) -> Answer<(Git, &Project)> {
    match Git::find(project.cargo.env(), project.workspace.root()) {
        Ok(Some(git)) => Ok((git, project)),
        Ok(None) => Err("the workspace is in no git repository".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn recipes(project: &Project) -> Answer<Option<Vec<RecipeFinding>>> {
    match lock::check(project, &crate::Silent) {
        Ok(checked) => {
            let refused = checked.refused.iter().map(RecipeFinding::from);
            Ok(Some(checked.findings.iter().cloned().chain(refused).collect()))
        }
        Err(Error::NoRecipe { .. }) => Ok(None),
        Err(error @ (Error::Table { .. } | Error::OldRecipe { .. })) => {
            Ok(Some(vec![RecipeFinding::Stale(error.to_string())]))
        }
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn lock_fits(project: &Project) -> Answer<bool> {
    project.cargo.lock_fits(project.workspace.root().as_std_path()).map_err(|error| error.to_string())
}

/// Whether there is a Dockerfile that was generated.
pub(super) fn has_dockerfile(project: &Project) -> bool {
    let Ok(folder) = docker::context(project) else { return false };
    docker::has_generated(&folder, "Dockerfile")
}

pub(super) fn generated(project: &Project) -> Answer<Option<Vec<Utf8PathBuf>>> {
    stale_files(project).map_err(|error| error.to_string())
}

/// Generated files that are stale; `None` without a generated Dockerfile.
fn stale_files(project: &Project) -> Result<Option<Vec<Utf8PathBuf>>> {
    let folder = docker::context(project)?;
    if !folder.join("Dockerfile").is_file() {
        return Ok(None);
    }
    let mut stale = Vec::new();
    let recipes = docker::Recipes::of_dockerfile(project)?;
    for (name, text) in docker::files(project, recipes)? {
        let path = folder.join(&name);
        match docker::state(&path, &text)? {
            State::Stale => stale.push(path),
            // The user's own file: nothing of it is Larder's to judge.
            State::Foreign if name == "Dockerfile" => return Ok(None),
            State::Fresh | State::Foreign => {}
        }
    }
    Ok(Some(stale))
}

/// Missing settings that the generated Dockerfile is made from.
pub(super) fn image_needs(project: &Project) -> Answer<Option<Lacking>> {
    // Not one that somebody wrote, and not another workspace's.
    if generated(project)?.is_none() {
        return Ok(None);
    }
    let recipes = docker::Recipes::of_dockerfile(project).map_err(|error| error.to_string())?;
    needs::lacking(project, recipes).map(Some).map_err(|error| error.to_string())
}

pub(super) fn workflows(project: &Project, git: Option<&(Git, &Project)>) -> Vec<Workflow> {
    let top = git.map_or(project.workspace.root(), |(git, _)| git.top.as_path());
    let forges = [".github", ".forgejo", ".gitea"].map(|forge| top.join(forge).join("workflows"));
    let entries = forges.iter().flat_map(|folder| folder.read_dir_utf8()).flatten().flatten();
    let mut paths: Vec<Utf8PathBuf> = entries
        .map(|entry| entry.path().to_owned())
        .filter(|path| matches!(path.extension(), Some("yml" | "yaml")))
        .collect();
    paths.push(top.join(".gitlab-ci.yml"));
    paths.sort();
    let workflows = paths.iter().filter_map(|path| {
        let name = path.strip_prefix(top).unwrap_or(path).to_string();
        Some(Workflow { name, text: read::text(path).ok()? })
    });
    workflows.collect()
}
