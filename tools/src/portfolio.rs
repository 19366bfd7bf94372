//! The example, as the verbs see it: its tools, the `cargo larder` of this checkout, its builds and its site.
//!
//! Everything here goes the way of a consumer: `cargo larder` in the example's folder, cargo-leptos, the built
//! server. It must never reach into the example's target directory for anything but the finished site.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment, Stderr};
use larder_tests::site::Server;
use serde_json::Value;
use xshell::Shell;

use crate::{log::Log, setup};

/// The example with everything it takes to build it.
pub(crate) struct Portfolio<'a> {
    dir: PathBuf,
    larder: PathBuf,
    env: Environment,
    log: &'a Log,
}

/// Which build of the example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The shipped files.
    Release,
    /// The build of `cargo leptos watch`.
    Dev,
}

/// The features that `cargo larder` is built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LarderFeatures {
    /// Those of a plain installation, which compiles a third as many crates beside those of xtask.
    OfUsers,
    /// Those that the tests build it with, so that they have it already.
    OfTests,
}

impl LarderFeatures {
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::OfUsers => &[],
            Self::OfTests => &["--features=store-clouds"],
        }
    }
}

impl Variant {
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Release => &[],
            Self::Dev => &["--dev"],
        }
    }

    /// The folder of the server's binary in the target directory.
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }
}

impl<'a> Portfolio<'a> {
    /// Sets up the tools and builds `cargo larder` as the tests do.
    pub(crate) fn prepare(sh: &Shell, env: &Environment, log: &'a Log) -> anyhow::Result<Self> {
        Self::prepare_with(sh, env, log, LarderFeatures::OfTests)
    }

    /// Sets up the tools and builds `cargo larder`.
    pub(crate) fn prepare_with(
        sh: &Shell,
        env: &Environment,
        log: &'a Log,
        features: LarderFeatures,
    ) -> anyhow::Result<Self> {
        let root = sh.current_dir();
        let (tools, larder) = thread::scope(|scope| {
            // It needs none of the tools; beside those that are built it fills the second core while one is linked.
            let larder = scope.spawn(|| build_larder_in(&root, env, log, features));
            let tools = setup::ensure(sh, env, log);
            anyhow::Ok((tools?, larder.join().expect("building does not panic")?))
        })?;
        Ok(Self { dir: sh.current_dir().join("examples/portfolio"), larder, env: tools.environment(), log })
    }

    /// The example's folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The environment that its builds run in.
    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    /// The `cargo larder` of this checkout.
    pub(crate) fn program(&self) -> &Path {
        &self.larder
    }

    /// Runs `cargo larder` on the example and returns what it printed as a result.
    pub(crate) fn larder(&self, args: &[&str]) -> anyhow::Result<String> {
        self.larder_in(&self.dir, &self.env, args)
    }

    /// The same in another workspace.
    pub(crate) fn larder_in(&self, dir: &Path, env: &Environment, args: &[&str]) -> anyhow::Result<String> {
        let quiet: &[&str] = if self.log.is_quiet() { &["--quiet"] } else { &[] };
        let cmd = Cmd::new(&self.larder, dir, env).arg("larder").args(quiet).args(args);
        let mut lines = String::new();
        let code = cmd.each_line(Stderr::Terminal, |line| {
            lines.push_str(line);
            lines.push('\n');
        })?;
        ensure!(code == 0, "`cargo larder {}` ended with exit code {code}", args.join(" "));
        Ok(lines)
    }

    /// Cooks and builds with cargo-leptos; returns the phases as `cargo larder build --json` prints them.
    pub(crate) fn build(&self, variant: Variant) -> anyhow::Result<Vec<Value>> {
        // Also in CI, where another checkout is held against what this one stores.
        let mut args = vec!["build", "--json", "--store", "write"];
        args.extend(variant.words());
        let table: Value = serde_json::from_str(&self.larder(&args)?)?;
        let phases = table["phases"].as_array().context("`cargo larder build --json` has no phases")?;
        Ok(phases.clone())
    }

    /// Starts the built server, fetches the home page and what it needs, and stops the server.
    pub(crate) fn serve_once(&self, variant: Variant) -> anyhow::Result<()> {
        let scratch = tempfile::tempdir()?;
        let server = Server::start(&self.env, &self.server(variant), &self.site(), scratch.path())?;
        for line in server.check_home_page()? {
            self.log.step("Fetched", &line);
        }
        let time = server.stop()?;
        self.log.step("Stopped", &format!("the server, {} ms after SIGTERM", time.as_millis()));
        Ok(())
    }

    /// The server's binary.
    pub(crate) fn server(&self, variant: Variant) -> PathBuf {
        self.dir.join("target").join(variant.folder()).join("server")
    }

    /// The site's folder.
    pub(crate) fn site(&self) -> PathBuf {
        self.dir.join("target/site")
    }
}

/// Builds this checkout's `cargo larder` as the tests do and gives its path.
pub(crate) fn build_larder(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    build_larder_in(&sh.current_dir(), env, log, LarderFeatures::OfTests)
}

fn build_larder_in(
    root: &Path,
    env: &Environment,
    log: &Log,
    features: LarderFeatures,
) -> anyhow::Result<PathBuf> {
    log.step("Building", "cargo-larder");
    let cargo = env.get("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let words = ["build", "--quiet", "--package", "cargo-larder"];
    Cmd::new(cargo, root, env).args(words).args(features.words().iter().copied()).run()?;
    // xtask is built into the same folder as what it runs.
    let own = std::env::current_exe().context("cannot tell the path of xtask")?;
    Ok(own.with_file_name("cargo-larder"))
}

/// Lays the phases of `cargo larder build` out for people.
pub(crate) fn table(phases: &[Value]) -> String {
    let mut text =
        String::from("phase                                seconds  compiled  of them external  fresh\n");
    for phase in phases {
        let [compiled, external, fresh] =
            ["compiled", "compiled-external", "fresh"].map(|name| phase[name].as_u64().unwrap_or_default());
        let _ = writeln!(
            text,
            "{:<36} {:>7.1}  {compiled:>8}  {external:>16}  {fresh:>5}",
            phase["name"].as_str().unwrap_or_default(),
            phase["seconds"].as_f64().unwrap_or_default(),
        );
    }
    text
}
