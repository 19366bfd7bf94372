//! The workflow for GitHub Actions: its head, and the jobs that a project has parts for.
//!
//! Caches are saved on the default branch alone, under a key with platform, architecture, image, compiler and recipe,
//! and hold the units of that recipe and no others, so that none grows. Tags start nothing here: a release is built
//! without any cache.

use std::fmt::Write as _;

use super::{jobs, parts::Parts};

const HEAD: &str = "\
# Written by `cargo larder init`; yours to change.
name: larder

on:
  push:
    # A branch with a pull request would run twice.
    branches: [main, master]
  pull_request:
  merge_group:
  schedule:
    # GitHub deletes caches that nobody has read for a week.
    - cron: \"30 4 * * 1\"

# Each job names the permissions that it needs.
permissions: {}

# A newer push to a pull request ends the older run.
concurrency:
  group: larder-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

env:
  # Nothing is built twice here, and what incremental builds need would only fill the cache.
  CARGO_INCREMENTAL: 0
  CARGO_TERM_COLOR: always
  # A pull request takes units, and gives none to other runs.
  LARDER_STORE: ${{ github.event_name == 'pull_request' && 'read' || 'write' }}
";

/// The whole file.
pub(super) fn text(parts: &Parts) -> String {
    let mut text = HEAD.to_owned();
    let given = parts.source.as_ref().map(|source| format!(" || '{source}'")).unwrap_or_default();
    let _ = writeln!(text, "  # The address of Larder's git repository.");
    let _ = writeln!(text, "  LARDER_GIT: ${{{{ vars.LARDER_GIT{given} }}}}");
    if !parts.prefix.is_empty() {
        let _ = write!(text, "\ndefaults:\n  run:\n    working-directory: \"{}\"\n", parts.prefix);
    }
    text.push_str("\njobs:");
    text.push_str(&jobs::all(parts));
    text
}
