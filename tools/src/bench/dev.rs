//! `cargo xtask bench dev`: the inner loop, tuned against cargo's defaults, in paired runs.
//!
//! Both variants live in scratch copies of the example and are built in turns, so that whatever else the machine
//! does strikes both. Only `cargo leptos build` is timed. It must never build or edit the example itself.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use larder::process::{Cmd, Environment};
use xshell::Shell;

use super::{
    copies::{Copy, CopySettings, ExampleEdit},
    report::{Goal, Report},
    scratch::{self, Scratch},
};
use crate::{log::Log, portfolio::Portfolio};

/// The arguments of `cargo xtask bench dev`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often each kind of build is measured, for each variant.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How often the first build, into an empty target folder, is measured; it takes minutes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    first_rounds: u32,
    /// Do not measure the first build: use the target folders of an earlier run.
    #[arg(long, conflicts_with = "first_rounds", requires = "scratch")]
    no_first: bool,
    #[command(flatten)]
    scratch: scratch::Options,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The measurements, in this order.
#[derive(Debug, Clone, Copy)]
enum Task {
    First,
    NoOp,
    Edit(ExampleEdit),
}

impl Task {
    /// Those that are measured in each round, once there is a build.
    const AGAIN: [Self; 4] = [
        Self::NoOp,
        Self::Edit(ExampleEdit::Component),
        Self::Edit(ExampleEdit::Server),
        Self::Edit(ExampleEdit::Style),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::First => "first build",
            Self::NoOp => "no-op",
            Self::Edit(edit) => edit.name(),
        }
    }

    /// The goal for the tuned build, on two cores.
    fn goal(self) -> Option<Goal> {
        match self {
            // Optimising dependencies may cost time, once.
            Self::First => None,
            Self::NoOp => Some(Goal { seconds: 3.0, ratio: 1.0 }),
            Self::Edit(_) => Some(Goal { seconds: 10.0, ratio: 1.0 }),
        }
    }
}

/// Runs the verb: the table or the JSON goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let portfolio = Portfolio::prepare(sh, env, log)?;
    let scratch = Scratch::new(sh, &args.scratch)?;
    log.step("Working", &format!("in {}", scratch.dir().display()));
    let (example, place) = (portfolio.dir(), scratch.dir());
    let copies =
        [Copy::new(example, place, CopySettings::Tuned)?, Copy::new(example, place, CopySettings::Default)?];
    let mut bench = DevBench { copies, env: portfolio.env(), log, report: Report::default() };
    bench.measure(args)?;
    let text = if args.json { bench.report.to_json()? } else { bench.report.to_table() };
    anstream::println!("{}", text.trim_end());
    scratch.close()
}

/// A run of the benchmark.
struct DevBench<'a> {
    copies: [Copy; 2],
    env: &'a Environment,
    log: &'a Log,
    report: Report,
}

impl DevBench<'_> {
    fn measure(&mut self, args: &Args) -> anyhow::Result<()> {
        for copy in &self.copies {
            self.cargo(copy).args(["fetch", "--locked", "--quiet"]).output()?;
        }
        let first_rounds = if args.no_first { 0 } else { args.first_rounds };
        for round in 1..=first_rounds {
            self.paired(Task::First, round)?;
        }
        for copy in &self.copies {
            // The first build after another may have something left to do; that is no part of any row.
            self.log.step("Warming", copy.variant().name());
            self.build(copy)?;
        }
        for task in Task::AGAIN {
            for round in 1..=args.rounds {
                self.paired(task, round)?;
            }
        }
        Ok(())
    }

    /// Measures one kind of build once in each copy.
    fn paired(&mut self, task: Task, round: u32) -> anyhow::Result<()> {
        let mut seconds = [0.0; 2];
        for (copy, seconds) in self.copies.iter().zip(&mut seconds) {
            match task {
                Task::First => {
                    self.log.step("Building", &format!("{} from nothing: minutes", copy.variant().name()));
                    copy.clean()?;
                }
                Task::NoOp => {}
                Task::Edit(edit) => copy.edit(edit, stamp()?)?,
            }
            *seconds = self.build(copy)?;
            let variant = copy.variant().name();
            self.log.step("Measured", &format!("{}, {variant}, round {round}: {seconds:.2} s", task.name()));
        }
        self.report.add(task.name(), task.goal(), seconds);
        Ok(())
    }

    /// Builds what `cargo leptos watch` builds; returns the seconds that it took.
    fn build(&self, copy: &Copy) -> anyhow::Result<f64> {
        let start = Instant::now();
        // `watch` sets the variable and Leptos reads it at compile time: without it, this is another build.
        self.cargo(copy).args(["leptos", "build"]).env("LEPTOS_WATCH", "true").output()?;
        let seconds = start.elapsed().as_secs_f64();
        ensure!(copy.is_built(), "`cargo leptos build` left no server in {}", copy.dir().display());
        Ok(seconds)
    }

    fn cargo(&self, copy: &Copy) -> Cmd {
        Cmd::new("cargo", copy.dir(), &copy.variant().environment(self.env))
    }
}

/// A number that was never used before: an edit with it is a new text.
fn stamp() -> anyhow::Result<u128> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())
}
