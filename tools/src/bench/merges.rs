//! Two branches side by side, merged by git alone: what becomes of `Cargo.lock` and of `larder/`.
//!
//! A pair is counted if its `Cargo.lock` merges. Nothing helps git but the `.gitattributes` that is committed.

use anyhow::Context as _;
use larder::{Silent, cargo::CargoLock, recipe::lock};
use serde::Serialize;

use super::history::Checkout;
use crate::log::Log;

/// Lines of a conflict that are kept.
const SHOWN: usize = 60;

/// The outcome of pairs of branches.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Merges {
    /// Changes that cargo or Larder refuses, with the reason.
    pub(super) refused: Vec<String>,
    /// Pairs whose `Cargo.lock` or manifests git cannot merge.
    pub(super) apart: usize,
    /// Pairs whose `Cargo.lock` merges.
    pub(super) pairs: usize,
    /// Those whose recipes git merges by itself.
    pub(super) merged: usize,
    /// Those whose recipes are proven after that, as they are.
    pub(super) right: usize,
    /// Those that are proven after one more `lock`.
    pub(super) repaired: usize,
    /// The conflicts in `larder/`, as git shows them.
    conflicts: Vec<Conflict>,
}

#[derive(Debug, Serialize)]
struct Conflict {
    pair: String,
    diff: Vec<String>,
}

impl Merges {
    /// Merges `theirs` into `ours`, both commits with recipes, and counts. `name` is for messages.
    pub(super) fn merge(
        &mut self,
        log: &Log,
        clone: &Checkout<'_>,
        name: &str,
        [ours, theirs]: [&str; 2],
    ) -> anyhow::Result<()> {
        clone.git(&["checkout", "--quiet", "--force", "--detach", ours])?;
        let merged = clone.git(&["merge", "--quiet", "--no-edit", theirs]).is_ok();
        let conflicts = clone.git(&["diff", "--name-only", "--diff-filter=U"])?;
        if conflicts.lines().any(|path| !path.starts_with("larder/")) {
            clone.git(&["reset", "--quiet", "--hard"])?;
            self.apart += 1;
            return Ok(());
        }
        self.pairs += 1;
        self.merged += usize::from(merged);
        if !merged {
            let diff = clone.git(&["diff", "--", "larder"])?;
            let diff = diff.lines().take(SHOWN).map(|line| line.chars().take(160).collect()).collect();
            log.warn(&format!("{name}: larder/ does not merge"));
            self.conflicts.push(Conflict { pair: name.to_owned(), diff });
        }
        let right = merged && is_right(clone).unwrap_or(false);
        self.right += usize::from(right);
        let repaired = if right { Ok(true) } else { repaired(clone) };
        match repaired {
            Ok(true) => self.repaired += 1,
            Ok(false) => log.warn(&format!("{name} is not proven after `lock`")),
            Err(error) => log.warn(&format!("{name} is not proven after `lock`: {error}")),
        }
        clone.git(&["reset", "--quiet", "--hard"]).context("after a merge")?;
        Ok(())
    }

    /// The numbers, for a table.
    pub(super) fn cells(&self) -> [String; 6] {
        [self.refused.len(), self.apart, self.pairs, self.merged, self.right, self.repaired]
            .map(|number| number.to_string())
    }

    /// The numbers of several histories together.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            refused: [sum.refused, one.refused.clone()].concat(),
            apart: sum.apart + one.apart,
            pairs: sum.pairs + one.pairs,
            merged: sum.merged + one.merged,
            right: sum.right + one.right,
            repaired: sum.repaired + one.repaired,
            conflicts: Vec::new(),
        })
    }
}

/// One `cargo larder lock`. If git merged two lock files into one that is not right, cargo mends it first.
fn repaired(clone: &Checkout<'_>) -> anyhow::Result<bool> {
    lock(clone, CargoLock::AsNeeded)?;
    is_right(clone)
}

/// Does what `cargo larder lock` does.
pub(super) fn lock(clone: &Checkout<'_>, cargo_lock: CargoLock) -> anyhow::Result<()> {
    let locking = lock::lock(&clone.project(cargo_lock)?, &Silent)?;
    anyhow::ensure!(locking.refused.is_empty(), "{}", locking.refused[0].text());
    Ok(())
}

fn is_right(clone: &Checkout<'_>) -> anyhow::Result<bool> {
    let checked = lock::check(&clone.project(CargoLock::Locked)?, &Silent)?;
    Ok(checked.findings.is_empty() && checked.refused.is_empty())
}
