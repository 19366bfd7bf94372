//! `doctor` on real workspaces, with real git, cargo and linkers; Docker, Nix and direnv are scripts that answer
//! like the real ones. Tests beside the checks try every reason for which a check fails or passes.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, redact, write_program};
use serde_json::Value;

pub(crate) const MANIFEST: &str = r#"# The application.
[package]
name = "app" # for now
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "1"
crc32fast = "=1.4.2"

[profile.dev] # hands off
overflow-checks = true
# Quick and dirty.
incremental = false # since last year
odd-key = 1
"#;
const CONFIG: &str = r#"# Settings of everybody.
[alias]
b = "build"

[build]
# Since last year.
incremental = false # really
odd-key = 1
"#;

/// A workspace that is committed, with recipes and a Dockerfile.
pub(crate) fn committed() -> Project {
    let manifest = MANIFEST.split("\n[profile").next().unwrap();
    let project = Project::new(&[
        ("Cargo.toml", manifest),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "/target\n"),
    ]);
    project.larder(&["init", "--yes"]).ok();
    project.git(&["init", "--quiet"]);
    commit(&project);
    project
}

fn commit(project: &Project) {
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=test"]);
}

/// One check's verdict and reason.
pub(crate) fn verdict_with(project: &Project, check: &str, vars: &[(&str, &str)]) -> (String, String) {
    // The right settings in CI are not those on a developer's machine.
    let vars = [&[("CI", "")], vars].concat();
    let outcome = Surroundings::get().larder_with(project.path(), &["doctor", check, "--json"], &vars);
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    let found = &value["checks"][0];
    assert_eq!(found["name"], check);
    let verdict = found["verdict"].as_str().unwrap().to_owned();
    assert_eq!(outcome.code, if verdict == "problem" { 4 } else { 0 }, "{outcome:?}");
    (verdict, found["reason"].as_str().unwrap().to_owned())
}

fn verdict(project: &Project, check: &str) -> String {
    verdict_with(project, check, &[]).0
}

#[test]
fn a_workspace_that_init_brought_up_is_well() {
    let project = committed();
    let checks = [
        "cargo-lock",
        "recipes",
        "recipes-committed",
        "dockerfile",
        "rustc",
        "targets",
        "rustflags",
        "wrappers",
        "incremental",
        "dev-profile",
        "dev-optimised",
        "registry",
        "clock",
    ];
    let outcome = project.larder(&[&["doctor", "--json"], &checks[..]].concat()).ok();
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let bad: Vec<&Value> =
        value["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] != "ok").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(value["checks"].as_array().unwrap().len(), checks.len());
}

type Change = fn(&Project);

/// Files that are not as they should be, and the verdict.
#[rustfmt::skip]
const FILES: &[(&str, &str, &str, Change)] = &[
    ("cargo-lock", "problem", "not what the manifests ask for", |p| replace(p, "Cargo.toml", "\"0.1.0\"", "\"0.2.0\"")),
    ("cargo-lock", "warning", "changed and not committed", |p| p.write("Cargo.lock", &format!("{}\n# more\n", p.read("Cargo.lock")))),
    ("cargo-lock", "problem", "is not committed", |p| drop(p.git(&["rm", "--quiet", "--cached", "Cargo.lock"]))),
    ("cargo-lock", "problem", "git ignores", |p| { p.write(".gitignore", "Cargo.lock\n"); p.git(&["rm", "--quiet", "--cached", "Cargo.lock"]); }),
    ("recipes", "problem", "its settings changed", |p| replace(p, "Cargo.toml", "[dependencies]", "[profile.release]\nopt-level = 1\n\n[dependencies]")),
    ("recipes", "problem", "larder.lock line ", |p| p.write("larder/larder.lock", &format!("{}\n# mine\n", p.read("larder/larder.lock")))),
    ("recipes", "problem", "expand.awk is not what", |p| p.write("larder/expand.awk", "")),
    ("recipes", "warning", "no recipes yet", |p| fs_err::remove_dir_all(p.path().join("larder")).unwrap()),
    ("recipes-committed", "problem", "not all of larder/", |p| drop(p.git(&["rm", "--quiet", "--cached", "larder/larder.lock"]))),
    ("recipes-committed", "warning", "changed and not committed", |p| p.write("larder/larder.lock", &format!("{}\n# more\n", p.read("larder/larder.lock")))),
    ("recipes-committed", "problem", "git ignores", |p| { p.write(".gitignore", "/larder\n"); p.git(&["rm", "-r", "--quiet", "--cached", "larder"]); }),
    ("recipes-committed", "problem", "files in it", |p| { p.write(".gitignore", "*.awk\n"); p.git(&["rm", "--quiet", "--cached", "larder/expand.awk"]); }),
    ("recipes-committed", "ok", "every file", |p| { p.write(".gitignore", ".DS_Store\n"); p.write("larder/.DS_Store", ""); }),
    ("recipes-committed", "skipped", "no git repository", |p| fs_err::remove_dir_all(p.path().join(".git")).unwrap()),
    ("dockerfile", "problem", "Dockerfile would be", |p| p.write("Dockerfile", &format!("{}\n# more\n", p.read("Dockerfile")))),
    ("dockerfile", "skipped", "no generated Dockerfile", |p| p.write("Dockerfile", "FROM scratch\n")),
    ("targets", "problem", "sparc64-unknown-linux-gnu", |p| p.write("Cargo.toml", &format!("{}\n[package.metadata.larder.slices.odd]\nargs = [\"build\", \"--target=sparc64-unknown-linux-gnu\"]\n", p.read("Cargo.toml")))),
    ("rustc", "problem", "asks for rustc", |p| replace(p, "Cargo.toml", "edition", "rust-version = \"1.999\"\nedition")),
    ("incremental", "warning", "build.incremental is false in", |p| p.write(".cargo/config.toml", CONFIG)),
    ("incremental", "warning", "incremental = false in profile.dev", |p| replace(p, "Cargo.toml", "[profile.dev]", "[profile.dev]\nincremental = false")),
    ("dev-profile", "warning", "profile.dev.debug = \"line-tables-only\"", |p| replace(p, "Cargo.toml", "debug = \"line-tables-only\"", "")),
    ("dev-optimised", "warning", "crc32fast", |p| replace(p, "Cargo.toml", "opt-level = 3", "")),
    ("registry", "warning", "with git", |p| p.write(".cargo/config.toml", crate::repairs::BY_GIT)),
    ("registry", "warning", "inner", |p| p.write(".cargo/config.toml", "[registries.inner]\nindex = \"https://example.invalid/index\"\n")),
    ("rustflags", "ok", "--cfg x", |p| p.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n")),
    ("flake-committed", "problem", "does not know flake.nix", |p| p.write("flake.nix", "{ }\n")),
    ("ci-cache", "warning", "ci.yml keeps nothing", |p| p.write(".github/workflows/ci.yml", "- run: cargo test\n")),
    ("ci-cache", "problem", "actions/cache@v2", |p| p.write(".github/workflows/ci.yml", "- uses: actions/cache@v2\n- run: cargo test\n")),
    ("ci-cache", "ok", "larder.yml", |p| drop(p.larder(&["init", "--yes", "--only", "ci"]).ok())),
];

fn replace(project: &Project, path: &str, old: &str, new: &str) {
    let text = project.read(path);
    assert!(text.contains(old), "{path} has no {old}");
    project.write(path, &text.replacen(old, new, 1));
}

#[test]
fn files_that_are_not_as_they_should_be() {
    let template = committed();
    for (check, expected, reason, change) in FILES {
        let project = Project::copy_of(template.path());
        copy_repository(&template, &project);
        change(&project);
        let (found, why) = verdict_with(&project, check, &[]);
        assert_eq!(found, *expected, "{check}: {why}");
        assert!(why.contains(reason), "{check} should say `{reason}`: {why}");
    }
}

fn copy_repository(from: &Project, to: &Project) {
    let (from, to) = (from.path().join(".git"), to.path().join(".git"));
    let words = ["-a", &*from.to_string_lossy(), &*to.to_string_lossy()];
    Surroundings::get().run(Path::new("cp"), Path::new("/"), &words, &[]).ok();
}

/// The environment, and the verdict.
const VARIABLES: &[(&str, &str, &str, &str, &str)] = &[
    ("rustflags", "RUSTFLAGS", "--cfg y", "problem", "RUSTFLAGS is set in this shell and hides `--cfg x`"),
    ("rustflags", "CARGO_BUILD_RUSTFLAGS", "--cfg y", "problem", "CARGO_BUILD_RUSTFLAGS"),
    ("wrappers", "RUSTC_WRAPPER", "", "ok", "nothing"),
    ("incremental", "CARGO_INCREMENTAL", "0", "warning", "CARGO_INCREMENTAL switches"),
    ("registry", "CARGO_REGISTRIES_CRATES_IO_PROTOCOL", "git", "warning", "with git"),
    ("buildx", "PATH", "", "skipped", "no `docker` on PATH"),
    ("nix", "PATH", "", "skipped", "no `nix` on PATH"),
];

#[test]
fn an_environment_that_is_not_as_it_should_be() {
    let project = committed();
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n");
    let toolchain = toolchain();
    for (check, name, value, expected, reason) in VARIABLES {
        let value = if *name == "PATH" { &toolchain } else { *value };
        let (found, why) = verdict_with(&project, check, &[(name, value)]);
        assert_eq!(found, *expected, "{check} with {name}={value}: {why}");
        assert!(why.contains(reason), "{check} should say `{reason}`: {why}");
    }
}

/// The folder of cargo and rustc.
fn toolchain() -> String {
    let cargo = Surroundings::get().env().find_program("cargo").unwrap();
    cargo.parent().unwrap().to_string_lossy().into_owned()
}

/// Programs that answer like the real ones, in front of `PATH`.
fn with_programs(project: &Project, check: &str, programs: &[(&str, &str)]) -> (String, String) {
    for (name, script) in programs {
        write_program(project.path().join("fake").join(name), format!("#!/bin/sh\n{script}\n"));
    }
    let fake = project.path().join("fake").to_string_lossy().into_owned();
    let home = project.path().to_string_lossy().into_owned();
    let cargo_home = Surroundings::get().env().get_str("CARGO_HOME").map_or_else(
        || format!("{}/.cargo", Surroundings::get().env().get_str("HOME").unwrap_or_default()),
        str::to_owned,
    );
    // Other programs of this machine must not answer.
    let path = format!("{fake}:{}", toolchain());
    let vars = [("PATH", &*path), ("HOME", &*home), ("CARGO_HOME", &*cargo_home), ("SHELL", "/bin/bash")];
    let rustup = format!("{}/.rustup", Surroundings::get().env().get_str("HOME").unwrap_or_default());
    let rustup = Surroundings::get().env().get_str("RUSTUP_HOME").unwrap_or(&rustup);
    verdict_with(project, check, &[&vars[..], &[("RUSTUP_HOME", rustup)]].concat())
}

const DOCKER: &str = r#"case "$*" in
"buildx version") echo "github.com/docker/buildx v0.29.1 abc";;
"buildx inspect") echo "BuildKit version: v0.28.1";;
"version --format {{.Server.Version}}") echo 28.5.1;;
*) exit 1;;
esac"#;

#[test]
fn docker_nix_and_direnv_as_they_answer() {
    let project = committed();
    project.write("flake.nix", "{ }\n");
    project.write(".envrc", "use flake\n");
    let old = DOCKER.replace("v0.28.1", "v0.12.4");
    let silent = DOCKER.replace("echo 28.5.1", "echo 'Cannot connect' >&2; exit 1");
    let none = "case \"$1\" in --version) echo Docker version 28.2.2, build 1;; *) exit 1;; esac";
    let [new_nix, old_nix] =
        [("2.34.7", "flakes nix-command"), ("2.34.6", "nix-command")].map(|(version, features)| {
            format!(
                "case \"$*\" in --version) echo 'nix (Nix) {version}';; \
                 *'config show') echo 'experimental-features = {features}';; *) exit 1;; esac"
            )
        });
    let table = [
        ("buildx", "docker", DOCKER, "ok", "v0.29.1"),
        ("buildx", "docker", none, "problem", "without buildx"),
        ("docker-engine", "docker", DOCKER, "ok", "28.5.1"),
        ("docker-engine", "docker", &*silent, "problem", "Cannot connect"),
        ("buildkit", "docker", DOCKER, "ok", "0.28.1"),
        ("buildkit", "docker", &*old, "problem", "CVE-2024-23651"),
        ("nix", "nix", &*new_nix, "ok", "2.34.7"),
        ("nix", "nix", &*old_nix, "problem", "CVE-2026-44028"),
        ("nix-flakes", "nix", &*new_nix, "ok", "are on"),
        ("nix-flakes", "nix", &*old_nix, "problem", "not on: flakes"),
        ("direnv", "direnv", "exit 0", "warning", "~/.bashrc does not hook it in"),
    ];
    for (check, program, script, expected, reason) in table {
        let (found, why) = with_programs(&project, check, &[(program, script)]);
        assert_eq!(found, expected, "{check}: {why}");
        assert!(why.contains(reason), "{check} should say `{reason}`: {why}");
    }
    project.write(".bashrc", "eval \"$(direnv hook bash)\"\n");
    let (found, why) = with_programs(&project, "direnv", &[("direnv", "exit 0")]);
    assert!(found == "warning" && why.contains("not loaded"), "{found}: {why}");
    let root = format!("-{}", project.path().display());
    assert_eq!(
        verdict_with(&project, "direnv", &[("DIRENV_DIR", &root), ("PATH", &path_with_fake(&project))]).0,
        "ok"
    );
}

fn path_with_fake(project: &Project) -> String {
    let path = Surroundings::get().env().get_str("PATH").unwrap_or_default();
    format!("{}:{path}", project.path().join("fake").display())
}

#[test]
fn a_program_that_never_answers_is_not_waited_for() {
    let project = committed();
    let (found, why) = with_programs(&project, "nix", &[("nix", "exec /bin/sleep 600")]);
    assert!(found == "skipped" && why.contains("no answer within"), "{found}: {why}");
}

#[test]
fn tools_that_do_not_fit_a_leptos_project() {
    let portfolio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    let project = Project::copy_of(&portfolio);
    let lock = project.read("Cargo.lock");
    let (_, rest) = lock.split_once("name = \"wasm-bindgen\"\nversion = \"").unwrap();
    let locked = rest.split('"').next().unwrap();
    let says = |program: &str, version: &str| format!("echo {program} {version}");
    let table = [
        ("wasm-bindgen", "wasm-bindgen", locked, "ok"),
        ("wasm-bindgen", "wasm-bindgen", "0.2.1", "problem"),
        ("cargo-leptos", "cargo-leptos", "0.3.11", "ok"),
        ("cargo-leptos", "cargo-leptos", "0.2.1", "warning"),
    ];
    for (check, program, version, expected) in table {
        let (found, why) = with_programs(&project, check, &[(program, &says(program, version))]);
        assert_eq!(found, expected, "{check}: {why}");
        assert!(why.contains(version), "{check}: {why}");
    }
}

#[test]
fn the_linker_is_asked_as_rustc_would_call_it() {
    let project = committed();
    let env = Surroundings::get().env();
    if env.find_program("ld.bfd").is_none() {
        larder_tests::skip("the linker", "there is no ld.bfd");
        return;
    }
    let (found, why) = verdict_on_linker(&project, "bfd");
    assert!(found == "warning" && why.contains("GNU ld"), "{found}: {why}");
    if ["ld.mold", "mold"].iter().any(|name| env.find_program(name).is_some()) {
        let (found, why) = verdict_on_linker(&project, "mold");
        assert!(found == "ok" && why.contains("mold"), "{found}: {why}");
    }
    let (found, why) = verdict_on_linker(&project, "none-such");
    assert!(found == "skipped" && why.contains("cannot be linked"), "{found}: {why}");
}

fn verdict_on_linker(project: &Project, name: &str) -> (String, String) {
    let flags = format!("[build]\nrustflags = [\"-Clink-arg=-fuse-ld={name}\"]\n");
    project.write(".cargo/config.toml", &flags);
    verdict_with(project, "linker", &[])
}

/// A command that is printed is one that works.
#[test]
fn a_setting_that_switches_incremental_builds_off() {
    let project = committed();
    project.write(".cargo/config.toml", CONFIG);
    let outcome = project.larder(&["doctor", "incremental", "--json"]).ok();
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let command = value["checks"][0]["fix"]["command"].as_str().unwrap();
    Surroundings::get().run(Path::new("sh"), project.path(), &["-c", command], &[]).ok();
    assert_eq!(project.read(".cargo/config.toml"), CONFIG.replace("incremental = false # really\n", ""));
    assert_eq!(verdict(&project, "incremental"), "ok");
}

#[test]
fn files_from_the_future_and_the_command_that_brings_them_back() {
    let project = committed();
    let path = project.path().join("src/main.rs");
    let later = SystemTime::now() + Duration::from_hours(1);
    fs_err::OpenOptions::new().write(true).open(&path).unwrap().into_parts().0.set_modified(later).unwrap();
    let outcome = project.larder(&["doctor", "clock", "--json"]);
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(value["checks"][0]["verdict"], "problem", "{value:#}");
    let command = value["checks"][0]["fix"]["command"].as_str().unwrap();
    Surroundings::get().run(Path::new("sh"), project.path(), &["-c", command], &[]).ok();
    assert_eq!(verdict(&project, "clock"), "ok");
}

#[test]
fn what_is_printed() {
    let project = committed();
    project.write("larder/larder.lock", &format!("{}# mine\n", project.read("larder/larder.lock")));
    let outcome = project.larder(&["doctor", "recipes", "wasm-bindgen", "dev-profile"]);
    assert_eq!(outcome.code, 4);
    assert_snapshot!(redact(&outcome.stdout, project.path()), @"
    problem  recipes            [ROOT]/larder/larder.lock line 16: there is more after `end`
                                -> cargo larder lock (--fix does it)
    skipped  wasm-bindgen       no slice is built for browsers with wasm-bindgen
    ok       dev-profile        every setting is chosen in Cargo.toml

    3 checks: 1 ok, 0 warnings, 1 problems, 1 skipped
    ");
    assert!(project.larder(&["doctor", "--quiet", "clock"]).ok().stderr.is_empty());
}

#[test]
fn a_check_that_there_is_not() {
    let outcome = committed().larder(&["doctor", "moon"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("no check is named `moon`; there are: cargo-lock, recipes"),
        "{}",
        outcome.stderr
    );
}

/// A run on any workspace gives a line for each check.
#[test]
fn every_check_says_something() {
    let project = committed();
    let outcome = project.larder(&["doctor", "--json"]);
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let checks = value["checks"].as_array().unwrap();
    assert!(checks.len() >= 27, "{}", checks.len());
    for check in checks {
        assert!(!check["reason"].as_str().unwrap().is_empty(), "{check}");
        let wrong = ["warning", "problem"].contains(&check["verdict"].as_str().unwrap());
        assert_eq!(check["fix"].is_object(), wrong, "{check}");
    }
    // How quick the disk is, is not the test's to say.
    let speed = checks.iter().find(|check| check["name"] == "disk-speed").unwrap();
    assert!(speed["reason"].as_str().unwrap().contains(" µs to write"), "{speed}");
    assert!(!project.has_leftovers());
}
