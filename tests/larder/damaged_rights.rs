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
