//! git, asked by this repository's verbs. Every call is made here.
//!
//! It must never run what a repository's configuration names for the occasion: a monitor, a hook or a pager.

use std::path::Path;

use larder::process::{Cmd, Environment};
use xshell::{Cmd as ShellCmd, Shell, cmd};

/// Settings that run nothing, and a committer.
const OWN: [&str; 5] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "user.name=larder",
    "user.email=larder@localhost",
];

/// A call of git in a folder; its words follow.
pub(crate) fn git(dir: &Path, env: &Environment) -> Cmd {
    Cmd::new("git", dir, env).args(OWN.iter().flat_map(|setting| ["-c", setting]))
}

/// The question which files git tracks or would track, in the folder of a shell.
pub(crate) fn list_files<'a>(sh: &'a Shell, which: &[&str]) -> ShellCmd<'a> {
    let own = OWN.iter().flat_map(|setting| ["-c", setting]);
    cmd!(sh, "git {own...} ls-files --cached --others --exclude-standard {which...}").quiet()
}
