//! The files that `lock` writes, when it writes them, and those that it leaves alone.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use insta::assert_snapshot;
use larder::process::Cmd;
use larder_tests::{Project, Surroundings, redact};

const MANIFEST: &str = r#"
[workspace]
members = ["app", "lib"]
resolver = "2"

[workspace.dependencies]
itoa = "=1.0.15"

[profile.release]
lto = true
codegen-units = 4

[profile.release.package.app]
opt-level = 1

[profile.release.package.itoa]
opt-level = 2
"#;
const APP: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa.workspace = true
lib = { path = "../lib" }
"#;
const LIB: &str = r#"
[package]
name = "lib"
version = "0.1.0"
edition = "2021"

[dependencies]
cfg-if = "=1.0.1"

[dev-dependencies]
itoa = { workspace = true, features = ["no-panic"] }
"#;

fn workspace() -> Project {
    Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("app/Cargo.toml", APP),
        ("app/src/main.rs", "fn main() {}\n"),
        ("lib/Cargo.toml", LIB),
        ("lib/src/lib.rs", ""),
        ("lib/src/main.rs", "fn main() {}\n"),
    ])
}

#[test]
fn the_recipe_reads_well() {
    let project = workspace();
    project.larder(&["lock"]).ok();
    assert_snapshot!(project.recipe("release/0/Cargo.toml"), @r#"
    # Expanded from larder/larder.lock. It is plain cargo: no tool is needed to build it.
    profile.release.codegen-units = 4
    profile.release.lto = true
    profile.release.package.itoa.opt-level = 2
    workspace.resolver = "2"
    package.name = "larder-release"
    package.version = "0.0.0"
    package.edition = "2021"
    package.publish = false
    lib.crate-type = ["rlib"]
    lib.test = false
    lib.doctest = false
    lib.bench = false
    dependencies.cfg-if-1_0_1 = { package = "cfg-if", version = "=1.0.1", default-features = false }
    dependencies.itoa-1_0_15 = { package = "itoa", version = "=1.0.15", default-features = false }
    "#);
    assert_snapshot!(project.recipe("release/0/.cargo/config.toml"), @r#"
    # Expanded from larder/larder.lock.
    build.target-dir = "../../../../../target"
    "#);
    assert!(!project.read("larder/larder.lock").contains(&*project.path().to_string_lossy()));
}

#[test]
fn what_the_plan_shows() {
    let project = workspace();
    let outcome = project.larder(&["plan", "--units"]).ok();
    assert_snapshot!(redact(&outcome.stdout, project.path()), @"
    slice    external  layers  tainted  local  invocation
    release         2       0        0      3  cargo build --release

    release:
      57b68198fa0d  -  cfg-if@1.0.1 lib build host
      32627aedde2b  -  itoa@1.0.15 lib build host
    ");
    let json: serde_json::Value =
        serde_json::from_str(&project.larder(&["plan", "--json"]).ok().stdout).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["slices"][0]["units"].as_array().unwrap().len(), 2);
}

#[test]
fn files_of_others_and_modification_times_survive() {
    let project = workspace();
    project.larder(&["lock"]).ok();
    project.write("larder/README.md", "ours\n");
    let before = times_of_shared_files(&project);
    let slices = "\n[workspace.metadata.larder.slices.check]\nargs = [\"check\"]\n";
    project.write("Cargo.toml", &format!("{MANIFEST}{slices}"));
    let outcome = project.larder(&["lock"]).ok();
    assert!(outcome.stderr.contains("Locked check"), "{}", outcome.stderr);
    assert_eq!(project.read("larder/README.md"), "ours\n");
    assert_eq!(times_of_shared_files(&project), before);
    assert!(!project.has_leftovers());
}

fn times_of_shared_files(project: &Project) -> [SystemTime; 2] {
    ["larder/expand.awk", "larder/.gitattributes"]
        .map(|path| fs_err::metadata(project.path().join(path)).unwrap().modified().unwrap())
}

#[test]
fn a_slice_that_is_gone_takes_its_recipe_along() {
    let project = workspace();
    let slices = "\n[workspace.metadata.larder.slices.check]\nargs = [\"check\"]\n";
    project.write("Cargo.toml", &format!("{MANIFEST}{slices}"));
    project.larder(&["lock"]).ok();
    assert_eq!((project.layers("check"), project.layers("release")), (1, 1));
    project.write("Cargo.toml", MANIFEST);
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
    project.larder(&["lock"]).ok();
    assert_eq!((project.layers("check"), project.layers("release")), (0, 1));
    assert!(project.expanded().keys().all(|path| path.starts_with("release/0/")));
}

/// While somebody else locks, nothing is read and nothing is written.
#[test]
fn a_run_waits_until_the_other_is_done() {
    let project = workspace();
    let folder = fs_err::File::open(project.path()).unwrap().into_file();
    folder.lock().unwrap();
    let (cargo, log) = (Surroundings::get(), tempfile::NamedTempFile::new().unwrap());
    let lock = Cmd::new(cargo.binary(), project.path(), cargo.env()).args(["larder", "lock"]);
    let mut running = lock.spawn_logged(log.path()).unwrap();
    while !said_in(log.path()).contains("Waiting") {
        assert_eq!(running.try_exit_code().unwrap(), None, "{}", said_in(log.path()));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(
        !said_in(log.path()).contains("Planning") && !project.path().join("larder").exists(),
        "{}",
        said_in(log.path())
    );
    drop(folder);
    assert_eq!(running.wait().unwrap(), 0, "{}", said_in(log.path()));
    project.larder(&["lock", "--check"]).ok();
}

fn said_in(log: &Path) -> String {
    fs_err::read_to_string(log).unwrap()
}

#[test]
fn two_runs_at_once_wait_for_each_other() {
    let project = workspace();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| project.larder(&["lock"]).ok());
        }
    });
    project.larder(&["lock", "--check"]).ok();
    assert!(!project.has_leftovers());
}
