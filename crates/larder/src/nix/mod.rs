//! The Nix backend, as far as it is not written in Nix: building the flake's image, and reading what Nix says
//! meanwhile.
//!
//! It only calls Nix's programs, by way of [`NixClient`]. Settings of Nix are the user's own and are never changed.

mod client;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cargo_metadata::camino::Utf8Path;

use crate::{
    error::{Error, Result},
    process::{Cmd, Environment},
};
pub use client::{NO_NIX, NixClient, NixFeatures};

/// Nix, and the flake that it builds.
#[derive(Debug, Clone)]
pub struct Nix {
    client: NixClient,
    flake: PathBuf,
}

impl Nix {
    /// Finds `nix` on `PATH` and the flake of a workspace, in its folder or in one around it.
    ///
    /// # Errors
    /// [`Error::NoNix`] if one of them is missing.
    pub fn find(env: &Environment, workspace: &Utf8Path) -> Result<Self> {
        let Some(client) = NixClient::find(env) else {
            return Err(Error::NoNix {
                reason: NO_NIX.to_owned(),
                hint: "install Nix from nixos.org/download, or build without `--via nix`".to_owned(),
            });
        };
        let flake = workspace.ancestors().find(|folder| folder.join("flake.nix").is_file());
        let Some(flake) = flake else {
            return Err(Error::NoNix {
                reason: format!("there is no flake.nix in {workspace} or in a folder around it"),
                hint: "write one: `cargo larder init --only nix` does".to_owned(),
            });
        };
        Ok(Self { client, flake: flake.into() })
    }

    /// The folder of the flake.
    pub fn flake(&self) -> &Path {
        &self.flake
    }

    /// The call that builds a package of the flake, which leaves a link to the result.
    pub fn build(&self, package: &str, link: &Path) -> Cmd {
        let words = ["build", "--print-build-logs", &format!(".#{package}"), "--out-link"];
        self.client.nix(&self.flake, NixFeatures::Flakes, &words).arg(link)
    }
}

/// The state of each derivation, from Nix's log so far.
#[derive(Debug, Default)]
pub struct DerivationProgress(BTreeMap<String, Derivation>);

/// The outcome of one derivation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derivation {
    /// Packages from registries and git that were compiled.
    pub external: usize,
    /// Packages of the application that were compiled.
    pub local: usize,
    /// The summary that the application's derivation gave at its end.
    pub summary: String,
}

impl DerivationProgress {
    /// Takes a line; tells whether it is worth showing.
    pub fn add(&mut self, line: &str) -> bool {
        let Some((name, words)) = line.split_once("> ") else { return true };
        // There are hundreds of these, and all they do is unpack.
        if name.starts_with("cargo-package-") {
            return false;
        }
        let words = words.trim_start();
        let summary = words.strip_prefix("larder: ").filter(|words| words.ends_with("external"));
        let compiled = words.strip_prefix("Compiling ");
        if compiled.is_some() || summary.is_some() {
            let derivation = self.0.entry(name.to_owned()).or_default();
            // cargo names the folder of a path package, and nothing of a registry's.
            let is_local = compiled.is_some_and(|package| package.contains(" (/"));
            derivation.local += usize::from(is_local);
            derivation.external += usize::from(compiled.is_some() && !is_local);
            summary.unwrap_or_default().clone_into(&mut derivation.summary);
        }
        true
    }

    /// The derivations that compiled something, by name.
    pub fn derivations(&self) -> impl Iterator<Item = (&str, &Derivation)> {
        self.0.iter().map(|(name, derivation)| (name.as_str(), derivation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_by_derivation() {
        let mut progress = DerivationProgress::default();
        let log = "building '/nix/store/x-server-layer0-0.drv'...\n\
            cargo-package-itoa> Running phase: unpackPhase\n\
            server-layer0>    Compiling itoa v1.0.19\n\
            server-layer0>    Compiling log v0.4.29\n\
            server>    Compiling app v0.1.0 (/build/source/app)\n\
            server> larder: 1 units compiled, 0 of them external";
        let shown = log.lines().filter(|line| progress.add(line)).count();
        assert_eq!(shown, 5);
        let rows: Vec<_> = progress
            .derivations()
            .map(|(name, derivation)| {
                format!("{name} {} {} {}", derivation.external, derivation.local, derivation.summary)
            })
            .collect();
        assert_eq!(rows, ["server 0 1 1 units compiled, 0 of them external", "server-layer0 2 0 "]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let env = Environment::new([("PATH", folder.as_str())]);
        let reason = Nix::find(&env, folder).unwrap_err().to_string();
        assert_eq!(reason, "cannot build with Nix: there is no `nix` on PATH");
        fs_err::write(folder.join("nix"), "").unwrap();
        let reason = Nix::find(&env, folder).unwrap_err().to_string();
        assert!(reason.contains("there is no flake.nix in "), "{reason}");
        fs_err::write(folder.join("flake.nix"), "").unwrap();
        let inner = folder.join("examples/site");
        assert_eq!(Nix::find(&env, &inner).unwrap().flake(), folder);
    }
}
