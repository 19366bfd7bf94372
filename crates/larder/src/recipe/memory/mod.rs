//! Everything that `lock` read when it last found all as it should be. If that is still the same, the answer is too,
//! and cargo need not be asked: that is most of the times in which somebody locks or checks.
//!
//! It must never say "the same" of something that is not. So it holds everything that cargo or Larder may read before
//! they plan: files by content, folders by the names in them, programs and toolchains by size and time, the
//! environment as a whole, and which of its files git leaves out. An input that cannot be told in that way is not
//! remembered at all.

mod configured;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use self::configured::{ConfiguredParts, paths_in};
use super::locked::{Locked, RecipeChange};
use crate::{
    cargo::{command_line::option_values, platform::Platform},
    error::Result,
    files::records,
    git::{Git, Tracked},
    plan::key::ContentHasher,
    process::Environment,
    project::Project,
    slice,
    workspace::{TOOLCHAIN_FILES, is_glob, member_patterns, parse_toml},
};

const VERSION: u64 = 2;
/// Beside other records of the target directory in the workspace, wherever cargo builds.
const FILE: &str = "target/larder/locked.json";
/// Variables that differ from terminal to terminal and mean nothing to cargo or rustc.
const MEANINGLESS: [&str; 10] =
    ["_", "CARGO", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM", "COLORTERM", "NO_COLOR"];
/// Files of the workspace that recipes are made of or made from, but for its configuration.
const SHARED: [&str; 8] = [
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    "larder/larder.lock",
    "larder/expand.awk",
    "larder/.gitattributes",
    "Dockerfile",
];
/// cargo's configuration, in the workspace and in every folder above.
const CONFIGURATION: [&str; 2] = [".cargo/config", ".cargo/config.toml"];
/// Folders of a package in which cargo finds targets.
const TARGETS: [&str; 5] = ["src", "src/bin", "tests", "examples", "benches"];

/// Who asks, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The environment of the process.
    pub env: &'a Environment,
    /// The working directory.
    pub dir: &'a Path,
    /// The user's `--manifest-path`.
    pub manifest: Option<&'a Path>,
    /// The user's `--target-dir`.
    pub target_dir: Option<&'a Path>,
    /// This program.
    pub program: &'a Path,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Memory {
    version: u64,
    /// Everything that was read, in one number.
    digest: String,
    /// Folders of packages whose workspace this is.
    packages: BTreeSet<PathBuf>,
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    programs: BTreeSet<PathBuf>,
    root: Utf8PathBuf,
    /// Files that count, or are written in another way, if git is told to ignore them.
    shared: BTreeSet<PathBuf>,
    /// Files that count if git tracks them.
    tracked: BTreeSet<PathBuf>,
    slices: Vec<Remembered>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    name: String,
    units: BTreeMap<Platform, usize>,
    tainted: Vec<String>,
}

/// The outcome for the slices when everything was as it is now; `None` if something is not, or nobody knows.
pub fn recall(question: &Question<'_>) -> Option<Vec<Locked>> {
    let manifest = match question.manifest {
        Some(manifest) => question.dir.join(manifest),
        None => {
            question.dir.ancestors().map(|dir| dir.join("Cargo.toml")).find(|manifest| manifest.is_file())?
        }
    };
    let package = fs_err::canonicalize(manifest.parent()?).ok()?;
    let path = package.ancestors().map(|dir| dir.join(FILE)).find(|path| path.is_file())?;
    let memory: Memory = records::read(Utf8Path::from_path(&path)?).ok()??;
    let same = memory.version == VERSION
        && memory.packages.contains(&package)
        && memory.digest == memory.digest_now(question);
    same.then(|| memory.slices.into_iter().map(Remembered::into_locked).collect())
}

impl Remembered {
    fn into_locked(self) -> Locked {
        let Self { name, units, tainted } = self;
        Locked { slice: name, change: RecipeChange::Kept, units, tainted }
    }
}

/// Remembers that recipes are as they should be.
///
/// # Errors
/// If the record cannot be written.
pub fn remember(question: &Question<'_>, project: &Project, locked: &[Locked]) -> Result<()> {
    let Some(mut memory) = Memory::read(project) else { return Ok(()) };
    memory.slices = locked
        .iter()
        .map(|Locked { slice, units, tainted, .. }| Remembered {
            name: slice.clone(),
            units: units.clone(),
            tainted: tainted.clone(),
        })
        .collect();
    memory.digest = memory.digest_now(question);
    records::write(&project.workspace.root().join(FILE), &memory)
}

impl Memory {
    /// Everything that a project is read from; `None` if that cannot be listed.
    fn read(project: &Project) -> Option<Self> {
        let workspace = &project.workspace;
        let root = workspace.root();
        let mut shared: BTreeSet<PathBuf> = SHARED.iter().map(|name| root.join(name).into()).collect();
        let mut files = shared.clone();
        files.extend([".env", "larder/.gitignore"].map(|name| root.join(name).into()));
        let mut folders: BTreeSet<PathBuf> = BTreeSet::from([root.into(), workspace.larder_dir().into()]);
        for dir in root.ancestors() {
            for name in ["Cargo.toml", "Dockerfile", ".dockerignore"] {
                files.insert(dir.join(name).into());
            }
        }
        let env = project.cargo.env();
        let configuration = configuration(project);
        let configured = ConfiguredParts::read(env, root, &configuration);
        let mut tracked = configured.included;
        tracked.extend(configuration);
        let above = root.ancestors().skip(1);
        tracked.extend(above.flat_map(|dir| TOOLCHAIN_FILES.map(|name| dir.join(name).into())));
        // git's word on the workspace's own configuration is told to the user, and no more.
        let own = CONFIGURATION.map(|name| PathBuf::from(root.join(name)));
        tracked.retain(|file| !own.contains(file));
        shared.extend(own.clone());
        files.extend(tracked.iter().cloned().chain(own).chain(configured.targets));
        files.extend(slice::files(workspace).into_iter().map(PathBuf::from));
        files.extend(workspace.flag_files().iter().map(|file| root.join(file).into()));
        let mut packages = BTreeSet::from([fs_err::canonicalize(root).ok()?]);
        for manifest in manifests(project, configured.manifests) {
            let dir = manifest.parent().unwrap_or(root);
            // A package may inherit from a workspace of its own.
            files.extend(dir.ancestors().map(|dir| PathBuf::from(dir.join("Cargo.toml"))));
            folders.insert(dir.into());
            for name in TARGETS {
                folders.insert(dir.join(name).into());
                folders.extend(subfolders(dir.join(name)));
            }
            packages.insert(fs_err::canonicalize(dir).ok()?);
        }
        folders.extend(of_globs(project)?);
        let mut programs: BTreeSet<PathBuf> = configured.programs;
        programs.extend([project.cargo.program().to_owned(), project.cargo.rustc().clone()]);
        programs.extend(["cargo", "rustc", "rustup"].iter().filter_map(|name| env.find_program(name)));
        if let Some(home) = rustup_home(env) {
            files.insert(home.join("settings.toml"));
            folders.insert(home.join("toolchains"));
            for toolchain in subfolders(home.join("toolchains")) {
                programs.insert(toolchain.join("bin/cargo"));
                programs.insert(toolchain.join("bin/rustc"));
                programs.insert(toolchain.join("lib/rustlib/components"));
            }
        }
        let (digest, slices, root) = (String::new(), Vec::new(), root.to_owned());
        Some(Self {
            version: VERSION,
            digest,
            packages,
            files,
            folders,
            programs,
            root,
            shared,
            tracked,
            slices,
        })
    }

    fn digest_now(&self, question: &Question<'_>) -> String {
        let mut hasher = ContentHasher::new("larder memory 2");
        hasher.string(env!("CARGO_PKG_VERSION"));
        let path = |path: Option<&Path>| path.map(|path| path.to_string_lossy().into_owned());
        hasher.optional(path(question.target_dir).as_deref());
        let meaningful = |name: &str| !MEANINGLESS.contains(&name);
        let env = question.env.iter().map(|(name, value)| (name.to_string_lossy(), value.to_string_lossy()));
        let env: BTreeMap<_, _> = env.filter(|(name, _)| meaningful(name)).collect();
        hasher.length(env.len());
        for (name, value) in env {
            hasher.string(&name);
            hasher.string(&value);
        }
        for file in &self.files {
            hasher.string(&file.to_string_lossy());
            // One that is not there is as telling as one that is.
            // A pipe or a device would never end.
            let content = if file.is_file() { fs_err::read(file).ok() } else { None };
            hasher.bytes(&[u8::from(content.is_some())]);
            let content = content.unwrap_or_default();
            hasher.length(content.len());
            hasher.bytes(&content);
        }
        for folder in &self.folders {
            hasher.string(&folder.to_string_lossy());
            hasher.strings(&names(folder));
        }
        for program in self.programs.iter().map(PathBuf::as_path).chain([question.program]) {
            hasher.string(&program.to_string_lossy());
            hasher.string(&stamp(program));
        }
        hasher.strings(&self.left_out(question.env));
        hasher.finish_hex()
    }

    /// The files that clones do not get, as far as git tells.
    fn left_out(&self, env: &Environment) -> Vec<String> {
        let Some(top) = self.root.ancestors().find(|folder| folder.join(".git").exists()) else {
            return Vec::new();
        };
        let Ok(Some(git)) = Git::find(env, &self.root) else { return vec!["no answer".into()] };
        let (shared, tracked) = (files_inside(top, &self.shared), files_inside(top, &self.tracked));
        let paths: Vec<&Utf8Path> = shared.iter().chain(&tracked).copied().collect();
        match git.unknown(&paths) {
            Ok(unknown) => unknown
                .into_iter()
                .filter(|(kind, path)| {
                    *kind == Tracked::Ignored || tracked.iter().any(|file| file.ends_with(path))
                })
                .map(|(kind, path)| format!("{kind:?} {path}"))
                .collect(),
            Err(_) => vec!["no answer".into()],
        }
    }
}

fn files_inside<'a>(folder: &Utf8Path, files: &'a BTreeSet<PathBuf>) -> Vec<&'a Utf8Path> {
    let files = files.iter().filter_map(|file| Utf8Path::from_path(file));
    files.filter(|file| file.starts_with(folder)).collect()
}

/// The files of configuration that cargo looks for, or that a slice names, there or not.
fn configuration(project: &Project) -> BTreeSet<PathBuf> {
    let root = project.workspace.root();
    let beside = root.ancestors().flat_map(|dir| CONFIGURATION.map(|name| dir.join(name).into()));
    let home = project.cargo.home().into_iter();
    let of_home = home.flat_map(|home| [home.join("config"), home.join("config.toml")]);
    let settings = project.slices.iter().flat_map(|slice| option_values(&slice.args, "--config"));
    let named = settings.map(|setting| root.join(setting).into());
    let found = project.workspace.config_files().iter().map(Into::into);
    beside.chain(of_home).chain(named).chain(found).collect()
}

/// The manifests of members, of packages that the configuration names, and of all that they reach by paths.
fn manifests(project: &Project, configured: Vec<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
    let workspace = &project.workspace;
    let members = workspace.metadata().packages.iter().map(|package| package.manifest_path.clone());
    let mut open: Vec<Utf8PathBuf> = members.chain([workspace.root().join("Cargo.toml")]).collect();
    open.extend(configured);
    let mut known = BTreeSet::new();
    while let Some(manifest) = open.pop() {
        if known.insert(manifest.clone())
            && let Ok(document) = parse_toml(&manifest)
        {
            open.extend(paths_in(document.as_table(), manifest.parent().unwrap_or(workspace.root())));
        }
    }
    known
}

/// The folders that globs of members look into; `None` for a glob that looks into folders of folders.
fn of_globs(project: &Project) -> Option<Vec<PathBuf>> {
    let workspace = &project.workspace;
    let mut folders = Vec::new();
    for member in member_patterns(workspace.manifest()).map(Utf8Path::new) {
        let parent = member.parent().unwrap_or(Utf8Path::new(""));
        if is_glob(parent.as_str()) || member.file_name() == Some("**") {
            return None;
        }
        if is_glob(member.as_str()) {
            folders.push(workspace.root().join(parent).into());
            // A package that appears in one of them is a member.
            folders.extend(subfolders(workspace.root().join(parent)));
        }
    }
    Some(folders)
}

/// rustup's own folder; `None` if the environment tells none.
fn rustup_home(env: &Environment) -> Option<PathBuf> {
    let set = env.get("RUSTUP_HOME").map(PathBuf::from);
    set.or_else(|| env.home().map(|home| home.join(".rustup")))
}

fn subfolders(dir: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(dir.as_ref()).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

/// The names in a folder, sorted; none if it is not there.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Size and time of a file that is too large to be read each time.
fn stamp(path: &Path) -> String {
    let Ok(facts) = fs_err::metadata(path) else { return String::new() };
    let time =
        facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let target = fs_err::canonicalize(path).unwrap_or_default();
    format!("{} {} {}", facts.len(), time.as_nanos(), target.display())
}
