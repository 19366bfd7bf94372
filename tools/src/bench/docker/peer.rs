//! The Dockerfiles that are measured, and the folder in which one of them is built.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use larder::process::{Cmd, Environment};
use serde::{Deserialize, Serialize};

use super::sample::{Edit, Sample};

/// Whose Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::bench) enum Peer {
    /// The generated one.
    Larder,
    /// One with a planner and cooks of cargo-chef.
    Chef,
    /// One that copies the sources and builds.
    Naive,
}

impl Peer {
    pub(in crate::bench) const ALL: [Self; 3] = [Self::Larder, Self::Chef, Self::Naive];

    pub(in crate::bench) fn name(self) -> &'static str {
        match self {
            Self::Larder => "larder",
            Self::Chef => "chef",
            Self::Naive => "naive",
        }
    }
}

/// The lines of people who keep such a file by hand.
const IGNORED: &str = "target\n.git\nDockerfile\n.dockerignore\n";

/// A copy of the sample with the peer's Dockerfile.
pub(in crate::bench) struct Workbench<'a> {
    pub(in crate::bench) peer: Peer,
    pub(in crate::bench) sample: &'a Sample,
    pub(in crate::bench) dir: PathBuf,
    pub(in crate::bench) env: &'a Environment,
    pub(in crate::bench) larder: &'a Path,
}

impl Workbench<'_> {
    /// The folder that is sent to the engine.
    pub(in crate::bench) fn tree(&self) -> PathBuf {
        self.dir.join("workspace")
    }

    /// Makes the copy anew, in its first state.
    pub(in crate::bench) fn start(&self) -> anyhow::Result<()> {
        if self.tree().exists() {
            fs_err::remove_dir_all(self.tree())?;
        }
        self.sample.write(&self.tree(), self.env)?;
        let dockerfile = match self.peer {
            Peer::Larder => {
                self.lock()?;
                return self.larder("dockerfile");
            }
            Peer::Chef => self.sample.chef,
            Peer::Naive => self.sample.naive,
        };
        fs_err::write(self.tree().join("Dockerfile"), dockerfile)?;
        Ok(fs_err::write(self.tree().join(".dockerignore"), IGNORED)?)
    }

    /// Makes a change as its developer would; gives the seconds that writing recipes took.
    pub(in crate::bench) fn edit(&self, edit: Edit, round: usize) -> anyhow::Result<Option<f64>> {
        self.sample.edit(edit, round, &self.tree(), self.env)?;
        // An edit of code needs no new recipes, and nobody would write any.
        if self.peer == Peer::Larder && !edit.is_of_code() { self.lock().map(Some) } else { Ok(None) }
    }

    fn lock(&self) -> anyhow::Result<f64> {
        let start = Instant::now();
        self.larder("lock")?;
        Ok(start.elapsed().as_secs_f64())
    }

    fn larder(&self, verb: &str) -> anyhow::Result<()> {
        Cmd::new(self.larder, self.tree(), self.env).args(["larder", "--quiet", verb]).output()?;
        Ok(())
    }
}
