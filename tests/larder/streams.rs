//! The output that people read: a stream that is full or closed stops no work, and no name reaches a terminal as a
//! command.

use std::{
    fs::{File, OpenOptions},
    os::fd::OwnedFd,
    path::Path,
    process::{Command, ExitStatus, Stdio},
};

use larder_tests::{Project, Surroundings, package};

/// Every verb that can run here, with the words that make it work and say something.
const CALLS: [&str; 17] = [
    "plan",
    "plan --units",
    "plan --json",
    "lock",
    "lock --check",
    "cook",
    "build",
    "observe -- cargo build",
    "dockerfile",
    "dockerfile --check",
    "usage",
    "why",
    "why --json",
    // Not all checks: that of the disk depends on who else uses it.
    "doctor recipes rustc dev-profile linker",
    "clean artifacts",
    "gc --only target",
    "init --yes",
];

fn project() -> Project {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project
}

/// With a `CARGO_HOME` that nobody else locks: cargo itself ends with 101 if it must wait and cannot say so.
fn run(dir: &Path, line: &str, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> ExitStatus {
    let surroundings = Surroundings::get();
    #[expect(clippy::disallowed_methods, reason = "larder::process gives no stream away")]
    let mut command = Command::new(surroundings.binary());
    command.arg("larder").args(line.split(' ')).current_dir(dir);
    command.env_clear().envs(surroundings.env().iter()).env("CARGO_HOME", dir.join(".cargo-home"));
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).status().unwrap()
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// The writing end of a pipe that nobody reads.
fn closed() -> OwnedFd {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A panic ends with 101, and only data is a result that must arrive.
#[test]
fn streams_that_take_nothing_stop_nothing() {
    let project = project();
    for line in CALLS {
        let code = run(project.path(), line, Stdio::null(), Stdio::null()).code();
        assert!(code.is_some_and(|code| code < 5), "{line}: {code:?}");
        for (kind, status) in [
            ("full", run(project.path(), line, full(), full())),
            ("closed", run(project.path(), line, closed(), closed())),
        ] {
            let is_lost = kind == "full" && line.contains("--json");
            let expected = if is_lost { Some(1) } else { code };
            assert_eq!(status.code(), expected, "{line}, {kind}");
        }
    }
}

/// A full disk is when `gc` and `clean` are called.
#[test]
fn what_is_to_go_goes_although_nothing_can_be_printed() {
    for line in
        ["clean artifacts --yes", "clean artifacts --yes --json", "gc --only target --older-than 0s --yes"]
    {
        for stdout in [full().into(), closed()] {
            let project = project();
            project.cargo(&["build", "--quiet"]);
            let (built, stale) = ("target/debug/app", "target/debug/incremental/old-1a2b3c");
            project.write(&format!("{stale}/s-x-y/dep-graph.bin"), "old");
            let goes = project.path().join(if line.starts_with("gc") { stale } else { built });
            assert!(goes.exists());
            run(project.path(), line, stdout, full());
            assert!(!goes.exists(), "{line}");
        }
    }
}

#[test]
fn names_are_spelt_out() {
    let root = Project::without_lock(&[]);
    let name = "a\u{1b}[2Jb\u{202e}\u{9b}c\u{7}";
    let manifest = format!("{name}/Cargo.toml");
    root.write(&manifest, &format!("{}\n[dependencies]\nb = {{ path = \"sub\" }}\n", package("app", "")));
    root.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
    root.write(&format!("{name}/sub/Cargo.toml"), &package("b", ""));
    root.write(&format!("{name}/sub/src/lib.rs"), "");
    root.write(&format!("{name}/target/x\u{1b}[1Ay/file"), "");
    let dir = root.path().join(name);
    let surroundings = Surroundings::get();
    surroundings.run(Path::new("cargo"), &dir, &["generate-lockfile", "--quiet"], &[]).ok();
    let page = root.path().join("page.html");
    let html = ["usage", "--html", page.to_str().unwrap()].join(" ");
    let more =
        [html.as_str(), "docker explain", "why --last", "gc --only target --yes", "plan no-such-slice"];
    let mut printed = 0;
    for line in CALLS.into_iter().chain(more).filter(|line| !line.contains("--json")) {
        let words: Vec<&str> = line.split(' ').collect();
        let outcome = surroundings.larder(&dir, &words);
        for text in [&outcome.stdout, &outcome.stderr] {
            // cargo and git print names themselves.
            let own = text.lines().filter(|line| !line.contains("Compiling") && !line.contains("Checking"));
            let acting = |c: char| matches!(c, '\u{1b}' | '\u{202e}' | '\u{9b}' | '\u{7}');
            let bad: Vec<&str> = own.filter(|line| line.contains(acting)).collect();
            assert!(bad.is_empty(), "{line}: {bad:?}");
            printed += text.matches("\\u{1b}").count();
        }
    }
    assert!(printed > 10, "the name is printed at all: {printed}");
    assert!(!fs_err::read_to_string(page).unwrap().contains(['\u{1b}', '\u{202e}']));
}
