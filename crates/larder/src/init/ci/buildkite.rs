//! The pipeline for Buildkite, whose agents stay: units are in the store of the agent's own user, and are swept down to a
//! size. There is nothing to save and to restore.
//!
//! `pipeline upload` puts variables of its own into the text, so that every `$` of a script is written twice.

use std::fmt::Write as _;

use super::{parts::PipelineParts, script};

const HEAD: &str = "\
# Written by `cargo larder init`; yours to change.
# A step of the pipeline uploads it: buildkite-agent pipeline upload .buildkite/larder.yml
env:
  # Nothing is built twice here.
  CARGO_INCREMENTAL: \"0\"
";

/// A pull request takes units, and gives none to other runs.
const STORE: &str = r#"if test "$BUILDKITE_PULL_REQUEST" = false && test "$BUILDKITE_BRANCH" = "$BUILDKITE_PIPELINE_DEFAULT_BRANCH"; then export LARDER_STORE=write; else export LARDER_STORE=read; fi"#;

/// The most that target directories and the store may take on an agent.
const MOST: &str = "20GiB";

/// The whole file.
pub(super) fn text(parts: &PipelineParts) -> String {
    let mut text = HEAD.to_owned();
    if let Some(source) = &parts.source {
        let _ = writeln!(text, "  # The address of Larder's git repository.\n  LARDER_GIT: '{source}'");
    } else {
        text.push_str(
            "  # LARDER_GIT, in the pipeline's settings, is the address of Larder's git repository.\n",
        );
    }
    text.push_str("\nsteps:\n");
    step(&mut text, parts, "recipes", &script::checks(parts, "BUILDKITE_BRANCH"));
    for group in &parts.groups {
        let build = format!("cargo larder build --locked {}", group.slices);
        let sweep = [
            format!("cargo larder gc --only target --max-size {MOST} --yes"),
            format!("cargo larder store gc --max-size {MOST} --yes"),
        ];
        let push = script::if_key(&format!(r#"test "$LARDER_STORE" = read || {}"#, script::PUSH));
        let push = parts.has_remote.then_some(push);
        let lines: Vec<String> = [STORE.to_owned(), build].into_iter().chain(push).chain(sweep).collect();
        step(&mut text, parts, &group.slices, &lines);
    }
    text
}

fn step(text: &mut String, parts: &PipelineParts, name: &str, lines: &[String]) {
    let _ = write!(text, "  - label: \"larder {name}\"\n    timeout_in_minutes: 90\n    commands:\n");
    let mut all = script::set_up(parts, script::TOOLS_AT_HOME);
    if !parts.prefix.is_empty() {
        all.push(format!("cd \"{}\"", parts.prefix));
    }
    all.extend(lines.iter().cloned());
    for line in all {
        let _ = writeln!(text, "      - {}", script::yaml(&line.replace('$', "$$")));
    }
}
