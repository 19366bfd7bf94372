//! `cargo xtask soak`: the drivers that tests run shortly, for as long as one likes, and their figures.
//!
//! The drivers are in `tests/support/soak/`; nothing is judged here.

use std::time::{Duration, Instant};

use larder::text::columns;
use larder_tests::soak::{self, Bound, Figures};

use crate::log::Log;

/// The arguments of `cargo xtask soak`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run these drivers only.
    #[arg(value_enum, value_name = "DRIVER")]
    drivers: Vec<Driver>,
    /// How many rounds each driver makes.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// How many minutes each driver runs, whatever rounds that are.
    #[arg(long, conflicts_with = "rounds")]
    minutes: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Driver {
    /// Verbs of all kinds at once.
    Races,
    /// Verbs that are killed at any moment.
    Kills,
    /// Verbs on a full disk.
    Disks,
    /// A store that is damaged, swept, killed or written at once.
    Stores,
    /// A store that lacks one unit of a published package, each in turn: some 130 builds are all of them.
    Dropped,
}

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(log: &Log, args: &Args) -> anyhow::Result<()> {
    let all = [Driver::Races, Driver::Kills, Driver::Disks, Driver::Stores, Driver::Dropped];
    let chosen = all.into_iter().filter(|driver| args.drivers.is_empty() || args.drivers.contains(driver));
    let mut rows = Vec::new();
    let mut faults = 0;
    for driver in chosen {
        log.step("Soaking", &format!("{driver:?}").to_lowercase());
        let bound = args.minutes.map_or(Bound::Rounds(args.rounds), |minutes| {
            Bound::Until(Instant::now() + Duration::from_mins(minutes))
        });
        let figures = match driver {
            Driver::Races => Some(soak::races(bound)),
            Driver::Kills => Some(soak::kills(bound)),
            Driver::Disks => soak::disks(bound),
            Driver::Stores => Some(soak::stores(bound)),
            Driver::Dropped => Some(soak::dropped(bound)),
        };
        let Some(figures) = figures else {
            log.warn("no disk can be mounted here, so nothing is known of full ones");
            continue;
        };
        for fault in &figures.faults {
            log.warn(&format!("{}: {fault}", figures.driver));
        }
        faults += figures.faults.len();
        rows.push(row(&figures));
    }
    anstream::print!(
        "{}",
        columns::text(["<driver", "rounds", "programs", "met", "minutes", "faults"], &rows)
    );
    anyhow::ensure!(faults == 0, "{faults} faults, named above");
    Ok(())
}

fn row(figures: &Figures) -> [String; 6] {
    [
        figures.driver.to_owned(),
        figures.rounds.to_string(),
        figures.runs.to_string(),
        figures.met.to_string(),
        format!("{:.1}", figures.time.as_secs_f64() / 60.0),
        figures.faults.len().to_string(),
    ]
}
