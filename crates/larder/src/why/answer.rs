//! The units that a build compiles, and why.

use serde::{Deserialize, Serialize};

use super::{profiles::Profiles, reason::Reason};

/// The units that a build compiles, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// How many units the build has.
    pub total: usize,
    /// The root causes, the farthest reaching first.
    pub causes: Vec<Cause>,
    /// Every unit that is compiled, and every build script that is run.
    pub units: Vec<CompiledUnit>,
    /// The profiles that they are compiled with, for the record.
    #[serde(default, skip_serializing_if = "Profiles::is_empty")]
    pub profiles: Profiles,
}

/// A reason with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cause {
    /// The reason.
    pub reason: Reason,
    /// The reason in words.
    pub text: String,
    /// How many units it is held against.
    pub direct: usize,
    /// How many units are compiled because of it, those included.
    pub units: usize,
    /// Packages, from one that it is held against to the last one that follows.
    pub chain: Vec<String>,
}

/// A unit that is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CompiledUnit {
    /// Name and version of its package.
    pub package: String,
    /// The target, as cargo names its file: `lib-NAME`, `bin-NAME`, `run-build-script-…`.
    pub target: String,
    /// The folder of its platform and profile, below the build directory.
    pub folder: String,
    /// Reasons against the unit itself; empty if it only follows.
    pub reasons: Vec<Reason>,
    /// Packages, from the one with a reason to this one.
    pub chain: Vec<String>,
}

impl CompiledUnit {
    /// Whether this is the run of a build script and no compilation.
    pub fn is_run(&self) -> bool {
        self.target.starts_with("run-build-script")
    }
}
