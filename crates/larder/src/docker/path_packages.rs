//! The packages that a build reads from disk: members, what their dependencies, `[patch]` and `[replace]` name by path, and
//! all that these name in turn, with the manifests that they inherit from and the files of all targets.
//!
//! cargo is asked about each of them in its own folder, without resolving anything, so no download is needed.

use std::collections::BTreeSet;

use cargo_metadata::{
    Dependency, DependencyKind, Metadata, Package,
    camino::{Utf8DirEntry, Utf8Path, Utf8PathBuf},
};
use toml_edit::{DocumentMut, Item, TableLike};

use super::{reads::modules, shared};
use crate::{
    error::{Error, Result},
    files::read,
    project::Project,
    workspace::{locked_packages, normalized, parse_toml},
};

/// Something that cargo reads of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Read {
    /// The package's name.
    pub(super) package: String,
    /// The file or folder.
    pub(super) path: Utf8PathBuf,
}

/// All that is read of `members` and of the packages that they reach by path.
pub(super) fn read(project: &Project, members: &[&Package]) -> Result<BTreeSet<Read>> {
    let workspace = &project.workspace;
    let lock = parse_toml(&workspace.root().join("Cargo.lock"))?;
    let local = locked_packages(&lock).filter(|package| package.source.is_none());
    let mut walk = PackageWalk {
        project,
        local: local.map(|package| package.name.to_owned()).collect(),
        answers: vec![workspace.metadata().clone()],
        seen: BTreeSet::new(),
        found: BTreeSet::new(),
    };
    let mut open: Vec<PathPackage> = replaced(workspace.manifest(), workspace.root()).collect();
    for member in members {
        walk.package(member);
        open.extend(walk.needed(&member.dependencies, Kinds::All));
    }
    while let Some(named) = open.pop() {
        open.extend(walk.enter(&named)?);
    }
    Ok(walk.found)
}

/// The packages that a file's `[patch]` and `[replace]` put in the place of others, by path.
fn replaced<'a>(file: &'a DocumentMut, base: &'a Utf8Path) -> impl Iterator<Item = PathPackage> {
    let sources = file.get("patch").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let patches = sources.filter_map(|(_, table)| table.as_table_like()).flat_map(TableLike::iter);
    let replacements =
        file.get("replace").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    patches.chain(replacements).filter_map(move |(alias, entry)| {
        let path = entry.get("path")?.as_str()?;
        let name = entry.get("package").and_then(Item::as_str).unwrap_or(alias);
        Some(PathPackage { name: name.to_owned(), folder: normalized(&base.join(path)) })
    })
}

/// Whether a manifest or a configuration puts a folder in a package's place.
pub(super) fn has_path_patch(file: &DocumentMut) -> bool {
    replaced(file, Utf8Path::new("")).next().is_some()
}

/// A package that something names by its path.
#[derive(Debug, Clone)]
struct PathPackage {
    name: String,
    folder: Utf8PathBuf,
}

/// Which dependencies of a package cargo wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    /// Those of a member.
    All,
    /// Those of any other package, whose tests nobody runs.
    NotDevelopment,
}

struct PackageWalk<'a> {
    project: &'a Project,
    /// Names of the packages on disk that `Cargo.lock` holds: cargo reads no other.
    local: BTreeSet<String>,
    /// cargo's answer for each workspace, the project's own first.
    answers: Vec<Metadata>,
    seen: BTreeSet<Utf8PathBuf>,
    found: BTreeSet<Read>,
}

impl PackageWalk<'_> {
    /// Notes what is read of one package; the packages that it names.
    fn enter(&mut self, named: &PathPackage) -> Result<Vec<PathPackage>> {
        let manifest = named.folder.join("Cargo.toml");
        // A folder that is not there is left to cargo's own words.
        if !manifest.is_file() || !self.seen.insert(named.folder.clone()) || self.is_member(&manifest) {
            return Ok(Vec::new());
        }
        let Some(metadata) = self.ask(&manifest)? else { return self.enter_unknown(named) };
        let root = metadata.workspace_root.join("Cargo.toml");
        let package = metadata.packages.iter().find(|package| package.manifest_path == manifest).cloned();
        let Some(package) = package else { return self.enter_unknown(named) };
        self.add(&named.name, root);
        self.package(&package);
        Ok(self.needed(&package.dependencies, Kinds::NotDevelopment))
    }

    /// A package that lies in the project's workspace without being a member, as a patch may: cargo answers nothing for
    /// it, and builds it all the same.
    fn enter_unknown(&mut self, named: &PathPackage) -> Result<Vec<PathPackage>> {
        let manifest = parse_toml(&named.folder.join("Cargo.toml"))?;
        self.add(&named.name, named.folder.clone());
        for path in target_paths(&manifest) {
            self.outside(&named.name, &named.folder, &normalized(&named.folder.join(path)));
        }
        let above = workspace_of(&named.folder, &manifest)?;
        if let Some((root, _)) = &above {
            self.add(&named.name, root.join("Cargo.toml"));
        }
        let named = dependencies(&manifest).filter_map(|(alias, entry)| {
            let is_inherited = entry.get("workspace").and_then(Item::as_bool) == Some(true);
            let (entry, base) = match &above {
                Some((root, manifest)) if is_inherited => {
                    (manifest.get("workspace")?.get("dependencies")?.get(alias)?, root)
                }
                _ => (entry, &named.folder),
            };
            let path = entry.get("path")?.as_str()?;
            let name = entry.get("package").and_then(Item::as_str).unwrap_or(alias);
            Some(PathPackage { name: name.to_owned(), folder: normalized(&base.join(path)) })
        });
        Ok(named.filter(|one| self.local.contains(&one.name)).collect())
    }

    fn is_member(&self, manifest: &Utf8Path) -> bool {
        self.answers[0].packages.iter().any(|package| package.manifest_path == manifest)
    }

    /// cargo's answer for a package's own workspace; `None` if it has none of its own and is no member.
    fn ask(&mut self, manifest: &Utf8Path) -> Result<Option<Metadata>> {
        let has = |metadata: &&Metadata| metadata.packages.iter().any(|one| one.manifest_path == manifest);
        if let Some(known) = self.answers.iter().find(has) {
            return Ok(Some(known.clone()));
        }
        let folder = manifest.parent().unwrap_or(manifest);
        match self.project.cargo.metadata(folder.as_std_path(), Some(manifest.as_std_path())) {
            Ok(metadata) => {
                self.answers.push(metadata.clone());
                Ok(Some(metadata))
            }
            Err(Error::NoWorkspace { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn needed(&self, dependencies: &[Dependency], kinds: Kinds) -> Vec<PathPackage> {
        let needed = dependencies
            .iter()
            .filter(|one| kinds == Kinds::All || one.kind != DependencyKind::Development)
            .filter(|one| self.local.contains(&one.name));
        let named =
            needed.filter_map(|one| Some(PathPackage { name: one.name.clone(), folder: one.path.clone()? }));
        named.collect()
    }

    /// The folder of a package, and files of targets that lie elsewhere. A folder that holds the workspace is read as
    /// far as its targets go.
    fn package(&mut self, package: &Package) {
        let Some(folder) = package.manifest_path.parent() else { return };
        let name = package.name.as_str();
        let holds_workspace = self.project.workspace.root().starts_with(folder);
        self.add(name, if holds_workspace { package.manifest_path.clone() } else { folder.to_owned() });
        for target in shared::targets(&self.project.workspace, package) {
            let file = normalized(&target.src_path);
            match file.strip_prefix(folder).ok().and_then(|file| file.components().next()) {
                Some(top) if holds_workspace => {
                    self.add(name, folder.join(top.as_str()));
                    if file.parent() == Some(folder) {
                        self.beside(name, folder, &file);
                    }
                }
                Some(_) => {}
                None => self.outside(name, folder, &file),
            }
        }
    }

    /// The modules of a file that lies in the package's own folder, which is not read as a whole: sources beside it, and
    /// the folders that are named like its modules.
    fn beside(&mut self, name: &str, folder: &Utf8Path, file: &Utf8Path) {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten().map(Utf8DirEntry::into_path);
        let sources = entries.filter(|path| path.extension() == Some("rs") && path.is_file());
        let modules = modules::of_source(&read::text(file).unwrap_or_default());
        let folders = modules.iter().map(|module| folder.join(module)).filter(|path| path.is_dir());
        let shared = self.project.workspace.shared_files();
        let found: Vec<Utf8PathBuf> = sources.chain(folders).filter(|path| shared.has(path)).collect();
        found.into_iter().for_each(|path| self.add(name, path));
    }

    /// The modules of a file lie beside it, so its whole folder is read, unless the package lies in that.
    fn outside(&mut self, name: &str, folder: &Utf8Path, file: &Utf8Path) {
        if file.starts_with(folder) || !file.exists() {
            return;
        }
        let beside = file.parent().filter(|beside| !folder.starts_with(beside));
        self.add(name, beside.unwrap_or(file).to_owned());
    }

    fn add(&mut self, package: &str, path: Utf8PathBuf) {
        self.found.insert(Read { package: package.to_owned(), path });
    }
}

/// The workspace that a package belongs to, as its manifest says or the nearest one above it.
fn workspace_of(folder: &Utf8Path, manifest: &DocumentMut) -> Result<Option<(Utf8PathBuf, DocumentMut)>> {
    let named = manifest.get("package").and_then(|package| package.get("workspace")?.as_str());
    let named = named.map(|path| normalized(&folder.join(path)));
    for folder in named.iter().map(Utf8PathBuf::as_path).chain(folder.ancestors()) {
        let path = folder.join("Cargo.toml");
        if path.is_file() {
            let manifest = parse_toml(&path)?;
            if manifest.contains_key("workspace") {
                return Ok(Some((folder.to_owned(), manifest)));
            }
        }
    }
    Ok(None)
}

/// The dependencies that a manifest names, but those for its tests.
fn dependencies(manifest: &DocumentMut) -> impl Iterator<Item = (&str, &Item)> {
    let of_platforms =
        manifest.get("target").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let owners = std::iter::once(manifest.as_item()).chain(of_platforms.map(|(_, table)| table));
    let tables = owners.flat_map(|owner| {
        ["dependencies", "build-dependencies"].into_iter().filter_map(|name| owner.get(name)?.as_table_like())
    });
    tables.flat_map(TableLike::iter)
}

/// The files that a manifest names for its targets.
fn target_paths(manifest: &DocumentMut) -> Vec<&str> {
    let build = manifest.get("package").and_then(|package| package.get("build")?.as_str());
    let library = manifest.get("lib").and_then(|library| library.get("path")?.as_str());
    let lists = ["bin", "example", "test", "bench"].into_iter().filter_map(|kind| manifest.get(kind));
    let tables = lists.filter_map(Item::as_array_of_tables).flatten();
    let paths = tables.filter_map(|table| table.get("path")?.as_str());
    build.into_iter().chain(library).chain(paths).collect()
}
