//! The host backend: cook into the very target directory that the application's build uses.

use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use crate::{
    Report,
    cargo::{
        Cargo, CargoLock,
        messages::{Counts, REPORTED, Readers, Stream},
    },
    error::{Error, Result},
    files::tag::Tag,
    process::{Cmd, Environment, Stderr},
    project::Project,
    recipe::{
        expand::{self, Purpose, Workplace},
        lock_file::{LockFile, LockedSlice},
    },
    why::{self, Answer, BuildCall, LastBuild},
    workspace::Workspace,
};

/// The outcome of one step of a build.
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
    /// Units that were taken from a store before, if one is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored: Option<usize>,
    /// The external units that cooking saw, by the hash in the names of their files.
    #[serde(skip)]
    pub units: BTreeSet<String>,
    /// Why it compiled what it did, for each of its cargo calls that compiled something; cooking asks about external
    /// units alone.
    #[serde(skip)]
    pub why: Vec<Answer>,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
}

/// Which of a slice's layers are cooked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// The current recipe alone: a target directory keeps what was there, so older layers have nothing to add.
    Current,
    /// The whole chain, oldest first, as a builder does that caches each layer by its content.
    All,
}

/// Builds the layers of `locked`, a slice of `file`. `words` are passed on to cargo (`--quiet`, `--jobs=…`).
///
/// # Errors
/// A recipe that cannot be expanded, a target without a standard library, or cargo's own failure.
pub fn cook(
    project: &Project,
    file: &LockFile,
    locked: &LockedSlice,
    layers: Layers,
    words: &[String],
    report: &dyn Report,
) -> Result<Phase> {
    let start = Instant::now();
    let workspace = &project.workspace;
    let slice = &locked.slice;
    require_targets(&project.cargo, workspace, locked)?;
    let cargo = project.cargo.clone().with_cargo_lock(CargoLock::Locked);
    let mut counts = Counts::default();
    let mut units = BTreeSet::new();
    let mut answers = Vec::new();
    let host = project.host()?;
    // cargo would make it without its mark if it is to build in a folder below, as for the front half of Leptos.
    Tag::made_with(workspace.target_directory())?;
    let last = locked.layers.len().saturating_sub(1);
    let first = if layers == Layers::All { 0 } else { last };
    if !file.platforms.contains(&host) {
        let slice = &slice.name;
        report.warn(&format!("the recipe of `{slice}` was not made for {host}: it may lack units"));
    }
    for (index, layer) in locked.layers.iter().enumerate().skip(first) {
        report.step("Cooking", &describe(locked, index, layer.pinned()));
        let made = LayerCall::new(&cargo, workspace, locked, index, &LayerFolder::OfSlice, words)?;
        let LayerCall { place, args, env, build_dir, cmd } = &made;
        let program = cargo.stand_in();
        let call = program.map(|program| BuildCall {
            cargo: cargo.program(),
            args,
            dir: place.dir().as_ref(),
            env,
            root: workspace.root().as_ref(),
            program,
        });
        // A fault here costs the explanation, never the build.
        let snapshot = call.and_then(|call| call.snapshot(build_dir.as_ref()).ok());
        let before = counts.compiled_external;
        let mut stream = Stream::new(Readers::Us);
        let mut passed = Vec::new();
        let code = cmd.each_piece(Stderr::Terminal, |piece| {
            stream.take(piece, &mut passed);
            passed.clear();
            ControlFlow::Continue(())
        })?;
        units.append(&mut stream.take_units());
        counts += stream.finish(&mut passed);
        if code != 0 {
            return Err(cmd.exit_error(code));
        }
        // The recipe's own empty packages are new in every new folder, and asking takes as long as cargo itself.
        if let (Some(call), Some(snapshot), true) = (call, snapshot, counts.compiled_external > before) {
            let known = LastBuild::profiles(&LastBuild::path(workspace));
            answers.extend(why::ask(&snapshot, &call, &known));
        }
    }
    Ok(Phase {
        name: format!("cook {}", slice.name),
        time: start.elapsed(),
        counts,
        restored: None,
        units,
        why: answers,
    })
}

/// Has cargo build the recipe of a slice until there is enough, and ends it then, with all that it started. Its output
/// is dropped: whoever calls this cooks afterwards. Returns whether there is enough.
///
/// # Errors
/// A recipe that cannot be expanded, or a cargo that does not start or end.
pub fn cook_until(
    project: &Project,
    locked: &LockedSlice,
    words: &[String],
    mut is_enough: impl FnMut() -> bool,
) -> Result<bool> {
    let cargo = project.cargo.clone().with_cargo_lock(CargoLock::Locked);
    let index = locked.layers.len().saturating_sub(1);
    let made = LayerCall::new(&cargo, &project.workspace, locked, index, &LayerFolder::OfSlice, words)?;
    made.cmd.run_until(&mut is_enough)?;
    Ok(is_enough())
}

/// The folder in which cargo builds a layer.
pub(crate) enum LayerFolder {
    /// The one in which it builds the slice.
    OfSlice,
    /// Everything in a folder of its own.
    Alone(Utf8PathBuf),
}

/// How cargo is called for a layer.
pub(crate) struct LayerCall {
    /// Holds the layer's files.
    place: Workplace,
    args: Vec<String>,
    env: Environment,
    build_dir: Utf8PathBuf,
    pub(crate) cmd: Cmd,
}

impl LayerCall {
    pub(crate) fn new(
        cargo: &Cargo,
        workspace: &Workspace,
        locked: &LockedSlice,
        index: usize,
        folder: &LayerFolder,
        words: &[String],
    ) -> Result<Self> {
        let place = expand::layer(workspace, locked, index, Purpose::Cooking)?;
        let mut invocation =
            locked.slice.building_in(cargo, workspace, place.dir().as_std_path(), &locked.cook)?;
        let (build_dir, option) = match folder {
            LayerFolder::OfSlice => {
                let build_dir = workspace.build_directory(&invocation.target_dir);
                // The configuration may name another folder for another workspace, such as the recipe.
                let is_said = build_dir != invocation.target_dir || workspace.configures_build_dir();
                let option = is_said.then(|| build_dir_option(&build_dir));
                (build_dir, option)
            }
            LayerFolder::Alone(alone) => {
                invocation.target_dir.clone_from(alone);
                (alone.clone(), Some(build_dir_option(alone)))
            }
        };
        let more = option.into_iter().chain([REPORTED.to_owned()]).chain(words.iter().cloned());
        let args = invocation.words(cargo, more);
        let env = invocation.environment(cargo);
        let cmd = invocation.command(cargo, &args);
        Ok(Self { place, args, env, build_dir, cmd })
    }
}

fn build_dir_option(build_dir: &Utf8Path) -> String {
    format!("--config=build.build-dir={}", toml_edit::Value::from(build_dir.as_str()))
}

fn describe(locked: &LockedSlice, index: usize, packages: usize) -> String {
    let name = &locked.slice.name;
    match locked.layers.len() {
        1 => format!("{name} ({packages} external packages)"),
        layers => format!("{name}, layer {} of {layers} ({packages} external packages)", index + 1),
    }
}

fn require_targets(cargo: &Cargo, workspace: &Workspace, locked: &LockedSlice) -> Result<()> {
    for target in locked.slice.targets() {
        if !cargo.has_target(workspace.root().as_std_path(), target)? {
            return Err(Error::NoTarget {
                slice: locked.slice.name.to_string(),
                target: target.to_owned(),
                rustc: cargo.rustc().display().to_string(),
            });
        }
    }
    Ok(())
}
