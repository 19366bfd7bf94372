//! A public project's history, as the external units that it had after each change of its `Cargo.lock`.
//!
//! Works on a clone of its own that shares the repository's objects; the repository itself is only read. Nothing
//! is compiled: each commit is one graph query.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use larder::{
    cargo::{Cargo, CargoLock},
    plan::Plans,
    process::Environment,
    project::Project,
    recipe::{
        chain::{Identity, content},
        layers::Content,
    },
    slice::{Slice, Variant},
};

use crate::{git::git, log::Log};

/// The units of one slice, commit by commit, oldest first; commits that changed nothing are left out.
pub(super) struct History {
    pub(super) name: String,
    pub(super) steps: Vec<Content<Identity>>,
    /// Commits that cargo could not plan: a source that is gone, a toolchain that is too new.
    pub(super) skipped: usize,
}

/// A clone that shares the objects of a repository, which is only read.
pub(super) struct Checkout<'a> {
    env: &'a Environment,
    /// Deleted when this is dropped.
    scratch: tempfile::TempDir,
    pub(super) name: String,
    /// The newest commits on the main line that touched `Cargo.lock`, oldest first.
    pub(super) commits: Vec<String>,
}

impl<'a> Checkout<'a> {
    /// With the last so many commits.
    pub(super) fn make(env: &'a Environment, repo: &Path, commits: usize) -> anyhow::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("larder-history-").tempdir()?;
        let mut clone = Self { env, scratch, name: name(repo), commits: Vec::new() };
        let dir = clone.dir().to_string_lossy().into_owned();
        git(repo, env).args(["clone", "--quiet", "--shared", "--no-checkout", ".", &dir]).output()?;
        let last = format!("-n{commits}");
        let list = clone.git(&["log", "--first-parent", "--format=%H", &last, "--", "Cargo.lock"])?;
        clone.commits = list.lines().rev().map(str::to_owned).collect();
        Ok(clone)
    }

    /// Its folder.
    pub(super) fn dir(&self) -> PathBuf {
        self.scratch.path().join("clone")
    }

    /// git's answer there.
    pub(super) fn git(&self, args: &[&str]) -> anyhow::Result<String> {
        Ok(git(&self.dir(), self.env).args(args.iter().copied()).output()?)
    }

    /// The project as it is checked out, planned by whatever compiler is there: another one would change no unit.
    pub(super) fn project(&self, cargo_lock: CargoLock) -> anyhow::Result<Project> {
        for file in ["rust-toolchain", "rust-toolchain.toml"] {
            let _ = fs_err::remove_file(self.dir().join(file));
        }
        let cargo = Cargo::locate(self.env)?.with_cargo_lock(cargo_lock);
        let mut project = Project::load(cargo, &self.dir(), None, None)?;
        for slice in &mut project.slices {
            slice.args.push("--ignore-rust-version".into());
        }
        Ok(project)
    }
}

/// Reads the last `commits` commits on the main line that touched `Cargo.lock`.
pub(super) fn read(env: &Environment, log: &Log, repo: &Path, commits: usize) -> anyhow::Result<History> {
    let clone = Checkout::make(env, repo, commits)?;
    let mut history = History { name: clone.name.clone(), steps: Vec::new(), skipped: 0 };
    for (index, commit) in clone.commits.iter().enumerate() {
        log.step("Replaying", &format!("{} {}/{}", history.name, index + 1, clone.commits.len()));
        clone.git(&["checkout", "--quiet", "--force", commit])?;
        match units(&clone) {
            Ok(units) if history.steps.last() != Some(&units) => history.steps.push(units),
            Ok(_) => {}
            Err(error) => {
                log.warn(&format!("{} {commit:.9} is left out: {error}", history.name));
                history.skipped += 1;
            }
        }
    }
    Ok(history)
}

/// The repository's own name, also for a mirror whose folder is called otherwise.
fn name(repo: &Path) -> String {
    let own = folder_name(repo).unwrap_or_default();
    let generic = matches!(own.as_str(), "repo" | ".git" | "");
    let name = if generic { repo.parent().and_then(folder_name).unwrap_or(own) } else { own };
    name.rsplit_once('+').map_or(name.clone(), |(_, name)| name.to_owned())
}

fn folder_name(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The external units of everything that the project ships.
fn units(clone: &Checkout<'_>) -> anyhow::Result<Content<Identity>> {
    let project = clone.project(CargoLock::Locked)?;
    let shipped = |slice: &&Slice| slice.variant == Variant::Release;
    let slices: Vec<&Slice> = project.slices.iter().filter(shipped).collect();
    let host = [project.host()?];
    let plans = Plans::of_slices(&project.cargo, &project.workspace, &slices, &host)?;
    let plans = plans.into_iter().collect::<larder::Result<Vec<_>>>()?;
    let mut all = Content { units: BTreeSet::new(), lines: BTreeSet::new() };
    for Content { units, lines } in plans.iter().map(|plans| content(plans.first().1)) {
        all.units.extend(units);
        all.lines.extend(lines);
    }
    anyhow::ensure!(!all.units.is_empty(), "it has no external unit");
    Ok(all)
}
