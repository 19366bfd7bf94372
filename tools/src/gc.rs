//! `cargo xtask gc`: what nothing needs any more of this repository's caches: both workspaces' target folders, the
//! downloads, Docker's build cache, and garbage in the Nix store with all old generations.
//!
//! Shows what would go, and deletes it with `--yes`. All of it is the library's work; it must never delete anything
//! by itself.

use std::{path::Path, time::Duration};

use anyhow::ensure;
use larder::{Report, cargo::Cargo, process::Environment, project::Project};
use larder_caches::gc::{Branches, CacheKind, ClearingPlan, Policy, Row, nix::Generations, report};
use xshell::Shell;

use crate::{log::Log, portfolio::Portfolio, setup};

/// The arguments of `cargo xtask gc`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Delete only what has been unused for this long: `7d`, `12h`, `0s`; 7 days by default.
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    older_than: Option<Duration>,
    /// Delete what is shown.
    #[arg(long, short)]
    yes: bool,
    /// Wait this long for a build that holds a target folder, instead of leaving the folder alone.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
}

/// Runs the verb: the plan goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let mut left = clear(env, log, args, &sh.current_dir(), &CacheKind::ALL)?;
    let example = sh.current_dir().join(setup::EXAMPLE);
    if example.join("target").is_dir() {
        // Its units were made by the tools of the set-up, which therefore are there.
        let portfolio = Portfolio::prepare(sh, env, log)?;
        left += clear(portfolio.env(), log, args, &example, &[CacheKind::Target])?;
    }
    ensure!(left == 0, "could not delete {left} of the items above; the rest were deleted");
    Ok(())
}

/// Clears the caches of one workspace; returns how much could not be deleted.
fn clear(
    env: &Environment,
    log: &Log,
    args: &Args,
    workspace: &Path,
    caches: &[CacheKind],
) -> anyhow::Result<usize> {
    let project = Project::load(Cargo::locate(env)?, workspace, None, None)?;
    let policy = Policy {
        caches: caches.iter().copied().collect(),
        older_than: args.older_than,
        max_size: None,
        branches: Branches::All,
        generations: Some(Generations::Old),
    };
    let plan = ClearingPlan::gc(&project, &policy, &Reporter(log))?;
    anstream::print!("{}:\n{}", workspace.display(), report::text(&plan));
    if !plan.rows().iter().any(Row::is_work) {
        return Ok(0);
    }
    if !args.yes {
        log.step("Keeping", "all of it; --yes deletes it");
        return Ok(0);
    }
    let freed = plan.apply(&project.cargo, args.wait.unwrap_or_default(), &Reporter(log));
    anstream::println!("{}", report::summary(&plan, &freed));
    let left = report::left(&plan, &freed);
    left.iter().for_each(|line| log.warn(line));
    Ok(left.len())
}

/// The log as the library reports to it.
struct Reporter<'a>(&'a Log);

impl Report for Reporter<'_> {
    fn step(&self, verb: &str, object: &str) {
        self.0.step(verb, object);
    }

    fn warn(&self, message: &str) {
        self.0.warn(message);
    }
}
