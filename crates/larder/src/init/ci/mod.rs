//! Pipelines of CI: for every service the same parts of a project, worded for it.
//!
//! All of them keep compiled units and nothing else of a build: those of the recipes, in one file of the store. A pull
//! request reads, and writes nothing that another run would read. A word of the project's own that would be more than a
//! word in a pipeline is refused before anything is written.

mod github;
mod jobs;
mod parts;
mod yaml;

use cargo_metadata::camino::Utf8PathBuf;

use super::{
    files::{new_file, repository},
    proposal::{Asked, Proposal},
};
use crate::{error::Result, project::Project};
use parts::Parts;

/// Where a pipeline goes, and what says that it is wanted.
struct Place {
    /// The top of the repository.
    top: Utf8PathBuf,
    /// The workspace's folder in it, empty at the top.
    prefix: String,
    remotes: Vec<String>,
}

impl Place {
    fn of(project: &Project) -> Self {
        let git = repository(project);
        let root = project.workspace.root();
        Self {
            top: git.as_ref().map_or(root, |git| git.top.as_path()).to_owned(),
            prefix: git.as_ref().map(|git| git.prefix().into_string()).unwrap_or_default(),
            remotes: git.as_ref().map(|git| git.remotes().unwrap_or_default()).unwrap_or_default(),
        }
    }

    /// Whether the repository is on that host, or has that file or folder.
    fn is_at(&self, host: &str, path: &str) -> bool {
        self.top.join(path).exists() || self.remotes.iter().any(|remote| remote.contains(host))
    }
}

/// Proposes the workflow for GitHub if the project is there, or if it was asked for.
pub(super) fn github(project: &Project, asked: Asked, source: Option<&str>) -> Result<Proposal> {
    let place = Place::of(project);
    if !place.is_at("github.com", ".github") && asked == Asked::ByDefault {
        return Ok(Proposal::skipped(
            "nothing says that this repository is on GitHub, the one that is known; `--with ci` writes it all the same",
        ));
    }
    match Parts::of(project, &place.prefix, source)? {
        Ok(parts) => new_file(place.top.join(".github/workflows/larder.yml"), &github::text(&parts)),
        Err(why) => Ok(Proposal::Skipped(why)),
    }
}
