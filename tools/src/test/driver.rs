//! The parts that tests of other build drivers share: a project for WebAssembly, the driver before the example's tools, and
//! what Larder tells around it. It knows no driver.

use std::path::Path;

use anyhow::{Context as _, ensure};
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

/// A project with the program that builds it.
pub(super) struct Driven<'a> {
    pub(super) portfolio: &'a Portfolio<'a>,
    pub(super) env: &'a Environment,
    /// The project.
    pub(super) dir: &'a Path,
    /// The folder in it in which the program is called.
    pub(super) at: &'a str,
    /// The program with its words.
    pub(super) words: &'a [&'a str],
}

impl Driven<'_> {
    /// Calls a verb in the project's folder.
    pub(super) fn larder(&self, args: &[&str]) -> anyhow::Result<String> {
        self.portfolio.larder_in(self.dir, self.env, args)
    }

    /// Calls a verb around the program.
    fn around(&self, verb: &[&str], words: &[&str]) -> anyhow::Result<Value> {
        let args = [verb, &["--json", "--"], self.words, words].concat();
        json(&self.portfolio.larder_in(&self.dir.join(self.at), self.env, &args)?)
    }

    /// Requires that the program's calls are these slices, which were found.
    pub(super) fn is_seen_as_found(&self, words: &[&str], expected: &[&str]) -> anyhow::Result<()> {
        let seen = self.around(&["observe"], words)?;
        let all = seen["slices"].as_array().context("there are no slices")?;
        // It may make several calls at once.
        let mut known: Vec<&str> = all.iter().filter_map(|call| call["known"].as_str()).collect();
        known.sort_unstable();
        ensure!(known == expected && all.len() == known.len(), "not {expected:?} alone: {seen:#}");
        Ok(())
    }

    /// Requires that, cooked from nothing, nothing external is left to compile, and `own` units of the project are.
    pub(super) fn is_exact(&self, build: &[&str], words: &[&str], own: u64) -> anyhow::Result<()> {
        fs_err::remove_dir_all(self.dir.join("target"))?;
        let table = self.around(build, words)?;
        let phases = table["phases"].as_array().context("there are no phases")?;
        let (last, cooks) = phases.split_last().context("there is no phase")?;
        ensure!(cooks.iter().any(has_made_units), "nothing was cooked: {table:#}");
        ensure!(last["compiled-external"] == 0, "not exact: {table:#}");
        ensure!(last["compiled"] == own, "{own} units of the project's own were to be compiled: {table:#}");
        Ok(())
    }
}

/// The JSON of a verb, behind what the driver printed.
fn json(told: &str) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(told.get(told.find('{').unwrap_or(0)..).unwrap_or_default())?)
}

/// Whether a phase of cooking compiled something, or the store of this machine had it from an earlier run.
fn has_made_units(cook: &Value) -> bool {
    cook["compiled-external"].as_u64().max(cook["restored"].as_u64()) > Some(0)
}
