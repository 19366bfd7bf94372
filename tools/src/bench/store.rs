//! `cargo xtask bench store`: published packages cooked from nothing, with and without storing what was compiled, then
//! in a second checkout and under another `CARGO_HOME`, all in one run.
//!
//! Processor seconds count: those of cargo, rustc and Larder together, which other programs hardly change. A run is void
//! unless what the store gave was really used.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use larder::{
    process::{Cmd, Environment},
    text::columns,
};
use larder_tests::published;
use serde::Serialize;
use serde_json::Value;
use xshell::Shell;

use super::{
    output::{Line, Output, Plot},
    scratch::{self, Scratch},
};
use crate::log::Log;

/// The arguments of `cargo xtask bench store`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Packages whose archives carry a `Cargo.lock`.
    #[arg(value_name = "NAME@VERSION", default_values = ["eza@0.23.5", "typos-cli@1.52.0"])]
    packages: Vec<String>,
    #[command(flatten)]
    scratch: scratch::Options,
    #[command(flatten)]
    output: Output,
}

/// One way to come by the external units of a package.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Measured {
    package: String,
    what: &'static str,
    seconds: f64,
    processor_seconds: f64,
    restored: u64,
    compiled: u64,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let larder = build_release(sh, env, log)?;
    let scratch = Scratch::new(sh, &args.scratch)?;
    let bench = Bench { env, larder: &larder, log };
    let mut measured = Vec::new();
    for package in &args.packages {
        let (name, version) = package.split_once('@').context("packages are given as NAME@VERSION")?;
        let dir = tempfile::tempdir_in(scratch.dir())?;
        measured.extend(bench.package(dir.path(), name, version)?);
    }
    let json = serde_json::json!({ "version": 1, "rows": measured });
    args.output.write(sh, log, "store", (&report(&measured), &json, &plot(&measured)))?;
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

struct Bench<'a> {
    env: &'a Environment,
    larder: &'a Path,
    log: &'a Log,
}

impl Bench<'_> {
    fn package(&self, dir: &Path, name: &str, version: &str) -> anyhow::Result<Vec<Measured>> {
        let checkout = |place: &str| {
            let to = dir.join(place);
            fs_err::create_dir_all(&to)?;
            published::copy(self.env, name, version, &to)?;
            anyhow::Ok(to)
        };
        let first = checkout("first")?;
        self.larder(&first, self.env, &["lock", "--quiet"])?;
        let mut env = self.env.clone();
        env.set("LARDER_STORE_DIR", dir.join("store"));
        let cook = |what, dir: &Path, env: &Environment, words: &[&str]| {
            self.log.step("Cooking", &format!("{name}: {what}"));
            self.cook(name, what, dir, env, words)
        };
        let without = cook("cold, without a store", &first, &env, &["--store", "off"])?;
        fs_err::remove_dir_all(first.join("target"))?;
        let cold = cook("cold, storing", &first, &env, &[])?;
        let again = cook("again in the same folder", &first, &env, &[])?;
        let mut rows = vec![without, cold, again];
        let home = larder_tests::cargo_home(&env)?;
        let mut other = env.clone();
        other.set("CARGO_HOME", home.path());
        // Downloading is not what is measured.
        Cmd::new("cargo", &first, &other).args(["fetch", "--quiet", "--locked"]).run()?;
        for (what, place, env) in
            [("second checkout", "second", &env), ("another CARGO_HOME", "third", &other)]
        {
            let to = checkout(place)?;
            self.larder(&to, self.env, &["lock", "--quiet"])?;
            let row = cook(what, &to, env, &[])?;
            ensure!(
                row.restored > 0 && row.compiled == 0 && row.processor_seconds < rows[0].processor_seconds,
                "the run is void, since the store was not used: {row:?}"
            );
            rows.push(row);
        }
        ensure!(rows[0].compiled > 0 && rows[1].compiled > 0, "the run is void: nothing was cold");
        Ok(rows)
    }

    fn larder(&self, dir: &Path, env: &Environment, words: &[&str]) -> anyhow::Result<String> {
        Ok(Cmd::new(self.larder, dir, env).arg("larder").args(words.iter().copied()).output()?)
    }

    fn cook(
        &self,
        package: &str,
        what: &'static str,
        dir: &Path,
        env: &Environment,
        words: &[&str],
    ) -> anyhow::Result<Measured> {
        let (start, before) = (Instant::now(), processor_seconds()?);
        let told = self.larder(dir, env, &[&["cook", "--json", "--quiet"], words].concat())?;
        let seconds = start.elapsed().as_secs_f64();
        let processor_seconds = processor_seconds()? - before;
        let told: Value = serde_json::from_str(&told)?;
        let sum = |field: &str| {
            let phases = told["phases"].as_array().into_iter().flatten();
            phases.filter_map(|phase| phase[field].as_u64()).sum()
        };
        let (restored, compiled) = (sum("restored"), sum("compiled-external"));
        Ok(Measured { package: package.to_owned(), what, seconds, processor_seconds, restored, compiled })
    }
}

/// What programs that were started here and have ended took, as `proc(5)` tells.
fn processor_seconds() -> anyhow::Result<f64> {
    /// Of Linux on every platform that it tells programs of.
    const TICKS_IN_A_SECOND: f64 = 100.0;
    let text = fs_err::read_to_string("/proc/self/stat").context("processor time is read on Linux alone")?;
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    // The third field is the first one after the name; those of children are the 16th and 17th.
    let ticks: Vec<u32> =
        fields.split_whitespace().skip(13).take(2).filter_map(|field| field.parse().ok()).collect();
    ensure!(ticks.len() == 2, "/proc/self/stat has another form");
    Ok(ticks.into_iter().map(f64::from).sum::<f64>() / TICKS_IN_A_SECOND)
}

fn report(measured: &[Measured]) -> String {
    let cold = |row: &Measured| {
        measured
            .iter()
            .find(|cold| cold.package == row.package)
            .map_or(f64::NAN, |cold| cold.processor_seconds)
    };
    let row = |row: &Measured| {
        [
            row.package.clone(),
            row.what.to_owned(),
            format!("{:.1}", row.seconds),
            format!("{:.2}", row.processor_seconds),
            format!("{:.1}", cold(row) / row.processor_seconds),
            row.restored.to_string(),
            row.compiled.to_string(),
        ]
    };
    let head =
        ["<package", "<cooked", "seconds", "processor s", "times less than cold", "restored", "compiled"];
    columns::text(head, &measured.iter().map(row).collect::<Vec<_>>())
}

fn plot(measured: &[Measured]) -> Plot<'_> {
    let mut lines: Vec<Line> = Vec::new();
    for row in measured {
        match lines.last_mut().filter(|line| line.name == row.package) {
            Some(line) => line.values.push(row.processor_seconds),
            None => lines.push(Line { name: row.package.clone(), values: vec![row.processor_seconds] }),
        }
    }
    Plot {
        title: "processor seconds to have all external units",
        x: "1: cold, 2: storing, 3: again, 4: second checkout, 5: another CARGO_HOME",
        y: "seconds",
        lines,
    }
}
