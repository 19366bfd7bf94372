//! The host backend: cook into the very target directory that the application's build uses.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::messages::Counts;
use crate::{
    Report,
    cargo::{Cargo, CargoLock},
    error::{Error, Result},
    process::Stderr,
    recipe::lock_file::LockedSlice,
    slice::environment,
    workspace::Workspace,
};

/// What one step of a build did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Phase {
    /// `cook front`, or the driver's command line.
    pub name: String,
    /// Wall-clock time.
    #[serde(serialize_with = "seconds", rename = "seconds")]
    pub time: Duration,
    /// The units it compiled and found fresh.
    #[serde(flatten)]
    pub counts: Counts,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// Builds a slice's layers in order. `words` are passed on to cargo (`--quiet`, `--jobs=…`).
///
/// # Errors
/// A recipe edited by hand, a target without a standard library, or cargo's own failure.
pub fn cook(
    cargo: &Cargo,
    workspace: &Workspace,
    locked: &LockedSlice,
    words: &[String],
    report: &dyn Report,
) -> Result<Phase> {
    let start = Instant::now();
    let slice = &locked.slice;
    let larder_dir = workspace.larder_dir();
    locked.verify(&larder_dir)?;
    require_targets(cargo, workspace, locked)?;
    let cargo = cargo.clone().with_cargo_lock(CargoLock::Locked);
    let mut counts = Counts::default();
    for (index, layer) in locked.layers.iter().enumerate() {
        report.step("Cooking", &format!("{} ({} external units)", slice.name, layer.units));
        let mut args = locked.cook.clone();
        args.push(format!("--target-dir={}", slice.target_dir.resolve(workspace)));
        args.push("--message-format=json-render-diagnostics".into());
        args.extend_from_slice(words);
        let mut cmd = cargo.cmd(locked.layer_dir(&larder_dir, index), &args);
        for (name, value) in environment::of_slice(&cargo, workspace, slice)?.iter() {
            cmd = cmd.env(name, value);
        }
        let code = cmd.each_line(Stderr::Terminal, |line| {
            counts.add(line);
        })?;
        if code != 0 {
            return Err(cmd.exit_error(code));
        }
    }
    Ok(Phase { name: format!("cook {}", slice.name), time: start.elapsed(), counts })
}

fn require_targets(cargo: &Cargo, workspace: &Workspace, locked: &LockedSlice) -> Result<()> {
    for target in locked.slice.targets() {
        if !cargo.has_target(workspace.root().as_std_path(), target)? {
            return Err(Error::NoTarget {
                slice: locked.slice.name.clone(),
                target: target.to_owned(),
                rustc: cargo.rustc().display().to_string(),
            });
        }
    }
    Ok(())
}
