//! The drivers of `cargo xtask soak`, shortly, and the moments that they meet only now and then.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use larder_tests::{
    Project, Surroundings,
    soak::{self, Bound, app},
    write_program,
};

#[test]
fn verbs_at_once_leave_a_target_directory_that_works() {
    soak::races(Bound::Rounds(4)).require();
}

#[test]
fn killed_verbs_leave_the_old_or_the_new() {
    soak::kills(Bound::Rounds(10)).require();
}

#[test]
fn a_full_disk_leaves_the_old_or_the_new() {
    match soak::disks(Bound::Rounds(6)) {
        Some(figures) => figures.require(),
        None => larder_tests::skip("a full disk", "no disk can be mounted here"),
    }
}

#[test]
fn a_store_in_bad_times_breaks_no_build() {
    soak::stores(Bound::Rounds(5)).require();
}

/// Says that the cook's cargo has begun to ask its compiler, and makes it wait for the answer.
const SLOW: &str = "#!/bin/sh\n\
    case $PWD in */larder/recipes/*) : > \"$STARTED\"; sleep 3;; esac\n\
    exec \"$@\"\n";

/// A project whose cook has just begun, while `during` runs.
fn while_cooking(during: impl FnOnce(&Project)) -> (Project, larder_tests::Outcome) {
    let project = app(0);
    write_program(project.path().join("slow"), SLOW);
    let [slow, started] =
        ["slow", "started"].map(|name| project.path().join(name).to_string_lossy().into_owned());
    let vars = [("RUSTC_WRAPPER", slow.as_str()), ("STARTED", started.as_str())];
    let outcome = std::thread::scope(|scope| {
        let cook = scope.spawn(|| Surroundings::get().larder_with(project.path(), &["cook"], &vars));
        let end = Instant::now() + Duration::from_mins(1);
        while !project.path().join("started").exists() {
            assert!(Instant::now() < end && !cook.is_finished(), "cooking has not begun");
            std::thread::sleep(Duration::from_millis(10));
        }
        during(&project);
        cook.join().expect("it ends")
    });
    (project, outcome)
}

#[test]
fn the_folder_that_is_cooked_in_stays() {
    let (project, outcome) = while_cooking(|project| {
        let clean = project.larder(&["clean", "dependencies", "--yes"]);
        assert!(clean.stderr.contains("target/larder/.lock"), "{}", clean.stderr);
    });
    outcome.ok();
    project.larder(&["clean", "dependencies", "--yes"]).ok();
    assert!(!project.path().join("target/release/deps").exists());
    project.larder(&["cook"]).ok();
}

#[test]
fn plain_cargo_works_after_the_folder_was_deleted() {
    let (project, outcome) = while_cooking(|project| {
        project.cargo(&["clean"]);
        // Another build begins anew.
        fs_err::create_dir(project.path().join("target")).unwrap();
    });
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("Current directory is invalid"), "{}", outcome.stderr);
    let slow = project.path().join("slow").to_string_lossy().into_owned();
    let vars = [("RUSTC_WRAPPER", slow.as_str())];
    Surroundings::get().run(Path::new("cargo"), project.path(), &["build", "--release"], &vars).ok();
}
