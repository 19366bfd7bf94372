//! The names of the files in which cargo and rustup find settings.
//!
//! It knows names alone: who reads such a file decides what it means.

/// cargo's configuration in its folder, `.cargo` or its home; the first that is there counts.
pub(crate) const CONFIGURATION: [&str; 2] = ["config", "config.toml"];
/// The same, as seen from the folder that has the `.cargo`.
pub(crate) const CONFIGURATION_OF_FOLDER: [&str; 2] = [".cargo/config", ".cargo/config.toml"];
/// The toolchain that rustup takes for a folder; the first that is there counts, and may be a bare name.
pub(crate) const TOOLCHAIN: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];
