//! `cargo xtask bench`: how long things take, measured on this machine.
//!
//! Benchmarks inform and never fail a check: a missed goal is printed, not returned as an error. Each kind has a
//! file of its own; [`copies`] prepares what is measured and [`report`] lays the numbers out.

mod bumps;
mod copies;
mod deploy;
mod dev;
mod docker;
mod exact;
mod gc;
mod history;
mod layers;
mod merges;
pub(crate) mod output;
mod plan;
mod recipes;
mod report;
mod scratch;
mod store;
mod usage;

pub(crate) use copies::ExampleEdit;
use larder::process::Environment;
use xshell::Shell;

use crate::log::Log;

/// The arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Benchmark,
}

#[derive(Debug, clap::Subcommand)]
enum Benchmark {
    /// The example's debug builds, as `cargo leptos watch` makes them, against cargo's default settings.
    Dev(dev::Args),
    /// Images of the example in a developer's day, by Larder's Dockerfile, with cargo-chef, and with neither.
    Docker(docker::Args),
    /// A deployment of an application, by Larder and by Docker Compose over SSH with a Dockerfile of cargo-chef.
    Deploy(deploy::Args),
    /// External units that the real build compiles again after cargo-chef's cooks and after Larder's.
    Exact(exact::Args),
    /// `cargo larder lock` on an unchanged workspace, against `cargo chef prepare` and the bare cargo queries.
    Plan(plan::Args),
    /// Histories of lock files, replayed: what layers compile and carry, against the ideal.
    Layers(layers::Args),
    /// Histories of lock files, replayed: lines that change in recipes, and branches that merge.
    Recipes(recipes::Args),
    /// Published packages cooked from nothing, from the store in a second checkout, and under another `CARGO_HOME`.
    Store(store::Args),
    /// `cargo larder usage` on this repository and the example, against `du -s` over the same folders.
    Usage(usage::Args),
    /// One target folder with four generations, cleared by `cargo larder gc` and by cargo-sweep.
    Gc(gc::Args),
}

/// Runs the benchmark; its result goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    match &args.kind {
        Benchmark::Dev(args) => dev::run(sh, env, log, args),
        Benchmark::Docker(args) => docker::run(sh, env, log, args),
        Benchmark::Deploy(args) => deploy::run(sh, env, log, args),
        Benchmark::Exact(args) => exact::run(sh, env, log, args),
        Benchmark::Plan(args) => plan::run(sh, env, log, args),
        Benchmark::Gc(args) => gc::run(sh, env, log, args),
        Benchmark::Layers(args) => layers::run(sh, env, log, args),
        Benchmark::Recipes(args) => recipes::run(sh, env, log, args),
        Benchmark::Store(args) => store::run(sh, env, log, args),
        Benchmark::Usage(args) => usage::run(sh, env, log, args),
    }
}
