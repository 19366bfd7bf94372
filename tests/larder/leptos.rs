//! Slices found from Leptos metadata. Building tests that they equal the calls of the real cargo-leptos:
//! `cargo xtask test` requires that cargo's own count of cargo-leptos' calls has no external unit compiled.

use std::path::Path;

use insta::assert_snapshot;
use larder_tests::{GitRepository, Project, Surroundings, package, write_program};
use serde_json::Value;

fn slices(dir: &Path) -> Vec<Value> {
    let outcome = Surroundings::get().larder(dir, &["plan", "--json"]).ok();
    let plan: Value = serde_json::from_str(&outcome.stdout).expect("plan prints JSON");
    plan["slices"]
        .as_array()
        .expect("slices is a list")
        .iter()
        .map(|planned| planned["slice"].clone())
        .collect()
}

fn describe(slices: &[Value]) -> String {
    let mut lines = Vec::new();
    for slice in slices {
        let args: Vec<String> = slice["args"].as_array().into_iter().flatten().map(text).collect();
        lines.push(format!("{} in {}: {}", text(&slice["name"]), text(&slice["target-dir"]), args.join(" ")));
        lines.push(format!("  rustflags {}", slice["rustflags"]));
        for (name, value) in slice["env"].as_object().into_iter().flatten() {
            lines.push(format!("  {name}={}", text(value)));
        }
    }
    lines.join("\n")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn the_portfolio() {
    let portfolio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    assert_snapshot!(describe(&slices(&portfolio)), @r#"
    front in target/front: build --package=frontend --lib --target=wasm32-unknown-unknown --no-default-features --profile=wasm-release
      rustflags null
      LEPTOS_BIN_DIR=server
      LEPTOS_HASH_FILES=false
      LEPTOS_JS_MINIFY=true
      LEPTOS_LIB_DIR=frontend
      LEPTOS_OUTPUT_NAME=portfolio
      LEPTOS_RELOAD_PORT=3001
      LEPTOS_SITE_ADDR=127.0.0.1:3000
      LEPTOS_SITE_PKG_DIR=pkg
      LEPTOS_SITE_ROOT=target/site
    front-dev in target/front: build --package=frontend --lib --target=wasm32-unknown-unknown --no-default-features
      rustflags ["--cfg","erase_components"]
      LEPTOS_BIN_DIR=server
      LEPTOS_HASH_FILES=false
      LEPTOS_JS_MINIFY=false
      LEPTOS_LIB_DIR=frontend
      LEPTOS_OUTPUT_NAME=portfolio
      LEPTOS_RELOAD_PORT=3001
      LEPTOS_SITE_ADDR=127.0.0.1:3000
      LEPTOS_SITE_PKG_DIR=pkg
      LEPTOS_SITE_ROOT=target/site
      LEPTOS_WATCH=true
    server in target: build --package=server --bin=server --no-default-features --release
      rustflags null
      LEPTOS_BIN_DIR=server
      LEPTOS_HASH_FILES=false
      LEPTOS_JS_MINIFY=true
      LEPTOS_LIB_DIR=frontend
      LEPTOS_OUTPUT_NAME=portfolio
      LEPTOS_RELOAD_PORT=3001
      LEPTOS_SITE_ADDR=127.0.0.1:3000
      LEPTOS_SITE_PKG_DIR=pkg
      LEPTOS_SITE_ROOT=target/site
    server-dev in target: build --package=server --bin=server --no-default-features
      rustflags ["--cfg","erase_components"]
      LEPTOS_BIN_DIR=server
      LEPTOS_HASH_FILES=false
      LEPTOS_JS_MINIFY=false
      LEPTOS_LIB_DIR=frontend
      LEPTOS_OUTPUT_NAME=portfolio
      LEPTOS_RELOAD_PORT=3001
      LEPTOS_SITE_ADDR=127.0.0.1:3000
      LEPTOS_SITE_PKG_DIR=pkg
      LEPTOS_SITE_ROOT=target/site
      LEPTOS_WATCH=true
    "#);
}

/// A single package that is both halves, every key that reaches cargo set.
const EVERY_KEY: &str = r#"
[package]
name = "site"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[features]
hydrate = []
ssr = []
extra = []

[profile.small]
inherits = "release"

[package.metadata.leptos]
output-name = "out"
site-addr = "127.0.0.1:4000"
reload-port = 4001
site-pkg-dir = "assets"
hash-files = true
js-minify = false
features = ["extra"]
bin-features = ["ssr extra"]
lib-features = ["hydrate"]
lib-default-features = true
bin-target = "site"
bin-target-triple = "x86_64-unknown-linux-gnu"
bin-target-dir = "target/server"
front-target-dir = "CARGO_TARGET_DIR"
bin-cargo-args = ["--quiet"]
lib-profile-release = "small"
bin-profile-dev = "small"
server-fn-prefix = "/rpc"
disable-server-fn-hash = true
server-fn-mod-path = true
always-erase-components = true
unknown-key = 1
"#;

#[test]
fn a_package_with_every_key() {
    let project = Project::new(&[
        ("Cargo.toml", EVERY_KEY),
        ("src/lib.rs", ""),
        ("src/main.rs", "fn main() {}\n"),
        ("src/bin/tool.rs", "fn main() {}\n"),
    ]);
    assert_snapshot!(describe(&slices(project.path())), @r#"
    front in target: build --package=site --lib --target=wasm32-unknown-unknown --features=hydrate,extra --profile=small
      rustflags ["--cfg","erase_components"]
      DISABLE_SERVER_FN_HASH=true
      LEPTOS_BIN_DIR=.
      LEPTOS_HASH_FILES=true
      LEPTOS_HASH_FILE_NAME=hash.txt
      LEPTOS_JS_MINIFY=false
      LEPTOS_LIB_DIR=.
      LEPTOS_OUTPUT_NAME=out
      LEPTOS_RELOAD_PORT=4001
      LEPTOS_SITE_ADDR=127.0.0.1:4000
      LEPTOS_SITE_PKG_DIR=assets
      LEPTOS_SITE_ROOT=<target>/site
      SERVER_FN_MOD_PATH=true
      SERVER_FN_PREFIX=/rpc
    front-dev in target: build --package=site --lib --target=wasm32-unknown-unknown --features=hydrate,extra
      rustflags ["--cfg","erase_components"]
      DISABLE_SERVER_FN_HASH=true
      LEPTOS_BIN_DIR=.
      LEPTOS_HASH_FILES=true
      LEPTOS_HASH_FILE_NAME=hash.txt
      LEPTOS_JS_MINIFY=false
      LEPTOS_LIB_DIR=.
      LEPTOS_OUTPUT_NAME=out
      LEPTOS_RELOAD_PORT=4001
      LEPTOS_SITE_ADDR=127.0.0.1:4000
      LEPTOS_SITE_PKG_DIR=assets
      LEPTOS_SITE_ROOT=<target>/site
      LEPTOS_WATCH=true
      SERVER_FN_MOD_PATH=true
      SERVER_FN_PREFIX=/rpc
    server in target/server: build --package=site --bin=site --target=x86_64-unknown-linux-gnu --no-default-features --features=ssr extra,extra --quiet --release
      rustflags ["--cfg","erase_components"]
      DISABLE_SERVER_FN_HASH=true
      LEPTOS_BIN_DIR=.
      LEPTOS_HASH_FILES=true
      LEPTOS_HASH_FILE_NAME=hash.txt
      LEPTOS_JS_MINIFY=false
      LEPTOS_LIB_DIR=.
      LEPTOS_OUTPUT_NAME=out
      LEPTOS_RELOAD_PORT=4001
      LEPTOS_SITE_ADDR=127.0.0.1:4000
      LEPTOS_SITE_PKG_DIR=assets
      LEPTOS_SITE_ROOT=<target>/site
      SERVER_FN_MOD_PATH=true
      SERVER_FN_PREFIX=/rpc
    server-dev in target/server: build --package=site --bin=site --target=x86_64-unknown-linux-gnu --no-default-features --features=ssr extra,extra --quiet --profile=small
      rustflags ["--cfg","erase_components"]
      DISABLE_SERVER_FN_HASH=true
      LEPTOS_BIN_DIR=.
      LEPTOS_HASH_FILES=true
      LEPTOS_HASH_FILE_NAME=hash.txt
      LEPTOS_JS_MINIFY=false
      LEPTOS_LIB_DIR=.
      LEPTOS_OUTPUT_NAME=out
      LEPTOS_RELOAD_PORT=4001
      LEPTOS_SITE_ADDR=127.0.0.1:4000
      LEPTOS_SITE_PKG_DIR=assets
      LEPTOS_SITE_ROOT=<target>/site
      LEPTOS_WATCH=true
      SERVER_FN_MOD_PATH=true
      SERVER_FN_PREFIX=/rpc
    "#);
}

#[test]
fn metadata_that_cargo_leptos_refuses_as_well() {
    let manifest = "[workspace]\nmembers = [\"a\"]\nresolver = \"2\"\n\n[[workspace.metadata.leptos]]\n\
        name = \"site\"\nbin-package = \"server\"\nlib-package = \"a\"\n";
    let member = "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let project = Project::new(&[("Cargo.toml", manifest), ("a/Cargo.toml", member), ("a/src/lib.rs", "")]);
    assert_snapshot!(project.larder(&["plan"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/Cargo.toml: metadata.leptos: no workspace member is named `server`

    help: correct this table, or remove it; if cargo-leptos does not build the project, `find = false` in `[workspace.metadata.larder]` (`[package.metadata.larder]` without a workspace) has Larder ignore it
    ");
}

/// The server's half as cargo-leptos builds it in debug; the variable that only `watch` sets is whatever it is.
const DRIVER: &str = "#!/bin/sh\n[ \"$*\" = \"leptos build\" ] || exit 3\nexport LEPTOS_OUTPUT_NAME=site LEPTOS_SITE_ROOT=target/site \\\n  \
    LEPTOS_SITE_PKG_DIR=pkg LEPTOS_SITE_ADDR=127.0.0.1:3000 LEPTOS_RELOAD_PORT=3001 LEPTOS_LIB_DIR=. LEPTOS_BIN_DIR=. \\\n  \
    LEPTOS_JS_MINIFY=false LEPTOS_HASH_FILES=false RUSTFLAGS='--cfg erase_components'\n\
    exec cargo build --package=site --bin=site --no-default-features\n";

/// Cooking for development builds what `cargo leptos watch` builds, and `build` has cargo-leptos build the same.
#[test]
fn development_is_what_watch_builds() {
    let reads = "pub const WATCH: Option<&str> = option_env!(\"LEPTOS_WATCH\");\npub const ASKED: Option<&str> = option_env!(\"CARGO\");\n";
    let repository = GitRepository::new(&[("Cargo.toml", &package("reads", "")), ("src/lib.rs", reads)]);
    let manifest =
        package("site", "\n[package.metadata.leptos]\noutput-name = \"site\"\nsite-root = \"target/site\"\n");
    let manifest = format!("{manifest}\n[dependencies]\nreads = {{ git = {:?} }}\n", repository.url());
    let project =
        Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", ""), ("src/main.rs", "fn main() {}\n")]);
    write_program(project.path().join("tools/cargo-leptos"), DRIVER);
    let surroundings = Surroundings::get();
    let path = surroundings.env().get_str("PATH").unwrap();
    let path = format!("{}:{path}", project.path().join("tools").display());
    project.larder(&["lock"]).ok();
    project.larder(&["cook", "server-dev"]).ok();
    let vars = [("PATH", path.as_str()), ("LEPTOS_WATCH", "true")];
    let watch = surroundings.run(Path::new("cargo"), project.path(), &["leptos", "build"], &vars).ok();
    assert!(!watch.stderr.contains("Compiling reads"), "{}", watch.stderr);
    for words in [&["build", "server-dev", "--json"][..], &["build", "server-dev", "--json", "--offline"]] {
        let table = surroundings.larder_with(project.path(), words, &vars[..1]).ok().stdout;
        let table: Value = serde_json::from_str(&table).unwrap();
        assert_eq!(table["phases"][1]["compiled-external"], 0, "{table}");
        assert_eq!(table["phases"][1]["fresh"].as_u64(), Some(3), "{table}");
    }
}
