//! A call of cargo that is asked about.

use std::path::Path;

use super::skeleton::Snapshot;
use crate::{
    cargo::{
        command_line::{is_release, option_values, subcommand},
        subcommands::building,
    },
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
        let default = building(args.first()?)?.profile?;
        if is_release(args) {
            return Some(profile_folder("release"));
        }
        Some(profile_folder(option_values(args, "--profile").last().copied().unwrap_or(default)))
    }

    /// A snapshot of a build directory, as far as the call concerns it.
    ///
    /// # Errors
    /// As [`Snapshot::take`].
    pub fn snapshot(&self, build_dir: &Path) -> Result<Snapshot> {
        Snapshot::take(build_dir, self.profile_folder())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(line: &str) -> Option<String> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (env, dir) = (Environment::default(), Path::new("/"));
        let call = BuildCall { cargo: dir, args: &args, dir, env: &env, root: dir, program: dir };
        call.profile_folder().map(str::to_owned)
    }

    #[test]
    fn the_folder_of_a_call_is_that_of_its_profile() {
        for (line, expected) in [
            ("b", Some("debug")),
            ("test --no-run", Some("debug")),
            ("bench", Some("release")),
            ("rustc -r", Some("release")),
            ("build -vr", Some("release")),
            ("run --profile test -- --release", Some("debug")),
            ("--color always c --profile=small", Some("small")),
            ("clippy", None),
            ("doc --release", None),
            ("leptos build", None),
        ] {
            assert_eq!(folder(line).as_deref(), expected, "{line}");
        }
    }
}
