//! The programs that check the repository itself, cargo-deny for licences and sources, mdbook for the book, nixfmt and
//! deadnix for Nix files, and what tests and benchmarks run beside Larder.
//!
//! No build of the example needs them, so they are apart from the tools; they are built here with the machine's
//! own toolchain, once, into the same folder.

use std::path::PathBuf;

use larder::process::Environment;
use xshell::Shell;

use super::{exec::Exec, folder::Folder, install, tools::cleaned};
use crate::log::Log;

/// A program with the version it was chosen in. Any other version on PATH might judge differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Program {
    /// The name of the program.
    pub(crate) name: &'static str,
    /// The package that has it.
    pub(super) package: &'static str,
    /// The features that the program takes, beside none.
    pub(super) features: &'static str,
    /// The exact version.
    pub(crate) version: &'static str,
    /// cargo's optimisation level.
    pub(super) optimisation: &'static str,
}

impl Program {
    /// One that is called like its package and needs no features.
    const fn plain(name: &'static str, version: &'static str, optimisation: &'static str) -> Self {
        Self { name, package: name, features: "", version, optimisation }
    }
}

/// Looks at licences, sources and duplicate versions.
pub(crate) const CARGO_DENY: Program = Program::plain("cargo-deny", "0.20.2", "0");
/// Builds the book.
pub(crate) const MDBOOK: Program = Program::plain("mdbook", "0.5.4", "0");
/// The peer; optimised as its users have it.
pub(crate) const CARGO_CHEF: Program = Program::plain("cargo-chef", "0.1.78", "3");
/// The peer in clearing target folders.
pub(crate) const CARGO_SWEEP: Program = Program::plain("cargo-sweep", "0.8.0", "0");

/// A peer of the store, a cache of single compiler calls.
pub(crate) const SCCACHE: Program = Program::plain("sccache", "0.19.0", "3");
/// Another one.
pub(crate) const KACHE: Program = Program::plain("kache", "2.0.0", "3");
/// Another one, which calls cargo itself.
pub(crate) const MBX: Program =
    Program { name: "mbx", package: "mbx", features: "rustls", version: "1.29.1", optimisation: "3" };

/// The form of Nix files: a rewrite of nixfmt that gives the same bytes; nixfmt itself, in Haskell, is on no registry.
pub(crate) const NIXFMT: Program =
    Program { name: "nixfmt", package: "nixfmt_rs", features: "cli", version: "0.5.3", optimisation: "0" };
/// Finds what is declared in Nix files and never used.
pub(crate) const DEADNIX: Program = Program::plain("deadnix", "1.3.1", "0");

/// A build driver of others, which the tests observe.
pub(crate) const WASM_PACK: Program = Program::plain("wasm-pack", "0.15.1", "0");

/// Another one, whose slices Larder finds.
pub(crate) const TRUNK: Program =
    Program { name: "trunk", package: "trunk", features: "rustls", version: "0.21.14", optimisation: "0" };

/// Another one.
pub(crate) const DX: Program = Program {
    name: "dx",
    package: "dioxus-cli",
    features: "no-downloads,disable-telemetry",
    version: "0.7.9",
    optimisation: "0",
};

/// Installs archives of releases. Later versions take a newer compiler than the one that these programs are built with.
pub(crate) const CARGO_BINSTALL: Program = Program {
    name: "cargo-binstall",
    package: "cargo-binstall",
    features: "rustls",
    version: "1.18.1",
    optimisation: "0",
};

/// The program's path; it is built if it is not there yet.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log, program: Program) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    let tree = folder.program(program.name, program.version);
    let path = tree.join("bin").join(program.name);
    folder.once(log, || path.is_file(), || install::program(&exec, &folder, program, &tree))?;
    Ok(path)
}
