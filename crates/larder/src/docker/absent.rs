//! A member that a half does not build, or not yet: cargo sees its manifest and a placeholder for each target.

use std::collections::BTreeSet;

use cargo_metadata::{
    DependencyKind, Package, Target,
    camino::{Utf8Path, Utf8PathBuf},
};
use toml_edit::{DocumentMut, Item};

use super::shared;
use crate::{
    error::Result,
    text::slashes,
    workspace::{Workspace, parse_toml},
};

/// A member that is not built, or not yet. Paths are relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AbsentMember {
    /// The member's folder.
    pub(super) folder: Utf8PathBuf,
    /// The files of the targets that cargo looks for.
    pub(super) targets: Vec<Utf8PathBuf>,
}

impl AbsentMember {
    pub(super) fn new(workspace: &Workspace, package: &Package, folder: &Utf8Path) -> Result<Self> {
        Ok(Self { folder: folder.to_owned(), targets: targets(workspace, package)? })
    }
}

/// The folders of what a package's build may need by `path`, whatever the features and the platform.
pub(super) fn paths_below(package: &Package) -> impl Iterator<Item = &Utf8Path> {
    let needed =
        package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    needed.filter_map(|dependency| dependency.path.as_deref())
}

/// The package whose folder it is.
pub(super) fn at<'a>(packages: &[&'a Package], folder: &Utf8Path) -> Option<&'a Package> {
    packages.iter().copied().find(|package| package.manifest_path.parent() == Some(folder))
}

/// The targets that are not found by their files alone, and those that make a package what it is.
pub(super) fn targets(workspace: &Workspace, package: &Package) -> Result<Vec<Utf8PathBuf>> {
    let manifest = parse_toml(&package.manifest_path)?;
    let needed = shared::targets(workspace, package).filter(|target| {
        let left_out =
            [("test", target.is_test()), ("bench", target.is_bench()), ("example", target.is_example())];
        left_out.iter().all(|(table, is_one)| !is_one || is_named(&manifest, table, target))
    });
    let paths = needed.filter_map(|target| slashes::below(workspace.root(), &target.src_path));
    Ok(paths.collect::<BTreeSet<_>>().into_iter().collect())
}

/// Whether a table of the manifest names the target.
fn is_named(manifest: &DocumentMut, table: &str, target: &Target) -> bool {
    let tables = manifest.get(table).and_then(Item::as_array_of_tables).into_iter().flatten();
    tables.filter_map(|table| table.get("name")?.as_str()).any(|name| name == target.name)
}
