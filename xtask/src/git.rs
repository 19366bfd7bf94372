//! git, asked by this repository's verbs. Every call is made here.
//!
//! It must never run what a repository's configuration names for the occasion: a monitor, a hook or a pager.

use xshell::{Cmd as ShellCmd, Shell, cmd};

/// Settings that run nothing, and a committer.
pub const OWN: [&str; 5] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "user.name=larder",
    "user.email=larder@localhost",
];

/// The question which files git tracks or would track, in the folder of a shell.
pub fn list_files<'a>(sh: &'a Shell, which: &[&str]) -> ShellCmd<'a> {
    let own = OWN.iter().flat_map(|setting| ["-c", setting]);
    cmd!(sh, "git {own...} ls-files --cached --others --exclude-standard {which...}").quiet()
}
