//! This repository's verbs that read the repository alone: the house rules and the generated files.
//!
//! It is compiled from nothing before either runs, so it must never depend on the crates of the product, nor on anything
//! that these two do without. All other verbs are in `tools/`.

pub mod codegen;
pub mod git;
pub mod log;
pub mod tidy;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The repository, given the folder of a package of its own that lies in it.
///
/// # Errors
/// If it is another repository.
pub fn root(manifest_dir: &Path) -> anyhow::Result<PathBuf> {
    let root = manifest_dir.parent().context("the manifest has no parent folder")?;
    anyhow::ensure!(root.join("xtask").is_dir(), "{} is not Larder's repository", root.display());
    Ok(root.to_path_buf())
}
