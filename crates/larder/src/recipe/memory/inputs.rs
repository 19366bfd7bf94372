//! The list of all that cargo and Larder may read before they plan: what it is, not what is in it.
//!
//! It must never leave anything out: what cannot be listed is not remembered at all.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::SystemTime,
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::{
    configured::{ConfiguredParts, settings},
    generated::GeneratedFrom,
    manifests,
    names::subfolders,
    question::Question,
    sources::{self, stamps},
    toolchains::ToolchainParts,
};
use crate::{
    cargo::{
        command_line::option_values,
        compilers::COMPILERS,
        settings_files::{CONFIGURATION, CONFIGURATION_OF_FOLDER, TOOLCHAIN},
    },
    process::Environment,
    project::Project,
    slice::{self, Slice},
    workspace::{is_glob, member_patterns},
};

/// Files of the workspace that recipes are made of or made from, but for its configuration.
const SHARED: [&str; 8] = [
    "Cargo.lock",
    "Cargo.toml",
    TOOLCHAIN[0],
    TOOLCHAIN[1],
    "larder/larder.lock",
    "larder/expand.awk",
    "larder/.gitattributes",
    "Dockerfile",
];
/// Folders of a package in which cargo finds targets.
const TARGETS: [&str; 5] = ["src", "src/bin", "tests", "examples", "benches"];
/// Options by which a slice is planned in another folder.
const ELSEWHERE: [&str; 2] = ["--manifest-path", "-C"];
/// Variables that name places in which cargo looks; in a slice they hold for its plan alone.
const PLACES: [&str; 4] = ["PATH", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];

/// Everything that a project is read from.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LockInputs {
    /// Folders of packages whose workspace this is.
    pub(super) packages: BTreeSet<PathBuf>,
    /// Each is compared by its content.
    pub(super) files: BTreeSet<PathBuf>,
    /// Each is compared by the names in it.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Folders that links lead to.
    pub(super) links: BTreeSet<PathBuf>,
    /// Folders of vendored packages and local registries.
    pub(super) sources: BTreeSet<PathBuf>,
    pub(super) programs: BTreeSet<PathBuf>,
    /// Programs that are looked for on `PATH`.
    pub(super) names: BTreeSet<String>,
    pub(super) root: Utf8PathBuf,
    /// Files that count, or are written in another way, if git is told to ignore them.
    pub(super) shared: BTreeSet<PathBuf>,
    /// Files that count if git tracks them.
    pub(super) tracked: BTreeSet<PathBuf>,
    /// Folders that builds make.
    pub(super) built: BTreeSet<PathBuf>,
    /// Whether there are generated files: all files that git tracks count then.
    pub(super) generated: bool,
    /// Files and folders that count by being there.
    pub(super) places: BTreeSet<PathBuf>,
}

impl LockInputs {
    /// Everything that this project is read from; `None` if that cannot be listed.
    pub(super) fn list(question: &Question<'_>, project: &Project) -> Option<Self> {
        let workspace = &project.workspace;
        let (env, root) = (project.cargo.env(), workspace.root());
        if has_own_settings(question.dir, root) || is_told_elsewhere(env, &project.slices) {
            return None;
        }
        // Without a word of the environment cargo asks the system, and a relative one is another from each folder.
        let home = project.cargo.home().filter(|home| home.is_absolute())?;
        let mut shared: BTreeSet<PathBuf> = SHARED.iter().map(|name| root.join(name).into()).collect();
        let mut files = shared.clone();
        files.extend([".env", "larder/.gitignore"].map(|name| root.join(name).into()));
        for name in ["Cargo.toml", "Dockerfile", ".dockerignore"] {
            files.extend(root.ancestors().map(|dir| PathBuf::from(dir.join(name))));
        }
        let configuration = configuration(project, &home);
        let mut configured = ConfiguredParts::read(env, root, &configuration);
        configured.add_settings(project);
        let mut tracked = configured.included;
        tracked.extend(configuration);
        let above = root.ancestors().skip(1);
        tracked.extend(above.flat_map(|dir| TOOLCHAIN.map(|name| PathBuf::from(dir.join(name)))));
        // The workspace's own configuration counts untracked as well: all that matters is whether git ignores it.
        let own = CONFIGURATION_OF_FOLDER.map(|name| PathBuf::from(root.join(name)));
        tracked.retain(|file| !own.contains(file));
        shared.extend(own.clone());
        files.extend(tracked.iter().cloned().chain(own).chain(configured.targets));
        files.extend(slice::files(workspace).into_iter().map(PathBuf::from));
        files.extend(workspace.flag_files().iter().map(|file| root.join(file).into()));
        let toolchains = ToolchainParts::find(env, root)?;
        files.extend(toolchains.files);
        let mut inputs = Self {
            packages: members(project)?,
            files,
            folders: BTreeSet::from([root.into(), workspace.larder_dir().into()]),
            links: BTreeSet::new(),
            sources: configured.sources,
            programs: configured.programs.into_iter().chain(toolchains.programs).collect(),
            names: configured.names,
            root: root.to_owned(),
            shared,
            tracked,
            built: project.target_dirs().into_iter().map(PathBuf::from).collect(),
            generated: false,
            places: BTreeSet::new(),
        };
        inputs.folders.extend(toolchains.folders);
        inputs.folders.extend(of_globs(project)?);
        inputs.built.extend(["target", ".larder"].map(|name| PathBuf::from(root.join(name))));
        inputs.add_packages(project, configured.manifests, &configured.overrides)?;
        inputs.sources.iter().all(|folder| stamps(folder).is_some()).then_some(inputs)
    }

    /// Adds what cargo reads of packages: their manifests, the names in their folders, and the targets of links.
    fn add_packages(
        &mut self,
        project: &Project,
        configured: Vec<Utf8PathBuf>,
        overrides: &BTreeSet<Utf8PathBuf>,
    ) -> Option<()> {
        let metadata = project.workspace.metadata();
        let members = metadata.packages.iter().map(|package| package.manifest_path.clone());
        let mut known: Vec<Utf8PathBuf> = members.chain([self.root.join("Cargo.toml")]).collect();
        known.extend(configured);
        for top in overrides {
            for folder in sources::folders(top)? {
                known.push(folder.join("Cargo.toml"));
                self.folders.insert(folder.into());
            }
        }
        for manifest in manifests::reached(known) {
            let dir = manifest.parent().unwrap_or(&self.root);
            // A package may inherit from a workspace of its own.
            self.files.extend(dir.ancestors().map(|dir| PathBuf::from(dir.join("Cargo.toml"))));
            self.folders.insert(dir.into());
            for name in TARGETS {
                self.folders.insert(dir.join(name).into());
                self.folders.extend(subfolders(dir.join(name)));
            }
            // Its settings are warned of, see `slice::driver`.
            self.files
                .extend(Some(dir.join("pyproject.toml").into()).filter(|path: &PathBuf| path.is_file()));
        }
        let is_led = |folder: &&PathBuf| fs_err::canonicalize(folder).is_ok_and(|real| real != **folder);
        self.links = self.folders.iter().filter(is_led).cloned().collect();
        Some(())
    }

    /// Adds what generated files are made from.
    pub(super) fn add_generated(&mut self, generated: GeneratedFrom) {
        self.generated = true;
        self.files.extend(generated.files.into_iter().map(PathBuf::from));
        self.places.extend(generated.places.into_iter().map(PathBuf::from));
    }

    /// Whether what has this name in a folder is compared by itself, or not at all: the name says no more then.
    pub(super) fn has(&self, path: &Path, is_folder: bool) -> bool {
        if is_folder {
            self.folders.contains(path) || self.built.contains(path)
        } else {
            self.files.contains(path)
        }
    }

    /// Whether a file was changed since, so that it may have been read before or after.
    pub(super) fn changed_since(&self, start: SystemTime) -> bool {
        let times = self.files.iter().filter_map(|file| fs_err::metadata(file).ok()?.modified().ok());
        let now = SystemTime::now();
        times.into_iter().any(|time| time >= start && time <= now)
    }
}

/// Whether cargo or rustup would read settings in the working directory that they do not read at the root.
pub(super) fn has_own_settings(dir: &Path, root: &Utf8Path) -> bool {
    let mut apart = dir.ancestors().filter(|folder| !root.starts_with(folder));
    apart.any(|folder| {
        CONFIGURATION_OF_FOLDER.iter().chain(&TOOLCHAIN).any(|name| folder.join(name).is_file())
    })
}

/// Whether something names places to look in that are not followed here.
fn is_told_elsewhere(env: &Environment, slices: &[Slice]) -> bool {
    env.iter().any(|(name, _)| name.to_str().is_some_and(names_source)) || slices.iter().any(is_elsewhere)
}

fn is_elsewhere(slice: &Slice) -> bool {
    slice.env.keys().any(|name| names_place(name) || names_source(name))
        || ELSEWHERE.iter().any(|option| !option_values(&slice.args, option).is_empty())
}

/// Whether a variable names a place in which cargo looks, or a program that it calls.
fn names_place(name: &str) -> bool {
    PLACES.contains(&name) || COMPILERS.iter().any(|(_, variables)| variables.contains(&name))
}

/// Whether a variable names a folder of sources.
fn names_source(name: &str) -> bool {
    name.starts_with("CARGO_SOURCE_") && (name.ends_with("_DIRECTORY") || name.ends_with("_LOCAL_REGISTRY"))
}

/// The folders of packages whose workspace this is. A package that is excluded has one of its own, even if members
/// reach it by a path.
fn members(project: &Project) -> Option<BTreeSet<PathBuf>> {
    let packages = project.workspace.metadata().workspace_packages().into_iter();
    let folders = packages.filter_map(|package| package.manifest_path.parent());
    folders.chain([project.workspace.root()]).map(|folder| fs_err::canonicalize(folder).ok()).collect()
}

/// The files of configuration that cargo looks for, or that a slice names, there or not.
fn configuration(project: &Project, home: &Path) -> BTreeSet<PathBuf> {
    let root = project.workspace.root();
    let beside = root.ancestors().flat_map(|dir| CONFIGURATION_OF_FOLDER.map(|name| dir.join(name).into()));
    let of_home = CONFIGURATION.map(|name| home.join(name));
    let named = settings(project).map(|setting| root.join(setting).into());
    let found = project.workspace.config_files().iter().map(Into::into);
    beside.chain(of_home).chain(named).chain(found).collect()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_changed_while_the_project_was_read_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("Cargo.toml");
        fs_err::write(&file, "").unwrap();
        let changed = fs_err::metadata(&file).unwrap().modified().unwrap();
        let files = BTreeSet::from([file, scratch.path().join("gone")]);
        let inputs = LockInputs { files, ..LockInputs::default() };
        assert!(inputs.changed_since(changed));
        assert!(!inputs.changed_since(changed + Duration::from_nanos(1)));
    }

    #[test]
    fn only_settings_apart_from_the_root_are_of_the_working_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(scratch.path()).unwrap();
        for folder in [".cargo", "ws/.cargo", "ws/app/.cargo", "ws/other/src"] {
            fs_err::create_dir_all(top.join(folder)).unwrap();
            fs_err::write(top.join(folder).join("config.toml"), "").unwrap();
        }
        let root = top.join("ws");
        for (dir, own) in [("", false), ("ws", false), ("ws/app", true), ("ws/other/src", false)] {
            assert_eq!(has_own_settings(top.join(dir).as_std_path(), &root), own, "{dir}");
        }
    }

    #[test]
    fn variables_that_lead_elsewhere() {
        for name in ["CARGO_SOURCE_OWN_DIRECTORY", "CARGO_SOURCE_OWN_LOCAL_REGISTRY"] {
            assert!(is_told_elsewhere(&Environment::new([(name, "x")]), &[]), "{name}");
        }
        assert!(!is_told_elsewhere(&Environment::new([("CARGO_SOURCE_OWN_REGISTRY", "x")]), &[]));
        assert!(["RUSTC", "CARGO_BUILD_RUSTC_WRAPPER", "CARGO_HOME"].into_iter().all(names_place));
        assert!(!names_place("LEPTOS_SITE_ADDR"));
    }
}
