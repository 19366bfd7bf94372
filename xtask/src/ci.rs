//! `cargo xtask ci`: the checks that need no build of the example: formatting, lints, documentation, licences,
//! house rules and generated files.

use xshell::{Shell, cmd};

use crate::{codegen, log::Log, tidy};

/// Runs all of them; the first failure ends it.
pub(crate) fn run(sh: &Shell, log: &Log) -> anyhow::Result<()> {
    let cargo = sh.var_os("CARGO").unwrap_or_else(|| "cargo".into());
    log.step("Checking", "formatting");
    cmd!(sh, "{cargo} fmt --all --check").quiet().run()?;
    log.step("Checking", "house rules");
    tidy::run(sh, log)?;
    log.step("Checking", "lints");
    cmd!(sh, "{cargo} clippy --quiet --workspace --all-targets -- --deny warnings").quiet().run()?;
    log.step("Checking", "documentation of the code");
    let flags = "--deny warnings";
    cmd!(sh, "{cargo} doc --quiet --workspace --no-deps --document-private-items")
        .env("RUSTDOCFLAGS", flags)
        .quiet()
        .run()?;
    log.step("Checking", "generated files");
    codegen::run(sh, log, &codegen::Args::check())
}
