//! `gc` takes what nothing needs any more, and nothing else: whatever it deleted, the next build of the checkout
//! compiles nothing again.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use larder::backend::messages::Counts;
use larder_tests::{Project, Surroundings, package};

const BUILD: [&str; 2] = ["build", "--release"];
/// Everything that is not needed, of target folders alone.
const GC: [&str; 6] = ["gc", "--only", "target", "--older-than", "0s", "--yes"];

fn manifest(itoa: &str) -> String {
    format!(
        "{}\n[dependencies]\nitoa = \"={itoa}\"\nfnv = \"=1.0.7\"\nhelper = {{ path = \"helper\" }}\n",
        package("app", "")
    )
}

/// An application with a member of its own, two external packages, and recipes.
fn project() -> Project {
    let project = Project::new(&[
        ("Cargo.toml", &manifest("1.0.15")),
        ("src/main.rs", "fn main() { println!(\"{}\", helper::text()) }\n"),
        ("helper/Cargo.toml", &package("helper", "\n[dependencies]\nitoa = \"1\"\n")),
        ("helper/src/lib.rs", "pub fn text() -> String { itoa::Buffer::new().format(1).to_owned() }\n"),
        (".gitignore", "/target\n"),
    ]);
    project.larder(&["lock"]).ok();
    project
}

fn build(project: &Project, vars: &[(&str, &str)]) -> Counts {
    Surroundings::get().cargo_counts(project.path(), &BUILD, vars)
}

/// Runs `gc` and returns what it says as JSON, after checking that the plan was true.
#[track_caller]
fn gc(project: &Project, args: &[&str]) -> serde_json::Value {
    let before = size(&project.path().join("target"));
    let outcome = project.larder(&[args, &["--json"]].concat()).ok();
    let freed = before - size(&project.path().join("target"));
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("it prints JSON");
    let planned = json["bytes"].as_u64().unwrap();
    assert!(planned.abs_diff(freed) * 20 <= freed, "{planned} planned, {freed} freed: {json:#}");
    json
}

/// Bytes on disk as `du` counts them.
fn size(folder: &Path) -> u64 {
    let folder = folder.to_string_lossy().into_owned();
    let answer = Surroundings::get().run("du".as_ref(), Path::new("/"), &["-s", "-B1", &folder], &[]).ok();
    answer.stdout.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).expect("du prints bytes")
}

/// How many things of a kind went.
fn entries(json: &serde_json::Value, what: &str) -> u64 {
    let rows = json["rows"].as_array().expect("there are rows");
    rows.iter().filter(|row| row["what"] == what).map(|row| row["entries"].as_u64().unwrap()).sum()
}

#[track_caller]
fn assert_warm(project: &Project, vars: &[(&str, &str)]) {
    let counts = build(project, vars);
    assert!(counts.compiled == 0 && counts.fresh > 0, "{counts:?}");
    let outcome = Surroundings::get().larder_with(project.path(), &["cook", "--json"], vars).ok();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(json["phases"][0]["compiled"], 0, "{json}");
}

/// Cooks and builds, so that everything there is is needed.
fn warm(project: &Project, vars: &[(&str, &str)]) {
    Surroundings::get().larder_with(project.path(), &["cook"], vars).ok();
    build(project, vars);
}

/// A compiler that says that it is another one.
fn other_compiler(folder: &Path) -> String {
    let real = Surroundings::get().env().find_program("rustc").expect("there is a rustc");
    let script = folder.join("rustc");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = -vV ]; then \"{0}\" -vV | sed 's/^commit-hash: .*/commit-hash: 0/'; \
         else exec \"{0}\" \"$@\"; fi\n",
        real.display()
    );
    fs_err::write(&script, text).unwrap();
    fs_err::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    script.to_string_lossy().into_owned()
}

#[test]
fn what_is_needed_stays() {
    let project = project();
    warm(&project, &[]);
    for args in [["test", "--no-run"], ["check", "--all-targets"]] {
        project.cargo(&args);
    }
    let json: serde_json::Value =
        serde_json::from_str(&project.larder(&[&GC[..], &["--json"]].concat()).ok().stdout).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 0, "{json:#}");
    assert_warm(&project, &[]);
    for args in [["test", "--no-run"], ["check", "--all-targets"]] {
        let counts = Surroundings::get().cargo_counts(project.path(), &args, &[]);
        assert_eq!(counts.compiled, 0, "{args:?}");
    }
}

#[test]
fn units_of_an_old_toolchain_go() {
    let project = project();
    let other = tempfile::tempdir().unwrap();
    let rustc = other_compiler(other.path());
    warm(&project, &[("RUSTC", &rustc)]);
    warm(&project, &[]);
    let json = gc(&project, &GC);
    // Three external units, two local ones and the recipe's own.
    assert_eq!(entries(&json, "units of other toolchains"), 5, "{json:#}");
    assert_warm(&project, &[]);
    assert_eq!(gc_again(&project), 0);
}

/// How many bytes a second run plans.
fn gc_again(project: &Project) -> u64 {
    let outcome = project.larder(&[&GC[..], &["--json"]].concat()).ok();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    json["bytes"].as_u64().unwrap()
}
