//! The parts of a target directory as data: profiles, units, and files that belong to no unit.

use std::{
    collections::HashMap,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::Serialize;

use super::fingerprint::Fingerprint;
use crate::files::{
    disk::{self, FileId, Size, Tally},
    tag::Tag,
};

/// Everything in a target folder.
#[derive(Debug)]
pub struct TargetFolder {
    /// The folder itself.
    pub path: PathBuf,
    /// Whether cargo left its mark on it.
    pub tag: Tag,
    /// Profile folders, also those of target folders inside this one, sorted by path.
    pub profiles: Vec<Profile>,
    /// Units, sorted by profile folder, package, hash and target.
    pub units: Vec<BuiltUnit>,
    /// Everything else, sorted by path. Every file is either of one unit or of one of these.
    pub others: Vec<Other>,
    /// Folders and files that could not be read, a line each.
    pub problems: Vec<String>,
    pub(super) by_fingerprint: HashMap<(PathBuf, u64), Vec<usize>>,
}

/// A profile folder, such as `debug` or `front/wasm32-unknown-unknown/release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The target folder that cargo was called with, relative to the one that was read: empty, or such as `front`.
    /// Paths in fingerprints are relative to it.
    pub base: PathBuf,
    /// The triple of `--target`; `None` for the host.
    pub platform: Option<String>,
    /// The name of the folder: `debug`, `release`, or a custom profile's.
    pub name: String,
}

impl Profile {
    /// The folder, relative to the target folder that was read.
    pub fn path(&self) -> PathBuf {
        self.base.join(self.platform.as_deref().unwrap_or_default()).join(&self.name)
    }
}

/// How cargo laid a unit's files out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// By kind of file, with the hash in every name.
    Old,
    /// One folder for each unit.
    New,
}

/// The kind of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// A library of any crate type, procedural macros included.
    Library,
    /// A program.
    Binary,
    /// An example.
    Example,
    /// A test of anything.
    Test,
    /// A benchmark.
    Benchmark,
    /// The compilation of a build script.
    BuildScript,
    /// The run of a build script, with what it wrote.
    BuildScriptRun,
    /// Documentation; its pages are in the `doc` folder.
    Documentation,
    /// A unit without a fingerprint: its build was interrupted, or it was taken apart.
    Unfinished,
}

/// Whose code a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeOrigin {
    /// Of a registry or git package, and so are all that it depends on.
    External,
    /// Of a registry or git package that reaches a path package.
    Tainted,
    /// Of a path package.
    Local,
    /// Nothing tells.
    Unknown,
}

/// One run of rustc, rustdoc or a build script, with what it left.
#[derive(Debug)]
pub struct BuiltUnit {
    /// The package's name.
    pub package: String,
    /// The hash in the names of its files: 16 hexadecimal digits.
    pub hash: String,
    /// The name of the package's target, such as `serde` or `build-script-build`; empty if unfinished.
    pub target: String,
    /// Its kind.
    pub kind: UnitKind,
    /// Whose code it is.
    pub origin: CodeOrigin,
    /// How its files are laid out.
    pub layout: Layout,
    /// Its profile folder, in [`TargetFolder::profiles`].
    pub profile: usize,
    /// cargo's record; `None` if unfinished.
    pub fingerprint: Option<Fingerprint>,
    /// The fingerprint's hash, which dependents name; `None` if unfinished, or if cargo takes it for stale.
    pub fingerprint_hash: Option<u64>,
    /// The fingerprint's JSON, relative to the target folder.
    pub fingerprint_file: Option<PathBuf>,
    /// When it was built.
    pub built: Option<SystemTime>,
    /// When cargo last looked at it. File systems keep that to a day at best, or not at all.
    pub accessed: Option<SystemTime>,
    /// Its files and the folders of its own, sorted by path.
    pub files: Vec<TargetFolderFile>,
}

impl BuiltUnit {
    /// When it was last built or looked at, as far as is known.
    pub fn last_use(&self) -> Option<SystemTime> {
        self.built.max(self.accessed)
    }

    /// Whether `cargo check` or `cargo clippy` made it: there is metadata, but nothing that can be linked.
    pub fn is_check(&self) -> bool {
        let artifacts = self.files.iter().filter(|file| file.is_artifact());
        let extensions: Vec<_> = artifacts.filter_map(|file| file.path.extension()).collect();
        self.kind != UnitKind::BuildScriptRun
            && extensions.iter().any(|&extension| extension == "rmeta")
            && !extensions
                .iter()
                .any(|extension| ["rlib", "so", "dylib", "dll"].map(OsStr::new).contains(extension))
    }
}

/// A file or a folder; a folder's size is without what is in it.
#[derive(Debug, Clone)]
pub struct TargetFolderFile {
    /// Relative to the target folder.
    pub path: PathBuf,
    /// The room it takes.
    pub size: Size,
    /// Its kind.
    pub kind: disk::EntryKind,
    /// Device and inode.
    pub id: FileId,
    /// How many names the file has, inside and outside.
    pub links: u64,
    /// When its content last changed.
    pub modified: SystemTime,
    /// When it was last read.
    pub accessed: SystemTime,
}

impl TargetFolderFile {
    /// Whether it is a file that the compiler wrote, and not one of cargo's records.
    fn is_artifact(&self) -> bool {
        let folder = self.path.parent().and_then(Path::file_name);
        self.kind == disk::EntryKind::File && folder.is_some_and(|name| name == "deps" || name == "out")
    }
}

/// A file or folder of a target folder that is no unit.
#[derive(Debug)]
pub struct Other {
    /// Its kind.
    pub kind: OtherKind,
    /// The file or folder, relative to the target folder.
    pub path: PathBuf,
    /// The profile folder it is in.
    pub profile: Option<usize>,
    /// The unit that an uplifted file is another name or a copy of.
    pub unit: Option<usize>,
    /// Everything below it, itself included, sorted by path.
    pub files: Vec<TargetFolderFile>,
}

impl Other {
    /// When anything in it last changed.
    pub fn modified(&self) -> Option<SystemTime> {
        self.files.iter().map(|file| file.modified).max()
    }
}

/// Kinds of what is no unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherKind {
    /// The compiler's incremental state of one crate.
    Incremental,
    /// Pages that rustdoc wrote.
    Documentation,
    /// Programs and libraries under their plain names, for people.
    Uplifted,
    /// Artifacts whose unit has no fingerprint any more: cargo will not use them again.
    Orphan,
    /// The site that cargo-leptos serves: the folder `site`.
    Site,
    /// `tmp`, for tests to write into.
    Temporary,
    /// `package`, from `cargo package`.
    Package,
    /// `cargo-timings`, from `cargo build --timings`.
    Timings,
    /// cargo's own locks, caches and folders.
    Bookkeeping,
    /// Not cargo's.
    Foreign,
}

impl TargetFolder {
    /// The room that everything in it takes.
    pub fn size(&self) -> Size {
        let mut tally = Tally::default();
        self.files().for_each(|file| {
            tally.add(file.size, file.id, file.links);
        });
        tally.total()
    }

    /// Every file and folder.
    pub fn files(&self) -> impl Iterator<Item = &TargetFolderFile> {
        let of_units = self.units.iter().flat_map(|unit| &unit.files);
        of_units.chain(self.others.iter().flat_map(|other| &other.files))
    }

    /// The profile folder of a unit.
    pub fn profile(&self, unit: &BuiltUnit) -> &Profile {
        &self.profiles[unit.profile]
    }

    /// The units that a unit was built with, in the order of its fingerprint; `None` if that state of the
    /// dependency is there no longer, so that cargo would build the unit anew.
    pub fn dependencies(&self, unit: &BuiltUnit) -> Vec<Option<usize>> {
        let deps = unit.fingerprint.iter().flat_map(|fingerprint| &fingerprint.deps);
        deps.map(|dep| self.with_fingerprint(unit.profile, dep.3)).collect()
    }

    /// The unit whose fingerprint has this hash, as a unit in `profile` means it.
    pub fn with_fingerprint(&self, profile: usize, hash: u64) -> Option<usize> {
        let own = &self.profiles[profile];
        let candidates = self.by_fingerprint.get(&(own.base.clone(), hash))?;
        // The same unit may be in several profile folders: a build keeps to one name, on host and target alike.
        let of_same_build = candidates.iter().find(|&&unit| self.profile(&self.units[unit]).name == own.name);
        of_same_build.or(candidates.first()).copied()
    }

    pub(super) fn index(&mut self) {
        let mut index: HashMap<(PathBuf, u64), Vec<usize>> = HashMap::new();
        for (number, unit) in self.units.iter().enumerate() {
            if let Some(hash) = unit.fingerprint_hash {
                index.entry((self.profiles[unit.profile].base.clone(), hash)).or_default().push(number);
            }
        }
        self.by_fingerprint = index;
    }
}
