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
    let of_user = env.get("CARGO_HOME").map(PathBuf::from);
    let of_user = of_user.or_else(|| Some(Path::new(env.get("HOME")?).join(".cargo")));
    if let Some(config) = of_user.map(|home| home.join("config.toml")).filter(|config| config.is_file()) {
        fs_err::copy(config, home.path().join("config.toml"))?;
    }
    Ok(home)
}
