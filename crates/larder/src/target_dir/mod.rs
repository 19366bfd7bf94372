//! A target folder, read: its units with their files, and what else is in it.
//!
//! cargo's two layouts give the same answer: `<profile>/{.fingerprint,build,deps}` with a hash in every name, and
//! `<profile>/build/<package>/<hash>/`. Reading asks no cargo, needs no workspace, changes nothing and disturbs no
//! build; what vanishes meanwhile is passed over. It must never judge what is fresh: cargo does.

pub mod compiler;
mod contents;
pub mod fingerprint;
mod folder;
pub(crate) mod layout;
pub mod locks;
mod origin;
mod units;

use std::path::Path;

use crate::error::Result;
pub use crate::files::tag::{TAG, Tag};
pub use folder::{
    BuiltUnit, CodeOrigin, Layout, Other, OtherKind, Profile, TargetFolder, TargetFolderFile, UnitKind,
};
pub use layout::{ANSWERS, FINGERPRINTS, LOCKS, profile_in, profiles_with};

/// The file that is locked while cargo runs below `larder`: shared by a run that works there, exclusively by one that
/// deletes.
pub(crate) const LARDERS_LOCK: &str = "larder/.lock";

/// The name of the folder that a profile's units are in.
pub fn profile_folder(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        name => name,
    }
}

/// Reads a target folder.
///
/// # Errors
/// When the folder itself cannot be read; anything in it that cannot is one of its `problems`.
pub fn read(path: &Path) -> Result<TargetFolder> {
    fs_err::read_dir(path)?;
    let contents = contents::read(path);
    let mut folder = units::assemble(path, contents);
    folder.index();
    origin::settle(&mut folder);
    Ok(folder)
}
