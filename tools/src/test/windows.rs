//! The crates checked for Windows, which no machine of these tests runs.
//!
//! It must never add a target to the machine's toolchain: without its standard library the check is skipped.

use std::path::Path;

use anyhow::ensure;
use larder::process::Environment;
use xshell::{Shell, cmd};
use xtask::codegen::published;

use crate::log::Log;

const TARGET: &str = "x86_64-pc-windows-gnu";
/// The compiler for the C in dependencies; Debian's `gcc-mingw-w64-x86-64` has it.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Lints the crates and their tests for Windows.
pub(super) fn run(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    if let Some(missing) = missing(sh, env)? {
        ensure!(env.get_str("CI") != Some("true"), "the check for Windows needs {missing}");
        log.warn(&format!("SKIPPED the check for Windows: it needs {missing}"));
        return Ok(());
    }
    log.step("Checking", &format!("the crates for {TARGET}"));
    let crates = published().map(|name| format!("--package={name}"));
    cmd!(sh, "cargo clippy --quiet --locked --all-targets --target {TARGET} {crates...} -- -D warnings")
        .run()?;
    Ok(())
}

fn missing(sh: &Shell, env: &Environment) -> anyhow::Result<Option<String>> {
    let library = cmd!(sh, "rustc --print target-libdir --target {TARGET}").quiet().read()?;
    if !Path::new(&library).is_dir() {
        return Ok(Some(format!("`rustup target add {TARGET}`")));
    }
    let has_compiler = env.find_program(COMPILER).is_some();
    Ok((!has_compiler).then(|| format!("{COMPILER}, which Debian has in gcc-mingw-w64-x86-64")))
}
