//! `cargo xtask bench deploy`: from an edit to the page, by Larder and by Docker Compose with a Dockerfile that uses
//! cargo-chef.
//!
//! Each peer has a server of its own, an engine with sshd and Caddy in namespaces but for the network, which builds the
//! image and has the base images and nothing else at first. Visitors ask for the page all the time but for the first
//! deployment; their failed requests are counted.

use std::{path::Path, time::Instant};

use anyhow::ensure;
use larder::{
    docker::client::Client,
    process::{Cmd, Environment, Stderr},
    text::columns,
};
use larder_tests::deploy::{Bench, Load, Network, Server};
use serde::Serialize;
use xshell::Shell;

use super::docker::{
    Workspace,
    peer::{Peer, Workbench},
    sample::Edit,
};
use crate::{
    deploy::with_programs,
    docker::{self, base, base::Bases, engine::Engine},
    log::Log,
    setup,
    setup::programs,
};

/// The arguments of `cargo xtask bench deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The application.
    #[arg(long, value_enum, default_value_t = Workspace::Service)]
    workspace: Workspace,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The change that is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum DeployedChange {
    First,
    Code,
    Dependency,
    Nothing,
}

impl DeployedChange {
    const ALL: [Self; 4] = [Self::First, Self::Code, Self::Dependency, Self::Nothing];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first deployment",
            Self::Code => "an edit of the server",
            Self::Dependency => "a dependency's new version",
            Self::Nothing => "no change",
        }
    }

    fn edit(self) -> Option<Edit> {
        match self {
            Self::Code => Some(Edit::Server),
            Self::Dependency => Some(Edit::Mid),
            Self::First | Self::Nothing => None,
        }
    }
}

/// The cost of a deployment.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Took {
    change: DeployedChange,
    seconds: f64,
    /// Requests that visitors made meanwhile, and those that failed.
    requests: usize,
    failed: usize,
}

/// Runs the benchmark; the table or the JSON goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let tools = setup::ensure(sh, env, log)?;
    let chef = programs::ensure(sh, env, log, programs::CARGO_CHEF)?;
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    let sample = args.workspace.sample(sh);
    let scratch = tempfile::tempdir()?;
    let images = scratch.path().join("images.tar");
    let (bases, chef_base) = {
        let engine = Engine::ensure(sh, env, log)?;
        let client = Client::find(engine.env())?;
        let bases = docker::debian_bases(sh, env, &engine, log)?;
        let chef_base = "larder-bench-chef:deploy".to_owned();
        base::with_program(&client, &bases.build, &chef, &chef_base)?;
        client
            .cmd()
            .arg("save")
            .arg("--output")
            .arg(&images)
            .args([&bases.build, &bases.runtime, &chef_base])
            .run()?;
        (bases, chef_base)
    };
    let env = with_programs(sh, &tools.environment(), log)?;
    let mut all = Vec::new();
    for peer in [Peer::Larder, Peer::Chef] {
        let build_base = if peer == Peer::Chef { &chef_base } else { &bases.build };
        let workbench = Workbench {
            peer,
            sample: &sample,
            dir: scratch.path().join(peer.name()),
            env: &env,
            larder: &larder,
        };
        let site = Site {
            bench: Bench::start_in(&env, &Server { network: Network::Machines, ..Server::default() }),
            workbench,
            bases: Bases { build: build_base.clone(), runtime: bases.runtime.clone() },
        };
        site.bench.load(&images);
        site.workbench.start()?;
        site.prepare()?;
        let took = DeployedChange::ALL.into_iter().map(|change| site.measure(change, log));
        all.push((peer, took.collect::<anyhow::Result<Vec<Took>>>()?));
    }
    anstream::println!("{}", if args.json { as_json(&all)? } else { as_table(&all) }.trim_end());
    Ok(())
}

/// A peer with its server.
struct Site<'a> {
    bench: Bench,
    workbench: Workbench<'a>,
    bases: Bases,
}

impl Site<'_> {
    /// Gives Compose what Larder reads from `Cargo.toml`.
    fn prepare(&self) -> anyhow::Result<()> {
        if self.workbench.peer == Peer::Chef {
            let Bases { build, runtime } = &self.bases;
            let text = format!(
                "name: web\nservices:\n  web:\n    build:\n      context: .\n      args:\n        BUILD_BASE: {build}\n        \
                 RUNTIME_BASE: {runtime}\n    ports: [\"127.0.0.1:8101:3000\"]\n    restart: unless-stopped\n"
            );
            fs_err::write(self.workbench.tree().join("compose.yaml"), text)?;
        }
        Ok(())
    }

    fn measure(&self, change: DeployedChange, log: &Log) -> anyhow::Result<Took> {
        log.step("Deploying", &format!("{} with {}", change.name(), self.workbench.peer.name()));
        let visitors = (change != DeployedChange::First).then(|| self.bench.visit());
        let start = Instant::now();
        if let Some(edit) = change.edit() {
            // The developer waits for the lock as well, if there is one to write.
            self.workbench.edit(edit, 1)?;
        }
        // Both say on standard output what is no result of ours.
        let code = self.call().each_line(Stderr::Terminal, |line| log.line(line))?;
        ensure!(
            code == 0,
            "{} with {} ended with exit code {code}",
            change.name(),
            self.workbench.peer.name()
        );
        while self.bench.page().starts_with("no page") {
            std::thread::sleep(std::time::Duration::from_millis(20));
            ensure!(start.elapsed().as_secs() < 1800, "no page comes");
        }
        let seconds = start.elapsed().as_secs_f64();
        let seen = visitors.map(Load::stop).into_iter().flatten();
        let (requests, failed) =
            seen.fold((0, 0), |(all, failed), seen| (all + seen.count, failed + seen.failed.len()));
        Ok(Took { change, seconds, requests, failed })
    }

    fn call(&self) -> Cmd {
        let (tree, larder) = (self.workbench.tree(), self.workbench.larder);
        if self.workbench.peer == Peer::Larder {
            let words = ["larder", "--quiet", "deploy"];
            return self.bench.command(larder, &tree).args(words).args(self.bases.words());
        }
        let words = ["compose", "--progress=plain", "up", "--detach", "--build"];
        let docker = Path::new("docker");
        self.bench.command(docker, &tree).env("DOCKER_HOST", "ssh://root@127.0.0.1:2222").args(words)
    }
}

fn as_json(all: &[(Peer, Vec<Took>)]) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&serde_json::json!({ "version": 1, "peers": all }))?)
}

fn as_table(all: &[(Peer, Vec<Took>)]) -> String {
    let rows = DeployedChange::ALL.map(|change| {
        let [ours, our_failed] = cells(all, Peer::Larder, change).unwrap_or_default();
        let [theirs, their_failed] = cells(all, Peer::Chef, change).unwrap_or_default();
        [change.name().to_owned(), ours, our_failed, theirs, their_failed]
    });
    columns::text(["<deployment", "Larder s", "failed", "Compose and cargo-chef s", "failed"], &rows)
}

/// The seconds and the failed requests, if it was measured.
fn cells(all: &[(Peer, Vec<Took>)], peer: Peer, change: DeployedChange) -> Option<[String; 2]> {
    let (_, took) = all.iter().find(|(known, _)| *known == peer)?;
    let took = took.iter().find(|took| took.change == change)?;
    let failed =
        if took.requests == 0 { "-".to_owned() } else { format!("{} of {}", took.failed, took.requests) };
    Some([format!("{:.1}", took.seconds), failed])
}
