//! cargo's effective configuration and flags.

use cargo_config2::{Config, PathAndArgs, ResolveOptions};

use super::ask::Answer;
use crate::project::Project;

/// The configuration that a build in this shell has.
pub(super) fn effective(project: &Project) -> Answer<Config> {
    let options = ResolveOptions::default()
        .env(project.cargo.env().iter())
        .cargo(project.cargo.program())
        .rustc(PathAndArgs::new(project.cargo.rustc()));
    Config::load_with_options(project.workspace.root(), options).map_err(|error| error.to_string())
}

/// The flags that a build for this machine gets in this shell.
pub(super) fn host_flags(project: &Project) -> Answer<Vec<String>> {
    let config = effective(project)?;
    let host = project.host().map_err(|error| error.to_string())?;
    let flags = config.rustflags(host.as_str()).map_err(|error| error.to_string())?;
    let flags = flags.map(|flags| flags.flags).unwrap_or_default();
    let linker = config.linker(host.as_str()).map_err(|error| error.to_string())?;
    Ok(flags.into_iter().chain(linker.map(|linker| format!("-Clinker={}", linker.display()))).collect())
}
