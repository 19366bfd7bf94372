//! Rules for slices of tests: programs abort if the profile says so, and the tests that run them unwind.

use larder_tests::{Project, package};
use serde_json::Value;

const MAIN: &str = "fn main() {}\n";
const TEST: &str = "#[test]\nfn runs() { env!(\"CARGO_BIN_EXE_app\"); }\n";

/// Requires that a slice of the given arguments compiles no external unit after it was cooked.
#[track_caller]
fn assert_exact(manifest: &str, args: &str, files: &[(&str, &str)]) {
    let slice = format!(
        "\n[package.metadata.larder]\nfind = false\n[package.metadata.larder.slices.own]\nargs = [{args}]\n"
    );
    let manifest = format!("{manifest}{slice}");
    let project = Project::new(&[&[("Cargo.toml", manifest.as_str())], files].concat());
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
    let table: Value = serde_json::from_str(
        &project
            .larder(&["build", "own", "--json", "--", "cargo", "test", "--no-run", "--release"])
            .ok()
            .stdout,
    )
    .unwrap();
    assert_eq!(table["phases"][1]["compiled-external"], 0, "{manifest}\n{table}");
    assert!(table["phases"][0]["compiled-external"].as_u64() > Some(0), "{manifest}\n{table}");
    assert!(table["phases"][1]["compiled"].as_u64() > Some(0), "{manifest}\n{table}");
}

#[test]
fn a_program_that_aborts_with_integration_tests() {
    let dependencies = "\n[dependencies]\nitoa = \"=1.0.15\"\n";
    let more = "\n[build-dependencies]\ncfg-if = \"=1.0.1\"\n\n[dev-dependencies]\nfnv = \"=1.0.7\"\nitoa = \"=1.0.15\"\n";
    for (lto, more) in [("", ""), ("lto = true\n", more)] {
        let profile = format!("\n[profile.release]\npanic = \"abort\"\n{lto}");
        let manifest = package("app", &format!("{dependencies}{more}{profile}"));
        let mut files = vec![("src/main.rs", MAIN), ("tests/runs.rs", TEST)];
        if !more.is_empty() {
            files.extend([("build.rs", MAIN), ("src/lib.rs", "")]);
        }
        assert_exact(&manifest, "\"test\", \"--release\"", &files);
    }
}

/// The page on exactness has the words.
#[test]
fn what_is_not_exact_of_tests_is_said() {
    let manifest = package(
        "app",
        "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\nfnv = \"=1.0.7\"\nitoa = \"=1.0.15\"\n\n\
         [profile.release]\nlto = true\npanic = \"abort\"\n\n\
         [package.metadata.larder.slices.release]\nargs = [\"test\", \"--release\"]\n",
    );
    let files = [
        ("Cargo.toml", manifest.as_str()),
        ("src/lib.rs", ""),
        ("src/main.rs", MAIN),
        ("tests/runs.rs", "#[test]\nfn runs() {}\n"),
    ];
    let project = Project::new(&files);
    let lock = project.larder(&["lock"]);
    assert_eq!(lock.code, 1, "{lock:?}");
    for words in [
        "slice `release`: 0 of 4 external units proven on x86_64-unknown-linux-gnu",
        "itoa@1.0.15 lib build host: link-time optimisation OnlyBitcode, the slice needs ObjectAndBitcode",
    ] {
        assert!(lock.stderr.contains(words), "{}", lock.stderr);
    }
    fs_err::remove_file(project.path().join("tests/runs.rs")).unwrap();
    project.larder(&["lock"]).ok();
}
