//! The pipeline for GitLab: jobs for recipes and for each group of slices, without a word that would change the jobs of
//! a pipeline that includes it.
//!
//! `CARGO_HOME` is in the project, since GitLab caches nothing outside of it. Merge requests pull caches, and the
//! default branch, which schedules run on as well, pushes them.

use std::fmt::Write as _;

use super::{
    parts::{Group, PipelineParts},
    script,
};

const HEAD: &str = "\
# Written by `cargo larder init`; yours to change.
.larder:
  # A compiler and git; a toolchain file in the repository overrules the version.
  image: rust:1
  timeout: 90 minutes
  interruptible: true
  rules:
    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"
    # Schedules run on it as well: one a week keeps the caches.
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      variables:
        LARDER_STORE: write
        POLICY: pull-push
  variables:
    # GitLab caches nothing outside of the project.
    CARGO_HOME: $CI_PROJECT_DIR/.cargo-home
    # Nothing is built twice here, and what incremental builds need would only fill the cache.
    CARGO_INCREMENTAL: \"0\"
    LARDER_STORE_DIR: $CI_PROJECT_DIR/.larder-store
    # A merge request takes units, and gives none to other runs.
    LARDER_STORE: read
    POLICY: pull
";

/// The folder of the programs that are installed, in the project.
const TOOLS: &str = "$CI_PROJECT_DIR/.larder-tools";
/// The file that carries units from run to run.
const UNITS: &str = "$CI_PROJECT_DIR/.larder-units";

/// The whole file.
pub(super) fn text(parts: &PipelineParts) -> String {
    let mut text = HEAD.to_owned();
    let source = parts.source.as_deref();
    let _ = match source {
        Some(source) => {
            writeln!(text, "    # The address of Larder's git repository.\n    LARDER_GIT: '{source}'")
        }
        None => writeln!(
            text,
            "    # LARDER_GIT, a variable of the project, is the address of Larder's git repository."
        ),
    };
    if parts.has_submodules {
        text.push_str("    GIT_SUBMODULE_STRATEGY: recursive\n");
    }
    text.push_str("  before_script:\n");
    for line in script::packages(parts, "").into_iter().chain(script::set_up(parts, TOOLS)) {
        let _ = writeln!(text, "    - {}", script::yaml(&line));
    }
    if !parts.prefix.is_empty() {
        let _ = writeln!(text, "    - cd \"{}\"", parts.prefix);
    }
    text.push_str(&recipes(parts));
    parts.groups.iter().for_each(|group| text.push_str(&cook(parts, group)));
    text
}

fn recipes(parts: &PipelineParts) -> String {
    job("larder recipes", parts, None, &script::checks(parts, "CI_COMMIT_REF_NAME"))
}

fn cook(parts: &PipelineParts, group: &Group) -> String {
    let slices = &group.slices;
    let cook = format!("cargo larder cook --locked {slices}");
    let build = format!("cargo larder build --locked {slices}");
    let lines = if parts.has_remote {
        let push = format!(r#"test "$CI_COMMIT_REF_PROTECTED" != true || {}"#, script::if_key(script::PUSH));
        vec![cook, build, push]
    } else {
        vec![
            format!("test ! -f \"{UNITS}\" || cargo larder store import \"{UNITS}\""),
            cook,
            "# Those of these recipes, and no others: the cache does not grow.".to_owned(),
            format!("cargo larder store export \"{UNITS}\""),
            build,
        ]
    };
    job(&format!("larder {slices}"), parts, Some(group), &lines)
}

fn job(name: &str, parts: &PipelineParts, group: Option<&Group>, lines: &[String]) -> String {
    let mut text = format!("\n{name}:\n  extends: .larder\n  cache:\n");
    add_cache(&mut text, &format!("larder-tools-v1{}", script::tools_key(parts)), ".larder-tools/bin");
    let lock = parts.below("Cargo.lock");
    add_cache(
        &mut text,
        &format!("{{ files: [\"{lock}\"], prefix: larder-downloads-v1 }}"),
        ".cargo-home/registry/index, .cargo-home/registry/cache, .cargo-home/git/db",
    );
    if let Some(group) = group.filter(|_| !parts.has_remote) {
        let slices = group.slices.replace(' ', "-");
        add_cache(&mut text, &format!("larder-units-v1-{slices}"), ".larder-units");
    }
    text.push_str("  script:\n");
    for line in lines {
        let _ = match line.strip_prefix("# ") {
            Some(comment) => writeln!(text, "    # {comment}"),
            None => writeln!(text, "    - {}", script::yaml(line)),
        };
    }
    text
}

fn add_cache(text: &mut String, key: &str, paths: &str) {
    // Of caches for protected branches a merge request would see none.
    let _ = writeln!(
        text,
        "    - key: {key}\n      paths: [{paths}]\n      policy: $POLICY\n      unprotect: true"
    );
}
