//! The parts that tests of other build drivers share: a project for WebAssembly, the driver before the example's tools, and
//! what Larder tells around it. It knows no driver.

use std::path::Path;

use anyhow::Context as _;
use larder::process::{Cmd, Environment};
use serde_json::Value;
use xshell::Shell;

use crate::{
    log::Log,
    portfolio::Portfolio,
    setup::programs::{self, Program},
};

/// The environment of the example, in which the driver is found too; it is built if it is not there yet.
pub(super) fn environment(
    sh: &Shell,
    env: &Environment,
    log: &Log,
    portfolio: &Portfolio<'_>,
    driver: Program,
) -> anyhow::Result<Environment> {
    let program = programs::ensure(sh, env, log, driver)?;
    let mut env = portfolio.env().clone();
    env.put_first([program.parent().context("a program is in a folder")?.to_owned()])?;
    Ok(env)
}

/// Writes files and a lock file. `VERSION` in a text is that of wasm-bindgen's command-line tool.
pub(super) fn write_project(dir: &Path, env: &Environment, files: &[(&str, &str)]) -> anyhow::Result<()> {
    let version = Cmd::new("wasm-bindgen", dir, env).arg("--version").output()?;
    let version = version.trim().rsplit(' ').next().context("wasm-bindgen says no version")?;
    for (path, text) in files {
        let path = dir.join(path);
        fs_err::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs_err::write(path, text.replace("VERSION", version))?;
    }
    Cmd::new("cargo", dir, env).args(["generate-lockfile", "--quiet"]).output()?;
    Ok(())
}

/// The JSON of a verb, behind what the driver printed.
pub(super) fn json(told: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(told.get(told.find('{').unwrap_or(0)..).unwrap_or_default())?)
}

/// Whether a phase of cooking compiled something, or the store of this machine had it from an earlier run.
pub(super) fn has_made_units(cook: &Value) -> bool {
    cook["compiled-external"].as_u64().max(cook["restored"].as_u64()) > Some(0)
}
