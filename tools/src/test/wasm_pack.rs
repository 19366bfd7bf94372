//! A build that wasm-pack drives, observed, written down as a slice, locked, cooked and built again.
//!
//! wasm-pack calls cargo in a way of its own; nothing in Larder knows about it.

use std::path::Path;

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use serde_json::Value;
use xshell::Shell;

use crate::{
    log::Log,
    portfolio::Portfolio,
    setup::programs::{self, WASM_PACK},
};

const MANIFEST: &str = r#"
[package]
name = "widget"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
itoa = "1"
# The version whose command-line tool set-up has.
wasm-bindgen = "=VERSION"

[profile.release]
lto = true

[package.metadata.larder]
find = false

[package.metadata.wasm-pack.profile.release]
wasm-opt = false
"#;
const LIB: &str = "\
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
pub fn text(number: u32) -> String {
    itoa::Buffer::new().format(number).to_owned()
}
";
const DRIVER: [&str; 6] = ["wasm-pack", "build", "--mode", "no-install", "--target", "web"];

/// Runs the test with the example's tools.
pub(super) fn run(sh: &Shell, env: &Environment, portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let program = programs::ensure(sh, env, log, WASM_PACK)?;
    let mut env = portfolio.env().clone();
    env.put_first([program.parent().context("a program is in a folder")?.to_owned()])?;
    let project = tempfile::tempdir()?;
    write_project(project.path(), &env)?;
    let larder = |args: &[&str]| portfolio.larder_in(project.path(), &env, args);
    let with_driver = |words: &[&'static str]| [words, &DRIVER].concat();
    let seen = larder(&with_driver(&["observe", "--write", "--"]))?;
    ensure!(
        seen.contains("--target=wasm32-unknown-unknown"),
        "wasm-pack's call of cargo was not seen: {seen}"
    );
    larder(&["lock"])?;
    fs_err::remove_dir_all(project.path().join("target"))?;
    let table = larder(&with_driver(&["build", "--json", "--"]))?;
    let table: Value = serde_json::from_str(table.get(table.find('{').unwrap_or(0)..).unwrap_or_default())?;
    let [cook, build] = [&table["phases"][0], &table["phases"][1]];
    // The store of this machine may have what an earlier run compiled.
    let made = cook["compiled-external"].as_u64().max(cook["restored"].as_u64());
    ensure!(made > Some(0), "nothing was cooked or restored: {table:#}");
    ensure!(build["compiled-external"] == 0 && build["compiled"] == 1, "not exact: {table:#}");
    ensure!(project.path().join("pkg/widget_bg.wasm").is_file(), "wasm-pack left no package");
    log.step("Observed", "wasm-pack: its slice cooks exactly");
    Ok(())
}

fn write_project(dir: &Path, env: &Environment) -> anyhow::Result<()> {
    let version = Cmd::new("wasm-bindgen", dir, env).arg("--version").output()?;
    let version = version.trim().rsplit(' ').next().context("wasm-bindgen says no version")?;
    fs_err::create_dir(dir.join("src"))?;
    fs_err::write(dir.join("Cargo.toml"), MANIFEST.replace("VERSION", version))?;
    fs_err::write(dir.join("src/lib.rs"), LIB)?;
    Cmd::new("cargo", dir, env).args(["generate-lockfile", "--quiet"]).output()?;
    Ok(())
}
