//! `init` on a Leptos workspace, and then what a user does next: the example without anything of Larder's is brought
//! up, checked and built, and a second `init` changes nothing.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, ensure};
use larder::process::Cmd;
use larder_tests::Project;
use serde_json::Value;

use crate::{log::Log, portfolio::Portfolio};

/// What the release build of the example has compiled, below its target directory: copied, since it is the same here,
/// and what is not there is compiled.
const COMPILED: [&str; 3] = ["release", "front/wasm-release", "front/wasm32-unknown-unknown/wasm-release"];

/// Runs the test with the example's tools.
pub(super) fn run(portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let project = Project::plain_portfolio();
    let first = init(portfolio, &project)?;
    for part in ["profile", "config", "recipes", "docker"] {
        ensure!(first.get(part).is_some_and(|done| done == "written"), "`init` wrote no {part}: {first:?}");
    }
    copy_compiled(portfolio, project.path())?;
    // A copy may have kept its time, and what was compiled before would do.
    project.write("app/src/lib.rs", &project.read("app/src/lib.rs"));
    larder(portfolio, &project, &["lock", "--check"])?;
    let table: Value = serde_json::from_str(&larder(portfolio, &project, &["build", "--json"])?)?;
    let built = table["phases"].as_array().and_then(|phases| phases.last()).context("there is no phase")?;
    ensure!(built["compiled-external"] == 0, "cargo-leptos compiled external units after cooking: {table:#}");
    // The shared member in both halves, and what stands on it in each.
    ensure!(built["compiled"].as_u64() >= Some(4), "the application was not built: {table:#}");
    for file in ["target/release/server", "target/site/pkg/portfolio.wasm"] {
        ensure!(project.path().join(file).is_file(), "the build left no {file}");
    }
    larder(portfolio, &project, &["dockerfile", "--check"])?;
    let second = init(portfolio, &project)?;
    let unchanged = |done: &String| done == "fresh" || done == "skipped";
    ensure!(second.values().all(unchanged), "a second `init` is not content: {second:?}");
    larder(portfolio, &project, &["init", "--check"])?;
    log.step("Brought up", "a Leptos workspace: it builds, and `init` has nothing more to do");
    Ok(())
}

fn larder(portfolio: &Portfolio<'_>, project: &Project, args: &[&str]) -> anyhow::Result<String> {
    portfolio.larder_in(project.path(), portfolio.env(), args)
}

/// Runs `init`, and gives the outcome for each part.
fn init(portfolio: &Portfolio<'_>, project: &Project) -> anyhow::Result<BTreeMap<String, String>> {
    let json = larder(portfolio, project, &["init", "--yes", "--json"])?;
    let value: Value = serde_json::from_str(&json)?;
    let parts = value["parts"].as_array().context("`init --json` has no parts")?;
    let outcome =
        |part: &Value| Some((part["part"].as_str()?.to_owned(), part["outcome"].as_str()?.to_owned()));
    Ok(parts.iter().filter_map(outcome).collect())
}

/// With its times, without which cargo compiles everything again.
fn copy_compiled(portfolio: &Portfolio<'_>, to: &Path) -> anyhow::Result<()> {
    for folder in COMPILED {
        let (from, to) = (portfolio.dir().join("target").join(folder), to.join("target").join(folder));
        if !from.is_dir() {
            continue;
        }
        fs_err::create_dir_all(to.parent().context("it is in the target directory")?)?;
        Cmd::new("cp", portfolio.dir(), portfolio.env()).arg("-a").arg(from).arg(to).run()?;
    }
    Ok(())
}
