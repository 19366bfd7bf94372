//! Code that nobody here wrote: published packages whose archives carry a `Cargo.lock`, and this repository.

use std::path::{Path, PathBuf};

use larder_tests::{Project, Surroundings};

/// The published source of a package. cargo can only fetch what something depends on, so an empty package
/// does; one without a library is fetched all the same.
fn published(name: &str, version: &str) -> Project {
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
         {name} = {{ version = \"={version}\", default-features = false }}\n"
    );
    let fetch = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
    fetch.cargo(&["fetch", "--quiet"]);
    let registry = Surroundings::get().env().get("CARGO_HOME").map_or_else(default_cargo_home, PathBuf::from);
    let sources = fs_err::read_dir(registry.join("registry/src")).expect("cargo has fetched");
    let folder = sources
        .flatten()
        .map(|source| source.path().join(format!("{name}-{version}")))
        .find(|folder| folder.join("Cargo.lock").is_file())
        .unwrap_or_else(|| panic!("the archive of {name} {version} carries a Cargo.lock"));
    Project::copy_of(&folder)
}

fn default_cargo_home() -> PathBuf {
    Path::new(Surroundings::get().env().get("HOME").expect("HOME is set")).join(".cargo")
}

#[track_caller]
fn compiles_nothing_external(project: &Project) {
    let counts = project.cook_then_build(&["build", "--release"]);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    assert!(counts.fresh > 0, "{counts:?}");
}

/// clap with derive macros, build-dependencies that share crates with the dependencies.
#[test]
fn hexyl() {
    compiles_nothing_external(&published("hexyl", "0.17.0"));
}

/// Fat LTO with one codegen unit, a stripped binary.
#[test]
fn diskus() {
    compiles_nothing_external(&published("diskus", "0.9.0"));
}

/// Build-dependencies with other features than the dependencies.
#[test]
fn zoxide() {
    compiles_nothing_external(&published("zoxide", "0.10.0"));
}

/// This repository. It builds into a target directory of its own.
#[test]
fn larder_itself() {
    compiles_nothing_external(&Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")));
}
