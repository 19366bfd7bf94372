//! git, asked about other repositories than this one.

use std::path::Path;

use larder::process::{Cmd, Environment};

pub(crate) use xtask::git::list_files;

/// A call of git in a folder; its words follow.
pub(crate) fn git(dir: &Path, env: &Environment) -> Cmd {
    Cmd::new("git", dir, env).args(xtask::git::OWN.iter().flat_map(|setting| ["-c", setting]))
}
