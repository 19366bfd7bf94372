//! The memory of `lock` beside a generated Dockerfile, which `lock` brings along: all that it is made from counts as well.

use larder_tests::{Outcome, Project, package};

use crate::remembered::asks;

const MAIN: &str = "fn main() {}\n";
const ITOA: &str = "\n[dependencies]\nitoa = \"=1.0.15\"\n";

/// Locks, and writes the generated files.
fn generate(project: &Project) {
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
}

fn lock(project: &Project) -> Outcome {
    project.larder(&["lock"]).ok()
}

/// Locks until there is nothing to ask, changes something, and requires that the next `lock` brings the files along.
#[track_caller]
fn assert_noticed(project: &Project, what: &str, change: impl FnOnce()) {
    lock(project);
    assert!(!asks(&lock(project)), "before {what}");
    change();
    // A check writes nothing, so its answer is none for `lock`.
    project.larder(&["lock", "--check"]).ok();
    let outcome = lock(project);
    assert!(outcome.stderr.contains("Wrote "), "{what}: {}", outcome.stderr);
    project.larder(&["dockerfile", "--check"]).ok();
    assert!(!asks(&lock(project)), "after {what}");
}

/// Files that git does not track are in no clone, and so in no image.
#[test]
fn files_that_git_tracks_since_are_noticed() {
    let project = Project::new(&[
        ("Cargo.toml", &package("app", ITOA)),
        ("src/main.rs", MAIN),
        (".gitignore", "/target\n"),
    ]);
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    generate(&project);
    for path in ["src/bin/tool.rs", "migrations/1.sql"] {
        project.write(path, MAIN);
        assert_noticed(&project, path, || drop(project.git(&["add", path])));
    }
}

#[test]
fn files_of_tailwind_are_noticed() {
    const LOCK: &str = r#"{ "packages": { "node_modules/tailwindcss": { "version": "4.1.3" } } }"#;
    let leptos = "\n[package.metadata.leptos]\ntailwind-input-file = \"style/in.css\"\n";
    let library = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("site", &format!("{library}{ITOA}{leptos}"))),
        ("src/lib.rs", ""),
        ("src/main.rs", MAIN),
        ("style/in.css", "@import \"tailwindcss\";\n"),
        ("package.json", "{}"),
        ("package-lock.json", "{}"),
    ]);
    generate(&project);
    for (path, text) in [("style/in.css", "@tailwind base;\n"), ("package-lock.json", LOCK)] {
        assert_noticed(&project, path, || project.write(path, text));
    }
    let packages = project.path().join("package.json");
    assert_noticed(&project, "package.json", || fs_err::remove_file(packages).unwrap());
}

/// A target's file in the workspace's root: that folder is not sent as a whole, but its modules are.
#[test]
fn modules_beside_the_manifest_are_noticed() {
    let target = "\n[[bin]]\nname = \"app\"\npath = \"main.rs\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", &format!("{target}{ITOA}"))),
        ("main.rs", MAIN),
        ("util/mod.rs", ""),
    ]);
    generate(&project);
    assert_noticed(&project, "main.rs", || project.write("main.rs", "mod util;\nfn main() {}\n"));
}
