//! What goes on for long: drivers that start, kill and starve Larder at random moments, and count what breaks.
//!
//! Tests run each of them shortly, `cargo xtask soak` for as long as it is told. A driver must end by its bound alone,
//! and never start what it does not wait for.

mod races;

use std::time::{Duration, Instant};

pub use races::races;

use crate::Project;

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

/// What a driver saw.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The driver's name.
    pub driver: &'static str,
    /// How many rounds it made.
    pub rounds: u32,
    /// How many programs it started for them.
    pub runs: u32,
    /// How long it took.
    pub time: Duration,
    /// What must not be, each with its round.
    pub faults: Vec<String>,
}

impl Figures {
    /// Runs rounds of a driver; each returns how many programs it started, and what was wrong.
    pub fn of(driver: &'static str, bound: Bound, mut round: impl FnMut(u32) -> (u32, Vec<String>)) -> Self {
        let start = Instant::now();
        let mut figures = Self { driver, rounds: 0, runs: 0, time: Duration::ZERO, faults: Vec::new() };
        while bound.allows(figures.rounds) {
            let (runs, faults) = round(figures.rounds);
            figures
                .faults
                .extend(faults.into_iter().map(|fault| format!("round {}: {fault}", figures.rounds)));
            figures.rounds += 1;
            figures.runs += runs;
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
