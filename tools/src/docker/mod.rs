//! `cargo xtask docker`: the example's image by way of `cargo larder docker`, on any machine that is or can become
//! able to run a Docker engine.

pub(crate) mod base;
mod caches;
pub(crate) mod container;
pub(crate) mod engine;
mod flake;
pub(crate) mod image_registry;
mod private_git;
mod private_registry;
pub(crate) mod scenarios;

use std::path::{Path, PathBuf};

use anyhow::ensure;
use larder::{
    docker::client::Client,
    process::{Cmd, Environment, Stderr},
};
use serde_json::Value;
use xshell::Shell;

use self::{base::Bases, engine::Engine};
use crate::{log::Log, setup};

/// The arguments of `cargo xtask docker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where base images come from.
    #[arg(long, value_enum, default_value_t = Base::Registry)]
    base: Base,
    /// Run the tests of images instead: a day's scenarios, secrets, the example's image, a container of it, and its
    /// deployment.
    #[arg(long, conflicts_with = "words")]
    test: bool,
    /// Of these tests, run some; separated by commas.
    #[arg(long, value_enum, value_name = "PARTS", value_delimiter = ',', requires = "test")]
    parts: Vec<Part>,
    /// Arguments passed on to `cargo larder docker`.
    #[arg(last = true, value_name = "WORDS")]
    words: Vec<String>,
}

/// Where base images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Base {
    /// Pulled from the registry that the engine is set up for.
    Registry,
    /// Made from Debian's packages, if no registry can be reached.
    Debian,
}

/// The tests of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// A developer's day, and secrets.
    Day,
    /// Recipes that are not committed.
    Planner,
    /// A registry of crates that asks for a token.
    PrivateRegistry,
    /// A git repository that an SSH key opens.
    PrivateGit,
    /// An image that a flake builds.
    Nix,
    /// A registry's cache on an empty builder, and a full disk.
    Caches,
    /// The example's image, and a container of it: minutes.
    Example,
    /// The example on a server, from the engine that the part before this one builds with.
    Deploy,
}

impl Part {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 8] = [
        Self::Day,
        Self::Planner,
        Self::PrivateRegistry,
        Self::PrivateGit,
        Self::Nix,
        Self::Caches,
        Self::Example,
        Self::Deploy,
    ];

    /// Whether it takes a current engine, which is started for it.
    fn is_current(self) -> bool {
        matches!(self, Self::Caches | Self::Example | Self::Deploy)
    }
}

/// How Larder begins to say that a base image cannot be had.
const NO_BASE: &str = "the engine cannot get the base image";

/// The image's name.
const IMAGE: &str = "larder-portfolio";

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    if args.test {
        let parts = if args.parts.is_empty() { Part::ALL.to_vec() } else { args.parts.clone() };
        return test(sh, env, log, &parts);
    }
    let engine = Engine::ensure(sh, env, log)?;
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    // Otherwise the Dockerfile's own.
    let mut words = match args.base {
        Base::Registry => Vec::new(),
        Base::Debian => debian_bases(sh, env, &engine, log)?.words(),
    };
    words.extend(args.words.iter().cloned());
    let quiet = log.is_quiet().then_some("--quiet");
    let mut advice = "";
    let code = Cmd::new(larder, example(sh), engine.env())
        .args(["larder", "docker", "--tag", IMAGE])
        .args(quiet)
        .args(&words)
        .run_with_errors(|line| {
            log.line(line);
            if args.base == Base::Registry && line.contains(NO_BASE) {
                advice = "; --base debian makes base images from Debian's packages";
            }
        })?;
    ensure!(code == 0, "`cargo larder docker` ended with exit code {code}{advice}");
    Ok(())
}

/// Everything that must hold of images, with bases made here, so that no registry is needed.
pub(crate) fn test(sh: &Shell, env: &Environment, log: &Log, parts: &[Part]) -> anyhow::Result<()> {
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    if parts.iter().any(|part| !part.is_current()) {
        let engine = Engine::ensure(sh, env, log)?;
        let bases = debian_bases(sh, env, &engine, log)?;
        let words = bases.words();
        for part in parts {
            match part {
                Part::Day => scenarios::run(engine.env(), &larder, &words, log)?,
                Part::Planner => scenarios::planner(engine.env(), &larder, &bases, log)?,
                Part::PrivateRegistry => private_registry::run(engine.env(), &larder, &words, log)?,
                Part::PrivateGit => private_git::run(sh, engine.env(), &larder, &bases, log)?,
                Part::Nix => flake::run(sh, engine.env(), &larder, log)?,
                Part::Caches | Part::Example | Part::Deploy => {}
            }
        }
    }
    // The engine above has ended, unless it is the machine's own.
    if parts.contains(&Part::Caches) {
        caches::run(sh, env, &larder, log)?;
    }
    if parts.iter().any(|part| matches!(part, Part::Example | Part::Deploy)) {
        let (engine, bases) = current_engine(sh, env, log)?;
        if parts.contains(&Part::Example) {
            example_twice(sh, engine.env(), &larder, &bases.words())?;
            container::check(&Client::find(engine.env())?, IMAGE, log)?;
        }
        if parts.contains(&Part::Deploy) {
            crate::deploy::show(sh, engine.env(), &larder, &bases.words(), log)?;
        }
    }
    Ok(())
}

/// A current engine with base images made here; it keeps what it has built.
pub(crate) fn current_engine(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<(Engine, Bases)> {
    // Not the one of the caches' tests, which empty theirs.
    let folder = setup::scratch_folder(sh, env, "docker-deploy")?;
    let engine = Engine::current(sh, env, log, &folder, &folder.join("data"))?;
    let bases = debian_bases(sh, env, &engine, log)?;
    Ok((engine, bases))
}

/// Says that a test cannot run here, which on a machine that is there for tests is a failure.
fn skipped(env: &Environment, log: &Log, what: &str, why: &str) -> anyhow::Result<()> {
    ensure!(env.get_str("CI") != Some("true"), "{what} cannot be tested: {why}");
    log.warn(&format!("SKIPPED {what}: {why}"));
    Ok(())
}

/// Everything that must hold of a container of the example, whose image somebody else has built into an archive.
pub(crate) fn check_archive(sh: &Shell, env: &Environment, log: &Log, archive: &Path) -> anyhow::Result<()> {
    let engine = Engine::ensure(sh, env, log)?;
    let client = Client::find(engine.env())?;
    let answer = client.cmd().args(["load", "--quiet", "--input"]).arg(archive).output()?;
    let image = answer.trim().rsplit(' ').next().unwrap_or_default();
    log.step("Loaded", image);
    container::check(&client, image, log)
}

/// Builds the example's image, and again, which must do nothing.
fn example_twice(sh: &Shell, env: &Environment, larder: &Path, words: &[String]) -> anyhow::Result<()> {
    let first = build_example(sh, env, larder, words)?;
    let second = build_example(sh, env, larder, words)?;
    // The half's own and the three that both stand on, as far as they are not there from an earlier run. The front is
    // a library: in the steps before its own, those of later ones are compiled from empty files, 3 + 2 + 1.
    for (half, most) in [("build-front", 4 + 6), ("build-server", 4)] {
        let built = scenarios::stage(&first, half)?;
        ensure!(built.external == 0, "stage {half} compiled external packages: {first:#}");
        ensure!(built.own <= most, "stage {half} compiled members twice: {first:#}");
        ensure!(scenarios::stage(&second, half)?.run == 0, "a second build does something: {second:#}");
    }
    Ok(())
}

fn build_example(sh: &Shell, env: &Environment, larder: &Path, words: &[String]) -> anyhow::Result<Value> {
    let cmd = Cmd::new(larder, example(sh), env).args(["larder", "docker", "--json", "--tag", IMAGE]);
    let mut json = String::new();
    let code = cmd.args(words).each_line(Stderr::Terminal, |line| json.push_str(line))?;
    ensure!(code == 0, "`cargo larder docker` ended with exit code {code}");
    Ok(serde_json::from_str(&json)?)
}

fn example(sh: &Shell) -> PathBuf {
    sh.current_dir().join("examples/portfolio")
}

/// Base images made here.
pub(crate) fn debian_bases(
    sh: &Shell,
    env: &Environment,
    engine: &Engine,
    log: &Log,
) -> anyhow::Result<Bases> {
    let tools = setup::ensure(sh, env, log)?;
    base::ensure(sh, &Client::find(engine.env())?, &tools, log)
}
