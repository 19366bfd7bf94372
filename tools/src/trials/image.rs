//! The last step: the image with a real engine, and a container of it.
//!
//! The bases are made from Debian's packages and hold no more than the real `rust:1-slim` and `debian:trixie-slim`,
//! so a system package that nobody proposed is missing here as well.

use std::path::Path;

use anyhow::{Context as _, ensure};
use larder::{
    docker::client::Client,
    process::{Cmd, Environment, Stderr},
};
use serde_json::Value;
use xshell::Shell;

use super::repository::{Image, TrialRepository};
use crate::{
    docker::{
        base::{self, Bases},
        container,
        engine::Engine,
    },
    log::Log,
    setup::Tools,
};

/// Stages that are there to compile what is not the application's.
const APART: [&str; 4] = ["cook", "deps", "planner", "tools"];

/// How many lines of a failed build are shown.
const SHOWN: usize = 30;

/// An engine, and what images are built on.
pub(super) struct Images {
    engine: Engine,
    slim: Bases,
    /// With the tools of the example, which take long to compile.
    with_tools: Option<Bases>,
}

impl Images {
    /// Finds or starts the engine, and finds or makes the bases.
    pub(super) fn new(
        sh: &Shell,
        env: &Environment,
        tools: Option<&Tools>,
        log: &Log,
    ) -> anyhow::Result<Self> {
        let engine = Engine::ensure(sh, env, log)?;
        let client = Client::find(engine.env())?;
        let slim = base::slim(sh, &client, engine.env(), log)?;
        let with_tools = tools.map(|tools| base::ensure(sh, &client, tools, log)).transpose()?;
        Ok(Self { engine, slim, with_tools })
    }

    /// Builds the image of a workspace, counts what it compiled where, and runs it.
    pub(super) fn build(
        &self,
        larder: &Path,
        dir: &Path,
        repository: &TrialRepository,
    ) -> anyhow::Result<()> {
        let tag = format!("larder-trial-{}", repository.name);
        let bases = self.with_tools.as_ref().filter(|_| repository.needs_tools).unwrap_or(&self.slim);
        let answer = self.larder_docker(larder, dir, &tag, bases)?;
        let stages = answer["stages"].as_array().context("`cargo larder docker --json` has no stages")?;
        for stage in stages {
            let of = stage["name"].as_str().unwrap_or_default();
            let external = stage["compiled-external"].as_u64().unwrap_or_default();
            let is_apart = APART.iter().any(|prefix| of.starts_with(prefix));
            ensure!(
                is_apart || external == 0,
                "stage {of} compiled {external} external packages: {answer:#}"
            );
        }
        let client = Client::find(self.engine.env())?;
        match repository.image {
            Image::Says { args, output } => {
                let run = client.cmd().args(["run", "--rm", "--read-only", &tag]).args(args).output()?;
                ensure!(run.contains(output), "the image says {run:?}, expected: {output:?}");
                Ok(())
            }
            Image::Serves { port, page } => container::answers(&client, &tag, port, page),
            Image::OnRequest { .. } | Image::Refused { .. } => Ok(()),
        }
    }

    fn larder_docker(&self, larder: &Path, dir: &Path, tag: &str, bases: &Bases) -> anyhow::Result<Value> {
        let log = tempfile::NamedTempFile::new()?;
        let cmd = Cmd::new("/bin/sh", dir, self.engine.env())
            .args(["-c", "\"$@\" 2> \"$0\""])
            .arg(log.path())
            .arg(larder)
            .args(["larder", "docker", "--json", "--tag", tag])
            .args(bases.words());
        let mut json = String::new();
        let code = cmd.each_line(Stderr::Terminal, |line| json.push_str(line))?;
        let said = || last_lines(&fs_err::read_to_string(log.path()).unwrap_or_default());
        ensure!(code == 0, "`cargo larder docker` ended with exit code {code}: {}", said());
        Ok(serde_json::from_str(&json)?)
    }
}

/// The end of a log, which says what went wrong; build scripts may print hundreds of lines before.
fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}
