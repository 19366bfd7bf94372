//! `cargo xtask tidy`: the house rules as code.
//!
//! A rule is a pure function from the repository's files to findings; the list of all rules is `RULES`, and
//! each family has a file. A rule must never touch the disk, so that its tests can hand it files that break
//! it, and it must never mend anything: a finding says what to do.

mod circles;
mod documents;
mod flake;
mod manifests;
mod map;
mod markdown;
mod repository;
mod sources;

use std::fmt;

use anyhow::Context as _;
use xshell::Shell;

use self::repository::Repository;
use crate::log::Log;

/// One house rule.
type Rule = fn(&Repository) -> Vec<Finding>;

/// All of them, with the names by which they are known in messages.
const RULES: [(&str, Rule); 19] = [
    ("circles", circles::imports),
    ("length", sources::length),
    ("header", sources::header),
    ("unfinished", sources::unfinished),
    ("prints", sources::prints),
    ("ignored-tests", sources::ignored_tests),
    ("machine-paths", sources::machine_paths),
    ("map-paths", map::paths_exist),
    ("map-rooms", map::rooms_are_mentioned),
    ("links", documents::links),
    ("book", documents::book),
    ("vocabulary", documents::vocabulary),
    ("messages", documents::messages),
    ("rust-version", manifests::rust_version),
    ("lock-version", manifests::lock_version),
    ("sources", manifests::sources),
    ("flake-lock", flake::flake_lock),
    ("flake-toolchain", flake::flake_toolchain),
    ("nix-functions", flake::functions),
];

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, from the repository's root.
    path: String,
    /// The line, counted from one.
    line: usize,
    /// The problem there, and the remedy.
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what } = self;
        write!(f, "{path}:{line}: {what}")
    }
}

/// Runs the verb: findings go to standard output, one per line.
///
/// # Errors
/// If files cannot be read, and if there are findings.
pub fn run(sh: &Shell, log: &Log) -> anyhow::Result<()> {
    let repository = Repository::read(sh).context("cannot read the repository's files")?;
    let mut count = 0;
    for (name, rule) in RULES {
        let mut findings = rule(&repository);
        findings.sort();
        count += findings.len();
        findings.iter().for_each(|finding| anstream::println!("{finding} [{name}]"));
    }
    anyhow::ensure!(count == 0, "{count} findings in {} files; see above", repository.len());
    log.step("Tidy", &format!("{} files, {} rules", repository.len(), RULES.len()));
    Ok(())
}
