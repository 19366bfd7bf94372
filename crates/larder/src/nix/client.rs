//! Nix's programs on this machine: how they are found and asked.
//!
//! Settings of Nix are the user's own and are never changed: what a question takes is said in its call.

use std::path::PathBuf;

use crate::process::{Cmd, Environment};

/// The reason of those who find none.
pub const NO_NIX: &str = "there is no `nix` on PATH";

const COLLECT: &str = "nix-collect-garbage";

/// The part of Nix that a call takes and that its defaults have off. The words change nothing if it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NixFeatures {
    /// Whatever is on.
    AsConfigured,
    /// `nix` with subcommands.
    Commands,
    /// Subcommands, and flakes for them.
    Flakes,
}

impl NixFeatures {
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::AsConfigured => &[],
            Self::Commands => &["--extra-experimental-features", "nix-command"],
            Self::Flakes => &["--extra-experimental-features", "nix-command flakes"],
        }
    }
}

/// Nix's programs, all in the folder of the one that was found.
#[derive(Debug, Clone)]
pub struct NixClient {
    found: PathBuf,
    env: Environment,
}

impl NixClient {
    /// Finds them by `nix`, the first one on `PATH`.
    pub fn find(env: &Environment) -> Option<Self> {
        Self::find_by(env, "nix")
    }

    /// Finds them by `nix-collect-garbage`, which came before `nix` and does without it.
    pub fn find_collecting(env: &Environment) -> Option<Self> {
        Self::find_by(env, COLLECT)
    }

    fn find_by(env: &Environment, program: &str) -> Option<Self> {
        Some(Self { found: env.find_program(program)?, env: env.clone() })
    }

    /// A call of `nix` in `dir`.
    pub fn nix(&self, dir: impl Into<PathBuf>, features: NixFeatures, args: &[&str]) -> Cmd {
        self.program("nix", dir).args(features.words()).args(args)
    }

    /// The questions that show Nix's settings: as later versions call it, and as earlier ones do.
    pub fn show_config(&self, dir: impl Into<PathBuf>, features: NixFeatures) -> [Cmd; 2] {
        let dir: PathBuf = dir.into();
        [&["config", "show"][..], &["show-config"]].map(|words| self.nix(&dir, features, words))
    }

    /// A call of `nix-store` in `dir`.
    pub fn store(&self, dir: impl Into<PathBuf>, args: &[&str]) -> Cmd {
        self.program("nix-store", dir).args(args)
    }

    /// A call of `nix-collect-garbage` in `dir`.
    pub fn collect(&self, dir: impl Into<PathBuf>, args: &[&str]) -> Cmd {
        self.program(COLLECT, dir).args(args)
    }

    fn program(&self, name: &str, dir: impl Into<PathBuf>) -> Cmd {
        Cmd::new(self.found.with_file_name(name), dir, &self.env)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn programs_are_beside_the_one_that_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        for file in [one.join("nix-store"), other.join("nix"), other.join("nix-collect-garbage")] {
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, "").unwrap();
        }
        let path = std::env::join_paths([&one, &other]).unwrap();
        let env = Environment::new([("PATH", path)]);
        for client in [NixClient::find(&env), NixClient::find_collecting(&env)] {
            assert_eq!(client.unwrap().found.parent(), Some(other.as_path()));
        }
        assert!(NixClient::find(&Environment::new([("PATH", &one)])).is_none());
    }

    #[test]
    fn a_call_says_what_it_takes() {
        let client = NixClient { found: "/bin/nix".into(), env: Environment::default() };
        let [now, before] = client.show_config("/", NixFeatures::AsConfigured).map(|cmd| cmd.line());
        assert_eq!((now.as_str(), before.as_str()), ("nix config show", "nix show-config"));
        let line = client.nix("/", NixFeatures::Commands, &["path-info"]).line();
        assert_eq!(line, "nix --extra-experimental-features nix-command path-info");
        assert_eq!(client.store("/", &["--gc"]).line(), "nix-store --gc");
        assert_eq!(client.collect("/", &["-d"]).line(), "nix-collect-garbage -d");
    }
}
