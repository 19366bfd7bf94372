//! One cache as a row: its place, its size, and how much of it is still useful.

use std::{path::PathBuf, time::SystemTime};

use larder::files::disk::Size;
use serde::{Serialize, Serializer};

/// A cache, or a part of one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cache {
    /// Its name: a folder's name, or a kind of content.
    pub name: String,
    /// Its path, if it is in one place.
    pub path: Option<PathBuf>,
    /// Whose it is.
    pub scope: Scope,
    /// The room it takes, or why there is none to tell of.
    #[serde(flatten)]
    pub state: CacheState,
    /// How many bytes of it, on disk, the project's next builds can use as far as records tell; `None` if
    /// nothing tells.
    pub reusable: Option<u64>,
    /// When it was last used: written, or read if that is kept book of.
    #[serde(serialize_with = "seconds")]
    pub last_use: Option<SystemTime>,
    /// The programs that fill it.
    pub filled_by: String,
    /// The command or the setting that shrinks it.
    pub shrink: String,
    /// Its parts; empty if it is not told apart.
    pub parts: Vec<Cache>,
}

/// Whose a cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This project's alone.
    Project,
    /// Shared by all projects of this machine.
    Machine,
}

/// Whether a cache is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum CacheState {
    /// It is, and takes this much.
    Present {
        /// The room it takes.
        size: Size,
    },
    /// It is not, or cannot be looked at.
    Absent {
        /// Why, as the rest of a sentence.
        reason: String,
    },
}

impl Cache {
    pub(super) fn new(name: impl Into<String>, scope: Scope, size: Size) -> Self {
        Self {
            name: name.into(),
            path: None,
            scope,
            state: CacheState::Present { size },
            reusable: None,
            last_use: None,
            filled_by: String::new(),
            shrink: String::new(),
            parts: Vec::new(),
        }
    }

    pub(super) fn absent(name: impl Into<String>, scope: Scope, reason: impl Into<String>) -> Self {
        Self {
            state: CacheState::Absent { reason: reason.into() },
            ..Self::new(name, scope, Size::default())
        }
    }

    pub(super) fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    pub(super) fn said(mut self, filled_by: &str, shrink: &str) -> Self {
        filled_by.clone_into(&mut self.filled_by);
        shrink.clone_into(&mut self.shrink);
        self
    }

    pub(super) fn last_used(mut self, time: Option<SystemTime>) -> Self {
        self.last_use = time;
        self
    }

    pub(super) fn reusing(mut self, bytes: Option<u64>) -> Self {
        self.reusable = bytes;
        self
    }

    /// Sums parts up. Parts that nothing is known of take no share of what is reusable.
    pub(super) fn of_parts(name: impl Into<String>, scope: Scope, parts: Vec<Self>) -> Self {
        let size = parts.iter().map(Self::size).sum();
        let known: Vec<u64> = parts.iter().filter_map(|part| part.reusable).collect();
        let reusable = (!known.is_empty()).then(|| known.iter().sum());
        let last_use = parts.iter().filter_map(|part| part.last_use).max();
        Self { reusable, last_use, parts, ..Self::new(name, scope, size) }
    }

    /// How many hundredths of it are of use; `None` if nothing tells.
    pub fn share(&self) -> Option<u64> {
        let size = self.size().on_disk;
        self.reusable.filter(|_| size > 0).map(|reusable| (reusable.min(size) * 100 + size / 2) / size)
    }

    /// The room it takes; nothing if it is absent.
    pub fn size(&self) -> Size {
        match self.state {
            CacheState::Present { size } => size,
            CacheState::Absent { .. } => Size::default(),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde hands a field over like this")]
pub(super) fn seconds<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map(|since| since.as_secs()).serialize(serializer)
}

/// The outcome of one look.
#[derive(Debug, Default)]
pub(super) struct FoundCaches {
    pub(super) caches: Vec<Cache>,
    pub(super) problems: Vec<String>,
}
