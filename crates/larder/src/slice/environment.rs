//! The environment that a slice's invocation, and its recipe, run in on this machine: the slice's variables,
//! and the `RUSTFLAGS` value of a slice that adds flags, merged as cargo-leptos merges it.
//!
//! A `RUSTFLAGS` variable hides all flags from configuration files, so a driver that adds a flag has to repeat
//! those first. cargo-leptos does it with the crate `cargo-config2`; the same crate here gives the same text,
//! and therefore the same units.

use cargo_config2::{Config, Flags, ResolveOptions};
use cargo_metadata::camino::Utf8Path;

use super::call::{Origin, Slice};
use crate::{
    cargo::{Cargo, platform::HOST_TUPLE},
    error::{Error, Result},
    process::Environment,
    workspace::Workspace,
};

/// The variables to set, with absolute paths filled in.
///
/// # Errors
/// When the configured rustflags cannot be read.
pub(super) fn of_slice(cargo: &Cargo, workspace: &Workspace, slice: &Slice) -> Result<Environment> {
    let mut env = slice.environment(workspace.target_directory().as_str());
    if let Some(flags) = merged_rustflags(cargo, workspace, slice)? {
        env.set("RUSTFLAGS", flags);
    }
    Ok(env)
}

/// The variables to set for a build. cargo names itself to cargo-leptos, which hands that on; to nobody else's build.
///
/// # Errors
/// As [`of_slice`], and when rustc cannot be asked.
pub(super) fn of_build(cargo: &Cargo, workspace: &Workspace, slice: &Slice) -> Result<Environment> {
    let mut env = Environment::default();
    if slice.origin == Origin::Leptos {
        env.set("CARGO", cargo.own_path(workspace.root().as_std_path())?);
    }
    for (name, value) in of_slice(cargo, workspace, slice)?.iter() {
        env.set(name, value);
    }
    Ok(env)
}

/// The merged value; `None` for a slice that adds nothing, since cargo then reads its configuration by itself.
fn merged_rustflags(cargo: &Cargo, workspace: &Workspace, slice: &Slice) -> Result<Option<String>> {
    if slice.rustflags.is_empty() {
        return Ok(None);
    }
    let added = slice.rustflags.join(" ");
    let root = workspace.root();
    let configured = configured_rustflags(cargo, root, slice.named_target())?;
    match configured {
        Some(flags) if !flags.is_empty() => Ok(Some(format!("{flags} {added}"))),
        _ => Ok(Some(added)),
    }
}

/// The flags that cargo's configuration and environment give a call in `dir` for a target, separated by spaces. If none
/// is named it is the configured one, or else the host.
///
/// # Errors
/// When they cannot be read.
pub(super) fn configured_rustflags(
    cargo: &Cargo,
    dir: &Utf8Path,
    target: Option<&str>,
) -> Result<Option<String>> {
    let flags = read_rustflags(cargo, dir, target);
    let text = flags.and_then(|flags| flags.map(|flags| flags.encode_space_separated()).transpose());
    text.map_err(|error| wrong_flags(dir, &error))
}

/// The same one by one, which may hold spaces.
///
/// # Errors
/// When they cannot be read.
pub(super) fn configured_flags(cargo: &Cargo, dir: &Utf8Path, target: Option<&str>) -> Result<Vec<String>> {
    let flags = read_rustflags(cargo, dir, target).map_err(|error| wrong_flags(dir, &error))?;
    Ok(flags.map(|flags| flags.flags).unwrap_or_default())
}

fn wrong_flags(dir: &Utf8Path, error: &cargo_config2::Error) -> Error {
    Error::Settings { path: dir.join(".cargo/config.toml").into(), reason: format!("rustflags: {error}") }
}

fn read_rustflags(
    cargo: &Cargo,
    dir: &Utf8Path,
    target: Option<&str>,
) -> Result<Option<Flags>, cargo_config2::Error> {
    let mut options = ResolveOptions::default()
        .env(cargo.env().iter())
        .cargo(cargo.program())
        .rustc(cargo_config2::PathAndArgs::new(cargo.rustc()));
    if let Some(platform) = cargo.pretended() {
        options = options.host_triple(platform.as_str());
    }
    let config = Config::load_with_options(dir, options)?;
    let configured = config.build_target_for_cli(target)?;
    let target = match configured.first() {
        Some(target) if target != HOST_TUPLE => target.clone(),
        _ => config.host_triple()?.to_owned(),
    };
    config.rustflags(target)
}
