//! The example built by Nix, the way its consumers build it, in Nix's sandbox, with `tests/nix` in place of nixpkgs,
//! crane and rust-overlay.
//!
//! The recipes are the committed ones and everything is compiled from nothing, so the store must not outlive the test.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use larder_tests::{
    Project,
    nix::{Nix, Said},
    site,
};
use xshell::Shell;

use crate::{docker, log::Log, portfolio::Portfolio, setup::requirement};

/// A consumer's flake.
const FLAKE: &str = "{
  inputs.larder.url = \"path:/larder\";
  outputs = { larder, ... }: larder.lib.mkFlake { root = ./.; };
}
";
/// The same, with what makes the server quick to compile: what is compiled where is the same.
const QUICK_FLAKE: &str = "{
  inputs.larder.url = \"path:/larder\";
  outputs = { larder, ... }: larder.lib.mkFlake {
    root = ./.;
    options = _: { env.CARGO_PROFILE_RELEASE_OPT_LEVEL = \"0\"; };
  };
}
";
/// The programs that the stand-ins' packages are made of, by the names that they know.
const TOOLS: [&str; 4] = ["cargo-leptos", "sass", "wasm-bindgen", "wasm-opt"];

/// How the server is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// In less time: without optimisation.
    Quick,
    /// As it is shipped.
    Shipped,
}

/// Runs the test.
pub(crate) fn test(sh: &Shell, env: &Environment, log: &Log, server: Server) -> anyhow::Result<()> {
    let portfolio = Portfolio::prepare(sh, env, log)?;
    let nix = match requirement::nix(sh, env, log).and_then(|()| find(portfolio.env())) {
        Ok(nix) => nix,
        Err(why) if env.get_str("CI") == Some("true") => return Err(why.context("this must run in CI")),
        Err(why) => {
            log.warn(&format!("SKIPPED the example built by Nix: {why:#}"));
            return Ok(());
        }
    };
    let project = Project::copy_of(portfolio.dir());
    let flake = match server {
        Server::Quick => QUICK_FLAKE,
        Server::Shipped => FLAKE,
    };
    project.write("flake.nix", flake);
    fetch(project.path(), portfolio.env())?;
    let example = Example { nix, flake: format!("path:{}", project.path().display()), log };
    example.slice("front")?;
    let site = example.build("site")?.result;
    example.slice("server")?;
    let server = example.build("server")?.result;
    let closure = example.nix.closure(&server)?;
    ensure!(closure.len() == 1, "the server needs more than itself: {closure:?}");
    serve(portfolio.env(), &server.join("bin/server"), &site, log)?;
    let archive = example.build("image")?.result;
    docker::check_archive(sh, env, log, &archive)
}

/// The example with a flake of its own.
struct Example<'a> {
    nix: Nix,
    flake: String,
    log: &'a Log,
}

impl Example<'_> {
    /// Builds a slice, which must compile no external unit on top of its layer.
    fn slice(&self, slice: &str) -> anyhow::Result<()> {
        let said = self.build(&format!("checks.{}-linux.{slice}-exact", std::env::consts::ARCH))?;
        let cooked = said.compiled(&format!("{slice}-layer0")).len();
        self.log.step("Compiled", &format!("{cooked} packages in the layer of {slice}"));
        ensure!(cooked > 100, "the layer of {slice} compiled {cooked} packages only:\n{}", said.log);
        Ok(())
    }

    fn build(&self, output: &str) -> anyhow::Result<Said> {
        self.log.step("Building", &format!("{output}, by Nix"));
        let said = self.nix.build(&self.flake, output, &[])?;
        ensure!(said.code == 0, "`nix build .#{output}` failed:\n{}", said.log);
        let own = said.log.lines().filter_map(|line| line.split_once("> larder: "));
        own.for_each(|(name, what)| self.log.step("Built", &format!("{name}: {what}")));
        Ok(said)
    }
}

fn serve(env: &Environment, server: &Path, site: &Path, log: &Log) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = site::Server::start(env, server, site, scratch.path())?;
    for line in server.check_home_page()? {
        log.step("Fetched", &line);
    }
    server.stop()?;
    Ok(())
}

fn find(env: &Environment) -> anyhow::Result<Nix> {
    let tools = TOOLS.map(|name| Ok((name, find_program(env, name)?)));
    let tools = tools.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    Nix::find(env, &find_program(env, "rustc")?, &tools)
}

fn find_program(env: &Environment, name: &str) -> anyhow::Result<PathBuf> {
    env.find_program(name).with_context(|| format!("PATH has no {name}"))
}

/// Downloads what the lock files name and nothing else on this machine has built: other platforms' crates.
fn fetch(project: &Path, env: &Environment) -> anyhow::Result<()> {
    Cmd::new("awk", project, env).args(["-f", "larder/expand.awk", "larder/larder.lock"]).run()?;
    let recipes = project.join("target/larder/recipes");
    let mut folders = vec![project.to_owned()];
    // Beside the folders of slices is a file with the settings of all.
    let slices = fs_err::read_dir(&recipes)?.flatten().map(|slice| slice.path()).filter(|path| path.is_dir());
    for slice in slices {
        folders.extend(fs_err::read_dir(slice)?.flatten().map(|layer| layer.path()));
    }
    for folder in folders {
        Cmd::new("cargo", folder, env).args(["fetch", "--locked", "--quiet"]).run()?;
    }
    // A flake is copied as a whole.
    Ok(fs_err::remove_dir_all(project.join("target"))?)
}
