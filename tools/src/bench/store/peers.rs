//! Compiler caches of others: each is put in front of the compiler while cargo builds the very recipe that Larder cooks.
//!
//! Each has a home of its own, where it keeps whatever it keeps, and its server is ended before its time is taken.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use serde_json::Value;
use xshell::Shell;

use crate::{
    log::Log,
    setup::programs::{self, Program},
};

/// A compiler cache, as its users have it.
pub(super) struct CompilerCache {
    pub(super) name: &'static str,
    path: PathBuf,
    how: How,
}

enum How {
    /// As `RUSTC_WRAPPER`; these words end its server.
    Wrapper { stop: &'static [&'static str] },
    /// In the place of cargo.
    Driver,
}

/// Their names.
pub(super) const NAMES: [&str; 3] = [programs::SCCACHE.name, programs::KACHE.name, programs::MBX.name];
const PEERS: [(Program, How); 3] = [
    (programs::SCCACHE, How::Wrapper { stop: &["--stop-server"] }),
    (programs::KACHE, How::Wrapper { stop: &["daemon", "stop"] }),
    (programs::MBX, How::Driver),
];

impl CompilerCache {
    /// Those of the day that can be built here, or of these names among them; they are built if this machine has not
    /// built them yet.
    pub(super) fn all(sh: &Shell, env: &Environment, log: &Log, names: &[String]) -> Vec<Self> {
        let is_wanted =
            |(program, _): &(Program, How)| names.is_empty() || names.iter().any(|name| name == program.name);
        let mut peers = Vec::new();
        for (program, how) in PEERS.into_iter().filter(is_wanted) {
            match programs::ensure(sh, env, log, program) {
                Ok(path) => peers.push(Self { name: program.name, path, how }),
                Err(error) => log.warn(&format!("SKIPPED {}: {error:#}", program.name)),
            }
        }
        peers
    }

    /// Builds all recipes that a checkout's table has for a build, each in the folder that Larder would cook it in; how many artifacts
    /// cargo told of.
    pub(super) fn cook(
        &self,
        checkout: &Path,
        env: &Environment,
        home: &Path,
        variant: &str,
    ) -> anyhow::Result<usize> {
        let env = self.environment(env, home)?;
        let mut artifacts = 0;
        for Recipe { dir, words } in recipes(checkout, &env, variant)? {
            let cmd = match self.how {
                How::Wrapper { .. } => Cmd::new("cargo", &dir, &env).env("RUSTC_WRAPPER", &self.path),
                How::Driver => Cmd::new(&self.path, &dir, &env),
            };
            let more = ["--locked", "--quiet", "--message-format=json"];
            artifacts += there(&cmd.args(words.iter().map(String::as_str)).args(more).output()?)?;
        }
        Ok(artifacts)
    }

    /// Ends what it left running.
    pub(super) fn stop(&self, dir: &Path, env: &Environment, home: &Path) -> anyhow::Result<()> {
        if let How::Wrapper { stop } = self.how {
            Cmd::new(&self.path, dir, &self.environment(env, home)?).args(stop.iter().copied()).output()?;
        }
        Ok(())
    }

    /// With a home of its own, and the user's toolchains and packages.
    fn environment(&self, env: &Environment, home: &Path) -> anyhow::Result<Environment> {
        let mut own = env.clone();
        let user = env.get("HOME").map(PathBuf::from).context("HOME is not set")?;
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            own.set(name, env.get(name).map_or_else(|| user.join(folder), PathBuf::from));
        }
        let run = home.join("run");
        fs_err::create_dir_all(&run)?;
        own.set("HOME", home);
        own.set("XDG_RUNTIME_DIR", &run);
        for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "CI"] {
            own.unset(name);
        }
        if self.name == "sccache" {
            own.set("SCCACHE_SERVER_UDS", run.join("sccache.sock"));
        }
        Ok(own)
    }
}

/// How many artifacts these messages of cargo's tell of, whose files must all be there.
fn there(messages: &str) -> anyhow::Result<usize> {
    let mut artifacts = 0;
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        if message["reason"] == "compiler-artifact" {
            artifacts += 1;
            for file in message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                ensure!(Path::new(file).exists(), "the run is void: {file} is not there");
            }
        }
    }
    Ok(artifacts)
}

/// A recipe as plain cargo.
struct Recipe {
    dir: PathBuf,
    words: Vec<String>,
}

/// Expands the table as a machine without Larder does it.
fn recipes(checkout: &Path, env: &Environment, variant: &str) -> anyhow::Result<Vec<Recipe>> {
    Cmd::new("awk", checkout, env).args(["-f", "larder/expand.awk", "larder/larder.lock"]).output()?;
    let table = fs_err::read_to_string(checkout.join("larder/larder.lock"))?;
    let mut recipes = Vec::new();
    for line in table.lines().filter(|line| line.starts_with("slice ")) {
        let (head, json) = line.split_once('{').context("a slice has no settings")?;
        let name = head.split(' ').nth(2).context("a slice has no name")?;
        let slice: Value = serde_json::from_str(&format!("{{{json}"))?;
        if slice["variant"] != variant {
            continue;
        }
        let words = slice["cook"].as_array().into_iter().flatten();
        let words = words.filter_map(Value::as_str).map(str::to_owned).collect();
        let layers = checkout.join("target/larder/recipes").join(name);
        let last = fs_err::read_dir(&layers)?.flatten().filter_map(|layer| {
            let number = layer.file_name().to_str()?.parse::<u32>().ok()?;
            Some((number, layer.path()))
        });
        let (_, dir) = last.max().with_context(|| format!("{name} has no layer"))?;
        recipes.push(Recipe { dir, words });
    }
    ensure!(!recipes.is_empty(), "the table has no slice of the variant {variant}");
    Ok(recipes)
}
