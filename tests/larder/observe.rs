//! Slices from what a build driver does. The real cargo-leptos is observed by `cargo xtask test`.

use insta::assert_snapshot;
use larder_tests::{Outcome, Project, Surroundings};

const ROOT: &str = "# keep me\n[workspace]\nmembers = [\"app\", \"tool\"] # and me\nresolver = \"2\"\n\n[profile.dev]\nopt-level = 1\n";

fn package(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\nryu = \"1\"\n"
    )
}

/// A project that is built by `make`, with a flag, a variable, a folder and a secret of its own, and with questions to
/// cargo that build nothing.
fn made() -> Project {
    let makefile = "all:\n\tSITE=live API_TOKEN=hidden RUSTFLAGS='--cfg made' cargo build -p app --release --target-dir target/app\n\
        \tcd tool && cargo build --color never\n\tcargo metadata --format-version 1 --no-deps > /dev/null\n\
        \t-cargo +none rustc --unit-graph 2> /dev/null\n";
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
fn flags_by_another_name_are_refused() {
    let project = made();
    project.write("Makefile", "all:\n\tCARGO_BUILD_RUSTFLAGS=--cfg=x cargo build -p app --release\n");
    let outcome = project.larder(&["observe", "--", "make", "--silent"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("it has flags in CARGO_BUILD_RUSTFLAGS"), "{}", outcome.stderr);
}

/// A build as maturin makes it: with the interpreter's path, be it one in the workspace, and with all flags in one
/// variable, here `FLAGS`.
fn built_by_maturin(config: &str, flags: &str) -> Outcome {
    let project = made();
    project.write(".cargo/config.toml", config);
    project.write("app/src/lib.rs", "");
    let driver = "export PYO3_PYTHON=$PWD/.venv/bin/python PYTHON_SYS_EXECUTABLE=/usr/bin/python3\n\
                  export PYO3_ENVIRONMENT_SIGNATURE=cpython-3.11-64bit CARGO_ENCODED_RUSTFLAGS=\"$FLAGS\"\n\
                  cargo rustc --release -p app --lib --crate-type cdylib -- -C debuginfo=0\n";
    project.write("build.sh", driver);
    let args = ["observe", "--", "sh", "build.sh"];
    Surroundings::get().larder_with(project.path(), &args, &[("FLAGS", flags)])
}

#[test]
fn paths_that_maturin_sets_are_left_out_and_named() {
    let config = "[build]\nrustflags = [\"--cfg\", 'own=\"a b\"']\n";
    let outcome = built_by_maturin(config, "--cfg\u{1f}own=\"a b\"").ok();
    assert_snapshot!(outcome.stdout, @r#"
    [workspace.metadata.larder.slices.app]
    args = ["build", "--release", "--package=app", "--lib"]
    env = { PYO3_ENVIRONMENT_SIGNATURE = "cpython-3.11-64bit" }
    "#);
    let named = "in no slice: PYO3_PYTHON, PYTHON_SYS_EXECUTABLE; build scripts";
    assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
}

#[test]
fn encoded_flags_are_flags() {
    let outcome = built_by_maturin("", "-C\u{1f}target-cpu=x86-64").ok();
    assert!(outcome.stdout.contains("rustflags = [\"-C\", \"target-cpu=x86-64\"]"), "{}", outcome.stdout);
    // The variable of a slice that adds flags is split at spaces, and holds all flags.
    let spaced = "--cfg\u{1f}own=\"a b\"";
    let config = "[build]\nrustflags = [\"--cfg\", 'own=\"a b\"']\n";
    for (config, flags) in [("", spaced.to_owned()), (config, format!("{spaced}\u{1f}-g"))] {
        let refused = built_by_maturin(config, &flags);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("CARGO_ENCODED_RUSTFLAGS hold `own=\"a b\"`"), "{}", refused.stderr);
    }
    let others = built_by_maturin(config, "-g");
    assert!(others.stderr.contains("do not start with the configured flags"), "{}", others.stderr);
}

/// cargo-zigbuild puts a script of its own in the linker's place, and cargo takes its path for a part of every unit.
#[test]
fn a_linker_of_one_machine_is_refused() {
    let project = made();
    let host = Surroundings::get().host().to_uppercase().replace('-', "_");
    let driver = format!("CARGO_TARGET_{host}_LINKER=/usr/bin/cc CC=/usr/bin/cc cargo build --release");
    let outcome = project.larder(&["observe", "--", "sh", "-c", &driver]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let reason = format!("CARGO_TARGET_{host}_LINKER is a path of this machine");
    assert!(outcome.stderr.contains(&reason), "{}", outcome.stderr);
}

#[test]
fn what_was_found_is_recognised() {
    let project = made();
    let outcome = project.larder(&["observe", "--json", "--", "cargo", "build", "-r"]).ok();
    let seen: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(seen["slices"][0]["known"], "release", "{seen}");
}

/// The user's own meaning of cargo's short names counts, and letters may share a word.
#[test]
fn other_words_for_the_release_are_recognised() {
    let project = made();
    project.write(".cargo/config.toml", "[alias]\nb = \"build --release\"\n");
    for words in [&["b"][..], &["build", "-qr"], &["c"]] {
        let args = [&["observe", "--json", "--", "cargo"], words].concat();
        let vars = [("CARGO_ALIAS_C", "b -v")];
        let outcome = Surroundings::get().larder_with(project.path(), &args, &vars).ok();
        let seen: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(seen["slices"][0]["known"], "release", "{words:?}: {seen}");
    }
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

/// The lines that `--write` adds stand beside those that are there: no slice and no setting of the user's is replaced
/// or hidden.
#[test]
fn what_is_written_replaces_nothing() {
    let settings = "[package.metadata]\nlarder = { find = false, slices = { app = { args = [\"check\"] } } }\n\n[workspace]\n";
    let project = Project::new(&[
        ("Cargo.toml", &format!("{}\n{settings}", package("app"))),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.larder(&["observe", "--write", "--", "cargo", "build", "-p", "app", "--release"]).ok();
    let plan = project.larder(&["plan", "--json"]).ok().stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let slice =
        |index: usize| (&plan["slices"][index]["slice"]["name"], &plan["slices"][index]["slice"]["args"]);
    assert_eq!(plan["slices"].as_array().unwrap().len(), 2, "{}", project.read("Cargo.toml"));
    assert_eq!(slice(0), (&"app".into(), &serde_json::json!(["check"])));
    assert_eq!(slice(1), (&"app-2".into(), &serde_json::json!(["build", "--package=app", "--release"])));
}

/// A call from another folder, and one that says how cargo may go about it, are still the calls that are known.
#[test]
fn another_way_to_say_it_is_no_other_slice() {
    let project = made();
    let slices = "\n[workspace.metadata.larder.slices.tool]\nargs = [\"build\", \"--package=tool\", \"--target-dir=target/tool\"]\n";
    project.write("Cargo.toml", &format!("{ROOT}{slices}"));
    let driver = "cargo build --release --locked -q && cd tool && cargo build --target-dir ../target/tool --color never";
    let outcome = project.larder(&["observe", "--json", "--", "sh", "-c", driver]).ok();
    let seen: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (&seen["slices"][0]["known"], &seen["slices"][1]["known"]),
        (&"release".into(), &"tool".into())
    );
    let outside =
        project.larder(&["observe", "--", "cargo", "build", "--target-dir", "tool/../../elsewhere-larder"]);
    let made = project.path().parent().unwrap().join("elsewhere-larder");
    let _ = fs_err::remove_dir_all(made);
    assert_eq!(outside.code, 1);
    assert!(outside.stderr.contains("is outside the workspace"), "{}", outside.stderr);
}

/// npm says of itself where it was started, among other things that no compiler asks for.
#[test]
fn what_npm_says_of_itself_is_no_setting() {
    let project = made();
    let driver =
        "INIT_CWD=$PWD NODE=/usr/bin/node COLOR=0 EDITOR=vi npm_command=run-script cargo build --release";
    let outcome = project.larder(&["observe", "--json", "--", "sh", "-c", driver]).ok();
    let seen: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(seen["slices"][0]["known"], "release", "{seen}");
}

/// A program that prints lines like cargo's own messages is none the wiser.
#[test]
fn what_a_program_prints_reaches_the_driver() {
    let project = made();
    let line = r#"{"reason":"compiler-artifact","fresh":false}"#;
    project.write("tool/src/main.rs", &format!("fn main() {{ println!(\"{{}}\", r#\"{line}\"#); }}\n"));
    let outcome = project.larder(&["observe", "--", "cargo", "run", "-q", "-p", "tool"]).ok();
    assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("build-finished"), "{}", outcome.stdout);
}
