//! A machine with a store, and checkouts on it that share nothing else.

use std::path::{Path, PathBuf};

use larder::cargo::messages::Counts;
use tempfile::TempDir;

use crate::{Project, Surroundings, cargo_home, package};

/// Procedural macros, build scripts that are run and one that links, and a program that says what it was built with.
const MANIFEST: &str = "\n[dependencies]\nanyhow = \"=1.0.100\"\nserde = { version = \"=1.0.228\", features = [\"derive\"] }\nserde_json = \"=1.0.145\"\nthiserror = \"=2.0.17\"\n";
const PROGRAM: &str = r#"
#[derive(serde::Serialize)]
struct Told { name: &'static str, error: String }
#[derive(Debug, thiserror::Error)]
#[error("told")]
struct Failure;
fn main() -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(&Told { name: "app", error: Failure.to_string() })?);
    Ok(())
}
"#;
/// The output of the program that [`Machine::first`] is the source of.
pub const SAID: &str = "{\"name\":\"app\",\"error\":\"told\"}\n";

/// The layout of target directories that cargo is about to have.
pub const NEW_LAYOUT: [(&str, &str); 2] =
    [("RUSTC_BOOTSTRAP", "1"), ("CARGO_UNSTABLE_BUILD_DIR_NEW_LAYOUT", "true")];

/// Cooks a project of one slice, and says how many external units were restored and how many compiled.
///
/// # Panics
/// When anything fails.
pub fn cook(project: &Project, vars: &[(&str, &str)]) -> (u64, u64) {
    let words = ["cook", "--json", "--quiet"];
    let told = Surroundings::get().larder_with(project.path(), &words, vars).ok().stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let phase = &told["phases"][0];
    (phase["restored"].as_u64().unwrap(), phase["compiled-external"].as_u64().unwrap())
}

/// A machine of one user: a store, and a `CARGO_HOME` for each checkout.
#[derive(Debug)]
pub struct Machine {
    /// The folder of the store.
    pub store: TempDir,
}

/// A workspace with a `CARGO_HOME` of its own.
#[derive(Debug)]
pub struct Checkout<'a> {
    /// The workspace.
    pub project: Project,
    home: TempDir,
    machine: &'a Machine,
}

impl Machine {
    /// An empty store.
    ///
    /// # Panics
    /// When anything fails.
    pub fn new() -> Self {
        Self { store: tempfile::tempdir().unwrap() }
    }

    /// A workspace of some thirty external units, with its recipes; nothing is compiled.
    ///
    /// # Panics
    /// When anything fails.
    pub fn first(&self) -> Checkout<'_> {
        let manifest = package("app", MANIFEST);
        let project = Project::without_lock(&[("Cargo.toml", &manifest), ("src/main.rs", PROGRAM)]);
        self.lock(project)
    }

    /// A checkout of a project, with a recipe.
    ///
    /// # Panics
    /// When anything fails.
    pub fn lock(&self, project: Project) -> Checkout<'_> {
        let checkout = self.checkout(project);
        checkout.cargo(&["generate-lockfile", "--quiet"]);
        checkout.larder(&["lock"]);
        checkout
    }

    /// A workspace on this machine.
    ///
    /// # Panics
    /// When anything fails.
    pub fn checkout(&self, project: Project) -> Checkout<'_> {
        let home = cargo_home(Surroundings::get().env()).unwrap();
        Checkout { project, home, machine: self }
    }

    /// The files of the store of a kind, such as `blobs`.
    ///
    /// # Panics
    /// When anything fails.
    pub fn files(&self, kind: &str) -> Vec<PathBuf> {
        files(&self.store.path().join("v1").join(kind))
    }
}

impl<'a> Checkout<'a> {
    /// The same workspace in another folder, with another `CARGO_HOME`.
    ///
    /// # Panics
    /// When anything fails.
    #[must_use]
    pub fn another(&self) -> Checkout<'a> {
        self.machine.checkout(Project::copy_of(self.project.path()))
    }

    /// The variables that programs are started with.
    ///
    /// # Panics
    /// When anything fails.
    pub fn vars(&self) -> [(&str, &str); 3] {
        [
            ("CARGO_HOME", self.home.path().to_str().unwrap()),
            ("LARDER_STORE", "write"),
            ("LARDER_STORE_DIR", self.machine.store.path().to_str().unwrap()),
        ]
    }

    /// Runs plain cargo.
    ///
    /// # Panics
    /// When anything fails.
    pub fn cargo(&self, words: &[&str]) {
        Surroundings::get().run("cargo".as_ref(), self.project.path(), words, &self.vars()).ok();
    }

    /// Runs `cargo larder`, and returns what it printed.
    ///
    /// # Panics
    /// When anything fails.
    pub fn larder(&self, words: &[&str]) -> String {
        Surroundings::get().larder_with(self.project.path(), words, &self.vars()).ok().stdout
    }

    /// Cooks, and says how many external units were restored and how many compiled.
    ///
    /// # Panics
    /// When anything fails.
    pub fn cook(&self, more: &[(&str, &str)]) -> (u64, u64) {
        cook(&self.project, &[self.vars().as_slice(), more].concat())
    }

    /// Builds with plain cargo, and counts.
    ///
    /// # Panics
    /// When anything fails.
    pub fn build(&self, more: &[(&str, &str)]) -> Counts {
        let vars = [self.vars().as_slice(), more].concat();
        Surroundings::get().cargo_counts(self.project.path(), &["build", "--release"], &vars)
    }

    /// The output of the program.
    ///
    /// # Panics
    /// When anything fails.
    pub fn says(&self) -> String {
        let program = self.project.path().join("target/release/app");
        Surroundings::get().run(&program, self.project.path(), &[], &[]).ok().stdout
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

/// Every file in a folder, in order; none if there is no folder.
///
/// # Panics
/// When a folder cannot be read.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop().filter(|folder| folder.exists()) {
        for entry in fs_err::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
