//! The workflow for GitHub Actions: its head, and the jobs that a project has parts for.
//!
//! Caches are saved on the default branch alone, under a key with platform, architecture, image, compiler and recipe,
//! and hold the units of that recipe and no others, so that none grows. Tags start nothing here: a release is built
//! without any cache.

use std::fmt::Write as _;

use super::{jobs, parts::PipelineParts, yaml};

/// The events that Forgejo does not have.
const EVENTS: &str = "  merge_group:
  schedule:
    # GitHub deletes caches that nobody has read for a week.
    - cron: \"30 4 * * 1\"
";

const PERMISSIONS: &str = "\
# Each job names the permissions that it needs.
permissions: {}

";

const ENV: &str =
    "  # Nothing is built twice here, and what incremental builds need would only fill the cache.
  CARGO_INCREMENTAL: 0
  CARGO_TERM_COLOR: always
";

/// The whole file.
pub(super) fn text(parts: &PipelineParts) -> String {
    let mut text = yaml::head(EVENTS, PERMISSIONS, ENV, parts);
    if !parts.prefix.is_empty() {
        let _ = write!(text, "\ndefaults:\n  run:\n    working-directory: \"{}\"\n", parts.prefix);
    }
    text.push_str("\njobs:");
    text.push_str(&jobs::all(parts));
    text
}
