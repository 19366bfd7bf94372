//! The warning about files that other clones will not have.
//!
//! It must never be more than a line: nothing of it is wrong on this machine.

use larder::project::Project;

use super::{
    terminal::Terminal,
    unused::{Warned, warn_of},
};

/// Warns of files that recipes are made from or made of, and that git ignores.
pub(crate) fn warn_of_ignored(project: &Project, terminal: Terminal) -> Warned {
    let ignored = project.ignored_by_git();
    warn_of((!ignored.is_empty()).then(|| warning(&ignored)), terminal)
}

fn warning(ignored: &[&str]) -> String {
    format!(
        "git ignores {}: other clones do without; `git add --force {}` adds {}",
        ignored.join(" and "),
        ignored.join(" "),
        if ignored.len() == 1 { "it" } else { "them" },
    )
}
