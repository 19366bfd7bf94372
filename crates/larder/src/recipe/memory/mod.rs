//! Everything that `lock` read when it last found all as it should be. If that is still the same, the answer is too,
//! and cargo need not be asked: that is most of the times in which somebody locks or checks.
//!
//! It must never say "the same" of something that is not. So it holds everything that cargo or Larder may read before
//! they plan: files by content, folders by the names in them, programs and toolchains by size and time, the
//! environment as a whole, and which of its files git leaves out. An input that cannot be told in that way is not
//! remembered at all, and nothing is of a run during which one changed.

mod configured;
mod generated;
mod inputs;
mod manifests;
mod names;
mod question;
mod sources;
mod state;
mod toolchains;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

pub use self::{generated::GeneratedFrom, question::Question};
use self::{
    inputs::{LockInputs, has_own_settings},
    state::InputState,
};
use super::{
    config,
    lock_file::LockFile,
    locked::{Locked, RecipeChange},
};
use crate::{
    cargo::platform::Platform,
    error::Result,
    files::records,
    project::Project,
    workspace::{RECIPES, normalized},
};

const VERSION: u64 = 4;
/// Beside other records of the target directory in the workspace, wherever cargo builds.
const FILE: &str = "target/larder/locked.json";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Memory {
    version: u64,
    /// Everything that was read, in one number.
    digest: String,
    inputs: LockInputs,
    /// Whether generated files were brought along, which a check does not do.
    refreshed: bool,
    slices: Vec<Remembered>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    name: String,
    units: BTreeMap<Platform, usize>,
    tainted: Vec<String>,
}

/// The outcome for the slices when everything was as it is now; `None` if something is not, or nobody knows.
pub fn recall(question: &Question<'_>) -> Option<Vec<Locked>> {
    let package = package(question)?;
    let path = package.ancestors().map(|dir| dir.join(FILE)).find(|path| path.is_file())?;
    let memory: Memory = records::read(Utf8Path::from_path(&path)?).ok()??;
    let same = memory.version == VERSION
        && (memory.refreshed || question.check)
        && memory.inputs.packages.contains(&package)
        && LockFile::refuse_links(&memory.inputs.root.join(RECIPES)).is_ok()
        && !has_own_settings(question.dir, &memory.inputs.root)
        && memory.digest == InputState::of(&memory.inputs, question).digest();
    same.then(|| memory.slices.into_iter().map(Remembered::into_locked).collect())
}

/// The folder of the package or workspace that is asked about.
fn package(question: &Question<'_>) -> Option<PathBuf> {
    let dir = fs_err::canonicalize(question.dir).ok()?;
    let Some(manifest) = question.manifest else {
        return dir.ancestors().find(|dir| dir.join("Cargo.toml").is_file()).map(Path::to_owned);
    };
    let manifest = dir.join(manifest);
    let folder = manifest.parent()?;
    let package = fs_err::canonicalize(folder).ok()?;
    // cargo looks for a workspace above the folder as it is written, and not above what a link leads to.
    let is_plain = package == *normalized(Utf8Path::from_path(folder)?);
    (is_plain && manifest.ends_with("Cargo.toml") && manifest.is_file()).then_some(package)
}

impl Remembered {
    fn of(locked: &Locked) -> Self {
        let Locked { slice, units, tainted, .. } = locked;
        Self { name: slice.clone(), units: units.clone(), tainted: tainted.clone() }
    }

    fn into_locked(self) -> Locked {
        let Self { name, units, tainted } = self;
        Locked { slice: name, change: RecipeChange::Kept, units, tainted }
    }
}

/// The inputs of a project as they were before anybody planned.
#[derive(Debug)]
pub struct BeforeLock {
    inputs: LockInputs,
    state: InputState,
}

impl BeforeLock {
    /// Looks at everything that the project is read from; `None` if it cannot be listed, or if it changed while the
    /// project was read. `generated` is what generated files are made from, if there are any.
    pub fn look(
        question: &Question<'_>,
        project: &Project,
        generated: Option<GeneratedFrom>,
    ) -> Option<Self> {
        // Each run has to warn of it.
        let workspace = &project.workspace;
        if !config::left_out(workspace).is_empty() || !config::of_one_person(workspace).is_empty() {
            return None;
        }
        let mut inputs = LockInputs::list(question, project)?;
        if let Some(generated) = generated {
            inputs.add_generated(generated);
        }
        let state = InputState::of(&inputs, question);
        (!inputs.changed_since(question.started)).then_some(Self { inputs, state })
    }

    /// Remembers that recipes are as they should be, unless anything changed since but for what this run wrote itself:
    /// then nobody knows what it was planned from. `written` has the digests of such files.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn remember(
        self,
        question: &Question<'_>,
        locked: &[Locked],
        written: &BTreeMap<Utf8PathBuf, String>,
    ) -> Result<()> {
        let Self { inputs, state: before } = self;
        let state = InputState::of(&inputs, question);
        if !state.follows(&before, written) {
            return Ok(());
        }
        let path = inputs.root.join(FILE);
        let slices = locked.iter().map(Remembered::of).collect();
        let refreshed = !question.check || !inputs.generated;
        records::write(&path, &Memory { version: VERSION, digest: state.digest(), inputs, refreshed, slices })
    }
}

/// A file as this run left it.
pub fn as_written(path: &Utf8Path) -> Option<(Utf8PathBuf, String)> {
    Some((path.to_owned(), state::digest_of(path.as_std_path())?))
}
