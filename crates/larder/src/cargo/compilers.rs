//! The names by which a user puts a program in the place of rustc, or before it.
//!
//! It knows names alone: who reads what they are set to decides what that means.

/// Each key of `[build]`, and the variables that cargo reads before it; the first that is set counts.
pub(crate) const COMPILERS: [(&str, [&str; 2]); 3] =
    [("rustc", ["RUSTC", "CARGO_BUILD_RUSTC"]), WRAPPERS[0], WRAPPERS[1]];
/// Those of a program that is called before rustc.
pub(crate) const WRAPPERS: [(&str, [&str; 2]); 2] = [
    ("rustc-wrapper", ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"]),
    ("rustc-workspace-wrapper", ["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"]),
];
