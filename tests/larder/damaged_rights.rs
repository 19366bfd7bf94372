//! Files and folders that nobody may write or read, or that somebody else owns: each verb ends with its work done, or
//! with one error that names the file. A right that is missing once breaks nothing for good.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use larder_tests::{Outcome, Project, Surroundings, package};

use crate::tracked::in_the_old_form;

/// Nobody's number.
const STRANGER: u32 = 54_321;

/// Runs a verb without the right to pass over permissions that root has.
fn run(project: &Project, line: &str) -> Outcome {
    let surroundings = Surroundings::get();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let mut words = vec!["--bounding-set=-dac_override,-dac_read_search,-fowner", "timeout", "60"];
    words.extend([binary.as_str(), "larder"]);
    words.extend(line.split(' '));
    if is_root() {
        surroundings.run("setpriv".as_ref(), project.path(), &words, &[])
    } else {
        surroundings.run("timeout".as_ref(), project.path(), &words[2..], &[])
    }
}

fn is_root() -> bool {
    Surroundings::get().run("id".as_ref(), Path::new("/"), &["-u"], &[]).ok().stdout.trim() == "0"
}

fn allow(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn project() -> Project {
    let manifest = package("app", "") + "\n[dependencies]\nitoa = \"=1.0.15\"\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    project
}

#[test]
fn folders_of_the_old_form_that_cannot_go_stay() {
    for mode in [0o555, 0o000] {
        let project = in_the_old_form();
        let folder = project.path().join("larder/release/0");
        allow(&folder, mode);
        let outcome = run(&project, "lock");
        allow(&folder, 0o755);
        assert_eq!(outcome.code, 0, "{mode:o}: {}", outcome.stderr);
        if mode == 0o555 {
            assert!(outcome.stderr.contains("files of the old form stay"), "{}", outcome.stderr);
            assert!(outcome.stderr.contains("larder/release/0"), "{}", outcome.stderr);
        }
        assert!(project.path().join("larder/release/0/build.rs").exists());
        run(&project, "lock").ok();
        run(&project, "lock --check").ok();
        run(&project, "cook").ok();
    }
}

#[test]
fn folders_of_the_old_form_that_are_somebody_elses_stay() {
    if !is_root() {
        println!("SKIPPED: only root can give a folder to somebody else");
        return;
    }
    let project = in_the_old_form();
    let folder = project.path().join("larder/release/0");
    std::os::unix::fs::chown(&folder, Some(STRANGER), Some(STRANGER)).unwrap();
    allow(&folder, 0o700);
    for verb in ["lock", "lock", "lock --check", "cook"] {
        run(&project, verb).ok();
    }
    assert!(folder.join("build.rs").exists());
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    const PLACES: [(&str, &str); 8] = [
        ("Dockerfile", "dockerfile --no-committed-recipe"),
        (".dockerignore", "dockerfile --no-committed-recipe"),
        ("larder/larder.lock", "lock"),
        ("larder/expand.awk", "lock"),
        ("larder/.gitattributes", "lock"),
        ("Cargo.toml", "plan"),
        ("Cargo.lock", "lock"),
        (".cargo/config.toml", "lock"),
    ];
    for (place, verb) in PLACES {
        let project = project();
        project.write(".cargo/config.toml", "[profile.release]\nopt-level = 1\n");
        let path = project.path().join(place);
        for mode in [0o444, 0o000] {
            allow(&path, mode);
            let outcome = run(&project, verb);
            let is_named = outcome.code == 1 && outcome.stderr.contains(place);
            assert!(outcome.code == 0 || is_named, "{place} {mode:o}: {outcome:?}");
            assert!(mode == 0o000 || outcome.code == 0, "{place} {mode:o}: {outcome:?}");
            allow(&path, 0o644);
        }
        run(&project, "lock").ok();
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    for place in ["larder", "."] {
        let project = project();
        fs_err::remove_file(project.path().join("larder/larder.lock")).unwrap();
        fs_err::remove_file(project.path().join("Dockerfile")).unwrap();
        let path = project.path().join(place);
        allow(&path, 0o555);
        let verb = if place == "larder" { "lock" } else { "dockerfile --no-committed-recipe" };
        let outcome = run(&project, verb);
        allow(&path, 0o755);
        assert_eq!(outcome.code, 1, "{place}: {}", outcome.stderr);
        let name = path.canonicalize().unwrap();
        assert!(outcome.stderr.contains(name.to_str().unwrap()), "{place}: {}", outcome.stderr);
        run(&project, "lock").ok();
    }
}

/// How many files a profile has of compiled units.
fn artifacts(project: &Project, profile: &str) -> usize {
    let folder = project.path().join("target").join(profile).join("deps");
    fs_err::read_dir(folder).map_or(0, Iterator::count)
}

/// A lock of another user's that may be read is held all the same; one that may not keeps its own folder, and no more.
#[test]
fn a_lock_that_is_somebody_elses_keeps_its_own_folder_alone() {
    for mode in [0o444, 0o000] {
        for verb in ["clean dependencies --yes", "gc --only target --older-than 0s --yes"] {
            let project = project();
            project.cargo(&["build", "--release"]);
            project.cargo(&["build"]);
            // Another version of the package makes all of it an old generation.
            project.write("Cargo.toml", &project.read("Cargo.toml").replace("1.0.15", "1.0.14"));
            project.cargo(&["build", "--release"]);
            project.cargo(&["build"]);
            project.larder(&["lock"]).ok();
            let before = (artifacts(&project, "release"), artifacts(&project, "debug"));
            let lock = project.path().join("target/release/.cargo-lock");
            allow(&lock, mode);
            let outcome = run(&project, verb);
            allow(&lock, 0o644);
            let (release, debug) = (artifacts(&project, "release"), artifacts(&project, "debug"));
            assert!(debug < before.1, "{verb} {mode:o}: {}", outcome.stderr);
            if mode == 0o444 {
                assert_eq!(outcome.code, 0, "{verb}: {}", outcome.stderr);
                assert!(release < before.0, "{verb}: {}", outcome.stderr);
            } else {
                assert_eq!((outcome.code, release), (1, before.0), "{verb}: {}", outcome.stderr);
                let told = outcome.stderr.matches("its lock cannot be held").count();
                assert!(told > 0 && outcome.stderr.contains("target/release"), "{verb}: {}", outcome.stderr);
            }
        }
    }
}

/// As a container leaves them that ran as root: folders and files below `target/larder` that are not ours.
#[test]
fn a_folder_for_recipes_that_is_somebody_elses_costs_the_recipe_and_no_build() {
    const TOLD: &str = "the build goes on without all recipes";
    let project = project();
    let folder = project.path().join("target/larder");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join(".lock"), "").unwrap();
    for (path, mode) in [(folder.clone(), 0o555), (folder.join(".lock"), 0o000)] {
        allow(&path, mode);
        let outcome = run(&project, "build");
        assert_eq!(outcome.code, 0, "{mode:o}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.matches(TOLD).count(), 1, "{mode:o}: {}", outcome.stderr);
        let cook = run(&project, "cook");
        assert!(cook.code == 1 && cook.stderr.contains("target/larder"), "{mode:o}: {}", cook.stderr);
        allow(&path, 0o755);
    }
    // A lock that may only be read, beside recipes that are there, is enough.
    run(&project, "cook").ok();
    allow(&folder.join(".lock"), 0o444);
    let outcome = run(&project, "build").ok();
    assert!(!outcome.stderr.contains(TOLD), "{}", outcome.stderr);
}

#[test]
fn records_that_cannot_be_read_count_as_absent() {
    let project = project();
    project.larder(&["build"]).ok();
    let record = project.path().join("target/larder/last-build.json");
    allow(&record, 0o000);
    for verb in ["build", "why", "usage", "gc --only target", "lock --check", "lock", "why -- cargo build"] {
        allow(&record, 0o000);
        run(&project, verb).ok();
    }
    allow(&record, 0o000);
    let last = run(&project, "why --last");
    assert_eq!(last.code, 1);
    assert_eq!(last.stderr.matches("a record counts as absent").count(), 1, "{}", last.stderr);
    assert!(last.stderr.contains("no build was recorded in"), "{}", last.stderr);
    run(&project, "build -- cargo build --release").ok();
    run(&project, "why --last").ok();
}
