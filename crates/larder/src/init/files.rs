//! New files, and lines in files that are there.

use cargo_metadata::camino::Utf8PathBuf;

use super::proposal::Proposal;
use crate::{
    docker,
    error::Result,
    files::{change::Change, read},
    git::Git,
    project::Project,
};

/// A file that is the user's own from the moment it is written.
pub(super) fn new_file(path: Utf8PathBuf, text: &str) -> Result<Proposal> {
    match Change::needed(path, text.to_owned())? {
        None => Ok(Proposal::Fresh),
        Some(Change { path, old: Some(_), .. }) => {
            Ok(Proposal::skipped(format!("{path} is there already, and yours to change")))
        }
        Some(change) => Ok(Proposal::Files(vec![change])),
    }
}

/// A text with those of the lines that it lacks, in its own line ends.
pub(super) fn with_lines(mut text: String, lines: &[&str]) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    for line in lines {
        if !text.lines().any(|known| bare_pattern(known) == bare_pattern(line)) {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push_str(end);
            }
            text.push_str(line);
            text.push_str(end);
        }
    }
    text
}

/// A pattern of `.gitignore` without the slashes around it.
pub(super) fn bare_pattern(line: &str) -> &str {
    line.trim().trim_matches('/')
}

/// The repository that the workspace lies in; `None` also if git cannot tell.
pub(super) fn repository(project: &Project) -> Option<Git> {
    Git::find(project.cargo.env(), project.workspace.root()).ok().flatten()
}

/// Whether the project has a Dockerfile that was generated.
pub(super) fn has_generated_dockerfile(project: &Project) -> Result<bool> {
    let path = docker::context(project)?.join("Dockerfile");
    Ok(path.is_file() && docker::is_generated(&read::text(path)?))
}
