//! Parts of `init` for programs beside cargo: the slices of tests and lints, and rust-analyzer.

use larder_tests::{Project, package};
use serde_json::Value;

const MAIN: &str = "fn main() {}\n";
const SITE: &str = "[package]\nname = \"site\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\ncrate-type = [\"cdylib\", \
    \"rlib\"]\n\n[dependencies]\nitoa = \"=1.0.15\"\n\n[features]\nssr = []\nhydrate = []\n\n[package.metadata.leptos]\n\
    bin-features = [\"ssr\"]\nlib-features = [\"hydrate\"]\n";

/// `cargo test --no-run` builds the same as cargo-nextest.
#[test]
fn tests_and_lints_become_slices_that_cook() {
    let dependencies = "\n[dependencies]\nitoa = \"=1.0.15\"\n\n[dev-dependencies]\nfnv = \"=1.0.7\"\n";
    let project = Project::new(&[("Cargo.toml", &package("app", dependencies)), ("src/main.rs", MAIN)]);
    project.larder(&["init", "--yes", "--only", "checks,recipes"]).ok();
    for slice in ["tests", "lints"] {
        assert_eq!(project.layers(slice), 1, "{slice}");
    }
    project.larder(&["init", "--check", "--only", "checks,recipes"]).ok();
    let calls: [&[&str]; 2] =
        [&["test", "--workspace", "--no-run"], &["clippy", "--workspace", "--all-targets"]];
    for (slice, call) in ["tests", "lints"].into_iter().zip(calls) {
        let words = [&["build", slice, "--json", "--", "cargo"], call].concat();
        let said: Value = serde_json::from_str(&project.larder(&words).ok().stdout).unwrap();
        assert!(said["phases"][0]["compiled-external"].as_u64() > Some(0), "{slice}: {said}");
        assert_eq!(said["phases"][1]["compiled-external"], 0, "{slice}: {said}");
        assert!(said["phases"][1]["compiled"].as_u64() > Some(0), "{slice}: {said}");
    }
}

/// A slice of the user's for the same call has a name of its own.
#[test]
fn slices_that_are_there_are_kept() {
    let own = "\n[package.metadata.larder.slices.mine] # fast\nargs = [\"test\", \"--lib\"]\n";
    let project = Project::new(&[("Cargo.toml", &package("app", own)), ("src/lib.rs", "")]);
    project.larder(&["init", "--yes", "--only", "checks"]).ok();
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains(own) && manifest.contains("slices.lints]"), "{manifest}");
    assert!(!manifest.contains("slices.tests]"), "{manifest}");
    let site = Project::new(&[("Cargo.toml", SITE), ("src/lib.rs", ""), ("src/main.rs", MAIN)]);
    let said = site.larder(&["init", "--yes", "--only", "checks"]).ok().stderr;
    assert!(said.contains("cargo larder observe --write") && site.read("Cargo.toml") == SITE, "{said}");
}

#[test]
fn rust_analyzer_gets_its_own_target_directory() {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", MAIN)]);
    assert_eq!(verdict(&project), "skipped");
    project.write("rust-analyzer.toml", "# mine\n[check]\ncommand = \"clippy\" # strict\n");
    assert_eq!(verdict(&project), "warning");
    project.larder(&["init", "--yes", "--only", "rust-analyzer"]).ok();
    let file = project.read("rust-analyzer.toml");
    assert!(file.starts_with("# mine\n[check]\ncommand = \"clippy\" # strict\n"), "{file}");
    assert!(file.contains("[cargo]\n") && file.contains("\ntargetDir = true\n"), "{file}");
    assert!(!file.contains("features"), "{file}");
    assert_eq!(verdict(&project), "ok");
    project.larder(&["init", "--check", "--only", "rust-analyzer"]).ok();
}

fn verdict(project: &Project) -> String {
    let said = project.larder(&["doctor", "rust-analyzer", "--json"]).stdout;
    let said: Value = serde_json::from_str(&said).unwrap();
    said["checks"][0]["verdict"].as_str().unwrap().to_owned()
}

/// The code of a server is behind its feature.
#[test]
fn rust_analyzer_asks_for_the_features_of_the_server() {
    let project = Project::new(&[("Cargo.toml", SITE), ("src/lib.rs", ""), ("src/main.rs", MAIN)]);
    project.larder(&["init", "--yes", "--only", "rust-analyzer"]).ok();
    let file = project.read("rust-analyzer.toml");
    assert!(file.contains("\nfeatures = [\"ssr\"]\n"), "{file}");
}
