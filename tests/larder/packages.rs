//! Code that nobody here wrote: published packages whose archives carry a `Cargo.lock`, and this repository.
//!
//! Planning a package compiles nothing, so every one of them is proven on every run. Cooking and building is the
//! last word: a few are small enough to have it on every run, the largest never have it, and the others have it in
//! `cargo xtask test --full`.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use larder_tests::{
    Project, Surroundings,
    machine::{self, NEW_LAYOUT},
    oracle::Oracle,
    recipes::{RECIPES, assert_expanders_agree, expand},
};
use serde_json::Value;

/// Calls that a package's contributors make beside the release build.
const SLICES: &str = r#"
[package.metadata.larder.slices]
check = { args = ["check", "--all-targets"] }
test = { args = ["test", "--no-run"] }
"#;

/// The words after `--` are clippy's.
const CLIPPY: &str = r#"clippy = { args = ["clippy", "--all-targets", "--", "-Adeprecated"] }"#;

/// When a package is cooked and built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cooked {
    Always,
    InFull,
}

/// `test: name, version, why it was chosen;` becomes a test for each package.
macro_rules! proven {
    ($($test:ident: $name:literal, $version:literal, $why:literal;)*) => {
        $(#[test]
        fn $test() {
            crate::packages::is_proven($name, $version, $why);
        })*
    };
}

/// `test: name, version, cooked, why it was chosen;` becomes two tests for each package.
macro_rules! built {
    ($($test:ident: $name:literal, $version:literal, $cooked:ident, $why:literal;)*) => {
        mod proven {
            proven! { $($test: $name, $version, $why;)* }
        }

        mod built {
            $(#[test]
            fn $test() {
                super::builds_fresh($name, $version, super::Cooked::$cooked);
            })*
        }
    };
}

built! {
    hexyl: "hexyl", "0.17.0", Always, "resolver 2; fat LTO; clap's derive macros";
    diskus: "diskus", "0.9.0", Always, "fat LTO, one codegen unit";
    zoxide: "zoxide", "0.10.0", Always, "resolver 3; five build-dependencies";
    ripgrep: "ripgrep", "15.2.0", Always, "a release profile with debug information, no LTO";
    sd: "sd", "1.0.0", Always, "tests need almost twice what the release build needs";
    exa: "exa", "0.10.1", InFull, "resolver 1; libgit2 and zlib in C";
    fd_find: "fd-find", "10.5.0", InFull, "a dev profile with overrides for all packages";
    du_dust: "du-dust", "1.2.7", InFull, "11 packages on both sides of the build";
    hyperfine: "hyperfine", "1.20.0", InFull, "resolver 1 with build-dependencies; profile overrides by name";
    tokei: "tokei", "12.1.2", InFull, "resolver 1; thin LTO; `panic = \"abort\"`";
    just: "just", "1.59.0", InFull, "a library beside the binary; fat LTO";
    cargo_chef: "cargo-chef", "0.1.78", InFull, "resolver 1; a profile that inherits";
    eza: "eza", "0.23.5", InFull, "`panic = \"abort\"` with fat LTO; libgit2 in C";
    typos_cli: "typos-cli", "1.52.0", InFull, "15 procedural macros; no profile of its own";
    mdbook: "mdbook", "0.5.4", InFull, "a web server; five packages in two versions";
    procs: "procs", "0.14.12", InFull, "18 packages on both sides of the build";
    bottom: "bottom", "0.15.0", InFull, "20 procedural macros; dependencies optimised in dev";
    git_delta: "git-delta", "0.20.1", InFull, "a test profile of its own; resolver 1; oniguruma in C";
    bat: "bat", "0.26.1", InFull, "15 build-dependencies, 7 packages with other features there";
    xh: "xh", "0.26.3", InFull, "C and assembly in aws-lc-sys; 6 packages with two sets of features";
    sqlx_cli: "sqlx-cli", "0.9.0", InFull, "`links` to SQLite and to the system's OpenSSL";
    cargo_nextest: "cargo-nextest", "0.9.151", InFull, "edition 2024 with resolver 2; zstd in C";
}

/// Too large to be built by a test.
mod large {
    proven! {
        starship: "starship", "1.27.0", "10 packages with two sets of features; thin LTO for benchmarks";
        gitui: "gitui", "0.28.1", "32 procedural macros; optimised for size; libssh2 in C";
        watchexec_cli: "watchexec-cli", "2.3.2", "86 packages on both sides, 11 with two sets of features";
        trunk: "trunk", "0.21.14", "42 procedural macros; 17 packages in two versions; fat LTO";
        nu: "nu", "0.115.1", "the largest; thin LTO; 23 packages with two sets of features";
    }
}

/// Every slice is proven, by Larder and by the oracle; the book says how many units there are.
#[track_caller]
fn is_proven(name: &str, version: &str, why: &str) {
    let project = published(name, version);
    project.write("Cargo.toml", &format!("{}{SLICES}", project.read("Cargo.toml")));
    let locked = project.larder(&["lock", "--json"]).ok().stdout;
    let locked: Value = serde_json::from_str(&locked).unwrap();
    let slices = locked["slices"].as_array().unwrap();
    let names: Vec<_> = slices.iter().map(|slice| slice["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["check", "release", "test"]);
    the_oracle_agrees(&project);
    let [check, release, test] =
        [0, 1, 2].map(|index| slices[index]["units"]["x86_64-unknown-linux-gnu"].as_u64().unwrap());
    let row = format!("| {name} {version} | {why} | {release} | {check} | {test} |");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/exact.md");
    assert!(fs_err::read_to_string(page).unwrap().contains(&row), "docs/src/exact.md should say\n{row}");
}

/// The recipe's units are the package's own, by keys that are not Larder's.
#[track_caller]
fn the_oracle_agrees(project: &Project) {
    assert_expanders_agree("the_oracle_agrees", project.path());
    expand(&["awk"], project.path(), project.path()).ok();
    let mut oracle = Oracle::default();
    let slices: [(&str, &[&str], &[&str]); 3] = [
        ("release", &["build", "--release"], &["build", "--release"]),
        ("check", &["check", "--all-targets"], &["check"]),
        ("test", &["test", "--no-run"], &["test", "--no-run"]),
    ];
    for (slice, wanted, cook) in slices {
        let wanted = oracle.units(project.path(), wanted);
        let found = oracle.units(&project.path().join(RECIPES).join(slice).join("0"), cook);
        assert!(!wanted.is_empty(), "{slice}");
        assert_eq!(found, wanted, "{slice}");
    }
}

/// After cooking into an empty target directory, the package's own build compiles no external unit; and neither does
/// another checkout, under another `CARGO_HOME`, that takes them from a store.
#[track_caller]
fn builds_fresh(name: &str, version: &str, cooked: Cooked) {
    let Some(_turn) = turn(name, cooked) else { return };
    let project = published(name, version);
    compiles_nothing_external(&project);
    is_restored_elsewhere(&project, &[]);
    if cooked == Cooked::InFull {
        in_the_new_layout(&project);
    }
}

/// The same for one package in every run.
#[test]
fn diskus_in_the_new_layout() {
    let _turn = turn("diskus", Cooked::Always);
    let project = published("diskus", "0.9.0");
    project.larder(&["lock"]).ok();
    in_the_new_layout(&project);
}

#[track_caller]
fn in_the_new_layout(project: &Project) {
    fs_err::remove_dir_all(project.path().join("target")).unwrap();
    Surroundings::get().larder_with(project.path(), &["cook"], &NEW_LAYOUT).ok();
    is_restored_elsewhere(project, &NEW_LAYOUT);
}

/// Stores what was cooked, and cooks on another machine, as far as cargo can tell.
#[track_caller]
fn is_restored_elsewhere(project: &Project, layout: &[(&str, &str)]) {
    let store = tempfile::tempdir().unwrap();
    let home = larder_tests::cargo_home(Surroundings::get().env()).unwrap();
    let of_store = [("LARDER_STORE", "write"), ("LARDER_STORE_DIR", store.path().to_str().unwrap())];
    let vars = [layout, &of_store].concat();
    assert_eq!(machine::cook(project, &vars), (0, 0), "everything is there");
    let elsewhere = Project::copy_of(project.path());
    let vars = [vars.as_slice(), &[("CARGO_HOME", home.path().to_str().unwrap())]].concat();
    let (restored, compiled) = machine::cook(&elsewhere, &vars);
    assert_eq!(compiled, 0, "{restored} units are restored");
    assert!(restored > 5, "only {restored} units are restored");
}

/// Waits until no other package is built; `None` after saying that this one is left to the full run.
pub(crate) fn turn(name: &str, cooked: Cooked) -> Option<MutexGuard<'static, ()>> {
    // Two large builds at once would need twice the memory and end no sooner.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    if cooked == Cooked::InFull && !larder_tests::full(name) {
        return None;
    }
    Some(ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner))
}

#[track_caller]
fn compiles_nothing_external(project: &Project) {
    let counts = project.cook_then_build(&["build", "--release"]);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    assert!(counts.fresh > 0, "{counts:?}");
}

/// The published source of a package.
pub(crate) fn published(name: &str, version: &str) -> Project {
    Project::copy_of(&larder_tests::published::folder(Surroundings::get().env(), name, version).unwrap())
}

/// This repository, by the slice that its manifest writes down. It builds into a target directory of its own.
#[test]
fn larder_itself() {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let counts = project.cook_then_build(&["build", "--release", "--package=cargo-larder"]);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    assert!(counts.fresh > 0, "{counts:?}");
}

/// Cooks one of the slices above and makes its own call.
#[track_caller]
fn slice_builds_fresh(name: &str, version: &str, slice: &str) {
    let project = published(name, version);
    project.write("Cargo.toml", &format!("{}{SLICES}{CLIPPY}\n", project.read("Cargo.toml")));
    project.larder(&["lock"]).ok();
    let table = project.larder(&["build", slice, "--json"]).ok().stdout;
    let table: Value = serde_json::from_str(&table).unwrap();
    let built = &table["phases"][1];
    assert_eq!(built["compiled-external"], 0, "{table}");
    assert!(built["fresh"].as_u64() > Some(0) && built["compiled"].as_u64() > Some(0), "{table}");
}

#[test]
fn tests_of_a_package() {
    slice_builds_fresh("diskus", "0.9.0", "test");
}

#[test]
fn a_check_of_a_package() {
    slice_builds_fresh("diskus", "0.9.0", "check");
}

#[test]
fn lints_of_a_package() {
    slice_builds_fresh("hexyl", "0.17.0", "clippy");
}
