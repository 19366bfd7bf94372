//! The library as a program of somebody else's uses it: its examples, built and run.

use std::path::{Path, PathBuf};

use larder::{cargo::Cargo, cargo_metadata::Metadata, project, toml_edit::DocumentMut};
use larder_tests::{Project, Surroundings};

const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "=1.0.15"

[target.'cfg(target_os = "macos")'.dependencies]
fnv = "=1.0.7"
"#;

/// Builds an example of the library, and gives its program.
fn example(name: &str) -> PathBuf {
    // These tests are in `debug/deps` of the target directory in which everything below the example is compiled.
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let args = ["build", "--quiet", "--locked", "--package=larder", "--example", name];
    let vars = [("CARGO_TARGET_DIR", target.to_str().unwrap())];
    Surroundings::get().run("cargo".as_ref(), root, &args, &vars).ok();
    target.join("debug/examples").join(name)
}

#[test]
fn thirty_lines_lock_for_two_platforms() {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")]);
    let program = example("lock");
    let outcome = Surroundings::get().run(&program, project.path(), &[], &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "release: 3 external units\n");
    let table = project.read("larder/larder.lock");
    assert!(table.contains("platforms x86_64-unknown-linux-gnu aarch64-apple-darwin\n"), "{table}");
    assert!(table.contains("fnv 1.0.7"), "{table}");
}

/// The interface has types of other crates, and names them without a dependency on these.
#[test]
fn types_of_other_crates_come_along() {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")]);
    let cargo = Cargo::locate(Surroundings::get().env()).unwrap();
    let workspace = project::Project::load(cargo, project.path(), None, None).unwrap().workspace;
    let (metadata, manifest): (&Metadata, &DocumentMut) = (workspace.metadata(), workspace.manifest());
    assert_eq!(metadata.packages[0].name.to_string(), manifest["package"]["name"].as_str().unwrap());
}
