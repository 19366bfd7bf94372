//! The findings of `doctor` on the store, on a real machine. Clocks, full disks and all wordings are tested beside the
//! checks.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use larder_store::{
    digest::Digest,
    inside::Inside,
    local::Store,
    parts::{Parts, ScopePart, ScopePartName},
};
use larder_tests::{Project, Surroundings};

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

/// A server that knows nobody. It gives the lines of the requests that came.
fn refusing_server() -> (u16, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = thread::spawn(move || {
        let mut lines = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let request: Vec<String> = request.take_while(|line| !line.is_empty()).collect();
            // The client may be gone.
            let _ = stream
                .write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let is_end = request.first().is_some_and(|line| line.starts_with("GET /end"));
            lines.extend(request);
            if is_end {
                break;
            }
        }
        lines
    });
    (port, requests)
}

/// A repository that somebody cloned names the server.
#[test]
fn a_remote_gets_no_secret_for_a_look_or_from_a_repository_alone() {
    let project = committed();
    let store = tempfile::tempdir().unwrap();
    let (port, requests) = refusing_server();
    // A folder that holds something else is no store.
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("key");
    let key = project.larder(&["store", "keygen", file.to_str().unwrap()]).ok().stdout;
    let remote = format!("remote = \"http://127.0.0.1:{port}/x\"\nkeys = [\"{}\"]", key.trim());
    let table = format!("\n[package.metadata.larder.store]\n{remote}\n");
    project.write("Cargo.toml", &(project.read("Cargo.toml") + &table));
    let vars = [
        ("LARDER_STORE", "read"),
        ("LARDER_STORE_DIR", store.path().to_str().unwrap()),
        ("LARDER_STORE_TOKEN", "canary"),
        ("CI", ""),
    ];
    says(&project, "store-remote", &vars, "ok", "answers");
    let surroundings = Surroundings::get();
    let pull = surroundings.larder_with(project.path(), &["store", "pull"], &vars);
    let warning =
        "127.0.0.1 does not get LARDER_STORE_TOKEN: set LARDER_STORE_HOST=127.0.0.1 if it may have it";
    assert!(pull.stderr.contains(warning), "{pull:?}");
    let named = [&vars[..], &[("LARDER_STORE_HOST", "127.0.0.1")]].concat();
    let pull = surroundings.larder_with(project.path(), &["store", "pull"], &named);
    assert!(!pull.stderr.contains("does not get"), "{pull:?}");
    std::net::TcpStream::connect(("127.0.0.1", port))
        .unwrap()
        .write_all(b"GET /end HTTP/1.1\r\n\r\n")
        .unwrap();
    let lines = requests.join().unwrap();
    let asked: Vec<bool> = lines
        .split(|line| line.starts_with("GET "))
        .skip(1)
        .map(|lines| lines.iter().any(|line| line.contains("canary")))
        .collect();
    // The look and the first pull without, the second one with it, and the end.
    let first = asked.iter().position(|has_it| *has_it);
    let first = first.unwrap_or_else(|| panic!("nobody got the secret: {pull:?} {lines:?}"));
    assert!(first >= 2 && asked[first..asked.len() - 1].iter().all(|has_it| *has_it), "{lines:?}");
}
