//! `cargo xtask bench recipes`: what committed recipes cost those who review and merge them, on histories of projects that
//! somebody really wrote.
//!
//! *Churn*: after each change of the lock file, how many lines change in `larder/`, against those of `Cargo.lock`.
//! *Merges*: two branches that stand side by side are merged by git alone, then checked, then locked once more if that
//! is asked for. Two kinds of pairs: changes that follow each other in the history, and, with `--pairs`, bumps of single
//! packages. Works on a clone of its own; nothing is compiled.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::ensure;
use larder::{
    cargo::CargoLock,
    process::{Cmd, Environment},
    text::columns,
};
use serde::Serialize;
use xshell::Shell;

use super::{
    bumps::{self, RegistryBump, Versions},
    history::Checkout,
    merges::{self, Merges},
    output::{Line, Output, Plot},
};
use crate::log::Log;

/// The arguments of `cargo xtask bench recipes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A git repository with a `Cargo.lock` at its root; may be given several times.
    #[arg(long, value_name = "PATH", required = true)]
    repo: Vec<PathBuf>,
    /// How many changes of the lock file to replay, up to the newest.
    #[arg(long, value_name = "N", default_value_t = 30)]
    commits: usize,
    /// How many pairs of branches to make that each bump one package, over all histories.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pairs: usize,
    /// Make no other pairs; if there are some, end each history with the last one.
    #[arg(long)]
    bumps_only: bool,
    /// Chooses the packages that are bumped.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: Output,
}

/// The outcome of one history.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct RecipesOutcome {
    history: String,
    /// Lines of the last recipes.
    lines: usize,
    /// Lines changed in `Cargo.lock` and in `larder/`, change by change.
    churn: Vec<(usize, usize)>,
    /// Changes that follow each other in the history, as two branches.
    changes: Merges,
    /// Branches that bump one package each.
    bumps: Merges,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let mut outcomes: Vec<RecipesOutcome> = Vec::new();
    for (index, repo) in args.repo.iter().enumerate() {
        let made: usize = outcomes.iter().map(|outcome| outcome.bumps.pairs).sum();
        let mut replay = Replay {
            env,
            log,
            clone: Checkout::make(env, &sh.current_dir().join(repo), args.commits + 1)?,
            pairs: args.pairs.saturating_sub(made).div_ceil(args.repo.len() - index),
            bumps_only: args.bumps_only,
            random: fastrand::Rng::with_seed(args.seed),
        };
        let outcome = replay.outcome()?;
        ensure!(!outcome.churn.is_empty(), "{} has no change to replay", repo.display());
        outcomes.push(outcome);
    }
    let json = serde_json::json!({ "version": 2, "seed": args.seed, "outcomes": outcomes });
    args.output.write(sh, log, "recipes", (&report(&outcomes), &json, &plot(&outcomes)))
}

/// A clone in which a history is replayed.
struct Replay<'a> {
    env: &'a Environment,
    log: &'a Log,
    clone: Checkout<'a>,
    /// Pairs of bumps that are wanted.
    pairs: usize,
    bumps_only: bool,
    random: fastrand::Rng,
}

impl Replay<'_> {
    fn git(&self, args: &[&str]) -> anyhow::Result<String> {
        self.clone.git(args)
    }

    fn outcome(&mut self) -> anyhow::Result<RecipesOutcome> {
        let mut outcome = RecipesOutcome { history: self.clone.name.clone(), ..RecipesOutcome::default() };
        let commits = self.clone.commits.clone();
        let locks = self.lock_files()?;
        let mut last: Option<String> = None;
        for (index, commit) in commits.iter().enumerate() {
            self.log.step("Replaying", &format!("{} {}/{}", self.clone.name, index + 1, commits.len()));
            let state = match self.locked(commit, last.as_deref()) {
                Ok(state) => state,
                Err(error) => {
                    self.log.warn(&format!("{commit:.9} is left out: {error}"));
                    continue;
                }
            };
            if let Some(before) = &last {
                let changed =
                    (self.changed(before, &state, "Cargo.lock")?, self.changed(before, &state, "larder")?);
                if changed.0 > 0 {
                    outcome.churn.push(changed);
                }
                if !self.bumps_only
                    && let Some(next) = commits.get(index + 1)
                    && let Err(error) = self.pair(before, &state, [commit, next], &mut outcome.changes)
                {
                    self.log.warn(&format!("a pair at {commit:.9} is left out: {error}"));
                }
            }
            if outcome.bumps.pairs < self.pairs {
                let chosen = bumps::chosen(&locks[index..], &mut self.random);
                self.bumps(&state, &chosen, &mut outcome.bumps)?;
            }
            last = Some(state);
            if self.bumps_only && self.pairs > 0 && outcome.bumps.pairs >= self.pairs {
                break;
            }
        }
        if let Some(last) = last {
            outcome.lines = self.git(&["show", &format!("{last}:larder/larder.lock")])?.lines().count();
        }
        Ok(outcome)
    }

    fn lock_files(&self) -> anyhow::Result<Vec<Versions>> {
        let read = |commit: &String| Versions::parse(&self.git(&["show", &format!("{commit}:Cargo.lock")])?);
        self.clone.commits.iter().map(read).collect()
    }

    /// A commit with the recipes that `lock` leaves on those of `before`.
    fn locked(&self, commit: &str, before: Option<&str>) -> anyhow::Result<String> {
        self.git(&["checkout", "--quiet", "--force", "--detach", commit])?;
        self.git(&["clean", "-ffdxq", "--exclude=target"])?;
        if let Some(before) = before {
            self.git(&["checkout", "--quiet", before, "--", "larder"])?;
        }
        merges::lock(&self.clone, CargoLock::Locked)?;
        if let Some(before) = before {
            // The recipes have a history of their own, which branches are merged by.
            self.git(&["reset", "--quiet", "--soft", before])?;
        }
        self.commit()
    }

    fn commit(&self) -> anyhow::Result<String> {
        self.git(&["add", "--all", "--force", "larder", "Cargo.lock"])?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message=locked"])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    fn changed(&self, before: &str, after: &str, path: &str) -> anyhow::Result<usize> {
        let lines = self.git(&["diff", "--numstat", before, after, "--", path])?;
        let counts = lines.lines().flat_map(|line| line.split_whitespace().take(2));
        Ok(counts.filter_map(|count| count.parse::<usize>().ok()).sum())
    }

    /// One branch with a change (`ours`, on `base`), another with the change after it alone, and their merge.
    fn pair(
        &self,
        base: &str,
        ours: &str,
        [commit, next]: [&str; 2],
        merges: &mut Merges,
    ) -> anyhow::Result<()> {
        self.git(&["checkout", "--quiet", "--force", "--detach", base])?;
        let patch = self.clone.dir().join("target/next.patch");
        fs_err::create_dir_all(self.clone.dir().join("target"))?;
        let change = self.git(&["diff", "--binary", commit, next, "--", "Cargo.lock", "*Cargo.toml"])?;
        fs_err::write(&patch, change)?;
        let patch = patch.to_string_lossy().into_owned();
        if self.git(&["apply", "--3way", &patch]).is_err() {
            merges.apart += 1;
            return Ok(());
        }
        if let Err(error) = merges::lock(&self.clone, CargoLock::Locked) {
            merges.refused.push(format!("{next:.9} without {commit:.9}: {error}"));
            return Ok(());
        }
        let theirs = self.commit()?;
        merges.merge(self.log, &self.clone, &format!("{commit:.9} with {next:.9}"), [ours, &theirs])
    }

    /// A branch for each of these bumps, and the merge of each two of them.
    fn bumps(&self, base: &str, chosen: &[RegistryBump], merges: &mut Merges) -> anyhow::Result<()> {
        let mut branches = Vec::new();
        for bump in chosen {
            self.git(&["checkout", "--quiet", "--force", "--detach", base])?;
            match self.bumped(bump) {
                Ok(branch) => branches.push((bump, branch)),
                Err(error) => merges.refused.push(format!("{}: {error}", bump.text())),
            }
        }
        for (index, (one, ours)) in branches.iter().enumerate() {
            for (other, theirs) in &branches[index + 1..] {
                if merges.pairs < self.pairs {
                    let name = format!("{base:.9}: {} with {}", one.text(), other.text());
                    merges.merge(self.log, &self.clone, &name, [ours, theirs])?;
                }
            }
        }
        Ok(())
    }

    fn bumped(&self, bump: &RegistryBump) -> anyhow::Result<String> {
        Cmd::new("cargo", self.clone.dir(), self.env).args(bump.cargo()).output()?;
        merges::lock(&self.clone, CargoLock::Locked)?;
        self.commit()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of lines are far below 2^52")]
fn ratio((lock, larder): (usize, usize)) -> f64 {
    larder as f64 / lock.max(1) as f64
}

fn ratios(churn: &[(usize, usize)]) -> Vec<f64> {
    let mut ratios: Vec<f64> = churn.iter().copied().map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn report(outcomes: &[RecipesOutcome]) -> String {
    let all: Vec<(usize, usize)> =
        outcomes.iter().flat_map(|outcome| outcome.churn.iter().copied()).collect();
    let mut rows: Vec<_> = outcomes
        .iter()
        .map(|outcome| churn(&outcome.history, &outcome.lines.to_string(), &outcome.churn))
        .collect();
    rows.push(churn("all", "", &all));
    let mut text = columns::text(["<history", "lines", "changes", "median", "worst", "over all"], &rows);
    let _ = writeln!(text, "lines changed in larder/ for one in Cargo.lock\n");
    text.push_str(&merge_report(outcomes));
    text
}

fn churn(name: &str, lines: &str, churn: &[(usize, usize)]) -> [String; 6] {
    let ratios = ratios(churn);
    let sum = churn.iter().fold((0, 0), |sum, churn| (sum.0 + churn.0, sum.1 + churn.1));
    let [median, worst] = [ratios.get(ratios.len() / 2), ratios.last()]
        .map(|value| value.map_or_else(String::new, |ratio| format!("{ratio:.2}")));
    [name.into(), lines.into(), churn.len().to_string(), median, worst, format!("{:.2}", ratio(sum))]
}

/// One kind of pairs.
type PairKind = fn(&RecipesOutcome) -> &Merges;

fn merge_report(outcomes: &[RecipesOutcome]) -> String {
    let head =
        ["<history", "<branches", "refused", "lock file apart", "pairs", "merged by git", "right", "proven"];
    let kinds: [(&str, PairKind); 2] =
        [("two changes", |outcome| &outcome.changes), ("two bumps", |outcome| &outcome.bumps)];
    let mut rows = Vec::new();
    for (kind, merges) in kinds {
        let all = Merges::sum(outcomes.iter().map(merges));
        let each = outcomes.iter().map(|outcome| (outcome.history.as_str(), merges(outcome)));
        for (name, merges) in each.chain([("all", &all)]) {
            let [refused, apart, pairs, merged, right, proven] = merges.cells();
            rows.push([name.into(), kind.into(), refused, apart, pairs, merged, right, proven]);
        }
    }
    columns::text(head, &rows)
}

/// Lines changed in `larder/` for one in `Cargo.lock`, change by change.
fn plot(outcomes: &[RecipesOutcome]) -> Plot<'_> {
    let lines =
        outcomes.iter().map(|outcome| Line { name: outcome.history.clone(), values: ratios(&outcome.churn) });
    Plot {
        title: "recipes",
        x: "change of the lock file, sorted",
        y: "lines in larder/ for one in Cargo.lock",
        lines: lines.collect(),
    }
}
