//! `cargo xtask bench plan`: what an unchanged workspace's `cargo larder lock` costs, in turns with what
//! `cargo chef prepare` costs there and with the bare cargo queries that locking cannot do without.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::ensure;
use larder::{
    cargo::Cargo,
    process::{Cmd, Environment},
    project::Project,
    side_by_side,
    text::columns,
};
use serde::Serialize;
use xshell::{Shell, cmd};

use super::{
    output::{Line, Output, Plot},
    report::median,
    scratch::{self, Scratch},
};
use crate::{log::Log, setup::programs};

/// The arguments of `cargo xtask bench plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each command is measured.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    #[command(flatten)]
    scratch: scratch::Options,
    #[command(flatten)]
    output: Output,
}

/// How many members the made-up workspace has.
const MEMBERS: usize = 24;
/// The dependencies of its members, of which each has some.
const DEPENDENCIES: [&str; 12] = [
    "anyhow = \"1\"",
    "axum = \"0.8\"",
    "chrono = \"0.4\"",
    "clap = { version = \"4\", features = [\"derive\"] }",
    "futures = \"0.3\"",
    "rand = \"0.9\"",
    "regex = \"1\"",
    "serde = { version = \"1\", features = [\"derive\"] }",
    "serde_json = \"1\"",
    "tokio = { version = \"1\", features = [\"full\"] }",
    "tracing-subscriber = \"0.3\"",
    "uuid = { version = \"1\", features = [\"v4\"] }",
];

/// The measurements of one workspace: seconds of each run.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct PlanMeasurement {
    workspace: String,
    members: usize,
    queries: usize,
    lock_seconds: Vec<f64>,
    chef_seconds: Vec<f64>,
    bare_query_seconds: Vec<f64>,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let tools = crate::setup::ensure(sh, env, log)?.environment();
    let chef = programs::ensure(sh, env, log, programs::CARGO_CHEF)?;
    let larder = release_build(sh, log)?;
    let scratch = Scratch::new(sh, &args.scratch)?;
    let example = super::copies::Copy::new(
        &sh.current_dir().join("examples/portfolio"),
        scratch.dir(),
        super::copies::CopySettings::Tuned,
    )?;
    let many = scratch.dir().join("many");
    many_members(&many, &tools)?;
    let mut measured = Vec::new();
    for (name, dir) in [("portfolio", example.dir()), ("many members", many.as_path())] {
        let bench = PlanBench { name, dir, env: &tools, larder: &larder, chef: &chef, log };
        measured.push(bench.measure(args.rounds)?);
    }
    let json = serde_json::json!({ "version": 1, "workspaces": measured });
    args.output.write(sh, log, "plan", (&report(&measured), &json, &plot(&measured)))?;
    scratch.close()
}

/// The peer is optimised, so we are.
pub(super) fn release_build(sh: &Shell, log: &Log) -> anyhow::Result<PathBuf> {
    log.step("Building", "cargo-larder, optimised");
    let cargo = sh.var_os("CARGO").unwrap_or_else(|| "cargo".into());
    cmd!(sh, "{cargo} build --quiet --release --package cargo-larder").quiet().run()?;
    Ok(sh.current_dir().join("target/release/cargo-larder"))
}

/// A workspace of many small members that share dependencies, as grown services have it.
fn many_members(dir: &Path, env: &Environment) -> anyhow::Result<()> {
    for member in 0..MEMBERS {
        let folder = dir.join(format!("crates/member-{member:02}"));
        fs_err::create_dir_all(folder.join("src"))?;
        let mut manifest = format!(
            "[package]\nname = \"member-{member:02}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n"
        );
        // Steps that share no factor with the list's length reach every dependency.
        for pick in 0..4 {
            let _ = writeln!(manifest, "{}", DEPENDENCIES[(member * 5 + pick * 7) % DEPENDENCIES.len()]);
        }
        if member > 0 {
            let _ = writeln!(manifest, "member-{0:02} = {{ path = \"../member-{0:02}\" }}", member - 1);
        }
        fs_err::write(folder.join("Cargo.toml"), manifest)?;
        fs_err::write(folder.join("src/main.rs"), "fn main() {}\n")?;
        fs_err::write(folder.join("src/lib.rs"), "")?;
    }
    fs_err::write(dir.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n")?;
    if !dir.join("Cargo.lock").exists() {
        Cmd::new("cargo", dir, env).args(["generate-lockfile", "--quiet"]).output()?;
    }
    Ok(())
}

struct PlanBench<'a> {
    name: &'a str,
    dir: &'a Path,
    env: &'a Environment,
    larder: &'a Path,
    chef: &'a Path,
    log: &'a Log,
}

impl PlanBench<'_> {
    fn measure(&self, rounds: u32) -> anyhow::Result<PlanMeasurement> {
        let mut measured = PlanMeasurement { workspace: self.name.to_owned(), ..PlanMeasurement::default() };
        // Once in vain: it writes the recipes and downloads what the queries need.
        self.lock()?;
        ensure!(self.lock()?.contains("Kept"), "`cargo larder lock` does not come to rest on {}", self.name);
        for round in 1..=rounds {
            self.log.step("Measuring", &format!("{}, round {round} of {rounds}", self.name));
            measured.lock_seconds.push(seconds(|| self.lock())?);
            measured.chef_seconds.push(seconds(|| self.prepare())?);
            let mut project = None;
            measured.bare_query_seconds.push(seconds(|| {
                let (loaded, queries) = self.bare_queries()?;
                project = Some(loaded.workspace.metadata().workspace_members.len());
                measured.queries = queries;
                Ok(())
            })?);
            measured.members = project.unwrap_or_default();
        }
        Ok(measured)
    }

    fn lock(&self) -> anyhow::Result<String> {
        let log = tempfile::NamedTempFile::new()?;
        let mut running =
            Cmd::new(self.larder, self.dir, self.env).args(["larder", "lock"]).spawn_logged(log.path())?;
        let code = running.wait()?;
        let text = fs_err::read_to_string(log.path())?;
        ensure!(code == 0, "`cargo larder lock` failed on {}: {text}", self.name);
        Ok(text)
    }

    fn prepare(&self) -> anyhow::Result<()> {
        let recipe = tempfile::NamedTempFile::new()?;
        Cmd::new(self.chef, self.dir, self.env)
            .args(["chef", "prepare", "--recipe-path"])
            .arg(recipe.path())
            .output()?;
        Ok(())
    }

    /// Asks cargo and rustc what locking asks them, and nothing else.
    fn bare_queries(&self) -> anyhow::Result<(Project, usize)> {
        let cargo = Cargo::locate(self.env)?.with_stand_in(self.larder.to_owned());
        let project = Project::load(cargo, self.dir, None, None)?;
        let platforms = project.platforms(project.recorded()?.as_ref())?;
        let cargos = platforms.iter().map(|platform| project.cargo_on(platform));
        let cargos = cargos.collect::<larder::Result<Vec<_>>>()?;
        let calls = project.slices.iter().flat_map(|slice| cargos.iter().map(move |cargo| (slice, cargo)));
        let answers = side_by_side::map(calls, |(slice, cargo)| {
            cargo.unit_graph(&slice.planning(cargo, &project.workspace)?)
        })?;
        Ok((project, answers.len()))
    }
}

pub(super) fn seconds<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

fn report(measured: &[PlanMeasurement]) -> String {
    let rows: Vec<_> = measured.iter().map(PlanMeasurement::cells).collect();
    let head = [
        "<median seconds",
        "members",
        "graph queries",
        "larder lock",
        "chef prepare",
        "ratio",
        "bare queries",
        "lock adds",
    ];
    columns::text(head, &rows)
}

impl PlanMeasurement {
    fn cells(&self) -> [String; 8] {
        let [lock, chef, bare] =
            [&self.lock_seconds, &self.chef_seconds, &self.bare_query_seconds].map(|values| median(values));
        [
            self.workspace.clone(),
            self.members.to_string(),
            self.queries.to_string(),
            format!("{lock:.2}"),
            format!("{chef:.2}"),
            format!("{:.2}", lock / chef),
            format!("{bare:.2}"),
            format!("{:+.0} %", 100.0 * (lock / bare - 1.0)),
        ]
    }
}

fn plot(measured: &[PlanMeasurement]) -> Plot<'_> {
    let lines = measured.iter().flat_map(|row| {
        [
            Line::new("larder lock", &row.workspace, &row.lock_seconds),
            Line::new("chef prepare", &row.workspace, &row.chef_seconds),
        ]
    });
    Plot { title: "planning an unchanged workspace", x: "round", y: "seconds", lines: lines.collect() }
}
