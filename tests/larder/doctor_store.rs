//! The findings of `doctor` on the store, on a real machine. Clocks, full disks and all wordings are tested beside the
//! checks.

use larder_store::{
    digest::Digest,
    inside::Inside,
    local::Store,
    parts::{Parts, ScopePart, ScopePartName},
};
use larder_tests::Project;

use crate::doctor::{committed, verdict_with};

#[track_caller]
fn says(project: &Project, check: &str, vars: &[(&str, &str)], verdict: &str, part: &str) {
    // The tests' own surroundings switch it off.
    let vars = [&[("LARDER_STORE", "read")], vars].concat();
    let (found, reason) = verdict_with(project, check, &vars);
    assert!(found == verdict && reason.contains(part), "{check}: {found}: {reason}");
}

#[test]
fn settings_of_ones_own_are_named() {
    let project = committed();
    let store = tempfile::tempdir().unwrap();
    let dir = ("LARDER_STORE_DIR", store.path().to_str().unwrap());
    says(&project, "store-settings", &[dir], "ok", "those of the project");
    says(&project, "store-processor", &[dir], "ok", "");
    let native = [dir, ("RUSTFLAGS", "-Ctarget-cpu=native")];
    says(&project, "store-settings", &native, "warning", "RUSTFLAGS: units that others compiled");
    says(&project, "store-processor", &native, "warning", "RUSTFLAGS asks for target-cpu=native");
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("config.toml"), "[target.x]\nlinker = \"mine\"\n").unwrap();
    let home = [dir, ("CARGO_HOME", home.path().to_str().unwrap())];
    says(&project, "store-settings", &home, "warning", "target.x.linker");
    says(&project, "store-settings", &[dir, ("LARDER_STORE", "off")], "skipped", "off");
}

#[test]
fn a_store_that_is_of_no_use_is_named() {
    let project = committed();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let dir = [("LARDER_STORE_DIR", root.to_str().unwrap())];
    says(&project, "store-folder", &dir, "ok", "can be written");
    assert!(!root.exists(), "a look made it");
    says(&project, "store-clock", &dir, "ok", "");
    // No file can be made in /proc, whoever asks.
    if cfg!(target_os = "linux") {
        says(
            &project,
            "store-folder",
            &[("LARDER_STORE_DIR", "/proc/x")],
            "problem",
            "nothing can be written",
        );
    }
    says(&project, "store-compiler", &dir, "ok", "");
    let store = Store::open(&root).unwrap();
    let parts = Parts(vec![ScopePart {
        name: ScopePartName::Compiler,
        text: "rustc 1.0.0 (old)\nhost: x".to_owned(),
    }]);
    store.note_parts(&parts).unwrap();
    let unit = Inside::new("debug/.fingerprint/a-1/lib-a").unwrap();
    store.set_newest(parts.key(), &unit, Digest::hash(b"")).unwrap();
    says(&project, "store-compiler", &dir, "warning", "the store has those of rustc 1.0.0 (old)");
}

#[test]
fn a_remote_that_does_not_answer_is_named() {
    let project = committed();
    says(&project, "store-remote", &[], "ok", "no remote is set");
    let manifest = project.read("Cargo.toml");
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for remote in ["not/there".to_owned(), format!("http://127.0.0.1:{port}/x")] {
        let table = format!("\n[package.metadata.larder.store]\nremote = \"{remote}\"\n");
        project.write("Cargo.toml", &(manifest.clone() + &table));
        says(&project, "store-remote", &[], "warning", "cannot be used: ");
    }
    let shared = tempfile::tempdir().unwrap();
    let table = format!("\n[package.metadata.larder.store]\nremote = {:?}\n", shared.path());
    project.write("Cargo.toml", &(manifest + &table));
    says(&project, "store-remote", &[], "ok", "answers");
}
