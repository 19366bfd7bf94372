//! `cargo xtask bench recipes`: what committed recipes cost those who review and merge them, on histories of projects that
//! somebody really wrote.
//!
//! *Churn*: after each change of the lock file, how many lines change in `larder/`, against those of `Cargo.lock`.
//! *Merges*: two changes that follow each other are made into two branches that stand side by side; those whose
//! `Cargo.lock` merges are merged by git alone, then checked, then locked once more if that is asked for. Works on a
//! clone of its own; nothing is compiled.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{Context as _, ensure};
use larder::{Silent, process::Environment, recipe::lock, text::columns};
use serde::Serialize;
use xshell::Shell;

use super::{
    history::Checkout,
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
    #[command(flatten)]
    output: Output,
}

/// What became of one history.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Outcome {
    history: String,
    /// Lines of the last recipes.
    lines: usize,
    /// Lines changed in `Cargo.lock` and in `larder/`, change by change.
    churn: Vec<(usize, usize)>,
    /// Pairs of branches whose `Cargo.lock` merges.
    pairs: usize,
    /// Those whose recipes git merges by itself.
    merged: usize,
    /// Those whose recipes are proven after that, as they are.
    right: usize,
    /// Those that are proven after one more `lock`.
    repaired: usize,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let mut outcomes = Vec::new();
    for repo in &args.repo {
        let outcome =
            Replay { log, clone: Checkout::of(env, &sh.current_dir().join(repo), args.commits + 1)? }
                .outcome()?;
        ensure!(!outcome.churn.is_empty(), "{} has no change to replay", repo.display());
        outcomes.push(outcome);
    }
    let json = serde_json::json!({ "version": 1, "outcomes": outcomes });
    args.output.write(sh, log, "recipes", (&report(&outcomes), &json, &plot(&outcomes)))
}

/// A clone in which a history is replayed.
struct Replay<'a> {
    log: &'a Log,
    clone: Checkout<'a>,
}

impl Replay<'_> {
    fn git(&self, args: &[&str]) -> anyhow::Result<String> {
        self.clone.git(args)
    }

    fn outcome(&self) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome { history: self.clone.name.clone(), ..Outcome::default() };
        let mut last: Option<String> = None;
        for (index, commit) in self.clone.commits.iter().enumerate() {
            self.log.step(
                "Replaying",
                &format!("{} {}/{}", self.clone.name, index + 1, self.clone.commits.len()),
            );
            match self.locked(commit, last.as_deref()) {
                Ok(state) => {
                    if let Some(before) = &last {
                        let changed = (
                            self.changed(before, &state, "Cargo.lock")?,
                            self.changed(before, &state, "larder")?,
                        );
                        if changed.0 > 0 {
                            outcome.churn.push(changed);
                        }
                        if let Some(next) = self.clone.commits.get(index + 1)
                            && let Err(error) = self.pair(before, &state, commit, next, &mut outcome)
                        {
                            self.log.warn(&format!("a pair at {commit:.9} is left out: {error}"));
                        }
                    }
                    last = Some(state);
                }
                Err(error) => self.log.warn(&format!("{commit:.9} is left out: {error}")),
            }
        }
        if let Some(last) = last {
            outcome.lines = self.git(&["show", &format!("{last}:larder/larder.lock")])?.lines().count();
        }
        Ok(outcome)
    }

    /// A commit with the recipes that `lock` leaves on those of `before`.
    fn locked(&self, commit: &str, before: Option<&str>) -> anyhow::Result<String> {
        self.git(&["checkout", "--quiet", "--force", "--detach", commit])?;
        self.git(&["clean", "-ffdxq", "--exclude=target"])?;
        if let Some(before) = before {
            self.git(&["checkout", "--quiet", before, "--", "larder"])?;
        }
        self.lock()?;
        if let Some(before) = before {
            // The recipes have a history of their own, which branches are merged by.
            self.git(&["reset", "--quiet", "--soft", before])?;
        }
        self.commit()
    }

    fn lock(&self) -> anyhow::Result<()> {
        let locking = lock::lock(&self.clone.project()?, &Silent)?;
        ensure!(locking.refused.is_empty(), "{}", locking.refused[0].text());
        Ok(())
    }

    fn commit(&self) -> anyhow::Result<String> {
        self.git(&["add", "--all", "--force", "larder", "Cargo.lock"])?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message=locked"])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    fn changed(&self, before: &str, after: &str, path: &str) -> anyhow::Result<usize> {
        let lines = self.git(&["diff", "--numstat", before, after, "--", path])?;
        let count = |line: &str| {
            line.split_whitespace().take(2).filter_map(|count| count.parse::<usize>().ok()).sum::<usize>()
        };
        Ok(lines.lines().map(count).sum())
    }

    /// One branch with a change (`ours`, on `base`), another with the change after it alone, and their merge.
    fn pair(
        &self,
        base: &str,
        ours: &str,
        commit: &str,
        next: &str,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        self.git(&["checkout", "--quiet", "--force", "--detach", base])?;
        let patch = self.clone.dir().join("target/next.patch");
        fs_err::create_dir_all(self.clone.dir().join("target"))?;
        let change = self.git(&["diff", "--binary", commit, next, "--", "Cargo.lock", "*Cargo.toml"])?;
        fs_err::write(&patch, change)?;
        let patch = patch.to_string_lossy().into_owned();
        if self.git(&["apply", "--3way", &patch]).is_err() {
            return Ok(());
        }
        if self.lock().is_err() {
            return Ok(());
        }
        let theirs = self.commit()?;
        self.git(&["checkout", "--quiet", "--force", "--detach", ours])?;
        let merged = self.git(&["merge", "--quiet", "--no-edit", &theirs]).is_ok();
        let conflicts = self.git(&["diff", "--name-only", "--diff-filter=U"])?;
        if conflicts.lines().any(|path| !path.starts_with("larder/")) {
            self.git(&["reset", "--quiet", "--hard"])?;
            return Ok(());
        }
        outcome.pairs += 1;
        outcome.merged += usize::from(merged);
        let is_right = || -> anyhow::Result<bool> {
            let checked = lock::check(&self.clone.project()?, &Silent)?;
            Ok(checked.findings.is_empty() && checked.refused.is_empty())
        };
        let right = merged && is_right().unwrap_or(false);
        outcome.right += usize::from(right);
        let repaired = right || (self.lock().is_ok() && is_right().unwrap_or(false));
        outcome.repaired += usize::from(repaired);
        if !repaired {
            self.log.warn(&format!("the pair at {commit:.9} is not proven after `lock`: {:?}", self.lock()));
        }
        self.git(&["reset", "--quiet", "--hard"]).context("after a merge")?;
        Ok(())
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

fn report(outcomes: &[Outcome]) -> String {
    let head =
        ["<history", "lines", "changes", "median", "worst", "over all", "pairs", "merged", "right", "proven"];
    let row = |outcome: &Outcome| {
        let ratios = ratios(&outcome.churn);
        let sum = outcome.churn.iter().fold((0, 0), |sum, churn| (sum.0 + churn.0, sum.1 + churn.1));
        let text = |value: Option<&f64>| value.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        [
            outcome.history.clone(),
            outcome.lines.to_string(),
            outcome.churn.len().to_string(),
            text(ratios.get(ratios.len() / 2)),
            text(ratios.last()),
            format!("{:.2}", ratio(sum)),
            outcome.pairs.to_string(),
            outcome.merged.to_string(),
            outcome.right.to_string(),
            outcome.repaired.to_string(),
        ]
    };
    let rows: Vec<_> = outcomes.iter().map(row).collect();
    let mut text = columns::text(head, &rows);
    let all: Vec<(usize, usize)> =
        outcomes.iter().flat_map(|outcome| outcome.churn.iter().copied()).collect();
    let ratios = ratios(&all);
    let sum = |value: fn(&Outcome) -> usize| outcomes.iter().map(value).sum::<usize>();
    let _ = writeln!(
        text,
        "lines changed in larder/ for one in Cargo.lock: {:.2} in the median, {:.2} at worst; of {} pairs git merges {}, \
         {} are right then, {} after one more lock",
        ratios.get(ratios.len() / 2).unwrap_or(&0.0),
        ratios.last().unwrap_or(&0.0),
        sum(|outcome| outcome.pairs),
        sum(|outcome| outcome.merged),
        sum(|outcome| outcome.right),
        sum(|outcome| outcome.repaired),
    );
    text
}

/// Lines changed in `larder/` for one in `Cargo.lock`, change by change.
fn plot(outcomes: &[Outcome]) -> Plot<'_> {
    let lines =
        outcomes.iter().map(|outcome| Line { name: outcome.history.clone(), values: ratios(&outcome.churn) });
    Plot {
        title: "recipes",
        x: "change of the lock file, sorted",
        y: "lines in larder/ for one in Cargo.lock",
        lines: lines.collect(),
    }
}
