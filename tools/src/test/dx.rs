//! A site that the real dx builds, both halves, from `init` to a build by dx that compiles no external unit, for release
//! and for development. What dx calls is seen as well, and has to be the slices that were found.
//!
//! `dioxus` is a package of the project with that name, which is all that dx looks for: the real one would be compiled for
//! a quarter of an hour.

use anyhow::Context as _;
use larder::process::Environment;
use xshell::Shell;

use super::driver::{self, Driven};
use crate::{
    log::Log,
    portfolio::Portfolio,
    setup::{esbuild, programs::DX},
};

const WORKSPACE: &str = "[workspace]\nmembers = [\"site\", \"dioxus\"]\nresolver = \"2\"\n";
const SITE: &str = r#"
[package]
name = "site"
version = "0.1.0"
edition = "2021"

[features]
default = ["web"]
web = ["dioxus/web"]
server = ["dioxus/server"]

[dependencies]
dioxus = { path = "../dioxus", features = ["fullstack"] }
ryu = "1"
# The version whose command-line tool set-up has.
wasm-bindgen = "=VERSION"
"#;
const DIOXUS: &str = r#"
[package]
name = "dioxus"
version = "0.7.9"
edition = "2021"

[features]
fullstack = []
server = []
web = []

[dependencies]
itoa = "1"
"#;
const PROGRAM: &str = "\
#[cfg(target_arch = \"wasm32\")]
mod shown {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern \"C\" {
        #[wasm_bindgen(js_namespace = console)]
        pub fn log(text: &str);
    }
}

fn main() {
    #[cfg(target_arch = \"wasm32\")]
    shown::log(dioxus::itoa::Buffer::new().format(1_u8));
}
";

const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", WORKSPACE),
    ("site/Cargo.toml", SITE),
    ("site/Dioxus.toml", "[application]\n\n[web.app]\ntitle = \"A title\"\n"),
    ("site/src/main.rs", PROGRAM),
    ("dioxus/Cargo.toml", DIOXUS),
    ("dioxus/src/lib.rs", "pub use itoa;\n"),
];

/// Runs the test with the example's tools.
pub(super) fn run(sh: &Shell, env: &Environment, portfolio: &Portfolio<'_>, log: &Log) -> anyhow::Result<()> {
    let bundler = esbuild::ensure(sh, env, log)?.context("PATH has no npm, which dx' esbuild comes from")?;
    let mut env = driver::environment(sh, env, log, portfolio, DX)?;
    env.put_first([bundler])?;
    let project = tempfile::tempdir()?;
    driver::write_project(project.path(), &env, &FILES)?;
    let site = Driven { portfolio, env: &env, dir: project.path(), at: "site", words: &["dx", "build"] };
    site.larder(&["init", "--yes", "--only", "recipes"])?;
    site.is_seen_as_found(&["--release"], &["front", "server"])?;
    site.is_exact(&["build"], &["--release"], 4)?;
    site.is_seen_as_found(&[], &["front-dev", "server-dev"])?;
    site.is_exact(&["build", "--dev"], &[], 4)?;
    log.step("Built", "a site by dx: its calls are the slices that were found, and they cook exactly");
    Ok(())
}
