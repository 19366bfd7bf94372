//! `cargo xtask bench store`: external units cooked from nothing, then wherever a store can spare the work, beside caches
//! of single compiler calls, all in one run.
//!
//! Processor seconds count: those of all programs that take part, which others hardly change. A run is void unless what
//! the caches gave was really used; [`gates`](table::gates) has the rules.

mod cells;
mod peers;
mod processor;
mod project;
mod table;

use larder::process::{Cmd, Environment};
use serde::Serialize;
use xshell::Shell;

use self::{cells::StoreBench, peers::CompilerCache, project::ProjectSource};
use super::{
    output::Output,
    scratch::{self, Scratch},
};
use crate::log::Log;

/// The arguments of `cargo xtask bench store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Packages whose archives carry a `Cargo.lock`, and `portfolio` for the example.
    #[arg(value_name = "NAME@VERSION", default_values = ["eza@0.23.5", "typos-cli@1.52.0"])]
    projects: Vec<String>,
    /// Only this build of each.
    #[arg(long, value_name = "BUILD")]
    build: Option<Build>,
    /// How often each warm cell is measured, in turn with those of the peers.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Only this peer; can be given several times.
    #[arg(long = "peer", value_name = "NAME", value_parser = peers::NAMES)]
    peers: Vec<String>,
    /// Leave the peers out.
    #[arg(long, conflicts_with = "peers")]
    alone: bool,
    #[command(flatten)]
    scratch: scratch::Options,
    #[command(flatten)]
    output: Output,
}

/// A build of a project, whose slices are cooked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Build {
    Release,
    Dev,
}

impl Build {
    const ALL: [Self; 2] = [Self::Release, Self::Dev];

    /// As the table of recipes calls it.
    fn variant(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }

    /// The words that choose its slices.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Release => &[],
            Self::Dev => &["--dev"],
        }
    }
}

/// One way to come by the external units of a build.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cell {
    project: String,
    build: Build,
    tool: &'static str,
    what: &'static str,
    seconds: f64,
    processor_seconds: f64,
    /// Units; not known of the peers.
    restored: Option<u64>,
    compiled: Option<u64>,
    /// The bytes that came from a remote.
    bytes: Option<u64>,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let peers = if args.alone { Vec::new() } else { CompilerCache::all(sh, env, log, &args.peers) };
    let larder = build_release(sh, env, log)?;
    processor::adopt()?;
    let scratch = Scratch::new(sh, &args.scratch)?;
    let mut cells = Vec::new();
    for project in &args.projects {
        let source = ProjectSource::named(sh, env, log, project)?;
        for build in Build::ALL.into_iter().filter(|build| args.build.is_none_or(|wanted| wanted == *build)) {
            let dir = tempfile::tempdir_in(scratch.dir())?;
            let bench = StoreBench {
                source: &source,
                build,
                larder: &larder,
                peers: &peers,
                dir: dir.path(),
                rounds: args.rounds,
                log,
            };
            let measured = bench.measure()?;
            table::gates(&measured)?;
            cells.extend(measured);
        }
    }
    let json = serde_json::json!({ "version": 2, "cells": cells });
    args.output.write(sh, log, "store", (&table::text(&cells), &json, &table::plot(&cells)))?;
    scratch.close()
}

/// As users have it: hashing without optimisation would be what is measured.
fn build_release(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<std::path::PathBuf> {
    log.step("Building", "cargo larder, release");
    let root = sh.current_dir();
    let cargo = sh.var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Cmd::new(cargo, &root, env).args(["build", "--quiet", "--release", "--package=cargo-larder"]).run()?;
    Ok(root.join("target/release/cargo-larder"))
}
