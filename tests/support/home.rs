//! A `CARGO_HOME` that nobody else has.

use std::path::{Path, PathBuf};

use larder::process::Environment;
use tempfile::TempDir;

/// An empty `CARGO_HOME` that reaches registries as the user's does: a mirror may be configured there.
///
/// # Errors
/// If it cannot be made.
pub fn cargo_home(env: &Environment) -> std::io::Result<TempDir> {
    let home = tempfile::tempdir()?;
    if let Some(config) =
        cargo_home_of_user(env).map(|home| home.join("config.toml")).filter(|config| config.is_file())
    {
        fs_err::copy(config, home.path().join("config.toml"))?;
    }
    Ok(home)
}

/// The user's own `CARGO_HOME`.
pub fn cargo_home_of_user(env: &Environment) -> Option<PathBuf> {
    let set = env.get("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| Some(Path::new(env.get("HOME")?).join(".cargo")))
}
