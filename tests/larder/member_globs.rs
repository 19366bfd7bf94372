//! Globs of members that fit the folders of recipes: after `lock` every cargo command and every verb works, or nothing
//! was changed.

use larder_tests::{Outcome, Project, Surroundings, package};

const MAIN: &str = "fn main() {}\n";

/// A virtual workspace with a program in each of the folders.
fn workspace(keys: &str, programs: &[&str]) -> Project {
    let project = Project::without_lock(&[("Cargo.toml", &format!("[workspace]\nresolver = \"2\"\n{keys}"))]);
    for folder in programs {
        let name = folder.rsplit('/').next().unwrap();
        let manifest = package(name, "\n[dependencies]\nitoa = \"=1.0.15\"\n");
        project.write(&format!("{folder}/Cargo.toml"), &manifest);
        project.write(&format!("{folder}/src/main.rs"), MAIN);
    }
    project.cargo(&["generate-lockfile", "--quiet"]);
    project
}

fn members(project: &Project) -> usize {
    let metadata = project.cargo(&["metadata", "--no-deps", "--format-version=1"]).stdout;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    metadata["workspace_members"].as_array().unwrap().len()
}

#[test]
fn recipes_are_no_members() {
    const EXCLUDED: &str = "\"larder\"";
    // Files of ours lie in one folder, so deeper globs fit none of them.
    let cases: [(&str, &[&str], &str); 6] = [
        ("members = [\"*\"] # all\nexclude = [\"target\"] # but this\n", &["app", "tool"], EXCLUDED),
        (
            "members = [\"*/*\"]\nexclude = [\n    # cargo's\n    \"target\", # own\n]\n",
            &["crates/app", "crates/tool"],
            "",
        ),
        ("members = [\"*/*/*\"]\nexclude = [\"target\"]\n", &["crates/a/app", "crates/b/tool"], ""),
        ("members = [\"./[a-z]*\"]\nexclude = [\"target\"]\n", &["app", "tool"], EXCLUDED),
        ("members = [\"app\", \"larder/*\"]\n", &["app", "larder/inside"], ""),
        ("members = [\"app\", \"larder/*/*\"]\n", &["app", "larder/deep/inside"], ""),
    ];
    for (keys, programs, excluded) in cases {
        let project = workspace(keys, programs);
        let before = project.read("Cargo.toml");
        let said = project.larder(&["lock"]).ok().stderr;
        assert_eq!(said.contains("Excluded larder in "), !excluded.is_empty(), "{keys}: {said}");
        assert!(project.read("Cargo.toml").contains(excluded), "{keys}");
        assert_eq!(project.read("Cargo.toml") == before, excluded.is_empty(), "{keys}");
        assert_eq!(members(&project), 2, "{keys}");
        project.larder(&["lock", "--check"]).ok();
        let manifest = project.read("Cargo.toml");
        for comment in keys.lines().filter_map(|line| line.split_once('#')) {
            assert!(manifest.contains(comment.1), "{manifest}");
        }
        assert!(!project.has_leftovers());
        // A second run has nothing more to leave out.
        project.write("Cargo.toml", &format!("{manifest}\n[profile.release]\nopt-level = 1\n"));
        assert!(!project.larder(&["lock"]).ok().stderr.contains("Excluded"), "{keys}");
    }
}

/// With the target directory elsewhere, nobody but Larder makes `target/`, which globs may fit and git may show.
#[test]
fn the_folder_of_proofs_is_no_member_and_no_file_of_the_users() {
    let project = workspace("members = [\"./[a-z]*\"]\n", &["app", "tool"]);
    project.write(".cargo/config.toml", "[build]\ntarget-dir = \".out\"\n");
    project.write(".gitignore", ".out\n");
    project.git(&["init", "--quiet"]);
    let said = project.larder(&["lock"]).ok().stderr;
    for folder in ["target", "larder"] {
        assert!(said.contains(&format!("Excluded {folder} in ")), "{said}");
    }
    assert!(project.path().join("target/larder/proving").is_dir());
    assert_eq!(members(&project), 2);
    for verb in [&["lock", "--check"][..], &["cook"], &["build"]] {
        project.larder(verb).ok();
    }
    let shown = project.git(&["status", "--porcelain", "--untracked-files=all"]).stdout;
    assert!(!shown.contains("target/larder"), "{shown}");
}

#[test]
fn every_verb_works_beside_a_glob() {
    let project = workspace("members = [\"*\"]\nexclude = [\"target\"]\n", &["app"]);
    let verbs: [&[&str]; 10] = [
        &["lock"],
        &["lock", "--check", "--locked"],
        &["plan"],
        &["cook"],
        &["build"],
        &["why"],
        &["dockerfile", "--print"],
        &["usage"],
        &["clean"],
        &["gc"],
    ];
    for verb in verbs {
        let outcome = project.larder(verb);
        assert_eq!(outcome.code, 0, "{verb:?}: {outcome:?}");
    }
    assert_ne!(project.larder(&["doctor"]).code, 1);
    project.cargo(&["build", "--quiet", "--release", "--locked"]);
}

/// If no glob fits, the manifest is nobody's business.
#[test]
fn a_manifest_without_such_globs_is_left_alone() {
    for keys in ["members = [\"app\", \"tool\"]\n", "members = [\"[at]*\"]\nexclude = [\"target\"]\n"] {
        let project = workspace(keys, &["app", "tool"]);
        let before = project.read("Cargo.toml");
        project.larder(&["lock"]).ok();
        assert_eq!(project.read("Cargo.toml"), before, "{keys}");
        assert_eq!(members(&project), 2, "{keys}");
    }
}

/// The remains of an older run that was killed must not keep cargo from reading the workspace.
#[test]
fn a_killed_run_leaves_a_workspace_that_cargo_reads() {
    let project = workspace("members = [\"*\"]\nexclude = [\"target\"]\n", &["app", "tool"]);
    project.larder(&["lock"]).ok();
    project.write("larder/.larder-new-killed", "");
    assert_eq!(members(&project), 2);
    project.larder(&["lock"]).ok();
    assert!(!project.has_leftovers());
}

/// A slice that cannot be proven, or a workspace around this one that would break: everything stays as it was.
#[test]
fn nothing_is_changed_if_it_does_not_help() {
    let outer = Project::without_lock(&[
        ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"inner/l*\"]\n"),
        ("inner/lone/Cargo.toml", &package("lone", "workspace = \"../..\"\n")),
        ("inner/lone/src/lib.rs", ""),
        ("inner/Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"app\"]\nexclude = [\"lone\"]\n"),
        ("inner/app/Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")),
        ("inner/app/src/main.rs", MAIN),
        ("inner/.cargo/config.toml", "[build]\ntarget-dir = \".out\"\n"),
    ]);
    outer.cargo(&["metadata", "--no-deps", "--quiet", "--format-version=1"]);
    outer.cargo(&["generate-lockfile", "--quiet", "--manifest-path=inner/Cargo.toml"]);
    let before = outer.read("inner/Cargo.toml");
    let inner = outer.path().join("inner");
    let Outcome { code, stderr, .. } = Surroundings::get().larder(&inner, &["lock"]);
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("with recipes beside it, so nothing was written"), "{stderr}");
    assert!(stderr.contains("help: ") && stderr.contains("`exclude`"), "{stderr}");
    assert_eq!(outer.read("inner/Cargo.toml"), before);
    assert!(!inner.join("larder").exists() && !inner.join("target").exists());
    outer.cargo(&["metadata", "--no-deps", "--quiet", "--format-version=1"]);
}

/// Recipes that are there already, and a glob that came later.
#[test]
fn the_way_out_is_named_if_a_glob_comes_later() {
    let project = workspace("members = [\"app\"]\n", &["app"]);
    project.larder(&["lock"]).ok();
    project.write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"*\"]\nexclude = [\"target\"]\n");
    let outcome = project.larder(&["lock"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.stderr.contains("help: add \"larder\" to `exclude` in `[workspace]`"),
        "{}",
        outcome.stderr
    );
}
