//! `cargo xtask docker`: the example's image by way of `cargo larder docker`, on any machine that is or can become
//! able to run a Docker engine.

mod base;
mod container;
mod engine;
mod scenarios;

use anyhow::ensure;
use larder::{
    backend::docker::client::Client,
    process::{Cmd, Environment, Stderr},
};
use serde_json::Value;
use xshell::Shell;

pub(crate) use self::engine::Engine;
use crate::{log::Log, portfolio::Portfolio, setup};

/// The arguments of `cargo xtask docker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where base images come from.
    #[arg(long, value_enum, default_value_t = Base::Registry)]
    base: Base,
    /// Run the image as a container and check what it does.
    #[arg(long)]
    run: bool,
    /// What is passed on to `cargo larder docker`.
    #[arg(last = true, value_name = "WORDS")]
    words: Vec<String>,
}

/// Where base images come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Base {
    /// Pulled from the registry that the engine is set up for.
    Registry,
    /// Made from Debian's packages, where no registry can be reached.
    Debian,
}

/// The image's name.
const IMAGE: &str = "larder-portfolio";

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let engine = Engine::ensure(sh, env, log)?;
    let larder = crate::portfolio::build_larder(sh, log)?;
    let mut words = base_words(sh, env, &engine, log, args.base)?;
    words.extend(args.words.iter().cloned());
    let dir = sh.current_dir().join("examples/portfolio");
    let quiet = log.is_quiet().then_some("--quiet");
    let code = Cmd::new(larder, dir, engine.env())
        .args(["larder", "docker", "--tag", IMAGE])
        .args(quiet)
        .args(&words)
        .exit_code()?;
    ensure!(code == 0, "`cargo larder docker` ended with exit code {code}");
    if args.run { container::check(&Client::find(engine.env())?, IMAGE, log) } else { Ok(()) }
}

/// Builds the image for `cargo xtask test`, requires that a second build does nothing, and checks a container.
pub(crate) fn test(
    sh: &Shell,
    env: &Environment,
    portfolio: &Portfolio<'_>,
    log: &Log,
) -> anyhow::Result<()> {
    let engine = Engine::ensure(sh, env, log)?;
    let words = base_words(sh, env, &engine, log, Base::Debian)?;
    scenarios::run(engine.env(), portfolio.larder_program(), &words, log)?;
    let build = || -> anyhow::Result<Value> {
        let mut args = vec!["docker", "--json", "--tag", IMAGE];
        args.extend(words.iter().map(String::as_str));
        let cmd =
            Cmd::new(portfolio.larder_program(), portfolio.dir(), engine.env()).arg("larder").args(&args);
        let mut json = String::new();
        let code = cmd.each_line(Stderr::Terminal, |line| json.push_str(line))?;
        ensure!(code == 0, "`cargo larder docker` ended with exit code {code}");
        Ok(serde_json::from_str(&json)?)
    };
    let first = build()?;
    let of_builder = |answer: &Value| -> Value {
        let stages = answer["stages"].as_array().cloned().unwrap_or_default();
        stages.into_iter().find(|stage| stage["name"] == "builder").unwrap_or_default()
    };
    let external = &of_builder(&first)["compiled-external"];
    ensure!(*external == 0, "the builder stage compiled {external} external packages: {first:#}");
    let second = build()?;
    ensure!(of_builder(&second)["run"] == 0, "a second build does something: {second:#}");
    container::check(&Client::find(engine.env())?, IMAGE, log)
}

/// The build arguments that name base images, where they are not the Dockerfile's own.
fn base_words(
    sh: &Shell,
    env: &Environment,
    engine: &Engine,
    log: &Log,
    base: Base,
) -> anyhow::Result<Vec<String>> {
    if base == Base::Registry {
        return Ok(Vec::new());
    }
    let tools = setup::ensure(sh, env, log)?;
    let bases = base::ensure(sh, &Client::find(engine.env())?, &tools, log)?;
    Ok(vec![
        format!("--build-arg=BUILD_BASE={}", bases.build),
        format!("--build-arg=RUNTIME_BASE={}", bases.runtime),
    ])
}
