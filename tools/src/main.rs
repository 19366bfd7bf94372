//! This repository's own verbs, as `cargo xtask` hands them over.
//!
//! This file reads the command line and the environment, once, and hands both on as values. It must never
//! hold a verb's logic: each verb has a file (or folder) of its own with a `run` function.

mod bench;
mod build;
mod ci;
mod deploy;
mod docker;
mod fresh;
mod fuzz;
mod gc;
mod git;
mod listening;
mod nix;
mod plots;
mod portfolio;
mod release;
mod setup;
mod soak;
mod test;
mod trials;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use larder::process::Environment;
use xshell::Shell;
use xtask::{
    codegen::{self, Mode},
    log::{self, Log},
    tidy,
};

/// Everything that this repository's contributors and its CI do.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct App {
    /// Print errors and results only.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Do all set-up, build the example by way of its recipes, and serve it once.
    Build,
    /// Do all set-up and run every check and test.
    Test(test::Args),
    /// Run the checks that need no build of the example.
    Ci,
    /// Run the tests on a machine that has nothing, made for this from Debian's packages.
    Fresh(fresh::Args),
    /// Build the example's image with Docker.
    Docker(docker::Args),
    /// Deploy the example to a server that is made on this machine.
    Deploy,
    /// Build, check or enter this repository's flake.
    Nix(nix::Args),
    /// Delete what nothing needs any more of this repository's caches; garbage in the Nix store too.
    Gc(gc::Args),
    /// Find or get the tools that examples/portfolio is built with.
    Setup(setup::Args),
    /// Measure how long builds take.
    Bench(bench::Args),
    /// Take repositories of many kinds from nothing to a finished build, by `init` and without handwork.
    Trials(trials::Args),
    /// Start, kill and starve Larder at random moments, for long, and count what breaks.
    Soak(soak::Args),
    /// Check the house rules: file headers and lengths, links, the map of the code, and more.
    Tidy,
    /// Give parsers of what others write inputs that are changed at random.
    Fuzz(fuzz::Args),
    /// Draw the book's plots from recorded measurements.
    Plots(Writing),
    /// Build and pack what a release publishes for one target.
    ReleaseArchive(release::Args),
    /// Write the documentation that comes from the code.
    Codegen(Writing),
}

/// The arguments of verbs that write files of the repository.
#[derive(Debug, clap::Args)]
struct Writing {
    /// Write nothing; fail if a file is stale.
    #[arg(long)]
    check: bool,
}

impl Writing {
    fn mode(&self) -> Mode {
        if self.check { Mode::Check } else { Mode::Write }
    }
}

fn main() -> ExitCode {
    let app = App::parse();
    let log = Log::new(app.quiet);
    match dispatch(&app.verb, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(verb: &Verb, log: &Log) -> anyhow::Result<()> {
    let env = environment();
    let sh = Shell::new().context("cannot tell the working directory")?;
    sh.change_dir(root(&env)?);
    match verb {
        Verb::Build => build::run(&sh, &env, log),
        Verb::Test(args) => test::run(&sh, &env, log, args),
        Verb::Ci => ci::run(&sh, &env, log),
        Verb::Fresh(args) => fresh::run(&sh, &env, log, args),
        Verb::Docker(args) => docker::run(&sh, &env, log, args),
        Verb::Deploy => deploy::run(&sh, &env, log),
        Verb::Nix(args) => nix::run(&sh, &env, log, args),
        Verb::Gc(args) => gc::run(&sh, &env, log, args),
        Verb::Setup(args) => setup::run(&sh, &env, log, args),
        Verb::Bench(args) => bench::run(&sh, &env, log, args),
        Verb::Trials(args) => trials::run(&sh, &env, log, args),
        Verb::Soak(args) => soak::run(log, args),
        Verb::Tidy => tidy::run(&sh, log),
        Verb::Fuzz(args) => fuzz::run(log, args),
        Verb::ReleaseArchive(args) => release::run(&sh, &env, log, args),
        Verb::Plots(args) => plots::bring_all(&sh.current_dir(), log, args.mode()),
        Verb::Codegen(args) => codegen::run(&sh, log, args.mode()),
    }
}

/// The environment as xtask was started with it.
fn environment() -> Environment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let vars = std::env::vars_os();
    Environment::new(vars)
}

/// The repository: where cargo says this package's manifest is, or where it was when it was compiled.
fn root(env: &Environment) -> anyhow::Result<PathBuf> {
    xtask::root(Path::new(env.get_str("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR"))))
}
