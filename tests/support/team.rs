//! Machines of a team: each with a checkout, a store and a `CARGO_HOME` of its own, and a remote that all of them know.

use tempfile::TempDir;

use crate::{Outcome, Project, Surroundings, cargo_home, package};

const DEPENDENCIES: &str = "\n[dependencies]\nanyhow = \"=1.0.100\"\nthiserror = \"=2.0.17\"\n";

/// A checkout with a store and a `CARGO_HOME` that nobody else has.
pub struct Machine {
    /// The checkout.
    pub project: Project,
    store: TempDir,
    home: TempDir,
}

/// The counts of a `cook`.
#[derive(Debug, Clone)]
pub struct Cooked {
    /// External units that came from the store.
    pub restored: u64,
    /// External units that were compiled.
    pub compiled: u64,
    /// Lines that begin so.
    pub warnings: Vec<String>,
    /// All that was said.
    pub told: String,
}

impl Machine {
    fn new(project: Project) -> Self {
        let home = cargo_home(Surroundings::get().env()).expect("a CARGO_HOME");
        Self { project, store: tempfile::tempdir().expect("a folder"), home }
    }

    fn vars(&self) -> [(&str, &str); 3] {
        [
            ("CARGO_HOME", self.home.path().to_str().expect("UTF-8")),
            ("LARDER_STORE", "write"),
            ("LARDER_STORE_DIR", self.store.path().to_str().expect("UTF-8")),
        ]
    }

    /// Runs `cargo larder WORDS` here, with more variables.
    pub fn larder(&self, words: &[&str], more: &[(&str, &str)]) -> Outcome {
        let vars = [self.vars().as_slice(), more].concat();
        Surroundings::get().larder_with(self.project.path(), words, &vars)
    }

    /// Cooks, which must succeed.
    ///
    /// # Panics
    /// If it does not.
    pub fn cook(&self, vars: &[(&str, &str)]) -> Cooked {
        let run = self.larder(&["cook", "--json"], vars).ok();
        let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let [restored, compiled] = ["restored", "compiled-external"]
            .map(|name| told["phases"][0][name].as_u64().unwrap_or_else(|| panic!("{name}: {told}")));
        let warnings = run.stderr.lines().filter(|line| line.starts_with("warning")).map(str::to_owned);
        Cooked { restored, compiled, warnings: warnings.collect(), told: run.stdout.clone() + &run.stderr }
    }
}

/// A team: a remote that everybody sees, a key, and the first machine, which has cooked.
pub struct Team {
    folder: TempDir,
    /// The address of the remote.
    pub remote: String,
    /// The machine that has what others lack.
    pub first: Machine,
}

impl Team {
    /// A team with a folder.
    ///
    /// # Panics
    /// If its first machine does not cook.
    pub fn of_folder() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let remote = folder.path().join("remote");
        fs_err::create_dir(&remote).expect("a folder");
        Self::at(folder, remote.to_str().expect("UTF-8").to_owned())
    }

    /// A team with a remote.
    ///
    /// # Panics
    /// If its first machine does not cook.
    pub fn new(remote: &str) -> Self {
        Self::at(tempfile::tempdir().expect("a folder"), remote.to_owned())
    }

    fn at(folder: TempDir, remote: String) -> Self {
        let manifest = package("app", DEPENDENCIES);
        let project = Project::without_lock(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
        let first = Machine::new(project);
        let home = first.vars();
        let words = ["generate-lockfile", "--quiet"];
        Surroundings::get().run("cargo".as_ref(), first.project.path(), &words, &home).ok();
        let team = Self { folder, remote, first };
        let public = team.keygen("key");
        team.first.project.write("Cargo.toml", &format!("{manifest}\n{}", team.settings(&public)));
        team.first.larder(&["lock"], &[]).ok();
        // There is nothing in the remote yet, and it may not be ready to say so.
        assert!(team.first.cook(&[("LARDER_STORE_TOKEN", "")]).compiled > 5);
        team
    }

    /// A file of the team's.
    ///
    /// # Panics
    /// If its path is no UTF-8.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// Makes a key and gives its public half.
    pub fn keygen(&self, name: &str) -> String {
        let run = self.first.larder(&["store", "keygen", &self.path(name)], &[]).ok();
        run.stdout.trim().to_owned()
    }

    fn settings(&self, public: &str) -> String {
        let remote = &self.remote;
        format!("[package.metadata.larder.store]\nremote = \"{remote}\"\nkeys = [\"{public}\"]\n")
    }

    /// Pushes from the first machine.
    pub fn push(&self, more: &[&str], vars: &[(&str, &str)]) -> Outcome {
        let key = self.path("key");
        self.first.larder(&[["store", "push", "--key", &key].as_slice(), more].concat(), vars)
    }

    /// A fresh clone on another machine.
    pub fn another(&self) -> Machine {
        let project = Project::copy_of(self.first.project.path());
        let _ = fs_err::remove_dir_all(project.path().join("target"));
        Machine::new(project)
    }
}
