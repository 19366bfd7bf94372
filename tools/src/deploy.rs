//! `cargo xtask deploy`: the example, brought to a server that is made on this machine for it: an engine, sshd and Caddy
//! in namespaces of their own.
//!
//! A copy of the checkout is deployed, edited, deployed again and taken back, by the same calls that anybody would make.
//! It must never reach a server that somebody else has made.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment, Stderr};
use larder_tests::{
    Project,
    deploy::{Bench, Server},
};
use serde_json::Value;
use xshell::Shell;

use crate::{bench::ExampleEdit, docker, log::Log, setup};

/// The most that a deployment may send beside the layer that changed.
const BESIDE: u64 = 64 << 10;

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    let (engine, bases) = docker::current_engine(sh, env, log)?;
    show(sh, engine.env(), &larder, &bases.words(), log)
}

/// Deploys the example to a server of its own, and requires of it what its users rely on. `env` has the engine that
/// builds, `words` are the build arguments.
pub(crate) fn show(
    sh: &Shell,
    env: &Environment,
    larder: &Path,
    words: &[String],
    log: &Log,
) -> anyhow::Result<()> {
    let bench_env = with_programs(sh, env, log)?;
    log.step("Starting", "a server: an engine, sshd and Caddy in namespaces of their own");
    let bench = Bench::start_in(&bench_env, &Server::default());
    let copy = Project::copy_of(&sh.current_dir());
    let client = Client { bench: &bench, larder, dir: copy.path().join("examples/portfolio"), env, words };

    client.plan()?;
    let first = client.deploy(&[])?;
    ensure!(first["changed"] == true, "the first deployment changes nothing: {first:#}");
    client.page()?;
    let same = client.deploy(&[])?;
    ensure!(same["changed"] == false && same["release"] == first["release"], "no edit is one: {same:#}");
    ensure!(same["build"]["run-steps"] == 0, "no edit builds something: {same:#}");

    ExampleEdit::Server.make(&client.dir)?;
    log.step("Editing", "a file of the server");
    let edited = client.deploy(&[])?;
    ensure!(edited["changed"] == true, "an edit changes nothing: {edited:#}");
    let front = docker::scenarios::stage(&edited["build"], "build-front")?;
    ensure!(front.run == 0, "an edit of the server builds the front half: {edited:#}");
    is_small(&client, &edited)?;
    client.page()?;

    let back = client.deploy(&["--rollback"])?;
    ensure!(back["release"] == first["release"], "it goes back to another release: {back:#}");
    client.page()?;
    log.step("Served", "two releases and one of them again, none with a failed page");
    Ok(())
}

/// The edit of the server may send its own layer and little else.
fn is_small(client: &Client<'_>, edited: &Value) -> anyhow::Result<()> {
    let image = edited["image"].as_str().context("the image has no name")?;
    let words = ["history", "--human=false", "--no-trunc", "--format={{.Size}} {{.CreatedBy}}", image];
    // The server has it; here it is of no more use.
    let history = client.bench.docker(&words);
    let layer = history
        .lines()
        .find(|line| line.contains("COPY /out/programs/ "))
        .and_then(|line| line.split(' ').next());
    let layer: u64 = layer.and_then(|size| size.parse().ok()).context("no layer has the server")?;
    let sent = edited["sent"]["bytes"].as_u64().with_context(|| format!("nothing was sent: {edited:#}"))?;
    ensure!(sent <= layer + BESIDE, "{sent} bytes were sent for a server of {layer}: {edited:#}");
    Ok(())
}

/// A developer's machine beside the server.
struct Client<'a> {
    bench: &'a Bench,
    larder: &'a Path,
    /// The example.
    dir: PathBuf,
    /// The environment in which the engine that builds is found.
    env: &'a Environment,
    words: &'a [String],
}

impl Client<'_> {
    fn call(&self, words: &[&str]) -> Cmd {
        let engine = self.env.get("DOCKER_HOST").unwrap_or_default();
        let cmd = self.bench.command(self.larder, &self.dir).args(["larder", "deploy"]).args(words);
        if engine.is_empty() { cmd } else { cmd.env("DOCKER_HOST", engine) }
    }

    fn plan(&self) -> anyhow::Result<()> {
        self.call(&["--plan"]).run().map_err(Into::into)
    }

    fn deploy(&self, words: &[&str]) -> anyhow::Result<Value> {
        let mut json = String::new();
        let cmd = self.call(words).arg("--json").args(self.words);
        let code = cmd.each_line(Stderr::Terminal, |line| json.push_str(line))?;
        ensure!(code == 0, "`cargo larder deploy` ended with exit code {code}");
        Ok(serde_json::from_str(&json)?)
    }

    /// Visitors must get the site.
    fn page(&self) -> anyhow::Result<()> {
        let page = self.bench.page();
        ensure!(page.contains("</html>"), "visitors get no page: {page}");
        Ok(())
    }
}

/// The environment in which the programs of a server are found.
pub(crate) fn with_programs(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Environment> {
    let own = [setup::engine::ensure(sh, env, log)?, setup::deploy::ensure(sh, env, log)?];
    let mut env = env.clone();
    env.put_first(own)?;
    Ok(env)
}
