//! Every failure a caller can act on, in one place, so that wording and hints are decided once.
//!
//! Messages are lower-case, name the path or command, and carry no advice; advice is in [`Error::hint`].

use std::{fmt::Write as _, io, path::PathBuf};

use cargo_metadata::camino::Utf8PathBuf;

use crate::{
    cargo::{platform::Platform, refusal::Refusal},
    deploy::problem::Problem,
    secret,
    text::visible,
};

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How every reason begins that is about a Leptos table.
pub(crate) const LEPTOS_METADATA: &str = "metadata.leptos: ";

/// The failure, with the path or command it went wrong at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A deployment does not go on.
    #[error(transparent)]
    Deploy(#[from] Problem),
    /// A program that uses this library was started in the place of another one, and did not answer.
    #[error("this program was started in the place of a compiler, or by a build that is recorded")]
    NotAnswered,
    /// A program could not be started at all.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// The command line as a user would type it.
        command: String,
        /// Why the operating system refused.
        source: io::Error,
    },
    /// A program ran and failed.
    #[error("`{command}` failed ({status}){}", tail(.stderr))]
    Failed {
        /// The command line as a user would type it.
        command: String,
        /// How it ended, in words.
        status: String,
        /// Its exit code, if it has one.
        code: Option<i32>,
        /// The captured error output; empty when it went straight to the terminal.
        stderr: String,
    },
    /// A program answered with something this version cannot read.
    #[error("cannot read the answer of `{command}`: {reason}")]
    Answer {
        /// The command line as a user would type it.
        command: String,
        /// The problem with the answer.
        reason: String,
    },
    /// The directory is in no cargo workspace, or its manifests cannot be read.
    #[error("no readable cargo workspace at {}{}", visible::path(.path), tail(.stderr))]
    NoWorkspace {
        /// The folder that cargo was asked in.
        path: PathBuf,
        /// cargo's own words.
        stderr: String,
    },
    /// cargo takes recipes for members of a workspace, and cannot read it any more.
    #[error("cargo cannot read {} with recipes beside it, so nothing was written{}", visible::path(.manifest), tail(.stderr))]
    Members {
        /// The root manifest of the workspace.
        manifest: PathBuf,
        /// cargo's own words.
        stderr: String,
    },
    /// `Cargo.lock` is missing.
    #[error("{} does not exist", visible::path(.path))]
    NoCargoLock {
        /// The missing file.
        path: PathBuf,
    },
    /// `Cargo.lock` does not fit the manifests, and it was not to be changed.
    #[error("{} is not what the manifests ask for", visible::path(.path))]
    StaleCargoLock {
        /// The file.
        path: PathBuf,
    },
    /// cargo's unit graph has a version this build of Larder has never seen.
    #[error("cargo printed unit graph version {found}; this larder reads version {known} (`{command}`)")]
    UnitGraphVersion {
        /// The query.
        command: String,
        /// The version found.
        found: u64,
        /// The version that can be read.
        known: u64,
    },
    /// A slice's cargo call was refused by cargo.
    #[error("slice `{slice}`: cargo cannot plan `{command}`{}", tail(.stderr))]
    SlicePlan {
        /// The slice's name.
        slice: String,
        /// The query.
        command: String,
        /// cargo's own words.
        stderr: String,
    },
    /// A named slice does not exist.
    #[error("no slice named `{name}`; there are: {}", .known.join(", "))]
    NoSlice {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// Settings in a manifest are wrong.
    #[error("{}: {reason}", visible::path(.path))]
    Settings {
        /// The manifest.
        path: PathBuf,
        /// The key and what is wrong with it.
        reason: String,
    },
    /// A TOML file could not be parsed; the reason carries line and column.
    #[error("{}: {reason}", visible::path(.path))]
    Toml {
        /// The file.
        path: PathBuf,
        /// The parser's message.
        reason: String,
    },
    /// A symbolic link is in the place of a file or folder of Larder's own, or leads out of the workspace.
    #[error("{} is a symbolic link, and is not followed", visible::path(.path))]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// There is no recipe yet.
    #[error("{} does not exist", visible::path(.path))]
    NoRecipe {
        /// The missing lock file.
        path: PathBuf,
    },
    /// The recipe was written by a newer Larder.
    #[error("{} has version {found}; this larder reads up to version {known}", visible::path(.path))]
    RecipeVersion {
        /// The lock file.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The newest version that can be read.
        known: u64,
    },
    /// The recipes are in the form before the table.
    #[error("{} is of an older form of recipes", visible::path(.path))]
    OldRecipe {
        /// The lock file.
        path: PathBuf,
    },
    /// The recipes have no text that means the same.
    #[error("{}: it was not written, since no table can have these recipes: {reason}", visible::path(.path))]
    Unwritable {
        /// The lock file.
        path: PathBuf,
        /// The first reason, with the line.
        reason: String,
    },
    /// The table of recipes is not what was written.
    #[error("{} line {line}: {reason}", visible::path(.path))]
    Table {
        /// The lock file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The problem with it.
        reason: String,
    },
    /// A slice more than there are letters.
    #[error("there are more than {most} slices")]
    TooManySlices {
        /// How many there can be.
        most: usize,
    },
    /// cargo plans a package that its lock file does not have.
    #[error("Cargo.lock has no package `{package}`")]
    NotLocked {
        /// cargo's id of the package.
        package: String,
    },
    /// A name that recipes cannot hold.
    #[error("{what} {name:?} has characters that no recipe can hold")]
    Name {
        /// The kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A target's standard library is not installed.
    #[error("slice `{slice}` needs target `{target}`, which `{rustc}` has no standard library for")]
    NoTarget {
        /// The slice's name.
        slice: String,
        /// The target triple.
        target: String,
        /// The compiler asked.
        rustc: String,
    },
    /// A slice is built for a target that a file describes.
    #[error("slice `{slice}` builds for {file}: recipes are for targets that rustc has by name")]
    TargetFile {
        /// The slice's name.
        slice: String,
        /// The file, as seen from the workspace's root if it is below.
        file: Utf8PathBuf,
    },
    /// Nothing can stand in for another platform's compiler.
    #[error("cannot plan for {platform}: there is no stand-in for its compiler")]
    NoStandIn {
        /// The platform.
        platform: Platform,
    },
    /// A person's own configuration, at home or above the workspace, reaches every plan.
    #[error("{}: `{key}` reaches every recipe, and is not the project's", visible::path(.path))]
    PersonalSetting {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// The proof found external units that the recipe would not build.
    #[error("slice `{slice}`: {proven} of {total} external units proven on {platform}{}", list(.missing))]
    Unproven {
        /// The slice's name.
        slice: String,
        /// The platform on which they are not.
        platform: Platform,
        /// How many units the recipe builds exactly.
        proven: usize,
        /// How many there are.
        total: usize,
        /// One line per unit that is missing or different, with the reason.
        missing: Vec<String>,
    },
    /// A call that was observed cannot be written down for other machines.
    #[error("`{command}` cannot become a slice: {reason}")]
    Observed {
        /// The call.
        command: String,
        /// Its ties to this machine.
        reason: String,
    },
    /// Something that an image's build reads is not sent to Docker.
    #[error("{what} at {} lies outside of {}, the folder that is sent to Docker", visible::path(.path), visible::path(.context))]
    OutsideContext {
        /// Its kind.
        what: String,
        /// Its path, as seen from the workspace's root.
        path: Utf8PathBuf,
        /// The folder that is sent.
        context: Utf8PathBuf,
        /// The setting that would send it too, if there is one.
        wanted: Option<Utf8PathBuf>,
    },
    /// A base image is neither here nor to be had.
    #[error("the engine cannot get the base image {image}")]
    NoBaseImage {
        /// Its name.
        image: String,
    },
    /// There is nothing that an image could hold.
    #[error("nothing to put into an image: {} no program", builders(.slices))]
    NothingToShip {
        /// The slices of the release.
        slices: Vec<String>,
    },
    /// A framework makes the site, and its own build is no part of an image.
    #[error("no Dockerfile is generated for a site that {program} builds")]
    NoImage {
        /// The program.
        program: &'static str,
    },
    /// No Docker client that can build with BuildKit.
    #[error("no Docker client here builds with BuildKit: {found}")]
    NoBuildKit {
        /// The thing found instead.
        found: String,
    },
    /// The Docker engine does not answer.
    #[error("the Docker engine does not answer: {reason}")]
    NoEngine {
        /// The client's own words.
        reason: String,
    },
    /// Nothing is deleted from a folder that cargo has not made.
    #[error("{} {reason}: nothing is deleted there", visible::path(.path))]
    NotATargetFolder {
        /// The folder.
        path: PathBuf,
        /// The problem with it, as the rest of a sentence.
        reason: &'static str,
    },
    /// Nothing is deleted beside a running build.
    #[error("{} is locked by a running build", visible::path(.path))]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The disk that an engine builds on is full.
    #[error("the disk of the Docker engine is full{}", root.as_ref().map(|root| format!(": it keeps its data in {root}")).unwrap_or_default())]
    EngineDiskFull {
        /// The folder of its data, if it tells.
        root: Option<String>,
    },
    /// There is no Nix, or none that can do what is asked for.
    #[error("cannot build with Nix: {reason}")]
    NoNix {
        /// The missing part.
        reason: String,
        /// The user's remedy.
        hint: String,
    },
    /// A file is not what it was when its change was shown.
    #[error("{} changed on disk after the diff was shown", visible::path(.path))]
    ChangedMeanwhile {
        /// The file, which was left alone.
        path: PathBuf,
    },
    /// A file operation failed; `fs_err` puts the path into the message.
    #[error("{}", visible::line(&.0.to_string()))]
    Io(#[from] io::Error),
}

impl Error {
    /// cargo's refusal of a call, as that of the slice that makes it.
    #[must_use]
    pub fn of_slice(self, slice: &str) -> Self {
        match self {
            Self::Failed { command, stderr, .. } => {
                Self::SlicePlan { slice: slice.to_owned(), command, stderr }
            }
            other => other,
        }
    }

    /// Whether it keeps one slice from being planned or proven, and says nothing about others.
    pub fn is_of_one_slice(&self) -> bool {
        let is_of_plan = matches!(self, Self::SlicePlan { .. } | Self::Unproven { .. } | Self::Failed { .. });
        is_of_plan || matches!(self, Self::NoTarget { .. } | Self::TargetFile { .. })
    }

    /// Whether it is about files of Larder's own in a target directory: a build can go on without these.
    pub fn is_of_files(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Link { .. })
    }

    /// The user's remedy, as one sentence; `None` if the message says it all.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Deploy(problem) => return problem.hint(),
            Self::NotAnswered => "call `larder::shim::answer` before anything else".into(),
            Self::NoWorkspace { stderr, .. } if stderr.contains("could not find `Cargo.toml`") => {
                "run inside a cargo workspace or pass --manifest-path".into()
            }
            Self::NoWorkspace { stderr, .. } if takes_recipes(stderr) => {
                "add \"larder\" to `exclude` in `[workspace]`: the globs of its members take recipes for members"
                    .into()
            }
            Self::PersonalSetting { .. } => {
                "move it into the project's .cargo/config.toml, or plan without that file: with another CARGO_HOME, or in a \
                 folder that it is not above"
                    .into()
            }
            Self::NoWorkspace { stderr, .. } => {
                Refusal::parse(stderr).unwrap_or(Refusal::BrokenFile).hint().into()
            }
            Self::Members { .. } => {
                "name the members one by one in this file, or have `exclude` leave out `larder` and `target`".into()
            }
            Self::NoCargoLock { .. } => "run `cargo generate-lockfile`, and commit the file".into(),
            Self::UnitGraphVersion { .. } => "update larder, or use the toolchain it was tested with".into(),
            Self::StaleCargoLock { .. } => {
                "Cargo.lock is out of date: run `cargo larder lock`, without --locked, and commit the file".into()
            }
            Self::SlicePlan { stderr, .. } => {
                Refusal::parse(stderr).unwrap_or(Refusal::Arguments).hint().into()
            }
            Self::TargetFile { .. } => Refusal::TargetFile.hint().into(),
            Self::Failed { command, stderr, .. } if command.starts_with("cargo ") => {
                Refusal::parse(stderr)?.hint().into()
            }
            Self::Settings { reason, .. } if reason.starts_with(LEPTOS_METADATA) => {
                "correct this table, or remove it; if cargo-leptos does not build the project, `find = false` in \
                 `[workspace.metadata.larder]` (`[package.metadata.larder]` without a workspace) has Larder ignore it"
                    .into()
            }
            Self::Link { .. } => "put a file or folder of the workspace's own in its place".into(),
            Self::NoRecipe { .. } => "run `cargo larder lock`".into(),
            Self::OldRecipe { .. } => "run `cargo larder lock`, which migrates it".into(),
            Self::Table { .. } => "run `cargo larder lock` to write it anew".into(),
            Self::Unwritable { .. } => {
                "rename or leave out what the line names, and report it: Larder should have planned no such recipe".into()
            }
            Self::TooManySlices { .. } => "leave out slices in `[workspace.metadata.larder]`".into(),
            Self::NotLocked { .. } => "run `cargo generate-lockfile`".into(),
            Self::Name { .. } => "give it another name: letters, digits, `-` and `_`".into(),
            Self::RecipeVersion { .. } => "update larder".into(),
            Self::NoTarget { target, .. } => {
                format!("run `rustup target add {target}`, or use a toolchain that has it")
            }
            Self::Unproven { .. } => "please report this with the manifest; the build stays correct".into(),
            Self::NoBaseImage { .. } => {
                "name images that the engine has or can pull: --build-arg BUILD_BASE=IMAGE, with cargo in it, and \
                 --build-arg RUNTIME_BASE=IMAGE; `build-base` and `runtime-base` in [workspace.metadata.larder.docker] set them"
                    .into()
            }
            Self::NothingToShip { .. } => {
                "build a program in a slice of [workspace.metadata.larder.slices], or do without a Dockerfile: a library needs none".into()
            }
            Self::NoImage { program } => format!(
                "write one of your own: cook the recipes before you copy the sources, then call {program}; an image of a \
                 server alone is generated with `find = false` and its slice in [workspace.metadata.larder.slices]"
            ),
            Self::OutsideContext { wanted: Some(wanted), .. } => {
                format!("set `context = \"{wanted}\"` in [workspace.metadata.larder.docker], or move it into the workspace")
            }
            Self::OutsideContext { wanted: None, .. } => "move it into the workspace".into(),
            Self::NoBuildKit { .. } => {
                "install docker-buildx, or a Docker client before version 23, which has BuildKit built in"
                    .into()
            }
            Self::ChangedMeanwhile { .. } => "run the command again".into(),
            Self::NoEngine { .. } => "start the engine, or name another one with DOCKER_HOST".into(),
            Self::NotATargetFolder { .. } => {
                "check the settings of build folders, or name the folder with --target-dir; if everything in it can be \
                 deleted, copy CACHEDIR.TAG of another target directory into it"
                    .into()
            }
            Self::InUse { .. } => "try again when the build is done, or wait for it with --wait".into(),
            Self::EngineDiskFull { .. } => {
                "see what takes the room with `docker system df`, free some with `docker builder prune`, and build again: \
                 finished steps stay in the cache"
                    .into()
            }
            Self::NoNix { hint, .. } => hint.clone(),
            Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "install the program, or put it on PATH".into()
            }
            Self::Io(source) if is_read_only(source) => {
                "make the workspace writable, or run this where it is".into()
            }
            Self::Io(source) if source.kind() == io::ErrorKind::StorageFull => Refusal::DiskFull.hint().into(),
            _ => return None,
        };
        Some(hint)
    }
}

/// Whether cargo stumbled over the folder of recipes: a glob of members takes it too.
fn takes_recipes(stderr: &str) -> bool {
    let is_about_members = stderr.contains("workspace member") || stderr.contains("multiple workspace roots");
    is_about_members && stderr.contains("/larder/")
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// The last lines of a program's error output, set apart, or nothing. Programs quote settings and addresses.
fn tail(stderr: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = stderr.trim_end().lines().collect();
    if lines.is_empty() {
        return String::new();
    }
    let last = &lines[lines.len().saturating_sub(LINES)..];
    format!("\n{}", last.iter().map(|line| secret::without_in_line(line)).collect::<Vec<_>>().join("\n"))
}

fn builders(slices: &[String]) -> String {
    match slices {
        [slice] => format!("slice `{slice}` builds"),
        slices => format!("slices {} build", slices.join(", ")),
    }
}

fn list(lines: &[String]) -> String {
    const LINES: usize = 20;
    let mut text = String::new();
    for line in lines.iter().take(LINES) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    if lines.len() > LINES {
        let _ = write!(text, "\n  and {} more", lines.len() - LINES);
    }
    text
}
