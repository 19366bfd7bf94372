//! A line in `larder/.gitattributes` that has git merge the table without conflict markers, in clones that say how.
//!
//! It must name no program: a repository must not have its users run anything by merging.

use super::{files::with_lines, proposal::Proposal};
use crate::{
    error::Result,
    files::{change::Change, read},
    project::Project,
};

const LINE: &str = "larder.lock merge=larder";

/// The setting that each clone makes once: its own side wins in lines that both changed, until `lock` has the last word.
pub const COMMAND: &str = "git config merge.larder.driver 'git merge-file --quiet --ours %A %O %B'";

pub(super) fn propose(project: &Project) -> Result<Proposal> {
    let path = project.workspace.larder_dir().join(".gitattributes");
    let text = read::text_or_nothing(&path)?;
    Ok(Proposal::new(Change::needed(path, with_lines(text, &[LINE]))?.into_iter().collect()))
}
