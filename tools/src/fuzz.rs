//! `cargo xtask fuzz`: the mutation loop that tests run for a second, for as long as one likes.
//!
//! The loop and the real inputs are in `tests/support/`; nothing is judged here.

use std::time::Duration;

use anyhow::ensure;
use larder::text::columns;
use larder_tests::{fuzz, seeds::seeds};

use crate::log::Log;

/// The arguments of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// These parsers only.
    #[arg(value_name = "PARSER")]
    parsers: Vec<String>,
    /// How long each parser is given inputs.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(log: &Log, args: &Args) -> anyhow::Result<()> {
    let seeds = seeds();
    let mut rows = Vec::new();
    let mut faults = 0;
    let is_chosen = |name: &str| args.parsers.is_empty() || args.parsers.iter().any(|chosen| chosen == name);
    for (name, target) in fuzz::targets().filter(|(name, _)| is_chosen(name)) {
        log.step("Fuzzing", name);
        let figures = fuzz::run(name, target, seeds[name].clone(), Duration::from_secs(args.seconds));
        figures.faults.iter().for_each(|fault| log.warn(fault));
        faults += figures.faults.len();
        let slowest = format!("{} ms", figures.slowest.as_millis());
        rows.push([name.to_owned(), figures.inputs.to_string(), slowest, figures.faults.len().to_string()]);
    }
    ensure!(!rows.is_empty(), "there is no such parser");
    anstream::print!("{}", columns::text(["<parser", "inputs", "slowest", "faults"], &rows));
    ensure!(faults == 0, "{faults} inputs make a parser panic or hang");
    Ok(())
}
