//! Names of slices become folders and packages, wherever they come from.

use larder_tests::{Outcome, Project, package};

/// Two Leptos projects, so that their names are in those of their slices.
fn leptos(name: &str) -> Project {
    let manifest =
        format!("[workspace]\nmembers = [\"app\"]\nresolver = \"2\"\n\n{}\n{}", table(name), table("plain"));
    Project::new(&[
        ("Cargo.toml", &manifest),
        ("app/Cargo.toml", &package("app", "")),
        ("app/src/main.rs", "fn main() {}\n"),
        ("app/src/lib.rs", ""),
    ])
}

fn table(name: &str) -> String {
    format!("[[workspace.metadata.leptos]]\nname = {name:?}\nlib-package = \"app\"\nbin-package = \"app\"\n")
}

fn names_the_key(outcome: &Outcome, key: &str) {
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("Cargo.toml: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(key), "{}", outcome.stderr);
}

#[test]
fn a_leptos_project_called_like_a_path_writes_nowhere_else() {
    for name in ["../../outside/x", "/tmp/larder-outside", "a b", "con/../.."] {
        let project = leptos(name);
        let parent = project.path().parent().unwrap();
        let outcome = project.larder(&["lock"]);
        names_the_key(&outcome, "metadata.leptos: name: a slice's name holds only");
        assert!(!parent.join("outside").exists() && !parent.join("larder-outside").exists(), "{name}");
        // The other project is locked all the same.
        assert!(project.read("larder/larder.lock").contains(" plain-server "), "{name}");
        assert!(!project.read("larder/larder.lock").contains("x-server"), "{name}");
    }
    names_the_key(
        &leptos(&"a".repeat(100)).larder(&["lock"]),
        "metadata.leptos: name: a slice's name has at most",
    );
}

#[test]
fn a_written_name_is_checked_with_its_key() {
    for (name, told) in [
        ("../x", "slices.../x: a slice's name holds only"),
        ("nul", "slices.nul: `nul` is the name of a device on Windows"),
    ] {
        let settings =
            format!("[package.metadata.larder.slices.{name:?}]\nargs = [\"build\", \"--release\"]\n");
        let manifest = package("app", "") + "\n" + &settings;
        let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
        names_the_key(&project.larder(&["lock"]), told);
    }
}

/// A committed record may have been written by anybody.
#[test]
fn a_record_with_such_a_name_is_not_followed() {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    let record = project.read("larder/larder.lock");
    project.write("larder/larder.lock", &record.replace("slice a release ", "slice a ../../release "));
    // Plain cargo builds without recipes, so `build` does.
    for (verb, code) in [("cook", 1), ("build", 0)] {
        let outcome = project.larder(&[verb]);
        assert_eq!(outcome.code, code, "{verb}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("larder.lock line "), "{verb}: {}", outcome.stderr);
        assert!(!project.path().join("target/larder/recipes").exists(), "{verb}");
    }
    project.larder(&["lock"]).ok();
    assert_eq!(project.read("larder/larder.lock"), record);
}
