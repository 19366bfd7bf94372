//! The record of the last build: what its calls of cargo compiled, and why. Kept in the target directory, so that
//! the question can be put when the build is over.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{answer::Answer, profiles::Profiles};
use crate::{
    cargo::shown,
    error::Result,
    files::{own_folder::LAST_BUILD, records},
    shim::recorder::call::Call,
    workspace::Workspace,
};

/// The format of the record.
const VERSION: u64 = 1;

/// A build's calls of cargo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBuild {
    version: u64,
    /// The calls, in their order.
    pub builds: Vec<Explained>,
    /// The profiles of this build and of those before.
    #[serde(default)]
    pub profiles: Profiles,
}

/// A call of cargo with what it compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The slice that was asked about, or the command that ran.
    pub name: String,
    /// The findings.
    #[serde(flatten)]
    pub answer: Answer,
}

impl Explained {
    /// A recorded call; `None` if it compiled nothing or was not asked about.
    pub fn of_call(call: &Call) -> Option<Self> {
        let answer = call.why.clone()?;
        Some(Self { name: format!("cargo {}", shown::line(&call.args)), answer })
    }
}

impl LastBuild {
    /// A record of calls. `known` are the profiles of builds before.
    pub fn new(mut builds: Vec<Explained>, mut known: Profiles) -> Self {
        for build in &mut builds {
            known.extend(std::mem::take(&mut build.answer.profiles));
        }
        Self { version: VERSION, builds, profiles: known }
    }

    /// The profiles of recorded builds; a record that cannot be read knows none.
    pub fn profiles(path: &Utf8Path) -> Profiles {
        Self::read(path).ok().flatten().map(|record| record.profiles).unwrap_or_default()
    }

    /// The path of a workspace's record.
    pub fn path(workspace: &Workspace) -> Utf8PathBuf {
        Self::path_in(workspace.target_directory())
    }

    /// Its path below a target directory.
    pub(super) fn path_in(target_directory: &Utf8Path) -> Utf8PathBuf {
        records::path(target_directory, LAST_BUILD)
    }

    /// Reads a record; `None` if there is none of this version.
    ///
    /// # Errors
    /// When something is there that cannot be read. It counts as absent.
    pub fn read(path: &Utf8Path) -> Result<Option<Self>> {
        Ok(records::read(path)?.filter(|record: &Self| record.version == VERSION))
    }

    /// Writes the record as a whole or not at all. If there is no target directory, nothing was built.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, path: &Utf8Path) -> Result<()> {
        let target = path.parent().and_then(Utf8Path::parent);
        if target.is_some_and(|target| !target.is_dir()) { Ok(()) } else { records::write(path, self) }
    }
}
