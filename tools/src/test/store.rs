//! The example once more, in other folders: what its build has stored is all there.
//!
//! With the same `CARGO_HOME` nothing external is compiled. With another one a single unit is: the build script of its
//! database has the path of its own sources in it. What the script did is restored.

use anyhow::{Context as _, ensure};
use larder::process::Environment;
use larder_tests::Project;
use serde_json::Value;

use crate::{
    log::Log,
    portfolio::{Portfolio, Variant},
};

/// How many units may be compiled under another `CARGO_HOME`.
const SCRIPTS: u64 = 1;

/// Cooks the slices of a variant, which were built before, in new checkouts.
pub(super) fn other_checkouts(portfolio: &Portfolio<'_>, variant: Variant, log: &Log) -> anyhow::Result<()> {
    for (name, restored, compiled) in cook(portfolio, variant, portfolio.env())? {
        ensure!(compiled == 0, "{name}: a new checkout compiles {compiled} units that the store should have");
        log.step("Restored", &format!("{name}, in another folder: {restored} units"));
    }
    let home = larder_tests::cargo_home(portfolio.env())?;
    let mut env = portfolio.env().clone();
    env.set("CARGO_HOME", home.path());
    for (name, restored, compiled) in cook(portfolio, variant, &env)? {
        ensure!(
            compiled <= SCRIPTS,
            "{name}: with another CARGO_HOME {restored} units are restored and {compiled} compiled"
        );
        log.step(
            "Restored",
            &format!("{name}, with another CARGO_HOME: {restored} units, {compiled} compiled"),
        );
    }
    Ok(())
}

/// Each slice with the units that were restored and compiled.
fn cook(
    portfolio: &Portfolio<'_>,
    variant: Variant,
    env: &Environment,
) -> anyhow::Result<Vec<(String, u64, u64)>> {
    let project = Project::copy_of(portfolio.dir());
    let words = [&["cook", "--json", "--store", "read"], variant.words()].concat();
    let told: Value = serde_json::from_str(&portfolio.larder_in(project.path(), env, &words)?)?;
    let phases = told["phases"].as_array().context("`cargo larder cook --json` has no phases")?;
    phases.iter().map(counted).collect()
}

fn counted(phase: &Value) -> anyhow::Result<(String, u64, u64)> {
    let counts = phase["restored"].as_u64().zip(phase["compiled-external"].as_u64());
    let (restored, compiled) = counts.with_context(|| format!("a phase without counts: {phase}"))?;
    ensure!(restored > 50, "only {restored} units are restored: {phase}");
    Ok((phase["name"].as_str().unwrap_or_default().to_owned(), restored, compiled))
}
