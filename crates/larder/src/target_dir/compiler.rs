//! cargo's hash of the compiler that builds now, by which fingerprints name compilers.
//!
//! The hash is of cargo's own making and changes between its versions. So cargo is asked: it checks an empty package in a
//! temporary folder, under the project's own settings, and the hash is read from the fingerprint. Nothing of the project
//! is compiled, and none of its folders is touched.

use std::path::Path;

use crate::{cargo::Cargo, files::scratch::Scratch, process::Cmd};

/// The hash for builds in `dir`; `None` if cargo does not say, in which case every compiler counts as current.
pub fn hash(cargo: &Cargo, dir: &Path) -> Option<u64> {
    let scratch = Scratch::new().ok()?;
    let (manifest, target) = (scratch.path().join("Cargo.toml"), scratch.path().join("target"));
    fs_err::create_dir(scratch.path().join("src")).ok()?;
    fs_err::write(scratch.path().join("src/lib.rs"), "").ok()?;
    let text = "[package]\nname = \"larder-probe\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n";
    fs_err::write(&manifest, text).ok()?;
    // In the project's folder, where its toolchain and its configuration apply.
    Cmd::new(cargo.program(), dir, cargo.env())
        .args(["check", "--quiet", "--offline", "--manifest-path"])
        .arg(&manifest)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_BUILD_BUILD_DIR", &target)
        .output()
        .ok()?;
    let folder = super::read(&target).ok()?;
    folder.units.iter().find_map(|unit| unit.fingerprint.as_ref()).map(|fingerprint| fingerprint.rustc)
}
