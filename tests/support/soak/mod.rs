//! Runs that go on for long: drivers that start, kill and starve Larder at random moments, and count what breaks.
//!
//! Tests run each of them shortly, `cargo xtask soak` for as long as it is told. A driver must end by its bound alone,
//! and never start what it does not wait for.

mod disks;
mod kills;
mod races;
mod state;
mod stores;

use std::{
    path::Path,
    time::{Duration, Instant},
};

pub use disks::disks;
pub use kills::kills;
pub use races::races;
pub use stores::{dropped, stores};

use crate::{Project, Surroundings};

/// When a driver ends.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// After so many rounds.
    Rounds(u32),
    /// With the first round that ends after this moment.
    Until(Instant),
}

impl Bound {
    /// Whether another round begins.
    pub fn allows(self, done: u32) -> bool {
        match self {
            Self::Rounds(rounds) => done < rounds,
            Self::Until(end) => Instant::now() < end,
        }
    }
}

/// The figures of a driver.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The driver's name.
    pub driver: &'static str,
    /// How many rounds it made.
    pub rounds: u32,
    /// How many programs it started for them.
    pub runs: u32,
    /// How many of its rounds stopped something half-way, or refused something.
    pub met: u32,
    /// How long it took.
    pub time: Duration,
    /// The faults that must not be, each with its round.
    pub faults: Vec<String>,
}

/// The outcome of one round.
pub(crate) struct Round {
    /// How many programs it started.
    runs: usize,
    /// Whether it stopped or refused something.
    met: bool,
    /// The problem.
    faults: Vec<String>,
}

impl Figures {
    /// Runs rounds of a driver.
    pub(crate) fn run(driver: &'static str, bound: Bound, mut round: impl FnMut(u32) -> Round) -> Self {
        let start = Instant::now();
        let mut figures =
            Self { driver, rounds: 0, runs: 0, met: 0, time: Duration::ZERO, faults: Vec::new() };
        while bound.allows(figures.rounds) {
            let Round { runs, met, faults } = round(figures.rounds);
            figures
                .faults
                .extend(faults.into_iter().map(|fault| format!("round {}: {fault}", figures.rounds)));
            figures.rounds += 1;
            figures.runs += u32::try_from(runs).unwrap_or(u32::MAX);
            figures.met += u32::from(met);
        }
        figures.time = start.elapsed();
        figures
    }

    /// Requires that nothing was wrong.
    ///
    /// # Panics
    /// With everything that was.
    #[track_caller]
    pub fn require(&self) {
        assert!(self.faults.is_empty(), "{}:\n{}", self.driver, self.faults.join("\n"));
    }
}

const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "=1.0.15"
fnv = "=1.0.7"

[profile.release]
opt-level = 1

[package.metadata.larder]
max-layers = 1
"#;

/// A project with two dependencies and its recipes; odd and even ones need different recipes.
///
/// # Panics
/// When it cannot be made.
pub fn app(number: u32) -> Project {
    let project = Project::new(&[("Cargo.toml", &manifest(number)), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project
}

/// The manifest of such a project.
pub fn manifest(number: u32) -> String {
    let level = if number % 2 == 1 { "opt-level = 2" } else { "opt-level = 1" };
    MANIFEST.replace("opt-level = 1", level)
}

/// The reason why plain cargo fails now, if it does.
fn broken(project: &Project) -> Option<String> {
    let info = project.path().join("target/.rustc_info.json");
    let info = fs_err::read_to_string(info).unwrap_or_default();
    if info.contains("\"success\":false") {
        return Some(format!("cargo remembers a compiler that failed: {info}"));
    }
    let args = ["build", "--quiet", "--release"];
    let outcome = Surroundings::get().run(Path::new("cargo"), project.path(), &args, &[]);
    (outcome.code != 0).then(|| format!("plain cargo ended with {}: {}", outcome.code, outcome.stderr))
}
