//! `cargo xtask test`: everything that must hold before a change lands, on a machine that has nothing yet.
//!
//! A machine that lacks something says so within a minute, before anything is built; then everything is set up as a
//! whole, and the checks that build least come first. The example is built once for each variant, and what it compiled is part
//! of the test.

mod archives;
mod driver;
mod dx;
mod init;
pub(crate) mod step;
mod store;
mod trunk;
mod wasm_pack;
mod watch;
mod windows;

use std::{path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use larder_tests::oracle::Count;
use serde_json::Value;
use xshell::{Shell, cmd};

use self::step::Step;
use crate::{
    ci, docker, fresh,
    log::{self, Log},
    nix::{self, Server},
    portfolio::{self, Portfolio, Variant},
    release,
    setup::{self, requirement},
    trials,
};

/// The arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also run the tests that build large published packages, which takes hours.
    #[arg(long)]
    full: bool,
    /// Run these steps alone; separated by commas.
    #[arg(long, value_enum, value_name = "STEPS", value_delimiter = ',')]
    only: Vec<Step>,
    /// Set up what the steps use, and run none.
    #[arg(long)]
    set_up_only: bool,
}

/// Looks for all that the steps use, sets it up, runs them, and prints how long each took.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let steps = if args.only.is_empty() { &Step::ALL[..] } else { &args.only };
    let env = &in_own_folders(env);
    let steps = possible(sh, env, log, steps)?;
    let mut clock = Clock::default();
    for requirement in step::requirements(&steps) {
        clock.time(&format!("set-up of {}", requirement.name()), || requirement.ensure(sh, env, log))?;
    }
    let mut failed = Vec::new();
    if !args.set_up_only {
        let tests = Tests { sh, env, log, full: args.full };
        for step in steps {
            // Every step stands alone, so the others still say something about the change.
            if let Err(error) = clock.time(step.name(), || tests.step(step)) {
                log::error(&error);
                failed.push(step.name());
            }
        }
    }
    anstream::print!("{}", clock.table());
    ensure!(failed.is_empty(), "these steps failed: {}", failed.join(", "));
    Ok(())
}

/// Without the folder that a person's shell names for all builds: the steps look into those of the workspaces.
fn in_own_folders(env: &Environment) -> Environment {
    let mut env = env.clone();
    ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"]
        .into_iter()
        .for_each(|name| env.unset(name));
    env
}

/// The steps that this machine can run, before anything is built. In CI that has to be all of them.
fn possible(sh: &Shell, env: &Environment, log: &Log, steps: &[Step]) -> anyhow::Result<Vec<Step>> {
    let problems = requirement::problems(sh, env, log, step::requirements(steps))?;
    if problems.is_empty() {
        return Ok(steps.to_vec());
    }
    let told: Vec<String> = problems.iter().map(|(what, why)| format!("{}: {why}", what.name())).collect();
    ensure!(env.get_str("CI") != Some("true"), "this machine cannot run all tests\n  {}", told.join("\n  "));
    let mut runs = Vec::new();
    for step in steps {
        match problems.iter().find(|(what, _)| step.requirements().contains(what)) {
            Some((what, why)) => log.warn(&format!("SKIPPED {}: {}: {why}", step.name(), what.name())),
            None => runs.push(*step),
        }
    }
    ensure!(!runs.is_empty(), "this machine can run none of these tests\n  {}", told.join("\n  "));
    Ok(runs)
}

/// The values that all steps share.
struct Tests<'a> {
    sh: &'a Shell,
    env: &'a Environment,
    log: &'a Log,
    full: bool,
}

impl<'a> Tests<'a> {
    fn step(&self, step: Step) -> anyhow::Result<()> {
        let Self { sh, env, log, full } = *self;
        match step {
            Step::Fresh => fresh::set_up(sh, env, log),
            Step::Static => {
                ci::run(sh, env, log)?;
                if full { windows::run(sh, env, log) } else { Ok(()) }
            }
            Step::Archives => {
                archives::run(sh, env, log)?;
                if full { release::test(sh, env, log) } else { Ok(()) }
            }
            Step::Recipes => self.recipes(),
            Step::Dev => exact(&self.portfolio()?, Variant::Dev, log),
            Step::Release => exact(&self.portfolio()?, Variant::Release, log),
            Step::Init => init::run(&self.portfolio()?, log),
            Step::WasmPack => {
                let portfolio = self.portfolio()?;
                wasm_pack::run(sh, env, &portfolio, log)?;
                if full {
                    trunk::run(sh, env, &portfolio, log)?;
                    dx::run(sh, env, &portfolio, log)?;
                }
                Ok(())
            }
            Step::Trials => trials::run(sh, env, log, &trials::Args::default()),
            Step::Images => docker::test(sh, env, log, &docker::Part::ALL),
            Step::Nix => nix::test(sh, env, log, if full { Server::Shipped } else { Server::Quick }),
            Step::Cargo => self.cargo_test(),
        }
    }

    fn portfolio(&self) -> anyhow::Result<Portfolio<'a>> {
        Portfolio::prepare(self.sh, self.env, self.log)
    }

    fn recipes(&self) -> anyhow::Result<()> {
        let portfolio = self.portfolio()?;
        portfolio.larder(&["lock", "--check"])?;
        portfolio.larder(&["dockerfile", "--check"])?;
        own_recipe(self.sh, &portfolio)
    }

    /// The tests run with this machine's own toolchain; only the browser and servers may come from elsewhere.
    fn cargo_test(&self) -> anyhow::Result<()> {
        let (sh, portfolio) = (self.sh, self.portfolio()?);
        let browser = setup::browser::ensure(sh, self.env, self.log)?;
        // The browser's test serves it; if it was built before, this takes a moment.
        portfolio.build(Variant::Release)?;
        let cargo = sh.var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let path = sh.var_os("PATH").unwrap_or_default();
        let browser = [&browser.chromium, &browser.chromedriver].into_iter().filter_map(|file| file.parent());
        // These in the versions that were chosen.
        let servers = setup::servers::ensure(sh, self.env, self.log)?;
        let deploy = setup::deploy::ensure(sh, self.env, self.log)?;
        let engine = setup::engine::ensure(sh, self.env, self.log)?;
        let shells = setup::shells::ensure(sh, self.env, self.log)?;
        let linters = setup::linters::ensure(sh, self.env, self.log)?;
        let bots = setup::bots::ensure(sh, self.env, self.log)?;
        let gitlab = setup::gitlab::ensure(sh, self.env, self.log)?;
        let of_npm = shells.into_iter().chain(bots).chain(gitlab);
        let folders =
            [servers, deploy, linters].into_iter().chain(of_npm).chain(std::env::split_paths(&path));
        let folders = folders.chain(browser.map(Path::to_owned));
        cmd!(sh, "{cargo} test --workspace")
            .env("PATH", std::env::join_paths(folders)?)
            // Not on PATH: other tests speak of the machine's own client.
            .env("LARDER_TEST_ENGINE", engine)
            .env("LARDER_PORTFOLIO_BIN", portfolio.server(Variant::Release))
            .env("LARDER_PORTFOLIO_SITE", portfolio.site())
            .envs(portfolio.env().get("PATH").map(|path| ("LARDER_TEST_WASM_PATH", path)))
            .envs(self.full.then_some(("LARDER_TEST_FULL", "1")))
            .quiet()
            .run()?;
        Ok(())
    }
}

/// The recipe that Nix builds Larder from.
fn own_recipe(sh: &Shell, portfolio: &Portfolio<'_>) -> anyhow::Result<()> {
    let args = ["lock", "--check", "--locked"];
    portfolio.larder_in(&sh.current_dir(), portfolio.env(), &args).map(drop)
}

/// Builds the example by way of its recipes and requires that the real build compiles no external unit:
/// first by what cargo-leptos' own calls of cargo say, then by an independent count of the slices' calls.
fn exact(portfolio: &Portfolio<'_>, variant: Variant, log: &Log) -> anyhow::Result<()> {
    let phases = portfolio.build(variant)?;
    anstream::eprint!("{}", portfolio::table(&phases));
    let last = phases.last().context("there is no phase")?;
    let external = last["compiled-external"].as_u64();
    ensure!(external == Some(0), "cargo-leptos compiled {external:?} external units after cooking");
    let touched = last["fresh"].as_u64().unwrap_or_default() + last["compiled"].as_u64().unwrap_or_default();
    ensure!(touched > 100, "cargo-leptos' build was not seen: {last}");
    portfolio.serve_once(variant)?;
    match variant {
        Variant::Release => observed_equals_found(portfolio, log)?,
        Variant::Dev => watch::run(portfolio, log)?,
    }
    independent_count(portfolio, variant, log)?;
    store::other_checkouts(portfolio, variant, log)
}

/// What the real cargo-leptos is seen to call is what was found from the metadata.
fn observed_equals_found(portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let (driver, expected) = (["cargo", "leptos", "build", "--release"], ["front", "server"]);
    let mut args = vec!["observe", "--json", "--"];
    args.extend(driver);
    // The driver's own words come first on standard output.
    let output = portfolio.larder(&args)?;
    let start = output.find("{\n").context("`cargo larder observe --json` printed no JSON")?;
    let seen: Value = serde_json::from_str(&output[start..])?;
    let slices = seen["slices"].as_array().context("`cargo larder observe --json` has no slices")?;
    let mut known: Vec<&str> = slices.iter().filter_map(|slice| slice["known"].as_str()).collect();
    known.sort_unstable();
    ensure!(known == expected && slices.len() == expected.len(), "cargo-leptos makes other calls: {seen:#}");
    log.step("Observed", &format!("{}: {}", driver.join(" "), known.join(", ")));
    Ok(())
}

fn independent_count(portfolio: &Portfolio<'_>, variant: Variant, log: &Log) -> anyhow::Result<()> {
    let plan: Value = serde_json::from_str(&portfolio.larder(&["plan", "--json"])?)?;
    let wanted = match variant {
        Variant::Release => "release",
        Variant::Dev => "dev",
    };
    for planned in plan["slices"].as_array().into_iter().flatten() {
        let slice: larder::slice::Slice = serde_json::from_value(planned["slice"].clone())?;
        if planned["slice"]["variant"] != wanted {
            continue;
        }
        let target = portfolio.dir().join("target");
        let mut cmd = Cmd::new("cargo", portfolio.dir(), portfolio.env())
            .args(&slice.args)
            .arg("--message-format=json")
            .arg(format!(
                "--target-dir={}",
                portfolio.dir().join(String::from(slice.target_dir.clone())).display()
            ));
        for (name, value) in slice.environment(&target.to_string_lossy()).iter() {
            cmd = cmd.env(name, value);
        }
        if !slice.rustflags.is_empty() {
            cmd = cmd.env("RUSTFLAGS", slice.rustflags.join(" "));
        }
        let count = Count::parse(&cmd.output()?);
        ensure!(count.compiled == 0, "{} differs from cargo-leptos' call: {count:?}", slice.name);
        ensure!(count.fresh > 0, "the build of {} was not seen", slice.name);
        log.step("Counted", &format!("{}: fresh {}, compiled 0", slice.name, count.fresh));
    }
    Ok(())
}

/// What took how long, for those who want the checks to stay quick.
#[derive(Default)]
struct Clock(Vec<(String, f64)>);

impl Clock {
    fn time<T>(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let start = Instant::now();
        let result = work().with_context(|| name.to_owned())?;
        self.0.push((name.to_owned(), start.elapsed().as_secs_f64()));
        Ok(result)
    }

    fn table(&self) -> String {
        let line = |(name, seconds): &(String, f64)| format!("{name:<28} {seconds:>8.1} s\n");
        self.0.iter().map(line).collect()
    }
}
