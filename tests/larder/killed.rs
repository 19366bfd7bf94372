//! However Larder ends, what it started ends with it, and what it wrote down for the time being is for nobody else.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use larder_tests::{
    Project, Surroundings, package,
    signals::{self, Signal},
};

/// Says its process id in a file, and waits.
const PROGRAM: &str = "fn main() {\n    \
    std::fs::write(\"pid\", std::process::id().to_string()).unwrap();\n    \
    std::thread::sleep(std::time::Duration::from_secs(120));\n}\n";

/// A build script that does, so that cargo itself is in the middle of a build.
const MANIFEST: &str = "build = \"src/main.rs\"\n";

struct Running {
    child: Child,
    project: Project,
    temporary: tempfile::TempDir,
}

impl Running {
    /// Starts a verb, and waits until what it runs in the end has started.
    fn start(rest: &str, words: &[&str]) -> Self {
        let project = Project::new(&[("Cargo.toml", &package("app", rest)), ("src/main.rs", PROGRAM)]);
        project.larder(&["lock"]).ok();
        let temporary = tempfile::tempdir().unwrap();
        let surroundings = Surroundings::get();
        #[expect(clippy::disallowed_methods, reason = "it is to be killed by signals of several kinds")]
        let mut command = Command::new(surroundings.binary());
        command.arg("larder").args(words).current_dir(project.path());
        command.env_clear().envs(surroundings.env().iter()).env("TMPDIR", temporary.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let running = Self { child, project, temporary };
        running.wait_until("it runs", || running.program().is_some());
        running
    }

    fn program(&self) -> Option<u32> {
        fs_err::read_to_string(self.project.path().join("pid")).ok()?.parse().ok()
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_so() {
            assert!(Instant::now() < deadline, "{what} does not come, in {}", self.project.path().display());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill(&mut self, signal: Signal) {
        signals::send(self.child.id(), signal).unwrap();
        self.child.wait().unwrap();
    }

    fn scratch(&self) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.temporary.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn is_alive(pid: u32) -> bool {
    let status = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that nobody waits for any more may stay as a zombie.
    !status.is_empty() && !status.contains(") Z ")
}

#[test]
fn children_end_with_larder_and_their_records_are_swept() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        for (rest, words) in [
            ("", &["build", "--", "sh", "-c", "cargo run -q; true"][..]),
            ("", &["observe", "--", "cargo", "run", "-q"]),
            (MANIFEST, &["build", "--", "cargo", "build", "-q"]),
            (MANIFEST, &["why", "--", "sh", "-c", "cargo build -q; true"]),
        ] {
            let mut running = Running::start(rest, words);
            let folders = running.scratch();
            assert!(!folders.is_empty(), "{words:?}");
            for folder in &folders {
                let mode = fs_err::metadata(folder).unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o700, "{}", folder.display());
            }
            running.kill(signal);
            let program = running.program().unwrap();
            // cargo does not kill compilers and build scripts that it has started, with or without Larder.
            if rest.is_empty() {
                running.wait_until("the program's end", || !is_alive(program));
            }
            let of_larder = running.project.path().to_owned();
            running.wait_until("the end of cargo", || !runs_cargo_in(&of_larder));
            let _ = signals::send(program, Signal::KILL);
            let temporary = running.temporary.path().to_string_lossy().into_owned();
            let vars = [("TMPDIR", temporary.as_str())];
            Surroundings::get().larder_with(running.project.path(), &["observe", "--", "true"], &vars).ok();
            assert!(running.scratch().is_empty(), "{signal:?} {words:?}: {:?}", running.scratch());
        }
    }
}

/// Whether any cargo, shell or Larder still runs in a folder.
fn runs_cargo_in(folder: &Path) -> bool {
    fs_err::read_dir("/proc").unwrap().flatten().any(|entry| {
        let is_there = std::fs::read_link(entry.path().join("cwd")).is_ok_and(|dir| dir == folder);
        let name = std::fs::read_link(entry.path().join("exe")).unwrap_or_default();
        let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        is_there && (name.starts_with("cargo") || name.ends_with("sh"))
    })
}

/// A program that a driver leaves running on purpose goes on after Larder has ended by itself.
#[test]
fn what_is_left_running_on_purpose_goes_on() {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", PROGRAM)]);
    project.cargo(&["build", "--quiet"]);
    let driver = "cargo run -q > /dev/null 2>&1 & while ! [ -s pid ]; do sleep 0.05; done";
    project.larder(&["observe", "--", "sh", "-c", driver]).ok();
    std::thread::sleep(Duration::from_millis(500));
    let pid: u32 = project.read("pid").parse().unwrap();
    let goes_on = is_alive(pid);
    let _ = signals::send(pid, Signal::KILL);
    assert!(goes_on);
}
