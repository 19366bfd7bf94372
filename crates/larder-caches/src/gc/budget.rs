//! A size that target folders and Docker's build cache together shall not exceed.
//!
//! Above it, what nothing needs goes by age, the longest unused first, until four fifths of the size are left: a
//! budget that is only just met would be exceeded by the next build. A needed entry never goes.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use larder::{bytesize::ByteSize, error::Result, process::Environment, target_dir};

use super::{
    docker::{self, Prune},
    guard::GuardedFolder,
    item::Item,
    measure::DeletionTally,
    policy::Policy,
    row::{CacheKind, Row},
};

/// The bytes still to free.
#[derive(Debug, Default)]
pub(super) struct Budget {
    needed: u64,
    docker: Option<u64>,
}

impl Budget {
    /// Measures; nothing is to be freed if there is no budget, or it is kept.
    pub(super) fn new(
        policy: &Policy,
        folders: &[(String, GuardedFolder)],
        env: &Environment,
    ) -> Result<Self> {
        let Some(limit) = policy.max_size else { return Ok(Self::default()) };
        let mut total = 0;
        for (_, folder) in folders {
            total += target_dir::read(folder.path())?.size().on_disk;
        }
        let docker = if policy.caches.contains(&CacheKind::Docker) { docker::size(env) } else { None };
        total += docker.unwrap_or_default();
        let low = limit.as_u64() / 5 * 4;
        let needed = if total > limit.as_u64() { total - low } else { 0 };
        Ok(Self { needed, docker })
    }

    /// For how long something in a folder must not have been used: the policy's age, or less if that frees too
    /// little. `unwanted` is all that could go.
    pub(super) fn age(&mut self, age: Duration, folder: &Path, unwanted: &[Item]) -> Duration {
        let now = SystemTime::now();
        let items = unwanted.iter().map(|item| {
            let unused = item.last_use.and_then(|used| now.duration_since(used).ok());
            (unused, item)
        });
        let mut items: Vec<(Option<Duration>, &Item)> = items.collect();
        items.sort_by_key(|(unused, item)| std::cmp::Reverse((item.class.is_ageless(), *unused)));
        let mut tally = DeletionTally::default();
        let mut limit = age;
        for (unused, item) in items {
            let goes_anyway = item.class.is_ageless() || unused.is_some_and(|unused| unused > age);
            if !goes_anyway {
                let Some(unused) = unused.filter(|_| self.needed > 0) else { break };
                limit = unused.saturating_sub(Duration::from_nanos(1));
            }
            self.needed = self.needed.saturating_sub(item.bytes(folder, &mut tally));
        }
        limit
    }

    /// The row of Docker's build cache: what is old goes, and more if that frees too little.
    pub(super) fn docker(&mut self, env: &Environment, age: Duration) -> Row {
        let mut row = docker::plan(env, Prune::OlderThan(age));
        if let Some(size) = self.docker.filter(|_| self.needed > row.bytes) {
            row = docker::plan(env, Prune::Keep(ByteSize::b(size.saturating_sub(self.needed))));
        }
        self.needed = self.needed.saturating_sub(row.bytes);
        row
    }

    /// The entries that could not be freed.
    pub(super) fn over(&self) -> Option<u64> {
        (self.needed > 0).then_some(self.needed)
    }
}
