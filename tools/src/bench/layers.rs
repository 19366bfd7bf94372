//! `cargo xtask bench layers`: what layers are worth, on histories of projects that somebody really wrote.
//!
//! After each change of a lock file a builder that caches by content compiles what the kept layers do not
//! provide, and carries along what they provide in vain. Each policy is held against the ideal (only the
//! units that changed) and against compiling everything, which is what a single dependency layer does.

use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf};

use anyhow::ensure;
use larder::{
    process::Environment,
    recipe::{
        chain::Identity,
        layers::{self, Choice, Content},
    },
    text::columns,
};
use serde::Serialize;
use xshell::Shell;

use super::{
    history::{self, History},
    output::{Line, Output, Plot},
};
use crate::log::Log;

/// The arguments of `cargo xtask bench layers`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A git repository with a `Cargo.lock` at its root; may be given several times.
    #[arg(long, value_name = "PATH", required = true)]
    repo: Vec<PathBuf>,
    /// How many changes of the lock file to replay, up to the newest.
    #[arg(long, value_name = "N", default_value_t = 60)]
    commits: usize,
    /// How many changes of the lock file there are between two locks; may be given several times.
    #[arg(long, value_name = "N", default_values_t = [1])]
    every: Vec<usize>,
    #[command(flatten)]
    output: Output,
}

/// Whole units, and no history shorter than this says anything.
const SHORTEST: usize = 3;

type Units = Content<Identity>;

/// The fate of layers when units change.
#[derive(Debug, Clone, Copy)]
enum Policy {
    /// One layer, compiled anew after every change.
    Rebuild,
    /// The first recipe stays for ever below the current one.
    Base,
    /// The policy of `cargo larder lock`, with so many layers.
    Larder(usize),
}

const POLICIES: [Policy; 5] =
    [Policy::Rebuild, Policy::Base, Policy::Larder(2), Policy::Larder(3), Policy::Larder(4)];

impl Policy {
    fn name(self) -> String {
        match self {
            Self::Rebuild => "one layer".into(),
            Self::Base => "fixed base".into(),
            Self::Larder(max) => format!("larder, {max} layers"),
        }
    }

    fn choose(self, chain: &[Units], current: &Units) -> Choice {
        match self {
            Self::Rebuild => layers::keep(chain, current, 1),
            Self::Base => layers::keep(&chain[..1], current, 2),
            Self::Larder(max) => layers::keep(chain, current, max),
        }
    }
}

/// One policy over one history.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
struct PolicyOutcome {
    history: String,
    policy: String,
    /// Changes of the lock file between two locks.
    every: usize,
    /// Changes of the set of units.
    changes: usize,
    /// Units compiled after every change, and in all.
    compiled: Vec<usize>,
    total_compiled: usize,
    /// Units that changed.
    ideal: usize,
    /// Current units, summed over all changes.
    current: usize,
    /// Units in the chain, summed over all changes.
    in_chain: usize,
    most_layers: usize,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let mut histories = Vec::new();
    for repo in &args.repo {
        let history = history::read(env, log, &sh.current_dir().join(repo), args.commits)?;
        let longest = args.every.iter().copied().max().unwrap_or(1).max(1);
        let locks = history.steps.len().div_ceil(longest);
        ensure!(locks >= SHORTEST, "{} has too few changes to replay", repo.display());
        histories.push(history);
    }
    let mut outcomes = Vec::new();
    for every in &args.every {
        for policy in POLICIES {
            outcomes.extend(histories.iter().map(|history| replay(history, policy, (*every).max(1))));
        }
    }
    let json = serde_json::json!({
        "version": 1,
        "outcomes": outcomes,
        "skipped-commits": histories.iter().map(|history| (history.name.clone(), history.skipped)).collect::<Vec<_>>(),
    });
    args.output.write(sh, log, "layers", (&report(&outcomes), &json, &plot(&outcomes)))
}

/// Follows a history with a policy. A set of units that one of the layers has already is gone back to.
fn replay(history: &History, policy: Policy, every: usize) -> PolicyOutcome {
    let locks: Vec<&Units> = history.steps.iter().step_by(every).collect();
    let mut chain = vec![locks[0].clone()];
    let mut outcome = PolicyOutcome {
        history: history.name.clone(),
        policy: policy.name(),
        every,
        most_layers: 1,
        ..PolicyOutcome::default()
    };
    for pair in locks.windows(2) {
        let &[before, current] = pair else { continue };
        let known = chain.iter().position(|layer| layer == current);
        let compiled = if let (Some(index), false) = (known, matches!(policy, Policy::Rebuild)) {
            chain.truncate(index + 1);
            0
        } else {
            let choice = policy.choose(&chain, current);
            chain.truncate(choice.kept);
            chain.push(current.clone());
            choice.compiled
        };
        outcome.changes += 1;
        outcome.compiled.push(compiled);
        outcome.total_compiled += compiled;
        outcome.ideal += current.units.difference(&before.units).count();
        outcome.current += current.units.len();
        outcome.in_chain += chain.iter().flat_map(|layer| &layer.units).collect::<BTreeSet<_>>().len();
        outcome.most_layers = outcome.most_layers.max(chain.len());
    }
    outcome
}

#[expect(clippy::cast_precision_loss, reason = "unit counts are far below 2^52")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

impl PolicyOutcome {
    fn to_ideal(&self) -> f64 {
        ratio(self.total_compiled, self.ideal)
    }

    fn carried(&self) -> f64 {
        ratio(self.in_chain, self.current)
    }

    fn cells(&self) -> [String; 9] {
        [
            self.history.clone(),
            self.policy.clone(),
            self.every.to_string(),
            self.changes.to_string(),
            percent(self.ideal, self.current),
            percent(self.total_compiled, self.current),
            format!("{:.2}", self.to_ideal()),
            format!("{:.2}", self.carried()),
            self.most_layers.to_string(),
        ]
    }
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * ratio(part, whole))
}

/// One row for each history and policy, and the means.
fn report(outcomes: &[PolicyOutcome]) -> String {
    let head = [
        "<history",
        "<policy",
        "every",
        "changes",
        "changed",
        "compiled",
        "x ideal",
        "x carried",
        "most layers",
    ];
    let rows: Vec<_> = outcomes.iter().map(PolicyOutcome::cells).collect();
    let mut text = columns::text(head, &rows);
    let mut kinds: Vec<(usize, &str)> = Vec::new();
    for outcome in outcomes {
        if !kinds.contains(&(outcome.every, &outcome.policy)) {
            kinds.push((outcome.every, &outcome.policy));
        }
    }
    for (every, policy) in kinds {
        let of_kind: Vec<&PolicyOutcome> =
            outcomes.iter().filter(|outcome| outcome.every == every && outcome.policy == policy).collect();
        let _ = writeln!(
            text,
            "{policy}, every {every}: {:.2} x ideal and {:.2} x carried in the mean of histories; \
             {:.2} and {:.2} over all units",
            mean(&of_kind, PolicyOutcome::to_ideal),
            mean(&of_kind, PolicyOutcome::carried),
            ratio(sum(&of_kind, |outcome| outcome.total_compiled), sum(&of_kind, |outcome| outcome.ideal)),
            ratio(sum(&of_kind, |outcome| outcome.in_chain), sum(&of_kind, |outcome| outcome.current)),
        );
    }
    text
}

fn mean(outcomes: &[&PolicyOutcome], value: fn(&PolicyOutcome) -> f64) -> f64 {
    let count = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
    outcomes.iter().map(|outcome| value(outcome)).sum::<f64>() / f64::from(count)
}

fn sum(outcomes: &[&PolicyOutcome], value: fn(&PolicyOutcome) -> usize) -> usize {
    outcomes.iter().map(|outcome| value(outcome)).sum()
}

/// Units compiled in all, change by change, for the first history.
fn plot(outcomes: &[PolicyOutcome]) -> Plot<'_> {
    let first = outcomes.first().map(|outcome| outcome.history.as_str()).unwrap_or_default();
    let every = outcomes.first().map_or(1, |outcome| outcome.every);
    let of_first = outcomes.iter().filter(|outcome| outcome.history == first && outcome.every == every);
    let lines = of_first.map(|outcome| {
        let running = outcome.compiled.iter().scan(0, |sum, units| {
            *sum += units;
            Some(ratio(*sum, 1))
        });
        Line { name: outcome.policy.clone(), values: running.collect() }
    });
    Plot { title: first, x: "change of the lock file", y: "units compiled", lines: lines.collect() }
}
