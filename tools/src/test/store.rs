//! The example once more, in another folder and with another `CARGO_HOME`: what its build has stored is all there, and
//! nothing external is compiled.

use std::path::Path;

use anyhow::{Context as _, ensure};
use larder_tests::Project;
use serde_json::Value;

use crate::{
    log::Log,
    portfolio::{Portfolio, Variant},
};

/// Cooks the slices of a variant, which were built before, in a new checkout.
pub(super) fn another_checkout(portfolio: &Portfolio<'_>, variant: Variant, log: &Log) -> anyhow::Result<()> {
    let project = Project::copy_of(portfolio.dir());
    let home = tempfile::tempdir()?;
    let of_user = portfolio.env().get("CARGO_HOME").map(|home| Path::new(home).to_owned());
    let of_user = of_user.or_else(|| Some(Path::new(portfolio.env().get("HOME")?).join(".cargo")));
    if let Some(config) = of_user.map(|home| home.join("config.toml")).filter(|config| config.is_file()) {
        // Where registries are reached by a mirror.
        fs_err::copy(config, home.path().join("config.toml"))?;
    }
    let mut env = portfolio.env().clone();
    env.set("CARGO_HOME", home.path());
    let mut words = vec!["cook", "--json", "--store", "read"];
    words.extend(variant.words());
    let told = portfolio.larder_in(project.path(), &env, &words)?;
    let told: Value = serde_json::from_str(&told)?;
    let phases = told["phases"].as_array().context("`cargo larder cook --json` has no phases")?;
    for phase in phases {
        let (restored, compiled) = (phase["restored"].as_u64(), phase["compiled-external"].as_u64());
        ensure!(
            restored > Some(50) && compiled == Some(0),
            "a new checkout finds {restored:?} units in the store and compiles {compiled:?}: {phase}"
        );
        let (name, seconds) = (&phase["name"], &phase["seconds"]);
        log.step("Restored", &format!("{name}: {} units, {seconds} s", restored.unwrap_or_default()));
    }
    Ok(())
}
