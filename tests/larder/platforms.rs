//! Platforms: one recipe that is right on all of them, planned without their toolchains.

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, write_program};

const X86_LINUX: &str = "x86_64-unknown-linux-gnu";
pub(crate) const ALL: &str =
    r#"["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"]"#;

/// A build script with a dependency of its own on macOS, a target that needs another crate on ARM, and a macro,
/// with one crate (`cfg-if`) on different sides and with different features from platform to platform.
const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "=1.0.15"
cfg-if = "=1.0.1"
paste = "=1.0.15"

[build-dependencies]
fnv = { version = "=1.0.7", default-features = false }

[target.'cfg(target_os = "macos")'.build-dependencies]
cfg-if = "=1.0.1"
fnv = "=1.0.7"

[target.'cfg(target_arch = "aarch64")'.dependencies]
either = { version = "=1.15.0", default-features = false }
"#;

pub(crate) fn project(platforms: &str) -> Project {
    let settings = format!("\n[package.metadata.larder]\nplatforms = {platforms}\n");
    Project::new(&[
        ("Cargo.toml", &format!("{MANIFEST}{settings}")),
        ("build.rs", "fn main() {}\n"),
        ("src/main.rs", "fn main() {}\n"),
    ])
}

#[test]
fn what_differs_goes_into_tables_of_its_own() {
    let project = project(ALL);
    let outcome = project.larder(&["lock"]).ok();
    let proven = "release: all external units proven: 8 on aarch64-apple-darwin, 7 on aarch64-unknown-linux-gnu, \
                  6 on x86_64-unknown-linux-gnu";
    assert!(outcome.stderr.contains(proven), "{}", outcome.stderr);
    project.larder(&["lock", "--check"]).ok();
    let manifest = project.recipe("release/0/Cargo.toml");
    let pins: Vec<&str> = manifest.lines().filter(|line| line.contains("dependencies.")).collect();
    assert_snapshot!(pins.join("\n"), @r#"
    dependencies.cfg-if-1_0_1 = { package = "cfg-if", version = "=1.0.1", default-features = false }
    target."aarch64-apple-darwin".build-dependencies.cfg-if-1_0_1 = { package = "cfg-if", version = "=1.0.1", default-features = false }
    target."aarch64-apple-darwin".dependencies.either-1_15_0 = { package = "either", version = "=1.15.0", default-features = false }
    target."aarch64-unknown-linux-gnu".dependencies.either-1_15_0 = { package = "either", version = "=1.15.0", default-features = false }
    target."aarch64-apple-darwin".build-dependencies.fnv-1_0_7 = { package = "fnv", version = "=1.0.7", default-features = false, features = ["default", "std"] }
    target."aarch64-unknown-linux-gnu".build-dependencies.fnv-1_0_7 = { package = "fnv", version = "=1.0.7", default-features = false }
    target."x86_64-unknown-linux-gnu".build-dependencies.fnv-1_0_7 = { package = "fnv", version = "=1.0.7", default-features = false }
    dependencies.itoa-1_0_15 = { package = "itoa", version = "=1.0.15", default-features = false }
    build-dependencies.paste-1_0_15 = { package = "paste", version = "=1.0.15", default-features = false }
    "#);
}

#[test]
fn a_recipe_for_many_platforms_is_exact_here() {
    let counts = project(ALL).cook_then_build(&["build", "--release"]);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    assert!(counts.fresh > 3, "{counts:?}");
}

/// The other platforms get tables of their own and leave what is there as it is.
#[test]
fn another_platform_changes_nothing_for_the_others() {
    let project = project(&format!("[{X86_LINUX:?}]"));
    project.larder(&["lock"]).ok();
    project.larder(&["cook"]).ok();
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &manifest.replace(&format!("[{X86_LINUX:?}]"), ALL));
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
    project.larder(&["lock"]).ok();
    let json = project.larder(&["cook", "--json"]).ok().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["phases"][0]["compiled-external"], 0, "{json}");
}

/// A compiler that says it runs on a Mac, and answers so: all that this machine can tell from a real one.
const MAC_RUSTC: &str = r#"#!/bin/sh
case "$*" in
    -vV) rustc -vV | sed 's/^host: .*/host: aarch64-apple-darwin/' ;;
    *--target*) exec rustc "$@" ;;
    *) exec rustc --target=aarch64-apple-darwin "$@" ;;
esac
"#;

#[test]
fn every_machine_writes_the_same_bytes() {
    for platforms in [format!("[{X86_LINUX:?}]"), ALL.to_owned()] {
        let here = project(&platforms);
        here.larder(&["lock"]).ok();
        let there = Project::copy_of(here.path());
        fs_err::remove_dir_all(there.path().join("larder")).unwrap();
        let rustc = on_a_mac(&there);
        let outcome = Surroundings::get().larder_with(there.path(), &["lock"], &[("RUSTC", &rustc)]).ok();
        assert!(outcome.stderr.contains("Locked"), "{}", outcome.stderr);
        assert_eq!(there.recipes(), here.recipes(), "{platforms}");
    }
}

fn on_a_mac(project: &Project) -> String {
    let path = project.path().join("rustc-on-a-mac");
    write_program(&path, MAC_RUSTC);
    path.to_string_lossy().into_owned()
}

/// Without a setting: x86-64 Linux, the developer's own, and whatever other developers brought along.
#[test]
fn developers_on_different_machines_do_not_undo_each_other() {
    let here = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("build.rs", "fn main() {}\n"),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let rustc = on_a_mac(&here);
    here.larder(&["lock"]).ok();
    assert!(here.read("larder/larder.lock").contains("\nplatforms x86_64-unknown-linux-gnu\n"));
    Surroundings::get().larder_with(here.path(), &["lock"], &[("RUSTC", &rustc)]).ok();
    let both = here.recipes();
    assert!(
        here.read("larder/larder.lock")
            .contains("\nplatforms x86_64-unknown-linux-gnu aarch64-apple-darwin\n")
    );
    let outcome = here.larder(&["lock"]).ok();
    assert!(outcome.stderr.contains("Kept"), "{}", outcome.stderr);
    assert_eq!(here.recipes(), both);
}

#[test]
fn a_platform_that_does_not_exist_is_named() {
    let spelt = project("[\"linux\"]").larder(&["lock"]);
    assert!(spelt.stderr.contains("platforms: `linux` is no host triple"), "{}", spelt.stderr);
    let twice = project(&format!("[{X86_LINUX:?}, {X86_LINUX:?}]")).larder(&["lock"]);
    assert!(
        twice.stderr.contains("platforms: `x86_64-unknown-linux-gnu` is named twice"),
        "{}",
        twice.stderr
    );
    let project = project("[\"x86_64-unknown-nothing\"]");
    let outcome = project.larder(&["lock"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("x86_64-unknown-nothing"), "{}", outcome.stderr);
    assert!(!project.path().join("larder").exists() && !project.has_leftovers());
}

/// One call of cargo that builds for two targets, of which one alone has a dependency of its own.
#[test]
fn a_dependency_of_one_target_is_pinned_for_that_target() {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\n\n\
                    [target.'cfg(target_env = \"musl\")'.dependencies]\ncfg-if = \"1\"\n";
    let config = "[build]\ntarget = [\"x86_64-unknown-linux-gnu\", \"x86_64-unknown-linux-musl\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", manifest),
        (".cargo/config.toml", config),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let outcome = project.larder(&["lock"]).ok();
    assert!(outcome.stderr.contains("release: 3 of 3 external units proven"), "{}", outcome.stderr);
    project.larder(&["lock", "--check"]).ok();
    let manifest = project.recipe("release/0/Cargo.toml");
    let pins: Vec<&str> = manifest.lines().filter(|line| line.contains("dependencies.")).collect();
    let musl = "target.\"x86_64-unknown-linux-musl\".dependencies.cfg-if-1";
    assert!(pins.iter().any(|pin| pin.starts_with("dependencies.itoa-1")), "{manifest}");
    assert!(pins.iter().all(|pin| !pin.contains("cfg-if") || pin.starts_with(musl)), "{manifest}");
    assert!(pins.iter().any(|pin| pin.starts_with(musl)) && !manifest.contains("linux-gnu"), "{manifest}");
}
