//! Explaining calls of cargo that somebody else makes: the recording cargo takes a snapshot before each, and asks
//! about it afterwards if the call compiled something.
//!
//! A fault here costs the explanation, never the build, and makes no build if none was asked for.

use std::path::PathBuf;

use cargo_metadata::camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{
    answer::Answer, ask::ask, call::BuildCall, last_build::LastBuild, profiles::Profiles, skeleton::Snapshot,
};
use crate::{
    cargo::{
        Cargo,
        command_line::{option_values, subcommand},
        subcommands::acts,
        variables::{BUILD_TARGET_DIR, TARGET_DIR},
    },
    error::Result,
    slice::Slice,
    workspace::{Workspace, build_directory},
};

/// When calls are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// After they were made, if they compiled something.
    After,
    /// Instead of making them.
    Instead,
}

/// The folders in which a workspace builds, so that cargo need not be asked again for every call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildFolders {
    /// The workspace's folder.
    pub root: PathBuf,
    /// The target directory.
    pub target: PathBuf,
    /// The build directory, which is the target directory unless configured.
    pub build: PathBuf,
}

/// One call that is to be explained.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    pub(crate) mode: Mode,
    call: BuildCall<'a>,
    root: PathBuf,
    snapshot: Snapshot,
    known: Profiles,
}

/// Whether a call is to be left out that was not explained: one that compiles, runs or writes something, while calls
/// are explained instead of made. Other programs' subcommands are run, since they call cargo again.
pub(crate) fn is_left_out(reasons: Option<&(Mode, BuildFolders)>, args: &[String]) -> bool {
    is_instead(reasons) && subcommand(args).is_some_and(|at| acts(&args[at]))
}

/// Whether calls are explained instead of made.
pub(crate) fn is_instead(reasons: Option<&(Mode, BuildFolders)>) -> bool {
    reasons.is_some_and(|(mode, _)| *mode == Mode::Instead)
}

impl<'a> Watch<'a> {
    /// Takes the snapshot if reasons are wanted and the call builds something.
    ///
    /// # Errors
    /// When a call that must not be made cannot be explained.
    pub(crate) fn begin(call: BuildCall<'a>, reasons: Option<&(Mode, BuildFolders)>) -> Result<Option<Self>> {
        let Some((mode, known)) = reasons.filter(|_| call.profile_folder().is_some()) else {
            return Ok(None);
        };
        match mode {
            Mode::Instead => Self::new(call, Mode::Instead, known).map(Some),
            Mode::After => Ok(Self::new(call, Mode::After, known).ok()),
        }
    }

    fn new(call: BuildCall<'a>, mode: Mode, known: &BuildFolders) -> Result<Self> {
        let place = place(&call, known)?;
        let snapshot = call.snapshot(&place.build)?;
        let target = Utf8PathBuf::from_path_buf(known.target.clone()).ok();
        let known =
            target.map(|target| LastBuild::profiles(&LastBuild::path_in(&target))).unwrap_or_default();
        Ok(Self { mode, call, root: place.root, snapshot, known })
    }

    /// The units that the call would compile.
    ///
    /// # Errors
    /// As [`ask`].
    pub(crate) fn answer(&self) -> Result<Answer> {
        ask(&self.snapshot, &BuildCall { root: &self.root, ..self.call }, &self.known)
    }
}

/// The folders in which a call builds: as its arguments say, else the environment, else what is known of the workspace.
fn place(call: &BuildCall<'_>, known: &BuildFolders) -> Result<BuildFolders> {
    let elsewhere = ["--manifest-path", "--config"];
    let is_known =
        known.root == call.dir && elsewhere.iter().all(|word| option_values(call.args, word).is_empty());
    let mut place = if is_known { known.clone() } else { asked_place(call)? };
    let separate = place.build != place.target;
    let named = option_values(call.args, "--target-dir").last().map(PathBuf::from);
    let set = [TARGET_DIR, BUILD_TARGET_DIR].iter().find_map(|name| call.env.get(name));
    if let Some(target) = named.or_else(|| set.map(PathBuf::from)) {
        place.target = call.dir.join(target);
        if !separate {
            place.build.clone_from(&place.target);
        }
    }
    Ok(place)
}

fn asked_place(call: &BuildCall<'_>) -> Result<BuildFolders> {
    let manifest = option_values(call.args, "--manifest-path").last().map(|path| call.dir.join(path));
    let mut env = call.env.clone();
    env.set("CARGO", call.cargo);
    let metadata = Cargo::locate(&env)?.metadata(call.dir, manifest.as_deref())?;
    let target = metadata.target_directory.clone();
    let build = build_directory(&metadata, &target);
    Ok(BuildFolders {
        root: metadata.workspace_root.clone().into(),
        target: target.into(),
        build: build.into(),
    })
}

impl BuildFolders {
    /// The folders in which a slice of a workspace builds.
    pub fn of_slice(workspace: &Workspace, slice: &Slice) -> Self {
        let target = slice.target_dir.resolve(workspace);
        let build = workspace.build_directory(&target);
        Self { root: workspace.root().into(), target: target.into(), build: build.into() }
    }
}

impl From<&Workspace> for BuildFolders {
    fn from(workspace: &Workspace) -> Self {
        let target = workspace.target_directory();
        let build = workspace.build_directory(target);
        Self { root: workspace.root().into(), target: target.into(), build: build.into() }
    }
}
