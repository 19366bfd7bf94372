//! `cargo xtask bench usage`: how long `cargo larder usage` takes, in turns with `du -s` over the folders that it
//! names, and whether both agree.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use larder::{
    process::{Cmd, Environment},
    text::columns,
};
use serde::Serialize;
use serde_json::Value;
use xshell::Shell;

use super::{
    output::{Line, Output, Plot},
    plan::{release_build, seconds},
    report::median,
};
use crate::log::Log;

/// The arguments of `cargo xtask bench usage`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each command is measured.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    #[command(flatten)]
    output: Output,
}

/// The measurements of one workspace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct UsageMeasurement {
    workspace: &'static str,
    /// How many folders `usage` told the size of.
    folders: usize,
    usage_bytes: u64,
    du_bytes: u64,
    usage_seconds: Vec<f64>,
    du_seconds: Vec<f64>,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let larder = release_build(sh, log)?;
    let mut measured = Vec::new();
    for (name, folder) in [("Larder", "."), ("portfolio", "examples/portfolio")] {
        let bench = UsageBench { name, dir: &sh.current_dir().join(folder), env, larder: &larder, log };
        measured.push(bench.measure(args.rounds)?);
    }
    let json = serde_json::json!({ "version": 1, "workspaces": measured });
    args.output.write(sh, log, "usage", (&report(&measured), &json, &plot(&measured)))
}

struct UsageBench<'a> {
    name: &'static str,
    dir: &'a Path,
    env: &'a Environment,
    larder: &'a Path,
    log: &'a Log,
}

impl UsageBench<'_> {
    fn measure(&self, rounds: u32) -> anyhow::Result<UsageMeasurement> {
        // Once in vain: it brings what the file system keeps into memory, for both alike.
        let (folders, usage_bytes) = self.usage()?;
        let du_bytes = self.du(&folders)?;
        let mut measured = UsageMeasurement {
            workspace: self.name,
            folders: folders.len(),
            usage_bytes,
            du_bytes,
            usage_seconds: Vec::new(),
            du_seconds: Vec::new(),
        };
        for round in 1..=rounds {
            self.log.step("Measuring", &format!("{}, round {round} of {rounds}", self.name));
            measured.usage_seconds.push(seconds(|| self.usage())?);
            measured.du_seconds.push(seconds(|| self.du(&folders))?);
        }
        Ok(measured)
    }

    /// The folders that are on this machine's disk, and what they take together.
    fn usage(&self) -> anyhow::Result<(Vec<PathBuf>, u64)> {
        let text = Cmd::new(self.larder, self.dir, self.env).args(["larder", "usage", "--json"]).output()?;
        let usage: Value = serde_json::from_str(&text)?;
        let caches = usage["caches"].as_array().context("`usage` lists no caches")?;
        let present = caches.iter().filter(|cache| cache["state"] == "present");
        let row = |cache: &Value| Some((cache["path"].as_str()?.into(), cache["size"]["on-disk"].as_u64()?));
        let (folders, sizes): (Vec<PathBuf>, Vec<u64>) = present.filter_map(row).unzip();
        Ok((folders, sizes.iter().sum()))
    }

    fn du(&self, folders: &[PathBuf]) -> anyhow::Result<u64> {
        let text =
            Cmd::new("du", self.dir, self.env).args(["-s", "-x", "--block-size=1"]).args(folders).output()?;
        let sizes = text.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(sizes.sum())
    }
}

fn report(measured: &[UsageMeasurement]) -> String {
    let rows: Vec<_> = measured.iter().map(UsageMeasurement::cells).collect();
    let head = ["<median seconds", "folders", "size", "difference", "usage", "du -s", "ratio", "<goal"];
    columns::text(head, &rows)
}

impl UsageMeasurement {
    fn cells(&self) -> [String; 8] {
        let [usage, du] = [&self.usage_seconds, &self.du_seconds].map(|values| median(values));
        #[expect(clippy::cast_precision_loss, reason = "a difference in hundredths")]
        let difference = 100.0 * (self.usage_bytes as f64 / self.du_bytes as f64 - 1.0);
        let verdict = if usage < du && difference.abs() <= 1.0 { "reached" } else { "MISSED" };
        [
            self.workspace.to_owned(),
            self.folders.to_string(),
            columns::bytes(self.du_bytes),
            format!("{difference:+.2} %"),
            format!("{usage:.2}"),
            format!("{du:.2}"),
            format!("{:.2}", usage / du),
            format!("{verdict}: within 1 %, in less time"),
        ]
    }
}

fn plot(measured: &[UsageMeasurement]) -> Plot<'_> {
    let lines = measured.iter().flat_map(|row| {
        [
            Line::new("usage", row.workspace, &row.usage_seconds),
            Line::new("du -s", row.workspace, &row.du_seconds),
        ]
    });
    Plot { title: "looking at every cache", x: "round", y: "seconds", lines: lines.collect() }
}
