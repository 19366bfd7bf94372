//! `cargo xtask bench exact`: the example cooked as a careful user of cargo-chef does it, and by Larder; after each
//! the same real build, whose calls of cargo are recorded and whose external units are counted.
//!
//! cargo-chef is given the right features, profile, target and target directory for both halves, in a folder that
//! holds nothing but its recipe.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use larder::{
    cargo::messages::Counts,
    process::{Cmd, Environment},
    shim::recorder::{Call, Recorder},
    text::columns,
};
use serde::Serialize;
use xshell::Shell;

use super::{
    copies::{Copy, CopySettings},
    output::{Line, Output, Plot},
    scratch::{self, Scratch},
};
use crate::{log::Log, portfolio::Portfolio, setup::programs};

/// The arguments of `cargo xtask bench exact`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scratch: scratch::Options,
    #[command(flatten)]
    output: Output,
}

/// One way to cook, and the build after it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct CookMeasurement {
    tool: &'static str,
    cook_seconds: f64,
    build_seconds: f64,
    front: Counts,
    server: Counts,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let portfolio = Portfolio::prepare(sh, env, log)?;
    let chef = programs::ensure(sh, env, log, programs::CARGO_CHEF)?;
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    let scratch = Scratch::new(sh, &args.scratch)?;
    let bench =
        ExactBench { example: portfolio.dir(), env: portfolio.env(), larder: &larder, chef: &chef, log };
    let measured = [
        bench.measure("cargo-chef", &scratch.dir().join("chef"), ExactBench::chef)?,
        bench.measure("larder", &scratch.dir().join("larder"), ExactBench::larder)?,
    ];
    let json = serde_json::json!({ "version": 1, "tools": measured });
    args.output.write(sh, log, "exact", (&report(&measured), &json, &plot(&measured)))?;
    scratch.close()
}

struct ExactBench<'a> {
    example: &'a Path,
    env: &'a Environment,
    larder: &'a Path,
    chef: &'a Path,
    log: &'a Log,
}

impl ExactBench<'_> {
    fn measure(
        &self,
        tool: &'static str,
        folder: &Path,
        cook: fn(&Self, &Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<CookMeasurement> {
        let copy = Copy::new(self.example, folder, CopySettings::Tuned)?;
        copy.clean()?;
        self.log.step("Cooking", &format!("with {tool}: minutes"));
        let start = Instant::now();
        cook(self, copy.dir())?;
        let cook_seconds = start.elapsed().as_secs_f64();
        self.log.step("Building", &format!("after {tool}"));
        let start = Instant::now();
        let [front, server] = self.build(copy.dir())?;
        let build_seconds = start.elapsed().as_secs_f64();
        Ok(CookMeasurement { tool, cook_seconds, build_seconds, front, server })
    }

    fn larder(&self, dir: &Path) -> anyhow::Result<()> {
        Cmd::new(self.larder, dir, self.env).args(["larder", "cook", "--quiet"]).output()?;
        Ok(())
    }

    /// In a folder of its own with nothing but the recipe, as in a Dockerfile.
    fn chef(&self, dir: &Path) -> anyhow::Result<()> {
        let recipe = dir.join("recipe.json");
        let mut env = self.env.clone();
        // As cargo does for its subcommands.
        env.set("CARGO", self.env.find_program("cargo").context("there is no cargo on PATH")?);
        Cmd::new(self.chef, dir, &env).args(["chef", "prepare", "--recipe-path"]).arg(&recipe).output()?;
        let cook = tempfile::tempdir_in(dir.parent().context("copies are in a folder")?)?;
        let target = dir.join("target");
        for (target, words) in [
            (
                target.join("front"),
                "--package=frontend --target=wasm32-unknown-unknown --no-default-features \
                 --profile=wasm-release",
            ),
            (target, "--package=server --bin=server --no-default-features --release"),
        ] {
            Cmd::new(self.chef, cook.path(), &env)
                .args(["chef", "cook", "--recipe-path"])
                .arg(&recipe)
                .arg("--target-dir")
                .arg(target)
                .args(words.split(' '))
                .output()?;
        }
        Ok(())
    }

    /// The real build; what its two calls of cargo compiled.
    fn build(&self, dir: &Path) -> anyhow::Result<[Counts; 2]> {
        let cargo = self.env.find_program("cargo").context("there is no cargo on PATH")?;
        let recorder = Recorder::new(self.larder, &cargo)?;
        let env = recorder.environment(self.env)?;
        let leptos = env.find_program("cargo-leptos").unwrap_or_else(|| PathBuf::from("cargo-leptos"));
        Cmd::new(leptos, dir, &env).args(["leptos", "build", "--release"]).output()?;
        let calls = recorder.calls()?;
        let (Some(front), Some(server)) = (counts(&calls, "frontend"), counts(&calls, "server")) else {
            anyhow::bail!("cargo-leptos made other calls of cargo than expected: {calls:#?}");
        };
        ensure!(
            front.compiled > 0 && server.compiled > 0,
            "the real build compiled nothing of the application"
        );
        Ok([front, server])
    }
}

/// The units of a package's build, if it is among the calls.
fn counts(calls: &[Call], package: &str) -> Option<Counts> {
    let mut builds = calls.iter().filter(|call| call.subcommand() == Some("build"));
    let build = builds.find(|call| call.cargo_args().iter().any(|arg| arg.contains(package)))?;
    Some(build.counts)
}

fn report(measured: &[CookMeasurement]) -> String {
    let rows: Vec<_> = measured.iter().map(CookMeasurement::cells).collect();
    let head = [
        "<cooked with",
        "cook s",
        "build s",
        "front: external compiled again",
        "server: external compiled again",
    ];
    columns::text(head, &rows)
}

impl CookMeasurement {
    fn cells(&self) -> [String; 5] {
        let [front, server] = [self.front, self.server]
            .map(|counts| format!("{} of {}", counts.compiled_external, counts.compiled + counts.fresh));
        let [cook, build] = [self.cook_seconds, self.build_seconds].map(|seconds| format!("{seconds:.0}"));
        [self.tool.to_owned(), cook, build, front, server]
    }
}

#[expect(clippy::cast_precision_loss, reason = "unit counts are far below 2^52")]
fn plot(measured: &[CookMeasurement]) -> Plot<'_> {
    let lines = measured.iter().map(|row| Line {
        name: row.tool.to_owned(),
        values: [row.front, row.server].map(|counts| counts.compiled_external as f64).to_vec(),
    });
    Plot {
        title: "external units compiled again by the real build",
        x: "1: front, 2: server",
        y: "units",
        lines: lines.collect(),
    }
}
