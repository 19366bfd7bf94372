//! The files and folders that decide generated files, beside manifests, configuration and recipes: `lock` answers from
//! memory for as long as they are the same.
//!
//! It must never leave anything out that is read here: a Dockerfile would stay stale without a word.

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    context,
    generated::{FILES, has_generated},
    shared::KNOWN,
    tailwind,
};
use crate::{project::Project, recipe::memory::GeneratedFrom, slice::leptos, workspace::Workspace};

/// The files and folders of a project that has generated files; `None` for one that has none.
pub fn made_from(project: &Project) -> Option<GeneratedFrom> {
    // The code that needs the folder tells of a wrong setting.
    let Ok(folder) = context::folder(project) else { return Some(GeneratedFrom::default()) };
    if !FILES.iter().any(|name| has_generated(&folder, name)) {
        return None;
    }
    let workspace = &project.workspace;
    let known = KNOWN.iter().chain(&tailwind::PACKAGES).map(Utf8PathBuf::from);
    let included = project.settings.docker.include.iter().map(Utf8PathBuf::from);
    let configured = workspace.config_paths().into_iter().map(|named| named.path);
    let places = known.chain(included).chain(configured).chain(leptos::folders(workspace));
    let files = leptos::tailwind_inputs(workspace).into_iter().chain([tailwind::LOCK.into()]);
    let root = workspace.root();
    Some(GeneratedFrom {
        files: files.map(|path| root.join(path)).chain(with_modules(workspace)).collect(),
        places: places.map(|path| root.join(path)).collect(),
    })
}

/// The files of targets whose modules are looked for beside them: those in the folder of a package that holds the
/// workspace.
fn with_modules(workspace: &Workspace) -> Vec<Utf8PathBuf> {
    let packages = workspace.metadata().workspace_packages().into_iter();
    packages.flat_map(|package| beside_manifest(package, workspace.root())).collect()
}

fn beside_manifest(package: &Package, root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let folder = package.manifest_path.parent().filter(|folder| root.starts_with(folder));
    let paths = package.targets.iter().map(|target| &target.src_path);
    paths.filter(|path| folder.is_some() && path.parent() == folder).cloned().collect()
}
