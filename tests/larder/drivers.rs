//! Projects that are built by a driver whose calls Larder does not find by itself, and slices that need nothing.

use larder_tests::{Project, package};

fn app(rest: &str) -> String {
    format!("{}\n[dependencies]\nitoa = \"1\"\n{rest}", package("app", ""))
}

const VERBS: [&[&str]; 4] =
    [&["plan"], &["lock"], &["lock", "--check"], &["init", "--yes", "--only", "recipes"]];

#[track_caller]
fn every_verb_says(project: &Project, words: &[&str]) {
    for verb in VERBS {
        let outcome = project.larder(verb).ok();
        for word in words {
            assert_eq!(
                outcome.stderr.matches(word).count(),
                1,
                "{verb:?} should say `{word}`: {}",
                outcome.stderr
            );
        }
    }
    let doctor = project.larder(&["doctor", "slices"]).ok();
    assert!(doctor.stdout.starts_with("warning"), "{}", doctor.stdout);
    assert!(words.iter().any(|word| doctor.stdout.contains(word)), "{}", doctor.stdout);
}

#[test]
fn drivers_are_named_with_the_command_that_observes_them() {
    for (file, text, command) in [
        ("Trunk.toml", "", "observe --write -- trunk build --release"),
        ("Dioxus.toml", "", "observe --write -- dx build --release"),
        ("dioxus.toml", "", "observe --write -- dx build --release"),
        ("Trunk.yaml", "build: {}\n", "observe --write -- trunk build --release"),
        (
            "pyproject.toml",
            "[build-system]\nbuild-backend = \"maturin\"\n",
            "observe --write -- maturin build --release",
        ),
        ("Makefile.toml", "", "observe --write -- cargo make TASK"),
    ] {
        let project =
            Project::new(&[("Cargo.toml", &app("")), ("src/main.rs", "fn main() {}\n"), (file, text)]);
        every_verb_says(&project, &[&format!("{file}: "), command]);
    }
    let manifest = app("\n[package.metadata.wasm-pack.profile.release]\nwasm-opt = false\n");
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")]);
    every_verb_says(
        &project,
        &["[package.metadata.wasm-pack]", "observe --write -- wasm-pack build --release"],
    );
}

#[test]
fn a_driver_of_a_member_is_called_in_its_folder() {
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"web app\"]\nresolver = \"2\"\n"),
        ("web app/Cargo.toml", &app("")),
        ("web app/src/main.rs", "fn main() {}\n"),
        ("web app/Trunk.toml", ""),
    ]);
    every_verb_says(
        &project,
        &["web app/Trunk.toml: trunk", "cd 'web app' && cargo larder observe --write -- trunk"],
    );
}

/// Once slices are written down, the user has decided.
#[test]
fn a_driver_whose_calls_are_slices_is_not_named() {
    let slices = "\n[package.metadata.larder]\nfind = false\n\n[package.metadata.larder.slices.web]\nargs = [\"build\", \"--release\"]\n";
    let project =
        Project::new(&[("Cargo.toml", &app(slices)), ("src/main.rs", "fn main() {}\n"), ("Trunk.toml", "")]);
    for verb in VERBS {
        let outcome = project.larder(verb).ok();
        assert!(!outcome.stderr.contains("warning"), "{verb:?}: {}", outcome.stderr);
    }
    assert!(project.larder(&["doctor", "slices"]).ok().stdout.starts_with("ok"));
}

#[test]
fn a_slice_without_an_external_unit_is_told() {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", "fn main() {}\n")]);
    every_verb_says(&project, &["slice `release` has no external unit"]);
}
