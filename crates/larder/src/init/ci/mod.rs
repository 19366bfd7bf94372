//! Pipelines of CI: for every service the same parts of a project, worded for it.
//!
//! All of them keep compiled units and nothing else of a build: those of the recipes, in one file of the store, or in
//! the store itself. A pull request reads, and writes nothing that another run would read. A word of the project's own
//! that would be more than a word in a pipeline is refused before anything is written.

mod buildkite;
mod forgejo;
mod github;
mod gitlab;
mod jobs;
mod parts;
mod script;
pub(super) mod yaml;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    files::{new_file, repository},
    proposal::{PartChoice, Proposal},
};
use crate::{error::Result, files::read, project::Project};
use parts::PipelineParts;

/// A service that runs pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    GitHub,
    GitLab,
    Forgejo,
    Buildkite,
}

/// The first line of what is written here.
const OURS: &str = "# Written by `cargo larder init`";

/// Proposes the pipeline for a service if the project is there, or if it was asked for.
pub(super) fn propose(
    project: &Project,
    service: Service,
    asked: PartChoice,
    source: Option<&str>,
) -> Result<Proposal> {
    let git = repository(project);
    let top = git.as_ref().map_or(project.workspace.root(), |git| git.top.as_path());
    let remotes = git.as_ref().map(|git| git.remotes().unwrap_or_default()).unwrap_or_default();
    let is_there = service.marks().iter().any(|mark| top.join(mark).exists())
        || service.host().is_some_and(|host| remotes.iter().any(|remote| remote.contains(host)));
    if !is_there && asked == PartChoice::ByDefault {
        return Ok(match service {
            Service::GitHub => Proposal::skipped(
                "nothing says that this repository is on GitHub; `--with ci` writes it all the same",
            ),
            // Most projects are on one service, and it is enough to speak of the most common one.
            _ => Proposal::Fresh,
        });
    }
    match PipelineParts::read(project, git.as_ref(), source)? {
        Ok(parts) => new_file(service.file(top)?, &service.text(&parts)),
        Err(why) => Ok(Proposal::Skipped(why)),
    }
}

impl Service {
    /// Files and folders of a repository that is on it.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &[".github"],
            Self::GitLab => &[".gitlab-ci.yml", ".gitlab"],
            Self::Forgejo => &[".forgejo"],
            Self::Buildkite => &[".buildkite"],
        }
    }

    /// The host whose remotes say so.
    fn host(self) -> Option<&'static str> {
        match self {
            Self::GitHub => Some("github.com"),
            Self::GitLab => Some("gitlab.com"),
            Self::Forgejo => Some("codeberg.org"),
            Self::Buildkite => None,
        }
    }

    /// The file; for GitLab one to be included, if there is a pipeline of the project's own.
    fn file(self, top: &Utf8Path) -> Result<Utf8PathBuf> {
        Ok(match self {
            Self::GitHub => top.join(".github/workflows/larder.yml"),
            Self::Forgejo => top.join(".forgejo/workflows/larder.yml"),
            Self::Buildkite => top.join(".buildkite/larder.yml"),
            Self::GitLab => {
                let own = top.join(".gitlab-ci.yml");
                let is_ours = read::text_or_nothing(&own)?.starts_with(OURS);
                if own.exists() && !is_ours { top.join(".gitlab/larder.gitlab-ci.yml") } else { own }
            }
        })
    }

    fn text(self, parts: &PipelineParts) -> String {
        match self {
            Self::GitHub => github::text(parts),
            Self::GitLab => gitlab::text(parts),
            Self::Forgejo => forgejo::text(parts),
            Self::Buildkite => buildkite::text(parts),
        }
    }
}
