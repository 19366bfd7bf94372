//! `cargo larder why` about everything but single units: what a build compiled, recipes, images, derivations, and
//! how it is told.

use insta::assert_snapshot;
use larder_tests::{Outcome, Project, Surroundings, redact, skip, write_program};
use serde_json::Value;

use crate::why_stage;

fn json(outcome: Outcome) -> Value {
    serde_json::from_str(&outcome.ok().stdout).expect("it prints JSON")
}

fn built(words: &[&str]) -> Project {
    let project = why_stage::project();
    project.cargo(&[&["build", "--release", "--quiet"], words].concat());
    project
}

#[test]
fn at_most_ten_lines_and_all_of_it_on_demand() {
    let project = built(&[]);
    for name in ["app/src/main.rs", "mid/src/lib.rs", "mid/input.txt"] {
        project.write(name, &format!("{} ", project.read(name)));
    }
    assert_snapshot!(told(&project, &[]), @"
    release: 3 of 6 units would be built
      mid/input.txt is newer than the last build: 3 units, mid → app
      mid/src/lib.rs is newer than the last build: 2 units, mid → app
      app/src/main.rs is newer than the last build: 1 unit
    ");
    assert_snapshot!(told(&project, &["--all"]), @"
    release: 3 of 6 units would be built
      mid/input.txt is newer than the last build: 3 units, mid → app
      mid/src/lib.rs is newer than the last build: 2 units, mid → app
      app/src/main.rs is newer than the last build: 1 unit

    units of release:
      app 0.1.0 bin-app (release)
        app/src/main.rs is newer than the last build
      mid 0.1.0 lib-mid (release)
        mid/src/lib.rs is newer than the last build
      mid 0.1.0 run-build-script-build-script-build (release)
        mid/input.txt is newer than the last build
    ");
    assert_snapshot!(told(&project, &["--unit", "app"]), @"
    units of release:
      app 0.1.0 bin-app (release)
        app/src/main.rs is newer than the last build
    ");
    let outcome = project.larder(&["why", "--unit", "far"]);
    assert_snapshot!(outcome.failure(project.path()), @"
    exit code 1
          Asking release
    error: no unit of `far` is built; `--all` lists those that are
    ");
}

fn told(project: &Project, words: &[&str]) -> String {
    let words = [&["why", "--quiet"], words].concat();
    redact(&project.larder(&words).ok().stdout, project.path())
}

#[test]
fn a_command_is_run_and_explained_and_the_record_kept() {
    let project = built(&[]);
    let outcome = project.larder(&["why", "--last"]);
    assert_snapshot!(outcome.failure(project.path()), @"
    exit code 1
    error: no build was recorded in [ROOT]/target/larder/last-build.json; build with `cargo larder build` or `cargo larder why -- CMD`
    ");
    project.write("mid/input.txt", "b\n");
    let words = ["why", "--quiet", "--", "cargo", "build", "--release", "--quiet"];
    let told = project.larder(&words).ok().stdout;
    assert_snapshot!(told, @"
    cargo build --release --quiet: 3 of 6 units were built
      mid/input.txt is newer than the last build: 3 units, mid → app
    ");
    assert_eq!(project.larder(&["why", "--last"]).ok().stdout, told);
    // A build that compiles nothing says so.
    assert_snapshot!(project.larder(&words).ok().stdout, @"nothing was built: every unit was fresh");
}

#[test]
fn a_command_can_be_asked_about_instead_of_run() {
    let project = built(&[]);
    project.write("mid/input.txt", "b\n");
    let words = ["why", "--json", "--dry-run", "--", "cargo", "build", "--release"];
    let answer = json(project.larder(&words));
    assert_eq!(answer["asked"], "before", "{answer:#}");
    assert_eq!(answer["builds"][0]["causes"][0]["reason"]["paths"][0], "mid/input.txt", "{answer:#}");
    assert!(!project.path().join("target/larder").exists());
    // A command that would write is left out as well.
    project.larder(&["why", "--dry-run", "--", "cargo", "clean"]).ok();
    assert!(project.path().join("target/release").is_dir());
    // The command was not run: the file is still newer.
    assert_eq!(json(project.larder(&["why", "--json"]))["builds"][0]["units"], answer["builds"][0]["units"]);
}

#[test]
fn copies_of_final_artifacts_are_left_alone() {
    let project = built(&[]);
    let build = ["cargo", "build", "--release", "--quiet", "-Zunstable-options"];
    let why = [&["why", "--"], &build[..]].concat();
    leaves_copy_alone(&project, &[&why[..], &["--artifact-dir=dist"]].concat(), "A", "");
    for dry in [&["why", "--dry-run", "--"][..], &["why", "--"]] {
        leaves_copy_alone(&project, &[dry, &build, &["--artifact-dir", "dist"]].concat(), "A", "");
        leaves_copy_alone(
            &project,
            &[dry, &build, &["--config=build.artifact-dir='dist'"]].concat(),
            "A",
            "",
        );
        leaves_copy_alone(&project, &[dry, &build].concat(), "CARGO_BUILD_ARTIFACT_DIR", "dist");
    }
    let config = project.read(".cargo/config.toml");
    project.write(".cargo/config.toml", &format!("{config}\n[build]\nartifact-dir = \"dist\"\n"));
    leaves_copy_alone(&project, &[&["why", "--dry-run", "--"], &build[..]].concat(), "A", "");
}

fn leaves_copy_alone(project: &Project, words: &[&str], name: &str, value: &str) {
    let vars = [("RUSTC_BOOTSTRAP", "1"), (name, value)];
    Surroundings::get().larder_with(project.path(), words, &vars).ok();
    let copy = project.path().join("dist/app");
    assert!(fs_err::metadata(&copy).unwrap().len() > 0, "{words:?} {name}");
    fs_err::remove_dir_all(project.path().join("dist")).unwrap();
    project.write("dist/app", "precious");
}

#[test]
fn settings_of_a_call_do_not_lead_out_of_the_question() {
    let project = built(&[]);
    let own = "--config=build.build-dir='own'";
    project.cargo(&["build", "--release", "--quiet", own]);
    project.write("mid/src/part.rs", "pub fn f() { let _changed = 1; }\n");
    let folder = project.path().join("own");
    if !folder.is_dir() {
        return skip(
            "settings_of_a_call_do_not_lead_out_of_the_question",
            "this cargo is older than 1.91, and has no `build.build-dir`",
        );
    }
    let before = why_stage::listing(&folder);
    let told = project.larder(&["why", "--dry-run", "--", "cargo", "build", "--release", own]).ok().stdout;
    assert!(told.contains("units would be built"), "{told}");
    assert!(why_stage::listing(&folder) == before, "the folder of the call was touched");
}

#[test]
fn a_call_that_is_refused_is_no_fresh_build() {
    let project = built(&[]);
    let outcome = project.larder(&["why", "--quiet", "--dry-run", "--", "cargo", "build", "--nonsense"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--nonsense"), "{}", outcome.stderr);
    let told = outcome.stderr.lines().last();
    assert_eq!(told, Some("error: cargo refuses a call of `cargo build --nonsense`"));
}

#[test]
fn units_are_told_under_the_build_that_they_are_of() {
    let project = built(&[]);
    project.write("app/src/main.rs", "fn main() { mid::name(); }\n");
    let both = "cargo build --release && cargo build";
    let told =
        project.larder(&["why", "--quiet", "--unit", "app", "--dry-run", "--", "sh", "-c", both]).ok().stdout;
    assert_snapshot!(told, @"
    units of cargo build --release:
      app 0.1.0 bin-app (release)
        app/src/main.rs is newer than the last build
    units of cargo build:
      app 0.1.0 bin-app (debug)
        nothing is built in debug yet
    ");
}

#[test]
fn words_of_programs_and_of_tests_are_understood() {
    let project = built(&[]);
    project.write("app/src/main.rs", "fn main() { mid::name(); }\n");
    for (words, expected) in [
        (&["run", "--release", "serve", "--quiet"][..], "app/src/main.rs is newer than the last build"),
        (&["test", "--release", "--no-run"], "test-bin-app of app 0.1.0 was never built here"),
    ] {
        let words = [&["why", "--dry-run", "--", "cargo"], words].concat();
        let told = project.larder(&words).ok().stdout;
        assert!(told.contains(expected), "{told}");
    }
}

/// Calls that cargo cannot be asked about are not run, and none of them is called fresh: each is reported as left out.
#[test]
fn a_dry_run_runs_nothing() {
    let project = built(&[]);
    let config = project.read(".cargo/config.toml");
    project
        .write(".cargo/config.toml", &format!("{config}\n[alias]\nt = [\"run\", \"--release\", \"--\"]\n"));
    project.write("app/src/main.rs", "fn main() { std::fs::write(\"ran\", \"\").unwrap(); }\n");
    let dry = ["why", "--dry-run", "--", "cargo"];
    let told = project.larder(&[&dry[..], &["t", "x"]].concat()).ok().stdout;
    assert!(told.contains("app/src/main.rs is newer than the last build"), "{told}");
    for words in [&["clippy"][..], &["miri", "run"], &["./script.rs"], &["fix"]] {
        let told = project.larder(&[&dry[..], words].concat()).ok().stderr;
        let expected = format!("`cargo {}` was left out", words[0]);
        assert!(told.contains(&expected), "{told}");
    }
    assert!(!project.path().join("ran").exists() && !project.path().join("target/debug").exists());
}

#[test]
fn a_failing_command_ends_with_its_own_code() {
    let project = built(&[]);
    project.write("app/src/main.rs", "fn main() { nothing() }\n");
    let outcome = project.larder(&["why", "--", "cargo", "build", "--release", "--quiet"]);
    assert_eq!(outcome.code, 101, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("app/src/main.rs is newer than the last build"), "{}", outcome.stdout);
}

#[test]
fn cooking_and_building_are_recorded_with_the_line_of_the_lock() {
    let project = why_stage::project();
    project.larder(&["lock"]).ok();
    project.larder(&["build", "--quiet"]).ok();
    let first = project.larder(&["why", "--last"]).ok().stdout;
    assert!(first.contains("nothing is built in release yet"), "{first}");
    project.cargo(&["update", "--quiet", "far"]);
    // The recipe has not moved yet, and `why` says by which line it lags behind.
    let answer = json(project.larder(&["why", "--json"]));
    let moved = &answer["layers"][0];
    assert_eq!(
        (&moved["package"], &moved["old"], &moved["new"][0]),
        (&"far".into(), &"1.0.0".into(), &"1.0.1".into())
    );
    assert_eq!(moved["layers"], serde_json::json!([0]), "{answer:#}");
    let line = usize::try_from(moved["line"].as_u64().unwrap()).unwrap();
    assert_eq!(project.read("Cargo.lock").lines().nth(line - 1), Some("version = \"1.0.1\""));
    let told = project.larder(&["why"]).ok().stdout;
    assert!(told.contains("recipes: Cargo.lock has moved on; run `cargo larder lock`"), "{told}");
    project.larder(&["lock"]).ok();
    assert_eq!(json(project.larder(&["why", "--json"]))["layers"], serde_json::json!([]));
    project.larder(&["build", "--quiet"]).ok();
    let last = project.larder(&["why", "--last"]).ok().stdout;
    assert!(last.contains("cook release: 3 of 3 units were built"), "{last}");
    assert!(last.contains("far 1.0.0 became 1.0.1 (Cargo.lock line"), "{last}");
}

#[test]
fn a_recorded_profile_has_old_and_new_values() {
    let project = why_stage::project();
    project.larder(&["why", "--quiet", "--", "cargo", "build", "--release", "--quiet"]).ok();
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n[profile.release]\nopt-level = 1\n"));
    let told = project.larder(&["why"]).ok().stdout;
    assert!(told.contains("the profile in release changed: opt-level from `3` to `1`"), "{told}");
}

#[test]
fn a_build_that_is_running_is_mentioned() {
    let project = built(&[]);
    assert!(!mentions_running_build(&project));
    let lock = fs_err::File::open(project.path().join("target/release/.cargo-lock")).unwrap();
    lock.file().lock().unwrap();
    assert!(mentions_running_build(&project));
}

fn mentions_running_build(project: &Project) -> bool {
    project.larder(&["why"]).ok().stderr.contains("a build is running")
}

#[test]
fn secrets_are_nowhere() {
    let project = why_stage::project();
    let build = "fn main() { println!(\"cargo::rerun-if-env-changed=MID_API_TOKEN\"); }\n";
    project.write("mid/build.rs", build);
    build_with_token(&project, "canary-one");
    let second = build_with_token(&project, "canary-two");
    assert!(second.contains("variable MID_API_TOKEN changed"), "{second}");
    assert!(!second.contains("canary"), "{second}");
    assert!(!project.read("target/larder/last-build.json").contains("canary"));
}

fn build_with_token(project: &Project, token: &str) -> String {
    let words = ["why", "--json", "--", "cargo", "build", "--release", "--quiet"];
    Surroundings::get().larder_with(project.path(), &words, &[("MID_API_TOKEN", token)]).ok().stdout
}

/// A `docker` that builds nothing and says how much its cache holds.
const DOCKER: &str = r#"#!/bin/sh
case "$1" in
    --version) echo 'Docker version 20.10.24, build x' ;;
    buildx) exit 1 ;;
    version) echo 20.10.24 ;;
    image) echo sha256:2 ;;
    system)
        echo '{"Active":"1","Reclaimable":"0B","Size":"1GB","TotalCount":"3","Type":"Images"}'
        echo "{\"Reclaimable\":\"0B\",\"Size\":\"0B\",\"TotalCount\":\"${CACHED:-7}\",\"Type\":\"Build Cache\"}" ;;
    build)
        while [ $# -gt 0 ]; do
            if [ "$1" = --iidfile ]; then echo sha256:1 > "$2"; fi
            shift
        done ;;
esac
"#;

/// A project whose image was built by that `docker`, and the `PATH` with it.
fn image() -> (Project, String) {
    let project = built(&[]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    write_program(project.path().join("bin/docker"), DOCKER);
    let path = Surroundings::get().env().get_str("PATH").unwrap();
    let path = format!("{}:{path}", project.path().join("bin").display());
    let build = ["docker", "--quiet", "--build-arg=RUNTIME_BASE=debian:sid-slim"];
    Surroundings::get().larder_with(project.path(), &build, &[("PATH", &path)]).ok();
    (project, path)
}

/// The answer about the image after a change.
fn told_of_image(change: impl FnOnce(&Project), cached: &str) -> String {
    let (project, path) = image();
    change(&project);
    let vars = [("PATH", path.as_str()), ("CACHED", cached)];
    let told = Surroundings::get().larder_with(project.path(), &["why", "--quiet"], &vars).ok().stdout;
    let start = told.find("docker:").expect("a build of the image was recorded");
    redact(&told[start..], project.path())
}

#[test]
fn an_image_with_a_changed_copy() {
    let change = |project: &Project| project.write("app/src/main.rs", "fn main() {}\n");
    assert_snapshot!(told_of_image(change, "7"), @"
    docker: 9 steps would run
      [builder] COPY . .: app/src/main.rs changed
    ");
}

#[test]
fn an_image_with_a_changed_argument() {
    assert_snapshot!(told_of_image(change_argument, "7"), @"
    docker: 7 steps would run
      [builder] ARG SOURCE_DATE_EPOCH=1: it was `ARG SOURCE_DATE_EPOCH=0`
    ");
}

fn change_argument(project: &Project) {
    let text = project.read("Dockerfile");
    project.write("Dockerfile", &text.replace("SOURCE_DATE_EPOCH=0", "SOURCE_DATE_EPOCH=1"));
}

#[test]
fn an_image_as_it_was_and_one_whose_cache_was_pruned() {
    assert_snapshot!(told_of_image(|_| {}, "7"), @"docker: nothing changed, every step would come from the cache that has it");
    assert_snapshot!(told_of_image(|_| {}, "0"), @"
    docker: every step would run
      the engine's build cache is empty, as after `docker builder prune`
    ");
}

const FLAKE: &str = r#"{
  outputs = { self }:
    let
      make = name: src: more: derivation ({
        inherit name src;
        system = builtins.currentSystem or "x86_64-linux";
        builder = "/bin/sh";
        args = [ "-c" "echo built > $out" ];
      } // more);
      layer = make "layer" ./layer { };
    in {
      packages.x86_64-linux.app = make "app" ./app { inherit layer; FLAVOUR = "sweet"; };
    };
}
"#;

#[test]
fn a_derivation_with_a_changed_input() {
    let test = "a_derivation_with_a_changed_input";
    let Some(nix) = Surroundings::get().env().find_program("nix") else {
        return skip(test, "nix is not on PATH");
    };
    let project = built(&[]);
    project.write("nix/flake.nix", FLAKE);
    project.write("nix/app/main.rs", "a");
    project.write("nix/layer/Cargo.lock", "a");
    // A store of its own, in plain folders: nothing is left on the machine.
    let [store, state, log, home] = ["store", "state", "log", "home"]
        .map(|name| project.path().join("nix-store").join(name).to_string_lossy().into_owned());
    let config =
        "experimental-features = nix-command flakes\nbuild-users-group =\nsandbox = false\nsubstituters =\n";
    let vars = [
        ("NIX_STORE_DIR", store.as_str()),
        ("NIX_STATE_DIR", &state),
        ("NIX_LOG_DIR", &log),
        ("HOME", &home),
        ("NIX_CONFIG", config),
    ];
    let rustup = Surroundings::get().env().get_str("HOME").map(|home| format!("{home}/.rustup"));
    let rustup = Surroundings::get().env().get_str("RUSTUP_HOME").map(str::to_owned).or(rustup);
    let vars: Vec<_> = vars.into_iter().chain(rustup.as_deref().map(|home| ("RUSTUP_HOME", home))).collect();
    let dir = project.path().join("nix");
    let installable = format!("path:{}#app", dir.display());
    let built = Surroundings::get().run(&nix, &dir, &["build", &installable], &vars);
    if built.code != 0 {
        return skip(test, &format!("nix cannot build here: {}", built.stderr));
    }
    assert_eq!(changes(&project, &installable, &vars), serde_json::json!([]));
    project.write("nix/app/main.rs", "b");
    let app = derivation("app", &["source app changed: main.rs"], &[]);
    assert_eq!(changes(&project, &installable, &vars), serde_json::json!([app]));
    project.write("nix/app/main.rs", "a");
    project.write("nix/layer/Cargo.lock", "b");
    let layer = derivation("layer", &["source layer changed: Cargo.lock"], &[]);
    let app = derivation("app", &[], &["layer"]);
    assert_eq!(changes(&project, &installable, &vars), serde_json::json!([layer, app]));
    project.write("nix/layer/Cargo.lock", "a");
    project.write("nix/flake.nix", &FLAKE.replace("sweet", "sour"));
    let app = derivation("app", &["variable FLAVOUR changed from `sweet` to `sour`"], &[]);
    assert_eq!(changes(&project, &installable, &vars), serde_json::json!([app]));
}

fn changes(project: &Project, installable: &str, vars: &[(&str, &str)]) -> Value {
    let words = ["why", "--json", "--manifest-path", "../Cargo.toml", &format!("--nix={installable}")];
    json(Surroundings::get().larder_with(&project.path().join("nix"), &words, vars))["nix"].clone()
}

fn derivation(name: &str, reasons: &[&str], follows: &[&str]) -> Value {
    serde_json::json!({ "name": name, "reasons": reasons, "follows": follows })
}

#[test]
fn without_nix_or_a_result_the_message_says_so() {
    let project = built(&[]);
    let cargo = Surroundings::get().env().find_program("cargo").unwrap();
    let path = cargo.parent().unwrap().to_string_lossy().into_owned();
    let words = ["why", "--quiet", "--nix"];
    let outcome = Surroundings::get().larder_with(project.path(), &words, &[("PATH", &path)]);
    assert_snapshot!(outcome.failure(project.path()), @"
    exit code 1
    error: PATH has no nix: install it, see nixos.org/download, or leave --nix out
    ");
    if Surroundings::get().env().find_program("nix").is_none() {
        return skip("without_nix_or_a_result_the_message_says_so", "nix is not on PATH");
    }
    assert_snapshot!(project.larder(&["why", "--quiet", "--nix"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/result does not exist: there is no earlier build to compare with; run `nix build`
    ");
}
