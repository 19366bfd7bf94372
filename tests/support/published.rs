//! Packages from crates.io, as their archives have them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use larder::process::{Cmd, Environment};

use crate::project::copy_tree;

/// The folder of a published package whose archive carries a `Cargo.lock`. cargo unpacks it to show what is in its
/// manifest.
///
/// # Errors
/// When cargo cannot get it, or it has no `Cargo.lock`.
pub fn folder(env: &Environment, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let elsewhere = tempfile::tempdir()?;
    let package = format!("{name}@{version}");
    Cmd::new("cargo", elsewhere.path(), env).args(["info", "--quiet", &package]).output()?;
    let default = || env.get("HOME").map(|home| Path::new(home).join(".cargo"));
    let home = env.get("CARGO_HOME").map(PathBuf::from).or_else(default).context("HOME is not set")?;
    fs_err::read_dir(home.join("registry/src"))?
        .flatten()
        .map(|source| source.path().join(format!("{name}-{version}")))
        .find(|folder| folder.join("Cargo.lock").is_file())
        .with_context(|| format!("the archive of {package} carries no Cargo.lock"))
}

/// Copies its files into a folder.
///
/// # Errors
/// As [`folder`], and when a file cannot be copied.
pub fn copy(env: &Environment, name: &str, version: &str, to: &Path) -> anyhow::Result<()> {
    Ok(copy_tree(&folder(env, name, version)?, to)?)
}
