//! The repositories: each is one function that writes it as text, as its owner has it before Larder.
//!
//! Dependencies are tiny unless they are the point. Nothing of other people's repositories is here; published
//! packages are unpacked from their archives.

mod embedded;
mod layouts;
mod leptos;
mod native;
mod programs;
mod published;
mod sources;

use std::path::Path;

use anyhow::Context as _;
use larder::process::{Cmd, Environment};

/// A repository, and what becomes of it.
pub(super) struct TrialRepository {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// Its meaning.
    pub(super) kind: &'static str,
    /// Writes it.
    pub(super) write: fn(&RepositoryFolder<'_>) -> anyhow::Result<()>,
    /// The workspace's folder in the repository; empty if that is its root.
    pub(super) workspace: &'static str,
    /// The owner's own call of cargo, which `cargo larder build` has left nothing to do for; none in projects that
    /// another program builds.
    pub(super) plain: Option<&'static [&'static str]>,
    /// The behaviour of its image.
    pub(super) image: Image,
    /// When it is compiled.
    pub(super) weight: Weight,
    /// Whether it takes the tools of the example.
    pub(super) needs_tools: bool,
}

/// The fate of a repository's image.
#[derive(Debug, Clone, Copy)]
pub(super) enum Image {
    /// A container says this.
    Says { args: &'static [&'static str], output: &'static str },
    /// A container answers requests.
    Serves { port: u16, page: &'static str },
    /// `init` writes none, since a shared library starts nothing; `dockerfile` does if it is asked.
    OnRequest { holds: &'static str },
    /// There is none, and this is why.
    Refused { words: &'static str },
}

impl Image {
    /// Whether there is one.
    pub(super) fn is_built(self) -> bool {
        matches!(self, Self::Says { .. } | Self::Serves { .. })
    }
}

/// How much it takes to compile a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Seconds: always.
    Light,
    /// A minute or more: in the full run, or if it is named. Always planned.
    Heavy,
    /// Many minutes: in the full run, or if it is named. Not even planned otherwise.
    Large,
}

/// A folder that a repository is written into.
pub(super) struct RepositoryFolder<'a> {
    pub(super) root: &'a Path,
    pub(super) workspace: &'static str,
    pub(super) env: &'a Environment,
}

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    [
        programs::all(),
        layouts::all(),
        sources::all(),
        native::all(),
        embedded::all(),
        leptos::all(),
        published::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A repository whose only package prints a number by way of a dependency; the others say how they differ.
const PLAIN: TrialRepository = TrialRepository {
    name: "",
    kind: "",
    write: |_| Ok(()),
    workspace: "",
    plain: Some(&["build", "--release"]),
    image: Image::Says { args: &[], output: "" },
    weight: Weight::Light,
    needs_tools: false,
};

impl RepositoryFolder<'_> {
    /// Writes a file, with the folders that it is in.
    pub(super) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.root.join(path);
        fs_err::create_dir_all(path.parent().context("files are in a folder")?)?;
        Ok(fs_err::write(path, text)?)
    }

    /// Writes files given as `(path, text)`, and lets cargo make `Cargo.lock`.
    pub(super) fn write_all(&self, files: &[(&str, &str)]) -> anyhow::Result<()> {
        for (path, text) in files {
            self.write(path, text)?;
        }
        // Unlike `generate-lockfile`, it keeps the versions of a lock file that is there.
        self.cargo(&["metadata", "--quiet", "--format-version=1"]).map(drop)
    }

    /// Runs cargo in the workspace, and returns what it prints.
    pub(super) fn cargo(&self, words: &[&str]) -> anyhow::Result<String> {
        Ok(Cmd::new("cargo", self.root.join(self.workspace), self.env).args(words).output()?)
    }
}

/// A manifest of a package, version 0.1.0; `rest` follows in the `[package]` table.
fn package(name: &str, rest: &str) -> String {
    larder_tests::package(name, rest)
}
