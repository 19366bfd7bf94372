//! Some units of a recipe, compiled anew in a target directory of their own that has everything they stand on.
//!
//! cargo builds the whole recipe there and is kept from compiling more by a compiler that knows
//! what was asked for. The project's own target directory is not touched.

use std::{collections::BTreeSet, path::Path};

use cargo_metadata::camino::Utf8PathBuf;
use serde::Deserialize;

use crate::{
    Report,
    cargo::CargoLock,
    cook::{LayerCall, LayerFolder},
    error::{Error, Result},
    process::Stderr,
    project::Project,
    recipe::lock_file::LockedSlice,
    shim::chosen,
};

/// cargo's message about a finished unit.
#[derive(Deserialize)]
struct UnitMessage {
    reason: String,
    #[serde(default)]
    fresh: bool,
    #[serde(default)]
    target: MessageTarget,
}

#[derive(Default, Deserialize)]
struct MessageTarget {
    #[serde(default)]
    name: String,
}

/// Compiles the units with these hashes in the folder `target`, as far as cargo can. A unit that failed is not there.
///
/// # Errors
/// A recipe that cannot be expanded, or cargo that cannot be started.
pub fn rebuild(
    project: &Project,
    locked: &LockedSlice,
    target: &Path,
    hashes: &BTreeSet<String>,
    report: &dyn Report,
) -> Result<()> {
    let program = project
        .cargo
        .stand_in()
        .ok_or_else(|| Error::Io(std::io::Error::other("this program cannot stand in for a compiler")))?;
    let cargo = project.cargo.clone().with_cargo_lock(CargoLock::Locked);
    let last = locked.layers.len().saturating_sub(1);
    let target = Utf8PathBuf::from_path_buf(target.to_owned())
        .map_err(|path| Error::Io(std::io::Error::other(format!("{} is not UTF-8", path.display()))))?;
    let words = ["--keep-going".to_owned()];
    let made = LayerCall::new(&cargo, &project.workspace, locked, last, &LayerFolder::Alone(target), &words)?;
    let list: Vec<&str> = hashes.iter().map(String::as_str).collect();
    // The variable outranks whatever wrapper the configuration has.
    let cmd = made.cmd.clone().env("RUSTC_WRAPPER", program).env(chosen::UNITS_VARIABLE, list.join(" "));
    let mut done = 0;
    cmd.each_line(Stderr::Dropped, |line| {
        let message = serde_json::from_str::<UnitMessage>(line).ok();
        if let Some(message) = message.filter(is_done) {
            done += 1;
            report.step("Rebuilt", &format!("{} ({done} of {})", message.target.name, hashes.len()));
        }
    })?;
    Ok(())
}

/// cargo does not say of the runs of build scripts whether they are new.
fn is_done(message: &UnitMessage) -> bool {
    message.reason == "compiler-artifact" && !message.fresh
}
