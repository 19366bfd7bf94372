//! A page that the real trunk builds: an application, a worker and a server, from `init` to a build by trunk that compiles
//! no external unit, for release and for development. What trunk calls is seen as well, and has to be the slices that
//! were found.

use std::path::Path;

use anyhow::{Context as _, ensure};
use larder::process::Environment;
use serde_json::Value;
use xshell::Shell;

use super::driver;
use crate::{log::Log, portfolio::Portfolio, setup::programs::TRUNK};

const WORKSPACE: &str = "[workspace]\nmembers = [\"web\", \"server\"]\nresolver = \"2\"\n";
const WEB: &str = r#"
[package]
name = "web"
version = "0.1.0"
edition = "2021"
default-run = "web"

[features]
default = ["plain"]
plain = []
loud = []

[dependencies]
itoa = "1"
# The version whose command-line tool set-up has.
wasm-bindgen = "=VERSION"
"#;
const SERVER: &str =
    "[package]\nname = \"server\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nryu = \"1\"\n";
const PAGE: &str = "<!doctype html><html><head>\n\
    <link data-trunk rel=\"rust\" data-bin=\"web\" data-cargo-features=\"loud\" />\n\
    <link data-trunk rel=\"rust\" data-type=\"worker\" data-bin=\"worker\" />\n</head><body></body></html>\n";
const PROGRAM: &str = "\
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern \"C\" {
    #[wasm_bindgen(js_namespace = console)]
    fn log(text: &str);
}

fn main() {
    log(itoa::Buffer::new().format(1_u8));
}
";

const FILES: [(&str, &str); 7] = [
    ("Cargo.toml", WORKSPACE),
    ("web/Cargo.toml", WEB),
    ("web/index.html", PAGE),
    ("web/src/main.rs", PROGRAM),
    ("web/src/bin/worker.rs", PROGRAM),
    ("server/Cargo.toml", SERVER),
    ("server/src/main.rs", "fn main() {}\n"),
];

/// Runs the test with the example's tools.
pub(super) fn run(sh: &Shell, env: &Environment, portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let env = &driver::environment(sh, env, log, portfolio, TRUNK)?;
    let project = tempfile::tempdir()?;
    driver::write_project(project.path(), env, &FILES)?;
    let page = Page { portfolio, env, dir: project.path() };
    page.larder(project.path(), &["init", "--yes", "--only", "recipes"])?;
    for (variant, words) in [("release", &["--release"][..]), ("dev", &[])] {
        page.is_seen_as_found(variant, words)?;
        page.is_exact(variant, words)?;
    }
    ensure!(project.path().join("web/dist/index.html").is_file(), "trunk left no page");
    log.step("Built", "a page by trunk: its calls are the slices that were found, and they cook exactly");
    Ok(())
}

/// The project, and what builds it.
struct Page<'a> {
    portfolio: &'a Portfolio<'a>,
    env: &'a Environment,
    dir: &'a Path,
}

impl Page<'_> {
    fn larder(&self, dir: &Path, args: &[&str]) -> anyhow::Result<String> {
        self.portfolio.larder_in(dir, self.env, args)
    }

    /// Runs a verb around trunk, in the folder of its page.
    fn around_trunk(&self, verb: &[&str], words: &[&str]) -> anyhow::Result<Value> {
        let driver = ["--", "trunk", "build", "--offline", "--skip-version-check"];
        let told = self.larder(&self.dir.join("web"), &[verb, &["--json"], &driver, words].concat())?;
        driver::json(&told)
    }

    /// Each call of trunk's is a slice that was found.
    fn is_seen_as_found(&self, variant: &str, words: &[&str]) -> anyhow::Result<()> {
        let seen = self.around_trunk(&["observe"], words)?;
        // trunk makes both at once.
        let mut known: Vec<&str> = seen["slices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|call| call["known"].as_str())
            .collect();
        known.sort_unstable();
        let ending = if variant == "dev" { "-dev" } else { "" };
        let expected = ["front", "worker"].map(|name| format!("{name}{ending}"));
        ensure!(known == expected, "{variant}: trunk's calls are other ones than {expected:?}: {seen:#}");
        Ok(())
    }

    /// Cooked from nothing, nothing external is left for trunk.
    fn is_exact(&self, variant: &str, words: &[&str]) -> anyhow::Result<()> {
        fs_err::remove_dir_all(self.dir.join("target"))?;
        let dev = (variant == "dev").then_some("--dev");
        let verb: Vec<&str> = ["build"].into_iter().chain(dev).collect();
        let table = self.around_trunk(&verb, words)?;
        let phases = table["phases"].as_array().context("there are no phases")?;
        let (build, cooks) = phases.split_last().context("there is no phase")?;
        ensure!(cooks.iter().any(driver::has_made_units), "nothing was cooked: {table:#}");
        ensure!(build["compiled-external"] == 0, "{variant} is not exact: {table:#}");
        ensure!(build["compiled"] == 2, "{variant}: trunk compiles an application and a worker: {table:#}");
        Ok(())
    }
}
