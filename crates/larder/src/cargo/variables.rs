//! Which variables of a driver may be recorded: those that may reach a compiler, and no secret.

use std::collections::BTreeSet;

use crate::{hash::ContentHasher, process::Environment, secret};

/// One digest per variable, so that values, which may be secret, are in no file.
pub(crate) fn digests(env: &Environment) -> BTreeSet<String> {
    env.iter().map(|(name, value)| digest(&name.to_string_lossy(), &value.to_string_lossy())).collect()
}

pub(crate) fn digest(name: &str, value: &str) -> String {
    let mut hasher = ContentHasher::new("larder variable 1");
    hasher.string(name);
    hasher.string(value);
    hasher.finish_hex()[..16].to_owned()
}

pub(crate) fn may_be_recorded(name: &str, value: &str) -> bool {
    let own = [
        "PATH",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "LD_LIBRARY_PATH",
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
        "CARGO",
        // dx sets both to paths of this machine. A wrapper of members reaches no dependency.
        "RUSTC_WORKSPACE_WRAPPER",
        "DX_RUSTC",
        "COLOR",
        "EDITOR",
        "INIT_CWD",
        "NODE",
    ];
    let families = ["LARDER_RECORD", "CARGO_", "RUSTUP_", "RUST_RECURSION", "npm_", "MAKE_TERM"];
    let is_setting =
        SETTINGS.contains(&name) || name.starts_with(PROFILE_SETTINGS) || is_linker(name) || is_flags(name);
    let is_others = own.contains(&name) || families.iter().any(|family| name.starts_with(family));
    // No setting of cargo's that is recorded is named like one.
    if is_setting { !secret::is_held_by(value) } else { !is_others && !secret::is_secret(name, value) }
}

/// cargo's own settings that a driver may give by way of the environment instead of as arguments.
const SETTINGS: [&str; 4] = [BUILD_TARGET, TARGET_DIR, BUILD_TARGET_DIR, TOOLCHAIN];
/// The `--target` of calls that name none.
pub(crate) const BUILD_TARGET: &str = "CARGO_BUILD_TARGET";
/// The `--target-dir` of calls that name none.
pub(crate) const TARGET_DIR: &str = "CARGO_TARGET_DIR";
/// The same by its other name.
pub(crate) const BUILD_TARGET_DIR: &str = "CARGO_BUILD_TARGET_DIR";
/// The toolchain that rustup takes instead of what a folder asks for.
pub(crate) const TOOLCHAIN: &str = "RUSTUP_TOOLCHAIN";
/// Flags for rustc with a unit separator between them, which may hold spaces; it wins over `RUSTFLAGS`.
pub(crate) const ENCODED_RUSTFLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
/// Keys of profiles.
pub(crate) const PROFILE_SETTINGS: &str = "CARGO_PROFILE_";

/// Whether a variable names the linker of a target.
pub(crate) fn is_linker(name: &str) -> bool {
    name.starts_with("CARGO_TARGET_") && name.ends_with("_LINKER")
}

/// Whether a variable holds flags for rustc.
pub(crate) fn has_rustflags(name: &str) -> bool {
    name == "RUSTFLAGS" || is_flags(name)
}

/// Whether a variable holds flags by another name than `RUSTFLAGS`.
pub(crate) fn is_flags(name: &str) -> bool {
    let of_target = name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS");
    of_target || ["CARGO_BUILD_RUSTFLAGS", ENCODED_RUSTFLAGS].contains(&name)
}
