//! Which files an image's build reads: manifests, members, the packages that these reach by path, and what is known to
//! be read beside them. Nothing else is sent to Docker, so what is missing here is missing in every build.

use std::collections::BTreeSet;

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};
use toml_edit::{DocumentMut, Item, TableLike};

use super::{Recipes, reads, shared, tailwind};
use crate::{
    error::{Error, Result},
    project::Project,
    recipe::lock,
    slice::leptos,
    workspace::Workspace,
};

/// The workspace's own cargo configuration.
pub(super) const CONFIG: &str = ".cargo/config.toml";

/// The folder of the recipes.
pub(super) const RECIPES: &str = "larder";

/// Without these there is no workspace that an image could be built from.
const NEEDED: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// What the build reads at the root, if it is there. `.cargo/config.toml` is sent only for a planner: `larder/config.toml`
/// takes its place otherwise, without its secrets.
pub(super) const KNOWN: [&str; 5] =
    ["rust-toolchain.toml", "rust-toolchain", "build.rs", ".sqlx", "migrations"];

/// Manifests, members and what is known to be read beside them, as far as it is there.
pub(super) fn sources(
    project: &Project,
    recipes: Recipes,
    members: &[&Package],
) -> Result<BTreeSet<Utf8PathBuf>> {
    let workspace = &project.workspace;
    let root = workspace.root();
    let mut all: BTreeSet<Utf8PathBuf> = KNOWN.iter().map(Utf8PathBuf::from).collect();
    match recipes {
        Recipes::Committed => {}
        Recipes::Planned if lock::has_secret_config(workspace) => {
            let reason = "it holds a token, and the planner's stage would keep it: move the token to \
                          $CARGO_HOME/credentials.toml"
                .to_owned();
            return Err(Error::Settings { path: root.join(CONFIG).into(), reason });
        }
        Recipes::Planned => drop(all.insert(CONFIG.into())),
    }
    for package in members {
        match folder_below(package, root) {
            // The root package's folder is the whole workspace: its targets' folders are what it reads.
            Some(folder) if folder.as_str().is_empty() => {
                let files = shared::targets(workspace, package).map(|target| &target.src_path);
                all.extend(files.filter_map(|file| first_part(file.strip_prefix(root).ok()?)));
            }
            Some(folder) => drop(all.insert(folder.to_owned())),
            None => {}
        }
    }
    all.extend(path_packages(workspace, members)?);
    all.extend(leptos::folders(workspace).iter().map(|path| reads::normal(path)));
    all.extend(tailwind::files(workspace));
    all.retain(|path| workspace.shared_files().has(path));
    all.extend(NEEDED.iter().map(Utf8PathBuf::from));
    // They are written before anybody can add them to git.
    all.extend((recipes == Recipes::Committed).then(|| Utf8PathBuf::from(RECIPES)));
    // Listed whether it is there or not: it may be a pattern, or written by a step that nobody has run here.
    all.extend(project.settings.docker.include.iter().map(|path| reads::normal(Utf8Path::new(path))));
    // A folder in a folder that is there already adds nothing.
    let folders = all.clone();
    all.retain(|path| !folders.iter().any(|other| other != path && path.starts_with(other)));
    Ok(all)
}

/// A package's folder, relative to the root; `None` for one that lies elsewhere.
pub(super) fn folder_below<'a>(package: &'a Package, root: &Utf8Path) -> Option<&'a Utf8Path> {
    package.manifest_path.parent()?.strip_prefix(root).ok()
}

/// Whether a manifest or a configuration puts a folder in a package's place.
pub(super) fn has_path_patch(file: &DocumentMut) -> bool {
    path_patches(file).next().is_some()
}

fn path_patches(file: &DocumentMut) -> impl Iterator<Item = &str> {
    let sources = file.get("patch").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let patches = sources.filter_map(|(_, table)| table.as_table_like()).flat_map(TableLike::iter);
    patches.filter_map(|(_, patch)| patch.get("path")?.as_str())
}

/// Folders of packages that members or patches name by their paths: not all of them are members.
fn path_packages(workspace: &Workspace, members: &[&Package]) -> Result<Vec<Utf8PathBuf>> {
    let root = workspace.root().canonicalize_utf8()?;
    let dependencies =
        members.iter().flat_map(|package| &package.dependencies).filter_map(|one| one.path.clone());
    let patches = path_patches(workspace.manifest()).map(|path| root.join(path));
    // What lies elsewhere or nowhere is left to cargo's own words.
    let folders = dependencies.chain(patches).filter_map(|folder| folder.canonicalize_utf8().ok());
    let all = workspace.metadata().workspace_packages();
    let is_member =
        |folder: &Utf8PathBuf| all.iter().any(|package| package.manifest_path == folder.join("Cargo.toml"));
    let others = folders.filter(|folder| !is_member(folder));
    let inside = others.filter_map(|folder| folder.strip_prefix(&root).map(Utf8Path::to_owned).ok());
    Ok(inside.filter(|folder| !folder.as_str().is_empty()).collect())
}

/// The folder that is sent to Docker.
pub(super) fn context(project: &Project) -> Result<Utf8PathBuf> {
    let root = project.workspace.root();
    let Some(context) = &project.settings.docker.context else { return Ok(root.to_owned()) };
    let path = root.join(context).canonicalize_utf8()?;
    if root.canonicalize_utf8()?.starts_with(&path) {
        return Ok(path);
    }
    let reason = format!("metadata.larder: docker: context `{context}` does not hold the workspace");
    Err(Error::Settings { path: root.join("Cargo.toml").into(), reason })
}

/// The workspace in the folder that is sent to Docker; empty where they are the same.
pub(super) fn prefix(project: &Project) -> Result<Utf8PathBuf> {
    let root = project.workspace.root().canonicalize_utf8()?;
    let context = context(project)?.canonicalize_utf8()?;
    Ok(root.strip_prefix(context).map(Utf8Path::to_owned).unwrap_or_default())
}

fn first_part(path: &Utf8Path) -> Option<Utf8PathBuf> {
    path.components().next().map(|part| part.as_str().into())
}
