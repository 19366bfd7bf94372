//! Slices from what a build driver does. The real cargo-leptos is observed by `cargo xtask test`.

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings};

const ROOT: &str = "# keep me\n[workspace]\nmembers = [\"app\", \"tool\"] # and me\nresolver = \"2\"\n\n[profile.dev]\nopt-level = 1\n";

fn package(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\nryu = \"1\"\n"
    )
}

/// A project that is built by `make`, with a flag, a variable, a folder and a secret of its own.
fn made() -> Project {
    let makefile = "all:\n\tSITE=live API_TOKEN=hidden RUSTFLAGS='--cfg made' cargo build -p app --release --target-dir target/app\n\
        \tcd tool && cargo build --color never\n\tcargo metadata --format-version 1 --no-deps > /dev/null\n";
    Project::new(&[
        ("Cargo.toml", ROOT),
        ("Makefile", makefile),
        ("app/Cargo.toml", &package("app")),
        ("app/src/main.rs", "fn main() {}\n"),
        ("tool/Cargo.toml", &package("tool")),
        ("tool/src/main.rs", "fn main() {}\n"),
    ])
}

#[test]
fn a_make_driven_build_becomes_slices_that_cook_exactly() {
    let project = made();
    let outcome = project.larder(&["observe", "--write", "--", "make", "--silent"]).ok();
    assert_snapshot!(outcome.stdout, @r#"
    [workspace.metadata.larder.slices.app]
    args = ["build", "--package=app", "--release", "--target-dir=target/app"]
    rustflags = ["--cfg", "made"]
    env = { SITE = "live" }

    [workspace.metadata.larder.slices.tool-dev]
    args = ["build", "--package=tool"]
    "#);
    assert!(!outcome.stdout.contains("hidden") && !outcome.stderr.contains("hidden"));
    assert_snapshot!(project.read("Cargo.toml"), @r#"
    # keep me
    [workspace]
    members = ["app", "tool"] # and me
    resolver = "2"

    [workspace.metadata.larder.slices.app]
    args = ["build", "--package=app", "--release", "--target-dir=target/app"]
    rustflags = ["--cfg", "made"]
    env = { SITE = "live" }

    [workspace.metadata.larder.slices.tool-dev]
    args = ["build", "--package=tool"]

    [profile.dev]
    opt-level = 1
    "#);

    project.larder(&["lock"]).ok();
    fs_err::remove_dir_all(project.path().join("target")).unwrap();
    project.larder(&["cook", "app", "tool-dev"]).ok();
    let outcome = project.larder(&["build", "app", "tool-dev", "--json", "--", "make", "--silent"]).ok();
    let table: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let make = &table["phases"][2];
    assert_eq!((&make["compiled-external"], &make["compiled"]), (&0.into(), &2.into()), "{table}");

    let again = project.larder(&["observe", "--write", "--", "make", "--silent"]).ok();
    assert!(
        again.stdout.contains("known as `app`") && again.stdout.contains("known as `tool-dev`"),
        "{}",
        again.stdout
    );
    assert!(again.stderr.contains("every slice is known"), "{}", again.stderr);
}

/// wasm-pack says the target in this way.
#[test]
fn what_a_driver_says_by_variables_counts() {
    let target = Surroundings::get().host();
    let makefile = format!(
        "all:\n\tCARGO_BUILD_TARGET={target} CARGO_TARGET_DIR=target/own CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
         cargo build -p app --release\n"
    );
    let project = made();
    project.write("Makefile", &makefile);
    let outcome = project.larder(&["observe", "--write", "--", "make", "--silent"]).ok();
    let written = project.read("Cargo.toml");
    for expected in [
        format!("\"--target={target}\", \"--target-dir=target/own\"]"),
        "env = { CARGO_PROFILE_RELEASE_OPT_LEVEL = \"1\" }".to_owned(),
    ] {
        assert!(written.contains(&expected), "{expected}: {written} {}", outcome.stderr);
    }
    project.larder(&["lock"]).ok();
    fs_err::remove_dir_all(project.path().join("target")).unwrap();
    project.larder(&["cook", "app"]).ok();
    let outcome = project.larder(&["build", "app", "--json", "--", "make", "--silent"]).ok();
    let table: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (&table["phases"][1]["compiled-external"], &table["phases"][1]["compiled"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn what_was_found_is_recognised() {
    let project = made();
    let outcome = project.larder(&["observe", "--json", "--", "cargo", "build", "-r"]).ok();
    let seen: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(seen["slices"][0]["known"], "release", "{seen}");
}

#[test]
fn a_folder_outside_the_workspace_is_refused() {
    let project = made();
    let elsewhere = tempfile::tempdir().unwrap();
    let dir = elsewhere.path().to_string_lossy().into_owned();
    let args = ["observe", "--", "cargo", "build", "--target-dir", &dir];
    let outcome = Surroundings::get().larder(project.path(), &args);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("cannot become a slice: --target-dir"), "{}", outcome.stderr);
}

#[test]
fn a_failing_driver_ends_with_its_own_code() {
    assert_eq!(made().larder(&["observe", "--", "sh", "-c", "exit 9"]).code, 9);
}
