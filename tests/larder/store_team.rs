//! A team's remote: what one machine pushed, another one cooks without compiling, if a committed key signed it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::PathBuf,
};

use larder_tests::{Outcome, Project, Surroundings, cargo_home, package};
use tempfile::TempDir;

const DEPENDENCIES: &str = "\n[dependencies]\nanyhow = \"=1.0.100\"\nthiserror = \"=2.0.17\"\n";

/// A checkout with a store and a `CARGO_HOME` that nobody else has.
struct Machine {
    project: Project,
    store: TempDir,
    home: TempDir,
}

impl Machine {
    fn new(project: Project) -> Self {
        let home = cargo_home(Surroundings::get().env()).unwrap();
        Self { project, store: tempfile::tempdir().unwrap(), home }
    }

    fn vars(&self) -> [(&str, &str); 3] {
        [
            ("CARGO_HOME", self.home.path().to_str().unwrap()),
            ("LARDER_STORE", "write"),
            ("LARDER_STORE_DIR", self.store.path().to_str().unwrap()),
        ]
    }

    fn larder(&self, words: &[&str], more: &[(&str, &str)]) -> Outcome {
        let vars = [self.vars().as_slice(), more].concat();
        Surroundings::get().larder_with(self.project.path(), words, &vars)
    }

    /// Cooks, and says how many external units were restored, how many compiled, and what was warned of.
    fn cook(&self) -> (u64, u64, Vec<String>) {
        let run = self.larder(&["cook", "--json"], &[]).ok();
        let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let phase = &told["phases"][0];
        let warnings = run.stderr.lines().filter(|line| line.starts_with("warning")).map(str::to_owned);
        (
            phase["restored"].as_u64().unwrap(),
            phase["compiled-external"].as_u64().unwrap(),
            warnings.collect(),
        )
    }
}

/// A team: a folder that everybody sees, a key, and the first machine, which has cooked.
struct Team {
    folder: TempDir,
    first: Machine,
}

impl Team {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("remote")).unwrap();
        let manifest = package("app", DEPENDENCIES);
        let project = Project::without_lock(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
        let first = Machine::new(project);
        let home = first.vars();
        let words = ["generate-lockfile", "--quiet"];
        Surroundings::get().run("cargo".as_ref(), first.project.path(), &words, &home).ok();
        let team = Self { folder, first };
        let public = team.keygen("key");
        team.first.project.write("Cargo.toml", &format!("{manifest}\n{}", team.settings(&public)));
        team.first.larder(&["lock"], &[]).ok();
        assert!(team.first.cook().1 > 5);
        team
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn keygen(&self, name: &str) -> String {
        let run = self.first.larder(&["store", "keygen", &self.path(name)], &[]).ok();
        run.stdout.trim().to_owned()
    }

    fn settings(&self, public: &str) -> String {
        let remote = self.path("remote");
        format!("[package.metadata.larder.store]\nremote = \"{remote}\"\nkeys = [\"{public}\"]\n")
    }

    fn push(&self, more: &[&str], vars: &[(&str, &str)]) -> Outcome {
        let key = self.path("key");
        self.first.larder(&[["store", "push", "--key", &key].as_slice(), more].concat(), vars)
    }

    /// A fresh clone on another machine.
    fn another(&self) -> Machine {
        let project = Project::copy_of(self.first.project.path());
        let _ = fs_err::remove_dir_all(project.path().join("target"));
        Machine::new(project)
    }
}

#[test]
fn what_one_machine_pushed_another_one_cooks_without_compiling() {
    let team = Team::new();
    let other = team.another();
    assert_eq!(other.larder(&["store", "pull"], &[]).ok().stdout.lines().count(), 2);
    team.push(&["--allow-untrusted"], &[]).ok();
    let (restored, compiled, warnings) = other.cook();
    assert!(restored > 5, "{restored}");
    assert_eq!((compiled, warnings), (0, Vec::new()));
    let again = team.push(&["--allow-untrusted", "--json"], &[]).ok();
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again["slices"][0]["new"], &again["slices"][0]["sent"]), (&0.into(), &0.into()));
}

/// Serves a folder, until the process ends.
fn serve(root: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let root = root.clone();
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line)?;
                let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
                let (status, bytes) = match fs_err::read(root.join(path)) {
                    Ok(bytes) => ("200 OK", bytes),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let length = bytes.len();
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                stream.write_all(&[head.as_bytes(), &bytes].concat())
            });
        }
    });
    address
}

#[test]
fn a_server_gives_what_was_pushed_into_its_folder() {
    let team = Team::new();
    team.push(&["--allow-untrusted"], &[]).ok();
    let address = serve(team.folder.path().join("remote"));
    let manifest = team.first.project.read("Cargo.toml").replace(&team.path("remote"), &address);
    let other = team.another();
    other.project.write("Cargo.toml", &manifest);
    let (restored, compiled, warnings) = other.cook();
    assert!(restored > 5, "{restored}");
    assert_eq!((compiled, warnings), (0, Vec::new()));
}

#[test]
fn what_cannot_be_believed_or_reached_is_compiled_after_one_warning() {
    let team = Team::new();
    team.push(&["--allow-untrusted"], &[]).ok();
    let stranger = team.keygen("stranger");
    let manifest = team.first.project.read("Cargo.toml");
    let own = manifest.split("keys = ").next().unwrap().to_owned();
    let cases = [
        (format!("{own}keys = [\"{stranger}\"]\n"), "its signature is not one of the key `team-1`"),
        (format!("{own}keys = []\n"), "there is no key"),
        (manifest.replace("/remote\"", "/absent\""), "the folder is not there"),
        (
            manifest.replace(&team.path("remote"), "http://127.0.0.1:9"),
            "the remote of the store is left alone",
        ),
        (format!("{manifest}namespace = \"others\"\n"), ""),
    ];
    for (changed, reason) in cases {
        let other = team.another();
        other.project.write("Cargo.toml", &changed);
        let (restored, compiled, warnings) = other.cook();
        assert_eq!(restored, 0, "{reason}");
        assert!(compiled > 5, "{reason}");
        let expected = usize::from(!reason.is_empty());
        assert_eq!(warnings.len(), expected, "{reason}: {warnings:?}");
        assert!(warnings.iter().all(|warning| warning.contains(reason)), "{warnings:?}");
    }
}

#[test]
fn pushing_takes_a_protected_branch_or_a_word() {
    let team = Team::new();
    let github =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_REF_TYPE", "branch"), ("GITHUB_REF_PROTECTED", "true")];
    let refused = team.push(&[], &[github.as_slice(), &[("GITHUB_EVENT_NAME", "pull_request")]].concat());
    assert!(refused.stderr.contains("GitHub Actions does not build a push"), "{}", refused.stderr);
    assert_eq!(fs_err::read_dir(team.folder.path().join("remote")).unwrap().count(), 0);
    team.push(&[], &[github.as_slice(), &[("GITHUB_EVENT_NAME", "push")]].concat()).ok();
    team.keygen("stranger");
    let words = ["store", "push", "--allow-untrusted", "--key", &team.path("stranger")];
    let run = team.first.larder(&words, &[]).ok();
    assert!(run.stderr.contains("nobody uses what is pushed"), "{}", run.stderr);
    let secret = fs_err::read_to_string(team.folder.path().join("key")).unwrap();
    // As CI systems give secrets.
    let vars = [("LARDER_STORE_KEY", secret.as_str())];
    let run = team.first.larder(&["store", "push", "--allow-untrusted"], &vars).ok();
    for text in [run.stdout, run.stderr] {
        assert!(!text.contains(secret.trim().split(':').next_back().unwrap()), "{text}");
    }
}
