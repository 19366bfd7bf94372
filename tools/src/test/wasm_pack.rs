//! A build that wasm-pack drives, observed, written down as a slice, locked, cooked and built again.
//!
//! wasm-pack calls cargo in a way of its own; nothing in Larder knows about it.

use anyhow::ensure;
use larder::process::Environment;
use xshell::Shell;

use super::driver::{self, Driven};
use crate::{log::Log, portfolio::Portfolio, setup::programs::WASM_PACK};

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
    let env = &driver::environment(sh, env, log, portfolio, WASM_PACK)?;
    let project = tempfile::tempdir()?;
    driver::write_project(project.path(), env, &[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)])?;
    let widget = Driven { portfolio, env, dir: project.path(), at: "", words: &DRIVER };
    let seen = widget.larder(&[&["observe", "--write", "--"], &DRIVER[..]].concat())?;
    ensure!(
        seen.contains("--target=wasm32-unknown-unknown"),
        "wasm-pack's call of cargo was not seen: {seen}"
    );
    widget.larder(&["lock"])?;
    widget.is_exact(&["build"], &[], 1)?;
    ensure!(project.path().join("pkg/widget_bg.wasm").is_file(), "wasm-pack left no package");
    log.step("Observed", "wasm-pack: its slice cooks exactly");
    Ok(())
}
