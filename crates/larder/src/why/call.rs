//! A call of cargo that is asked about.

use std::path::Path;

use super::skeleton::Snapshot;
use crate::{
    cargo::command_line::{is_release, option_values, subcommand},
    error::Result,
    process::Environment,
    target_dir::profile_folder,
};

/// A call of cargo that builds something.
#[derive(Debug, Clone, Copy)]
pub struct BuildCall<'a> {
    /// cargo.
    pub cargo: &'a Path,
    /// Its arguments, with the subcommand.
    pub args: &'a [String],
    /// The working directory.
    pub dir: &'a Path,
    /// The environment.
    pub env: &'a Environment,
    /// The workspace's folder: paths below it are shown relative to it.
    pub root: &'a Path,
    /// The binary that calls [`answer`](crate::shim::answer) first.
    pub program: &'a Path,
}

impl BuildCall<'_> {
    /// The name of the folder of the profile that the call builds with; `None` if only cargo can tell.
    pub fn profile_folder(&self) -> Option<&str> {
        let args = self.args.get(subcommand(self.args)?..)?;
        let name = args.first()?.as_str();
        let default = match name {
            "build" | "b" | "check" | "c" | "run" | "r" | "test" | "t" | "rustc" => "debug",
            "bench" => "release",
            _ => return None,
        };
        if is_release(args) {
            return Some("release");
        }
        Some(option_values(args, "--profile").last().map_or(default, |name| profile_folder(name)))
    }

    /// A snapshot of a build directory, as far as the call concerns it.
    ///
    /// # Errors
    /// As [`Snapshot::take`].
    pub fn snapshot(&self, build_dir: &Path) -> Result<Snapshot> {
        Snapshot::take(build_dir, self.profile_folder())
    }
}
