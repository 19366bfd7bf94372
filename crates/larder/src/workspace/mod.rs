//! The project as cargo sees it: root, members, manifests and configuration files.
//!
//! Reads only. Files are parsed with `toml_edit`, so that what is copied from them keeps what we do not know.

pub(crate) mod config;
mod document;
mod locked_source;
mod paths;
mod toolchain;

use std::{path::Path, sync::OnceLock};

use cargo_metadata::{
    Metadata,
    camino::{Utf8Path, Utf8PathBuf},
};
use toml_edit::{DocumentMut, Item, TableLike};

use self::config::Config;
pub(crate) use self::config::included;
pub use self::paths::{Named, PathRole, normalized};
use crate::{
    cargo::{
        Cargo,
        settings_files::{CONFIGURATION_OF_FOLDER, TOOLCHAIN},
    },
    error::{Error, Result},
    files::read,
    git::{Git, shared_files::SharedFiles},
    process::Environment,
};
pub use document::parse_toml;
pub(crate) use document::texts;
pub use locked_source::LockedSource;
pub(crate) use toolchain::read_toolchain;

/// The folder of the recipes, as seen from the root.
pub const RECIPES: &str = "larder";

/// A cargo workspace on disk.
#[derive(Debug)]
pub struct Workspace {
    metadata: Metadata,
    target_directory: Utf8PathBuf,
    manifest: DocumentMut,
    config: Config,
    toolchain_file: Option<Utf8PathBuf>,
    toolchain: Option<String>,
    env: Environment,
    shared: OnceLock<SharedFiles>,
}

impl Workspace {
    /// Asks cargo for the workspace of `manifest`, or else of `dir`, and reads its root files.
    ///
    /// `target_dir` is the user's `--target-dir`, which wins over cargo's configuration.
    ///
    /// # Errors
    /// No workspace, no `Cargo.lock`, or a file that is not TOML.
    pub fn load(
        cargo: &Cargo,
        dir: &Path,
        manifest: Option<&Path>,
        target_dir: Option<&Utf8Path>,
    ) -> Result<Self> {
        refuse_endless(dir, manifest)?;
        let metadata = cargo.metadata(dir, manifest)?;
        let root = metadata.workspace_root.clone();
        let lock = root.join("Cargo.lock");
        if !lock.is_file() {
            return Err(Error::NoCargoLock { path: lock.into() });
        }
        let target_directory = target_dir.unwrap_or(&metadata.target_directory).to_owned();
        let toolchain_file = toolchain::find(&root, cargo.env());
        Ok(Self {
            manifest: parse_toml(&root.join("Cargo.toml"))?,
            config: config::read(&root, cargo.env())?,
            toolchain: toolchain_file.as_deref().map_or(Ok(None), toolchain::channel)?,
            toolchain_file,
            target_directory,
            metadata,
            env: cargo.env().clone(),
            shared: OnceLock::new(),
        })
    }

    /// The files that every clone has; git is asked once.
    pub fn shared_files(&self) -> &SharedFiles {
        self.shared.get_or_init(|| SharedFiles::ask(&self.env, self.root()))
    }

    /// Whether git tracks a path, as the link or the file that it is; a git that does not answer may.
    pub(crate) fn tracks(&self, path: &Utf8Path) -> bool {
        self.git().is_some_and(|git| git.tracks(path) != Some(false))
    }

    /// The workspace's `target`, if it is a link and git says that no clone has it: it is the user's own.
    pub fn own_link(&self) -> Option<Utf8PathBuf> {
        let target = self.root().join("target");
        let is_own = target.is_symlink() && self.git().is_some_and(|git| git.tracks(&target) == Some(false));
        is_own.then_some(target)
    }

    /// The repository that it lies in, if git says so.
    fn git(&self) -> Option<Git> {
        Git::find(&self.env, self.root()).ok().flatten()
    }

    /// The folder of the root manifest.
    pub fn root(&self) -> &Utf8Path {
        &self.metadata.workspace_root
    }

    /// The root manifest's path.
    pub fn manifest_path(&self) -> Utf8PathBuf {
        self.root().join("Cargo.toml")
    }

    /// The path of `Cargo.lock`.
    pub fn lock_path(&self) -> Utf8PathBuf {
        self.root().join("Cargo.lock")
    }

    /// The target directory of this run: `--target-dir`, else what cargo's configuration says.
    pub fn target_directory(&self) -> &Utf8Path {
        &self.target_directory
    }

    /// The target directory relative to the root as the committed files give it, on every machine the same.
    pub fn committed_target_directory(&self) -> Utf8PathBuf {
        let configured =
            self.config.document.get("build").and_then(|build| build.get("target-dir")?.as_str());
        match configured.map(Utf8Path::new) {
            Some(dir) if dir.is_relative() => dir.to_owned(),
            _ => Utf8PathBuf::from("target"),
        }
    }

    /// The folder in which cargo keeps units when it builds into a target directory.
    pub fn build_directory(&self, target_directory: &Utf8Path) -> Utf8PathBuf {
        let configured = self.metadata.build_directory.as_ref().filter(|_| self.configures_build_dir());
        configured.cloned().unwrap_or_else(|| build_directory(&self.metadata, target_directory))
    }

    /// Whether the configuration names a build directory, be it the target directory.
    pub fn configures_build_dir(&self) -> bool {
        self.config.document.get("build").is_some_and(|build| build.get("build-dir").is_some())
    }

    /// `cargo metadata --no-deps`.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The root manifest.
    pub fn manifest(&self) -> &DocumentMut {
        &self.manifest
    }

    /// The root's `.cargo/config.toml` with all that it includes; empty if there is none.
    pub fn config(&self) -> &DocumentMut {
        &self.config.document
    }

    /// The variables of [`config`](Self::config), without those of files that git ignores: no clone has them.
    pub(crate) fn shared_env(&self) -> Option<&Item> {
        self.config.shared_env.as_ref()
    }

    /// A file that a call names with `--config`, with all that it includes, its paths relative to the root, and without
    /// variables of files that git ignores.
    ///
    /// # Errors
    /// When one of the files is not there or no TOML.
    pub(crate) fn named_config(&self, file: &Utf8Path) -> Result<DocumentMut> {
        config::read_file(self.root(), &self.env, &self.root().join(file), self.shared_files())
    }

    /// The files that [`config`](Self::config) was read from, the root's own first.
    pub fn config_files(&self) -> &[Utf8PathBuf] {
        &self.config.files
    }

    /// The paths that the configuration names and a build reads.
    pub fn config_paths(&self) -> Vec<Named> {
        paths::named(&self.config.document)
    }

    /// The files of the workspace that the configuration's flags for rustc name, relative to the root.
    pub fn flag_files(&self) -> Vec<Utf8PathBuf> {
        let of_build = self.config.document.get("build").and_then(|build| build.get("rustflags"));
        paths::of_flags(self.target_rustflags().chain(of_build), self.root())
    }

    /// The flags for rustc in the configuration's `[target.…]` tables, whatever the platform.
    pub fn target_rustflags(&self) -> impl Iterator<Item = &Item> {
        let tables = self.config.document.get("target").and_then(Item::as_table_like);
        let tables = tables.into_iter().flat_map(TableLike::iter);
        tables.filter_map(|(_, table)| table.get("rustflags"))
    }

    /// The targets that the configuration has builds made for that name none.
    pub(crate) fn configured_targets(&self) -> Vec<&str> {
        let configured = self.config.document.get("build").and_then(|build| build.get("target"));
        configured.map(texts).unwrap_or_default()
    }

    /// The `rust-toolchain.toml` or `rust-toolchain` that rustup takes the toolchain from, here or above.
    pub fn toolchain_file(&self) -> Option<&Utf8Path> {
        self.toolchain_file.as_deref()
    }

    /// The same in every clone.
    pub(crate) fn shared_toolchain_file(&self) -> Option<Utf8PathBuf> {
        toolchain::find_shared(self.root(), &self.env, self.shared_files())
    }

    /// The channel that it pins.
    pub fn toolchain(&self) -> Option<&str> {
        self.toolchain.as_deref()
    }

    /// The folder of the recipes.
    pub fn larder_dir(&self) -> Utf8PathBuf {
        self.root().join(RECIPES)
    }

    /// The resolver version cargo uses here, copied into recipes: cargo derives it from the root package's
    /// edition if no key names it, and takes `1` for a virtual workspace.
    pub fn resolver(&self) -> String {
        let [workspace, package] = ["workspace", "package"].map(|name| self.manifest.get(name));
        let mut tables = workspace.into_iter().chain(package);
        if let Some(resolver) = tables.find_map(|table| table.get("resolver")?.as_str()) {
            return resolver.to_owned();
        }
        if package.is_none() {
            return "1".to_owned();
        }
        let root_manifest = self.manifest_path();
        let root_package = self.metadata.packages.iter().find(|p| p.manifest_path == root_manifest);
        let edition = root_package.map_or("2015", |package| package.edition.as_str());
        match edition {
            "2015" | "2018" => "1",
            "2021" => "2",
            _ => "3",
        }
        .to_owned()
    }
}

/// The members that a parsed manifest gives its workspace, each a path or a pattern.
pub(crate) fn member_patterns(manifest: &DocumentMut) -> impl Iterator<Item = &str> {
    let members = manifest.get("workspace").and_then(|table| table.get("members")?.as_array());
    members.into_iter().flatten().filter_map(toml_edit::Value::as_str)
}

/// Whether a path is a pattern that a new folder may fit.
pub(crate) fn is_glob(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// One package of a `Cargo.lock`.
#[derive(Debug, Clone, Copy)]
pub struct LockedPackage<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version; empty for an entry without one.
    pub version: &'a str,
    /// Its source; `None` for a package on disk.
    pub source: Option<&'a str>,
}

/// The packages of a parsed `Cargo.lock`.
pub fn locked_packages(lock: &DocumentMut) -> impl Iterator<Item = LockedPackage<'_>> {
    let packages = lock.get("package").and_then(Item::as_array_of_tables).into_iter().flatten();
    packages.filter_map(|package| {
        let [name, version, source] =
            ["name", "version", "source"].map(|key| package.get(key).and_then(Item::as_str));
        Some(LockedPackage { name: name?, version: version.unwrap_or_default(), source })
    })
}

/// The files that cargo and rustup read of a folder before anybody can judge it.
const READ_FIRST: [[&str; 2]; 3] = [["Cargo.toml", "Cargo.lock"], CONFIGURATION_OF_FOLDER, TOOLCHAIN];

/// Refuses pipes and devices that cargo would read without end; all else cargo judges.
fn refuse_endless(dir: &Path, manifest: Option<&Path>) -> Result<()> {
    let manifest = manifest.map(|manifest| dir.join(manifest));
    let start = manifest.as_deref().and_then(Path::parent).unwrap_or(dir);
    for folder in start.ancestors() {
        let mut names = READ_FIRST.iter().flatten();
        names.try_for_each(|name| read::refuse_endless(&folder.join(name)))?;
    }
    Ok(())
}

/// The folder in which cargo keeps units when it builds into a target directory: that one, or the one of
/// `build.build-dir`.
pub fn build_directory(metadata: &Metadata, target_directory: &Utf8Path) -> Utf8PathBuf {
    let configured = metadata.build_directory.as_ref().filter(|build| **build != metadata.target_directory);
    configured.map_or_else(|| target_directory.to_owned(), Clone::clone)
}

/// The version of a package in a parsed `Cargo.lock`.
pub fn locked_version<'a>(lock: &'a DocumentMut, name: &str) -> Option<&'a str> {
    locked_packages(lock).find(|package| package.name == name).map(|package| package.version)
}
