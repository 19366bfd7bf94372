//! `cargo xtask ci`: the checks that need no build of the example: formatting, lints, documentation, licences,
//! Nix files, house rules and generated files.

use larder::process::Environment;
use xshell::{Shell, cmd};
use xtask::{
    codegen::{self, Mode},
    log::Log,
    tidy,
};

use crate::{
    nix, plots,
    setup::programs::{self, CARGO_DENY, MDBOOK},
};

/// Runs all of them; the first failure ends it.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
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
    codegen::run(sh, log, Mode::Check)?;
    plots::bring_all(&sh.current_dir(), log, Mode::Check)?;
    log.step("Checking", "the book");
    let mdbook = programs::ensure(sh, env, log, MDBOOK)?;
    let book = tempfile::tempdir()?;
    let book = book.path();
    let output = cmd!(sh, "{mdbook} build docs --dest-dir {book}").quiet().read_stderr()?;
    anyhow::ensure!(
        !output.contains("WARN") && !output.contains("ERROR"),
        "the book has warnings:\n{output}"
    );
    log.step("Checking", "Nix files");
    nix::check_style(sh, env, log)?;
    log.step("Checking", "licences and sources");
    let deny = programs::ensure(sh, env, log, CARGO_DENY)?;
    cmd!(sh, "{deny} --locked check --hide-inclusion-graph bans licenses sources")
        .quiet()
        .ignore_stdout()
        .run()?;
    Ok(())
}
