//! `cargo xtask build`: the main job on the example, from nothing to a running site.

use larder::process::Environment;
use xshell::Shell;

use crate::{
    log::Log,
    portfolio::{self, LarderFeatures, Portfolio, Variant},
};

/// Sets up, cooks, builds with cargo-leptos, serves the site once and prints what was compiled.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    let portfolio = Portfolio::prepare_with(sh, env, log, LarderFeatures::OfUsers)?;
    let phases = portfolio.build(Variant::Release)?;
    portfolio.serve_once(Variant::Release)?;
    anstream::print!("{}", portfolio::table(&phases));
    Ok(())
}
