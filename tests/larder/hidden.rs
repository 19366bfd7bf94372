//! Files that git ignores although every clone needs them: `init` shows them to git again, by the least change of
//! `.gitignore`.

use std::path::Path;

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, package};

fn with_ignored(ignored: &str) -> Project {
    let manifest = package("app", "\n[dependencies]\nitoa = \"1\"\n");
    let files = [("Cargo.toml", &*manifest), ("src/main.rs", "fn main() {}\n"), (".gitignore", ignored)];
    let project = Project::new(&files);
    project.git(&["init", "--quiet"]);
    project
}

/// Whether a clone would have it.
fn is_seen(project: &Project, path: &str) -> bool {
    project.git(&["add", "."]);
    !project.git(&["ls-files", "--", path]).stdout.is_empty()
}

#[test]
fn an_ignored_lock_file_is_shown_to_git() {
    let project = with_ignored("# Generated\n/target\nCargo.lock\n");
    assert!(!is_seen(&project, "Cargo.lock"));
    let outcome = project.larder(&["init", "--yes", "--only", "gitignore"]).ok();
    assert_snapshot!(outcome.stdout, @"
    --- a/.gitignore
    +++ b/.gitignore
    @@ -1,3 +1,2 @@
     # Generated
     /target
    -Cargo.lock
    ");
    assert!(is_seen(&project, "Cargo.lock"));
    let again = project.larder(&["init", "--check", "--only", "gitignore"]).ok();
    assert_eq!(again.stdout, "");
}

#[test]
fn a_broader_pattern_is_kept() {
    let project = with_ignored("*.lock\n");
    project.larder(&["init", "--yes", "--only", "gitignore"]).ok();
    assert_snapshot!(project.read(".gitignore"), @"
    *.lock
    # Clones are checked and built with these.
    !/Cargo.lock
    ");
    assert!(is_seen(&project, "Cargo.lock"));
    project.larder(&["init", "--check", "--only", "gitignore"]).ok();
}

#[test]
fn recipes_and_the_toolchain_are_shown_too() {
    for (ignored, hidden) in [
        ("larder\nrust-toolchain*\n", "larder/larder.lock"),
        ("/larder/\nrust-toolchain.toml\n", "larder/expand.awk"),
        ("Cargo.lock\n/larder\nrust-toolchain.*\n", "larder/.gitattributes"),
    ] {
        let project = with_ignored(ignored);
        project.write("rust-toolchain.toml", "[toolchain]\n");
        project.larder(&["init", "--yes", "--only", "recipes"]).ok();
        assert!(!is_seen(&project, hidden), "{ignored:?}");
        project.larder(&["init", "--yes", "--only", "gitignore"]).ok();
        assert!(is_seen(&project, hidden) && is_seen(&project, "rust-toolchain.toml"), "{ignored:?}");
        project.larder(&["init", "--check", "--only", "gitignore"]).ok();
    }
}

#[test]
fn without_need_nothing_is_said_and_nothing_is_done() {
    let project = with_ignored("/target\n");
    let outcome = project.larder(&["init", "--yes", "--only", "gitignore"]).ok();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    // No pattern shows a file in a folder that is ignored as a whole.
    let within = Project::without_lock(&[(".gitignore", "app\n")]);
    within.git(&["init", "--quiet"]);
    within.write("app/Cargo.toml", &package("app", ""));
    within.write("app/src/main.rs", "fn main() {}\n");
    Surroundings::get().run(Path::new("cargo"), &within.path().join("app"), &["generate-lockfile"], &[]).ok();
    let folder = within.path().join("app");
    Surroundings::get().larder(&folder, &["init", "--yes", "--only", "gitignore"]).ok();
    assert!(!folder.join(".gitignore").exists());
}

#[test]
fn a_list_of_all_that_git_may_see_gets_the_generated_files() {
    let project = with_ignored("/*\n!/.gitignore\n!/Cargo.toml\n!/src\n");
    project.larder(&["init", "--yes"]).ok();
    for path in ["Cargo.lock", "larder/larder.lock", "Dockerfile", ".dockerignore"] {
        assert!(is_seen(&project, path), "{path}: {}", project.read(".gitignore"));
    }
    project.larder(&["init", "--check"]).ok();
}
