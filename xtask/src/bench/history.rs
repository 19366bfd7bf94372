//! A public project's history, as the external units that it had after each change of its `Cargo.lock`.
//!
//! Works on a clone of its own that shares the repository's objects; the repository itself is only read. Nothing
//! is compiled: each commit is one graph query.

use std::{collections::BTreeSet, path::Path};

use larder::{
    cargo::{Cargo, CargoLock},
    plan::Plans,
    process::{Cmd, Environment},
    project::Project,
    recipe::chain::{Identity, identities},
    slice::{Slice, Variant},
};

use crate::log::Log;

/// The units of one slice, commit by commit, oldest first; commits that changed nothing are left out.
pub(super) struct History {
    pub(super) name: String,
    pub(super) steps: Vec<BTreeSet<Identity>>,
    /// Commits that cargo could not plan: a source that is gone, a toolchain that is too new.
    pub(super) skipped: usize,
}

/// Reads the last `commits` commits on the main line that touched `Cargo.lock`.
pub(super) fn read(env: &Environment, log: &Log, repo: &Path, commits: usize) -> anyhow::Result<History> {
    let scratch = tempfile::Builder::new().prefix("larder-history-").tempdir()?;
    let clone = scratch.path().join("clone");
    let git = |dir: &Path, args: &[&str]| Cmd::new("git", dir, env).args(args).output();
    git(repo, &["clone", "--quiet", "--shared", "--no-checkout", ".", &clone.to_string_lossy()])?;
    let last = format!("-n{commits}");
    let list = git(&clone, &["log", "--first-parent", "--format=%H", &last, "--", "Cargo.lock"])?;
    let mut history = History { name: name(repo), steps: Vec::new(), skipped: 0 };
    let commits: Vec<&str> = list.lines().collect();
    for (index, commit) in commits.iter().rev().enumerate() {
        log.step("Replaying", &format!("{} {}/{}", history.name, index + 1, commits.len()));
        git(&clone, &["checkout", "--quiet", "--force", commit])?;
        match units(env, &clone) {
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
pub(super) fn name(repo: &Path) -> String {
    let folder = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = folder(repo).unwrap_or_default();
    let generic = matches!(own.as_str(), "repo" | ".git" | "");
    let name = if generic { repo.parent().and_then(folder).unwrap_or(own) } else { own };
    name.rsplit_once('+').map_or(name.clone(), |(_, name)| name.to_owned())
}

/// The external units of everything that the project ships.
fn units(env: &Environment, dir: &Path) -> anyhow::Result<BTreeSet<Identity>> {
    // Another compiler would change no unit, and is not there.
    for file in ["rust-toolchain", "rust-toolchain.toml"] {
        let _ = fs_err::remove_file(dir.join(file));
    }
    let cargo = Cargo::locate(env)?.with_cargo_lock(CargoLock::Locked);
    let project = Project::load(cargo, dir, None, None)?;
    let shipped = |slice: &&Slice| slice.variant == Variant::Release;
    let slices: Vec<Slice> = project.slices.iter().filter(shipped).cloned().map(any_compiler).collect();
    let slices: Vec<&Slice> = slices.iter().collect();
    let host = [project.host()?];
    let plans = Plans::of_slices(&project.cargo, &project.workspace, &slices, &host)?;
    let plans = plans.into_iter().collect::<larder::Result<Vec<_>>>()?;
    let units = plans.iter().flat_map(|plans| identities(plans.first().1)).collect::<BTreeSet<_>>();
    anyhow::ensure!(!units.is_empty(), "it has no external unit");
    Ok(units)
}

/// Old compilers are no obstacle to planning.
pub(super) fn any_compiler(mut slice: Slice) -> Slice {
    slice.args.push("--ignore-rust-version".into());
    slice
}
