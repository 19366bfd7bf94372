//! The rows that a plan is made of, with bytes: they can be printed before anything is done.

use larder::process::Cmd;
use serde::Serialize;

use super::{delete::Failure, item::Item};

/// Which cache a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheKind {
    /// Folders that cargo builds into.
    Target,
    /// cargo's downloads, in `CARGO_HOME`.
    Downloads,
    /// The build cache of Docker.
    Docker,
    /// The Nix store.
    Nix,
}

impl CacheKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Target, Self::Downloads, Self::Docker, Self::Nix];

    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Downloads => "downloads",
            Self::Docker => "docker",
            Self::Nix => "nix",
        }
    }
}

/// One line of a plan.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// The cache.
    pub cache: CacheKind,
    /// The folder, or whose cache it is.
    pub place: String,
    /// The plan.
    pub what: String,
    /// How many of them.
    pub entries: usize,
    /// Space on disk that would come free.
    pub bytes: u64,
    /// Why nothing can be told or done here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The work to do.
    #[serde(skip)]
    pub(super) work: ClearingWork,
}

/// How a row is carried out.
#[derive(Debug, Clone, Default)]
pub(super) enum ClearingWork {
    /// Not at all.
    #[default]
    Nothing,
    /// By deleting these, in the folder of the row.
    Items(Vec<Item>),
    /// By the program that the cache belongs to.
    Program(Cmd, FreedWording),
}

/// How a program tells what it freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FreedWording {
    /// `12 store paths deleted, 3.45 MiB freed`, on standard output.
    Nix,
    /// `Total reclaimed space: 3.45GB`, on standard output.
    Docker,
    /// `Removed 12 files, 3.4MiB total`, on standard error.
    Cargo,
}

/// The outcome of a row.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Freed {
    /// Space on disk that came free.
    pub bytes: u64,
    /// The failed deletions.
    pub failures: Vec<Failure>,
    /// Why nothing was done at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Row {
    /// A row about a cache that is not there or cannot be asked.
    pub(super) fn missing(cache: CacheKind, place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            cache,
            place: place.into(),
            what: String::new(),
            entries: 0,
            bytes: 0,
            missing: Some(why.into()),
            work: ClearingWork::Nothing,
        }
    }

    /// Whether there is anything to do.
    pub fn is_work(&self) -> bool {
        !matches!(self.work, ClearingWork::Nothing)
    }
}
