//! How much is cleared: a level for `clean`, ages and sizes for `gc`.

use std::{collections::BTreeSet, time::Duration};

use larder::bytesize::ByteSize;

use super::{needs::Branches, nix::Generations, row::CacheKind};

/// How much `clean` takes; each level but Docker's holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The application's own artifacts: the next build compiles these and no dependency.
    Artifacts,
    /// Everything that was built.
    Dependencies,
    /// And what was downloaded, for all projects of this user.
    Downloads,
    /// Docker's build cache alone.
    Docker,
    /// All of these, and garbage in the Nix store.
    Everything,
}

/// The terms under which `gc` may take something.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Which caches.
    pub caches: BTreeSet<CacheKind>,
    /// For how long something must not have been used; the default of each cache if it is not given.
    pub older_than: Option<Duration>,
    /// Above this, target folders and Docker's build cache together lose what was used longest ago and is not
    /// needed, down to four fifths of it.
    pub max_size: Option<ByteSize>,
    /// Whether other branches count.
    pub branches: Branches,
    /// Which generations of Nix profiles go.
    pub generations: Option<Generations>,
}

impl Policy {
    /// How long something is kept that nothing needs.
    pub const AGE: Duration = Duration::from_hours(7 * 24);

    pub(super) fn age(&self) -> Duration {
        self.older_than.unwrap_or(Self::AGE)
    }
}
