//! Checks of the caches that CI keeps between runs. Files are read as YAML, and only what is run and used counts: not
//! the names of steps.

use super::super::{
    facts::Workflow,
    workflow::{Action, CiPlan},
};
use crate::{
    cargo::{command_line::subcommand, subcommands::has_cargo_compile},
    doctor::{facts::Facts, finding::Finding, version::Version},
};

const SHOW: &str = "cargo larder init --check --only ci shows a workflow that keeps what was cooked";

/// A file for CI that builds something.
struct Building<'a> {
    file: &'a Workflow,
    plan: CiPlan,
}

pub(super) fn cache(facts: &Facts) -> Finding {
    let mut building = Vec::new();
    for file in &facts.workflows {
        match CiPlan::read(&file.text) {
            Ok(plan) if builds(&plan) => building.push(Building { file, plan }),
            Ok(_) => {}
            Err(reason) => {
                return Finding::warning(
                    format!("{} is no YAML: {reason}", file.name),
                    format!("edit {}", file.name),
                );
            }
        }
    }
    if building.is_empty() {
        return Finding::skipped("no workflow here calls cargo");
    }
    if let Some((name, action)) =
        building.iter().find_map(|building| Some((&building.file.name, refused(building)?)))
    {
        let [used, newer] =
            [&action.version, &newer(action)].map(|version| format!("{}@{version}", action.name));
        return Finding::problem(
            format!("{name} uses {used}, which GitHub no longer serves: nothing is kept"),
            format!("sed -i 's,{used},{newer},' {name}"),
        );
    }
    if let Some(Building { file, .. }) = building.iter().find(|building| !keeps(building)) {
        return Finding::warning(
            format!("{} keeps nothing between runs: every one compiles every dependency", file.name),
            SHOW,
        );
    }
    if let Some(Building { file, .. }) = building.iter().find(|building| keeps_incremental(&building.plan)) {
        return Finding::warning(
            format!("{} keeps target/ and what incremental builds need, which no run can use", file.name),
            format!("add `CARGO_INCREMENTAL: 0` to the `env` of {}", file.name),
        );
    }
    let names: Vec<&str> = building.iter().map(|building| building.file.name.as_str()).collect();
    Finding::ok(format!("something is kept between runs by {}", names.join(" and ")))
}

/// Whether it compiles: `cargo fmt` and its kind keep nothing.
fn builds(plan: &CiPlan) -> bool {
    plan.commands.iter().any(|command| runs_build(command)) || plan.actions.iter().any(is_build_action)
}

fn is_build_action(action: &Action) -> bool {
    let command = action.argument("command").unwrap_or_default();
    action.name == "actions-rs/cargo" && has_cargo_compile(command)
}

fn runs_build(command: &[String]) -> bool {
    let Some((program, args)) = command.split_first() else { return false };
    match program.rsplit('/').next() {
        Some("cargo" | "cross") => subcommand(args).is_some_and(|at| has_cargo_compile(&args[at])),
        Some("trunk" | "wasm-pack" | "dx" | "cargo-leptos") => args.iter().any(|arg| has_cargo_compile(arg)),
        _ => false,
    }
}

/// GitHub's own action, whole or as one of its halves.
fn is_cache(action: &Action) -> bool {
    action.name == "actions/cache" || action.name.starts_with("actions/cache/")
}

/// Actions of others that keep dependencies, by the start of their names.
const KEEPING: [&str; 9] = [
    "Swatinem/rust-cache",
    "actions-rust-lang/setup-rust-toolchain",
    "buildjet/cache",
    "leafwing-studios/cargo-cache",
    "moonrepo/setup-rust",
    "mozilla-actions/sccache-action",
    "namespacelabs/nscloud-cache-action",
    "runs-on/cache",
    "useblacksmith/",
];

fn keeps(building: &Building<'_>) -> bool {
    let Building { file, plan } = building;
    let is_gitlab = file.name.ends_with(".gitlab-ci.yml");
    plan.actions.iter().any(is_keeping_action)
        || plan.commands.iter().any(|command| keeps_layers(command))
        || (is_gitlab && plan.has_cache)
}

fn is_keeping_action(action: &Action) -> bool {
    let in_docker = ["cache-from", "cache-to"].iter().any(|name| action.argument(name).is_some());
    let restores = is_cache(action) && action.name != "actions/cache/save";
    // An action of the repository's own may do anything.
    let is_own = action.name.starts_with("./");
    restores && is_of_cargo(action.argument("path").unwrap_or_default())
        || in_docker
        || is_own
        || KEEPING.iter().any(|known| action.name.to_lowercase().starts_with(&known.to_lowercase()))
}

/// Whether a command names a cache of Docker's.
fn keeps_layers(command: &[String]) -> bool {
    command.iter().any(|word| ["--cache-from", "--cache-to"].iter().any(|name| word.starts_with(name)))
}

/// Whether paths hold what cargo makes or downloads; an expression may.
fn is_of_cargo(paths: &str) -> bool {
    ["target", "cargo", "sccache", "larder", "${{"].iter().any(|word| paths.contains(word))
}

/// The oldest releases for the cache service of 2025, one for each line; GitHub fails a run with any before.
const SERVED: [Version; 2] = [Version(3, 4, 0), Version(4, 2, 0)];

/// An action that GitHub refuses. Forges of others have services of their own.
fn refused<'a>(building: &'a Building<'_>) -> Option<&'a Action> {
    let Building { file, plan } = building;
    let is_github = !file.name.starts_with(".forgejo/") && !file.name.starts_with(".gitea/");
    plan.actions.iter().filter(|_| is_github).find(|action| {
        let version = version(action, &file.text);
        match version {
            Some(version) if is_cache(action) => is_retired(version),
            Some(version) => action.name.eq_ignore_ascii_case("Swatinem/rust-cache") && version.0 < 2,
            None => false,
        }
    })
}

fn is_retired(version: Version) -> bool {
    version.0 < 3 || SERVED.iter().any(|served| served.0 == version.0 && version < *served)
}

/// The version of an action: a tag, or the comment beside a commit. A tag such as `v4`, which
/// `semver` does not read, is the newest of its line.
fn version(action: &Action, text: &str) -> Option<Version> {
    let is_commit = action.version.len() == 40 && action.version.chars().all(|c| c.is_ascii_hexdigit());
    let told = if is_commit {
        let line = text.lines().find(|line| line.contains(&action.version))?;
        line.split_once('#')?
            .1
            .split_whitespace()
            .find(|word| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()))?
    } else {
        action.version.as_str()
    };
    let mut parts = told.strip_prefix('v').unwrap_or(told).split('.').map(str::parse::<u64>);
    let major = parts.next()?.ok()?;
    let [minor, patch] = [parts.next(), parts.next()].map(|part| part.map_or(Some(u64::MAX), Result::ok));
    Some(Version(major, minor?, patch?))
}

/// The version to take instead.
fn newer(action: &Action) -> String {
    if is_cache(action) { "v4".into() } else { "v2".into() }
}

/// rust-cache switches incremental builds off by itself.
fn keeps_incremental(plan: &CiPlan) -> bool {
    let switching_off = ["Swatinem/rust-cache", "actions-rust-lang/setup-rust-toolchain"];
    let in_script = |command: &Vec<String>| command.iter().any(|word| word.contains("CARGO_INCREMENTAL="));
    plan.actions.iter().any(keeps_target)
        && !plan.actions.iter().any(|action| switching_off.contains(&action.name.as_str()))
        && !plan.variables.iter().any(|name| name == "CARGO_INCREMENTAL")
        && !plan.commands.iter().any(in_script)
}

fn keeps_target(action: &Action) -> bool {
    is_cache(action) && action.argument("path").unwrap_or_default().lines().any(is_target)
}

fn is_target(path: &str) -> bool {
    let path = path.trim().trim_start_matches("- ").trim();
    path == "target" || path.starts_with("target/") || path.ends_with("/target") || path.ends_with("/target/")
}
