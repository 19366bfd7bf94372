//! Builds run in the environment that they have without Larder: a dependency whose build script asks for variables is
//! compiled once, whoever builds.

use std::path::Path;

use larder_tests::{GitRepository, Outcome, Project, Surroundings, package, write_program};
use serde_json::Value;

/// Variables that pyo3-build-config and others ask for, and that a recorder might set.
const ASKED: &str = "fn main() {\n    for name in [\"PATH\", \"CARGO\", \"LD_LIBRARY_PATH\", \"RUSTUP_TOOLCHAIN\", \"LARDER_RECORD\"] {\n        \
    println!(\"cargo::rerun-if-env-changed={name}\");\n    }\n}\n";

/// A program that calls cargo, by name if it has no `CARGO`.
const XTASK: &str = "fn main() {\n    let by_name = || \"cargo\".to_owned();\n    let cargo = match std::env::args().nth(1) {\n        \
    Some(_) => by_name(),\n        None => std::env::var(\"CARGO\").unwrap_or_else(|_| by_name()),\n    };\n    \
    let build = std::process::Command::new(cargo).args([\"build\", \"--release\", \"--package=app\"]).status();\n    \
    std::process::exit(build.unwrap().code().unwrap());\n}\n";

/// A workspace on such a dependency, with an alias, a task runner and a driver of a third party.
struct Asking {
    project: Project,
    _repository: GitRepository,
    path: String,
}

impl Asking {
    fn new() -> Self {
        let repository = GitRepository::new(&[
            ("Cargo.toml", &package("asking", "")),
            ("build.rs", ASKED),
            ("src/lib.rs", ""),
        ]);
        let dependency = format!("\n[dependencies]\nasking = {{ git = {:?} }}\n", repository.url());
        let aliases =
            "[alias]\nxtask = \"run -q --package xtask --\"\nship = \"build --release --package=app\"\n";
        let project = Project::new(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"app\", \"xtask\"]\ndefault-members = [\"app\"]\nresolver = \"2\"\n",
            ),
            ("app/Cargo.toml", &(package("app", "") + &dependency)),
            ("app/src/main.rs", "fn main() {}\n"),
            ("xtask/Cargo.toml", &package("xtask", "")),
            ("xtask/src/main.rs", XTASK),
            (".cargo/config.toml", aliases),
        ]);
        write_program(
            project.path().join("tools/cargo-drive"),
            "#!/bin/sh\nunset LD_LIBRARY_PATH\n\"${2:-$CARGO}\" build --release --package=app\n",
        );
        let path = Surroundings::get().env().get_str("PATH").unwrap().to_owned();
        let path = format!("{}:{path}", project.path().join("tools").display());
        Self { project, _repository: repository, path }
    }

    fn larder(&self, words: &[&str]) -> Outcome {
        let vars = [("PATH", self.path.as_str())];
        Surroundings::get().larder_with(self.project.path(), words, &vars).ok()
    }

    fn plain(&self, words: &[&str]) {
        let vars = [("PATH", self.path.as_str())];
        Surroundings::get().run(Path::new(words[0]), self.project.path(), &words[1..], &vars).ok();
    }

    /// The counts of a command with Larder in front of it: compiled units of the last phase, external ones, fresh ones.
    fn built(&self, command: &[&str]) -> [u64; 3] {
        let outcome = self.larder(&[&["build", "--json"], command].concat());
        let start = outcome.stdout.find("{\n").unwrap();
        let table: Value = serde_json::from_str(&outcome.stdout[start..]).unwrap();
        let phases = table["phases"].as_array().unwrap();
        assert_eq!(phases[0]["compiled"], 0, "cooked again before `{command:?}`: {table}");
        let last = phases.last().unwrap();
        ["compiled", "compiled-external", "fresh"].map(|key| last[key].as_u64().unwrap())
    }
}

#[test]
fn cook_build_and_plain_cargo_compile_once() {
    let asking = Asking::new();
    asking.larder(&["lock"]);
    asking.larder(&["cook"]);
    assert_eq!(asking.built(&[]), [1, 0, 2], "the application");
    for command in [
        &[][..],
        &["--", "cargo", "build", "--release"],
        &["--", "cargo", "ship"],
        &["--", "sh", "-c", "cargo build --release"],
    ] {
        assert_eq!(asking.built(command), [0, 0, 3], "{command:?}");
    }
    let vars = [("PATH", asking.path.as_str())];
    let plain = Surroundings::get().cargo_counts(asking.project.path(), &["build", "--release"], &vars);
    assert_eq!((plain.compiled, plain.fresh), (0, 3), "plain cargo after it");
    for words in
        [&["why", "--quiet"][..], &["why", "--quiet", "--dry-run", "--", "cargo", "build", "--release"]]
    {
        let told = asking.larder(words).stdout;
        assert!(told.contains("nothing"), "{words:?}: {told}");
    }
}

/// A `PATH` that the driver changes is as the driver wants it, and there is no `CARGO` that nobody set.
#[test]
fn variables_of_the_driver_are_kept() {
    let asking = Asking::new();
    let build = "[ -z \"$CARGO\" ] && PATH=/own:$PATH cargo build --release --package=app";
    asking.plain(&["sh", "-c", build]);
    let observed = asking.larder(&["observe", "--", "sh", "-c", build]);
    assert!(observed.stdout.contains("slices.app"), "{}", observed.stdout);
    assert!(!observed.stderr.contains("Compiling"), "{}", observed.stderr);
}

/// Drivers that cargo starts see a recording cargo, by name and by `CARGO`, and what they build stays fresh.
#[test]
fn drivers_started_by_cargo_are_recorded() {
    let asking = Asking::new();
    asking.larder(&["lock"]);
    for driver in [
        &["cargo", "drive"][..],
        &["cargo", "drive", "cargo"],
        &["cargo", "xtask"],
        &["cargo", "xtask", "by-name"],
        &["cargo", "run", "-q", "--package=xtask"],
    ] {
        asking.plain(driver);
        let observed = asking.larder(&[&["observe", "--"], driver].concat());
        assert!(
            observed.stdout.contains("args = [\"build\", \"--release\", \"--package=app\"]"),
            "{driver:?}: {}",
            observed.stdout
        );
        assert!(!observed.stderr.contains("Compiling"), "{driver:?}: {}", observed.stderr);
        asking.plain(driver);
    }
}
