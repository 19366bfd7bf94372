//! What CI keeps between runs. Workflows are read line by line: enough to see which actions they use, and nothing
//! that depends on how the rest is written.

use super::super::{Facts, Finding, facts::Workflow};

const SHOW: &str = "cargo larder init --check --only ci shows a workflow that keeps what was cooked";

pub(super) fn cache(facts: &Facts) -> Finding {
    let building: Vec<&Workflow> = facts.workflows.iter().filter(|workflow| builds(workflow)).collect();
    if building.is_empty() {
        return Finding::skipped("no workflow here calls cargo");
    }
    if let Some((name, action)) =
        building.iter().find_map(|workflow| Some((&workflow.name, refused(workflow)?)))
    {
        return Finding::problem(
            format!("{name} uses {action}, which GitHub no longer serves: nothing is kept"),
            format!("sed -i 's,{action},actions/cache@v4,' {name}"),
        );
    }
    if let Some(workflow) = building.iter().find(|workflow| !keeps(workflow)) {
        return Finding::warning(
            format!("{} keeps nothing between runs: every one compiles every dependency", workflow.name),
            SHOW,
        );
    }
    if let Some(workflow) = building.iter().find(|workflow| keeps_incremental(workflow)) {
        return Finding::warning(
            format!("{} keeps target/ and what incremental builds need, which no run can use", workflow.name),
            format!("add `CARGO_INCREMENTAL: 0` to the `env` of {}", workflow.name),
        );
    }
    let names: Vec<&str> = building.iter().map(|workflow| workflow.name.as_str()).collect();
    Finding::ok(format!("something is kept between runs by {}", names.join(" and ")))
}

/// The lines that say something.
fn lines(workflow: &Workflow) -> impl Iterator<Item = &str> {
    workflow.text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Whether it compiles: `cargo fmt` and its kind keep nothing.
fn builds(workflow: &Workflow) -> bool {
    let verbs = ["build", "check", "clippy", "leptos", "nextest", "test", "larder", "run", "doc", "install"];
    lines(workflow).any(|line| verbs.iter().any(|verb| line.contains(&format!("cargo {verb}"))))
}

fn keeps(workflow: &Workflow) -> bool {
    let actions =
        ["actions/cache", "Swatinem/rust-cache", "sccache-action", "buildjet/cache", "useblacksmith/"];
    let in_docker = ["cache-from", "cache-to"];
    // GitLab's word.
    let is_gitlab = workflow.name.ends_with(".gitlab-ci.yml");
    lines(workflow).any(|line| {
        actions.iter().any(|action| line.contains(action))
            || in_docker.iter().any(|word| line.contains(word))
            || (is_gitlab && line.starts_with("cache:"))
    })
}

/// Versions that were switched off in 2025.
fn refused(workflow: &Workflow) -> Option<&str> {
    let action = |line: &'_ str| line.contains("actions/cache@v1") || line.contains("actions/cache@v2");
    let line = lines(workflow).find(|line| action(line))?;
    line.split_whitespace().find(|word| word.contains("actions/cache@"))
}

/// rust-cache switches incremental builds off by itself.
fn keeps_incremental(workflow: &Workflow) -> bool {
    let has = |text: &str| lines(workflow).any(|line| line.contains(text));
    let keeps_target = has("actions/cache")
        && lines(workflow).any(|line| {
            let path = line.trim_start_matches("path:").trim_start_matches("- ").trim();
            path == "target"
                || path.starts_with("target/")
                || path.ends_with("/target")
                || path.ends_with("/target/")
        });
    keeps_target && !has("rust-cache") && !has("CARGO_INCREMENTAL")
}
