//! What every cache of a project takes, what of it is of use now, and how to get room back.
//!
//! [`gather`] is the one entry. It looks only: nothing is built, fetched or removed. What cannot be looked at says
//! why in its own row, and never stops the rest.

mod cargo_home;
mod docker;
mod folders;
mod html;
mod measure;
mod nix;
mod reusable;
mod target;
mod treemap;

use std::{path::PathBuf, time::SystemTime};

use serde::{Serialize, Serializer};

pub use html::page;

use crate::{
    files::disk::Size, process::Environment, project::Project, report::Report, side_by_side::joined,
    text::columns,
};

/// Everything that was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Usage {
    /// What all caches take together; those of Docker as its engine tells them, wherever that keeps them.
    pub total: Size,
    /// The caches, the project's own first.
    pub caches: Vec<Cache>,
    /// What could not be read, a line each.
    pub problems: Vec<String>,
}

/// A cache, or a part of one.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cache {
    /// What it is called: a folder's name, or a kind of content.
    pub name: String,
    /// Where it is, where it is in one place.
    pub path: Option<PathBuf>,
    /// Whose it is.
    pub scope: Scope,
    /// The room it takes, or why there is none to tell of.
    #[serde(flatten)]
    pub state: State,
    /// How many bytes of it, on disk, the project's next builds can use as far as records tell; `None` where
    /// nothing tells.
    pub reusable: Option<u64>,
    /// When it was last used: written, or read where that is kept book of.
    #[serde(serialize_with = "seconds")]
    pub last_use: Option<SystemTime>,
    /// What fills it.
    pub filled_by: String,
    /// The command or the setting that shrinks it.
    pub shrink: String,
    /// What it is made of; empty where it is not told apart.
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
pub enum State {
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
    fn new(name: impl Into<String>, scope: Scope, size: Size) -> Self {
        Self {
            name: name.into(),
            path: None,
            scope,
            state: State::Present { size },
            reusable: None,
            last_use: None,
            filled_by: String::new(),
            shrink: String::new(),
            parts: Vec::new(),
        }
    }

    fn absent(name: impl Into<String>, scope: Scope, reason: impl Into<String>) -> Self {
        Self { state: State::Absent { reason: reason.into() }, ..Self::new(name, scope, Size::default()) }
    }

    fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    fn said(mut self, filled_by: &str, shrink: &str) -> Self {
        filled_by.clone_into(&mut self.filled_by);
        shrink.clone_into(&mut self.shrink);
        self
    }

    fn last_used(mut self, time: Option<SystemTime>) -> Self {
        self.last_use = time;
        self
    }

    fn reusing(mut self, bytes: Option<u64>) -> Self {
        self.reusable = bytes;
        self
    }

    /// Sums parts up. Parts that nothing is known of take no share of what is reusable.
    fn of_parts(name: impl Into<String>, scope: Scope, parts: Vec<Self>) -> Self {
        let size = parts.iter().map(Self::size).sum();
        let known: Vec<u64> = parts.iter().filter_map(|part| part.reusable).collect();
        let reusable = (!known.is_empty()).then(|| known.iter().sum());
        let last_use = parts.iter().filter_map(|part| part.last_use).max();
        Self { reusable, last_use, parts, ..Self::new(name, scope, size) }
    }

    /// How many hundredths of it are of use; `None` where nothing tells.
    pub fn share(&self) -> Option<u64> {
        let size = self.size().on_disk;
        self.reusable.filter(|_| size > 0).map(|reusable| (reusable.min(size) * 100 + size / 2) / size)
    }

    /// The room it takes; nothing where it is absent.
    pub fn size(&self) -> Size {
        match self.state {
            State::Present { size } => size,
            State::Absent { .. } => Size::default(),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde hands a field over like this")]
fn seconds<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map(|since| since.as_secs()).serialize(serializer)
}

/// Looks at every cache. The slow ones are looked at side by side.
pub fn gather(project: &Project, env: &Environment, report: &impl Report) -> Usage {
    report.step("Reading", &format!("caches of {}", project.workspace.root()));
    // A large store on a cold disk takes its time: each look says when it is done.
    let done = |found: Found| {
        let size: Size = found.caches.iter().map(Cache::size).sum();
        let names: Vec<&str> = found.caches.iter().map(|cache| cache.name.as_str()).collect();
        report.step("Read", &format!("{}: {}", names.join(", "), columns::bytes(size.on_disk)));
        found
    };
    let locked = reusable::Locked::of(project);
    let (targets, home, nix, docker, folders) = std::thread::scope(|scope| {
        let home = scope.spawn(|| done(cargo_home::look(project, &locked)));
        let nix = scope.spawn(|| done(nix::look(project, env)));
        let docker = scope.spawn(|| done(docker::look(project, env)));
        let folders = scope.spawn(|| done(folders::look(project, env)));
        let targets = done(target::look(project, &locked));
        (targets, joined(home), joined(nix), joined(docker), joined(folders))
    });
    let mut usage = Usage { total: Size::default(), caches: Vec::new(), problems: Vec::new() };
    for found in [targets, folders, home, nix, docker] {
        usage.caches.extend(found.caches);
        usage.problems.extend(found.problems);
    }
    usage.total = usage.caches.iter().map(Cache::size).sum();
    usage
}

/// What one look brought.
#[derive(Debug, Default)]
struct Found {
    caches: Vec<Cache>,
    problems: Vec<String>,
}
