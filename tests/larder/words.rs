//! Words with cargo's meaning, streams and exit codes.

use larder_tests::{Project, Surroundings};

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\n";

fn app() -> Project {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project
}

#[test]
fn locked_refuses_what_would_change_cargo_lock() {
    let project = app();
    project.write("Cargo.toml", &MANIFEST.replace("0.1.0", "0.2.0"));
    let lock = project.read("Cargo.lock");
    let outcome = project.larder(&["lock", "--locked"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("Cargo.lock is out of date"), "{}", outcome.stderr);
    assert_eq!(project.read("Cargo.lock"), lock);
    // Without the word, cargo brings the lock file up to date, as it does for a build.
    project.larder(&["lock"]).ok();
    assert!(project.read("Cargo.lock").contains("0.2.0"));
}

#[test]
fn check_writes_nothing_not_even_cargo_lock() {
    let project = app();
    project.write("Cargo.toml", &MANIFEST.replace("0.1.0", "0.2.0"));
    let lock = project.read("Cargo.lock");
    let outcome = project.larder(&["lock", "--check"]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("is not what the manifests ask for"), "{}", outcome.stderr);
    assert_eq!(project.read("Cargo.lock"), lock);
}

#[test]
fn offline_and_frozen_work_with_what_is_there() {
    let project = app();
    project.larder(&["lock", "--check", "--offline"]).ok();
    project.larder(&["cook", "--frozen"]).ok();
    fs_err::remove_dir_all(project.path().join("larder")).unwrap();
    project.larder(&["lock", "--frozen"]).ok();
}

#[test]
fn the_manifest_path_replaces_the_working_directory() {
    let project = app();
    let manifest = project.path().join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let elsewhere = tempfile::tempdir().unwrap();
    let surroundings = Surroundings::get();
    surroundings.larder(elsewhere.path(), &["lock", "--check", "--manifest-path", &manifest]).ok();
    let outcome =
        surroundings.larder(elsewhere.path(), &["build", "--json", "--manifest-path", &manifest]).ok();
    assert!(project.path().join("target/release/app").is_file(), "{}", outcome.stderr);
    assert!(fs_err::read_dir(elsewhere.path()).unwrap().next().is_none());
}

#[test]
fn quiet_says_nothing_and_json_stands_alone() {
    let project = app();
    let outcome = project.larder(&["cook", "--quiet", "--json"]).ok();
    assert_eq!(outcome.stderr, "");
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["phases"][0]["name"], "cook release");
}

#[test]
fn quiet_slices_are_built_whatever_they_say() {
    let slices = "[package.metadata.larder.slices]\n\
        long = { args = [\"build\", \"--release\", \"--verbose\"] }\n\
        short = { args = [\"build\", \"-vr\"] }\n\
        quiet = { args = [\"build\", \"-q\", \"--release\"] }\n";
    let manifest = format!("{MANIFEST}\n{slices}");
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    for slice in ["long", "short", "quiet"] {
        let outcome = project.larder(&["-q", "build", slice]).ok();
        assert_eq!(outcome.stderr, "", "{slice}");
    }
    // Letters of one word are read one by one: each of them is a release.
    assert!(!project.path().join("target/debug").exists());
}

/// `docker` has an image to build, and tests of its own.
#[test]
fn every_verb_has_a_value_with_a_version_and_a_page_that_says_what_it_means() {
    let project = app();
    let documented =
        fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/json.md")).unwrap();
    for words in [
        &["init", "--check"][..],
        &["plan"],
        &["lock"],
        &["lock", "--check"],
        &["cook"],
        &["build"],
        &["why"],
        &["usage"],
        &["clean"],
        &["gc", "--only", "target"],
        &["doctor"],
        &["observe", "--", "cargo", "check"],
    ] {
        let (verb, rest) = words.split_first().unwrap();
        let words = [&[*verb, "--json"], rest].concat();
        let outcome = project.larder(&words);
        let value: serde_json::Value = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{words:?}: {error}\n{}{}", outcome.stdout, outcome.stderr));
        assert_eq!(value["version"], 1, "{words:?}: {value:#}");
        let heading = format!("`cargo larder {verb} --json`");
        let fields =
            documented.split("\n## ").find(|section| section.lines().next().unwrap().contains(&heading));
        let fields = fields.unwrap_or_else(|| panic!("{heading} has no section in json.md"));
        for name in value.as_object().unwrap().keys().filter(|name| *name != "version") {
            assert!(fields.contains(name.as_str()), "{verb}: json.md does not say what `{name}` is");
        }
    }
}

#[test]
fn the_users_own_build_is_run_and_counted() {
    let project = app();
    let outcome =
        project.larder(&["build", "--json", "--", "sh", "-c", "cargo build --release && echo built"]).ok();
    let (said, json) = outcome.stdout.split_once('\n').unwrap();
    assert_eq!(said, "built");
    let table: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(table["phases"][1]["compiled"], 1, "{table}");
    assert_eq!(table["phases"][1]["compiled-external"], 0, "{table}");
    assert_eq!(table["phases"][1]["fresh"], 1, "{table}");
}

#[test]
fn a_failing_build_ends_with_its_own_code() {
    let project = app();
    assert_eq!(project.larder(&["build", "--", "sh", "-c", "exit 7"]).code, 7);
    project.write("src/main.rs", "fn main() { nonsense }\n");
    let outcome = project.larder(&["build"]);
    assert_eq!(outcome.code, 101);
    assert!(outcome.stderr.contains("cannot find value `nonsense`"), "{}", outcome.stderr);
}

#[test]
fn wrong_usage_is_told_apart() {
    assert_eq!(app().larder(&["cook", "--no-such-word"]).code, 2);
}
