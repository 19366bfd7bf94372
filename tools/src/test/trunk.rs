//! A page that the real trunk builds: an application, a worker and a server, from `init` to a build by trunk that compiles
//! no external unit, for release and for development. What trunk calls is seen as well, and has to be the slices that
//! were found.

use anyhow::ensure;
use larder::process::Environment;
use xshell::Shell;

use super::driver::{self, Driven};
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
    let words = &["trunk", "build", "--offline", "--skip-version-check"];
    let page = Driven { portfolio, env, dir: project.path(), at: "web", words };
    page.larder(&["init", "--yes", "--only", "recipes"])?;
    page.is_seen_as_found(&["--release"], &["front", "worker"])?;
    page.is_exact(&["build"], &["--release"], 2)?;
    page.is_seen_as_found(&[], &["front-dev", "worker-dev"])?;
    page.is_exact(&["build", "--dev"], &[], 2)?;
    ensure!(project.path().join("web/dist/index.html").is_file(), "trunk left no page");
    log.step("Built", "a page by trunk: its calls are the slices that were found, and they cook exactly");
    Ok(())
}
