//! A page that the real trunk builds: an application, a worker and a server, from `init` to a build by trunk that compiles
//! no external unit, for release and for development. What trunk calls is seen as well, and has to be the slices that
//! were found.

use std::path::Path;

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use serde_json::Value;
use xshell::Shell;

use crate::{
    log::Log,
    portfolio::Portfolio,
    setup::programs::{self, TRUNK},
};

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

/// Runs the test with the example's tools.
pub(super) fn run(sh: &Shell, env: &Environment, portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let program = programs::ensure(sh, env, log, TRUNK)?;
    let mut env = portfolio.env().clone();
    env.put_first([program.parent().context("a program is in a folder")?.to_owned()])?;
    let project = tempfile::tempdir()?;
    write_project(project.path(), &env)?;
    let page = Page { portfolio, env: &env, dir: project.path() };
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
        Ok(serde_json::from_str(told.get(told.find('{').unwrap_or(0)..).unwrap_or_default())?)
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
        let made = |cook: &Value| cook["compiled-external"].as_u64().max(cook["restored"].as_u64());
        ensure!(cooks.iter().any(|cook| made(cook) > Some(0)), "nothing was cooked: {table:#}");
        ensure!(build["compiled-external"] == 0, "{variant} is not exact: {table:#}");
        ensure!(build["compiled"] == 2, "{variant}: trunk compiles an application and a worker: {table:#}");
        Ok(())
    }
}

fn write_project(dir: &Path, env: &Environment) -> anyhow::Result<()> {
    let version = Cmd::new("wasm-bindgen", dir, env).arg("--version").output()?;
    let version = version.trim().rsplit(' ').next().context("wasm-bindgen says no version")?;
    let files = [
        ("Cargo.toml", WORKSPACE.to_owned()),
        ("web/Cargo.toml", WEB.replace("VERSION", version)),
        ("web/index.html", PAGE.to_owned()),
        ("web/src/main.rs", PROGRAM.to_owned()),
        ("web/src/bin/worker.rs", PROGRAM.to_owned()),
        ("server/Cargo.toml", SERVER.to_owned()),
        ("server/src/main.rs", "fn main() {}\n".to_owned()),
    ];
    for (path, text) in files {
        let path = dir.join(path);
        fs_err::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs_err::write(path, text)?;
    }
    Cmd::new("cargo", dir, env).args(["generate-lockfile", "--quiet"]).output()?;
    Ok(())
}
