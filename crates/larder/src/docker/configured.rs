//! The files and folders that cargo's configuration points at, and the pinned toolchain: neither a recipe nor the
//! application can be built without them. They are sent, and those that cooking takes are there before it.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    context::{Context, Place},
    path_packages,
};
use crate::{
    cargo::settings_files::TOOLCHAIN,
    error::{Error, Result},
    files::read,
    project::Project,
    workspace::{Named, PathRole, Workspace, parse_toml},
};

/// The workspace's own cargo configuration.
const CONFIG: &str = ".cargo/config.toml";

/// Files that the configuration names.
#[derive(Debug, Clone, Default)]
pub(super) struct Configured {
    /// Files that have to be there while dependencies are cooked.
    pub(super) cooking: Vec<Pointed>,
    /// Further files of the application's build.
    pub(super) building: Vec<Place>,
    /// The folder of a toolchain that lies in the workspace.
    pub(super) toolchain: Option<Place>,
}

/// Something that is there while dependencies are cooked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointed {
    pub(super) place: Place,
    pub(super) is_folder: bool,
    /// Whether every file of it is needed, since its packages' checksums name them.
    pub(super) whole: bool,
}

impl Configured {
    /// # Errors
    /// When something lies elsewhere, or at a path of one machine.
    pub(super) fn read(project: &Project, context: &Context) -> Result<Self> {
        let workspace = &project.workspace;
        refuse_patches(project)?;
        let mut all = Self { toolchain: toolchain(project, context)?, ..Self::default() };
        for named in workspace.config_paths() {
            if named.path.is_absolute() {
                refuse_absolute(project, &named)?;
                continue;
            }
            let path = workspace.root().join(&named.path);
            // cargo says what is missing.
            if !path.exists() {
                continue;
            }
            for place in context.places(&format!("`{}` of {CONFIG}", named.key), &path)? {
                let (is_folder, whole) = (path.is_dir(), named.role == PathRole::Sources);
                all.cooking.push(Pointed { place, is_folder, whole });
            }
        }
        all.cooking.sort_by(|one, other| one.place.cmp(&other.place));
        all.cooking.dedup();
        for file in workspace.flag_files() {
            all.building.extend(
                context.places(&format!("`{file}` in flags of {CONFIG}"), &workspace.root().join(&file))?,
            );
        }
        Ok(all)
    }

    /// Everything.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        let cooking = self.cooking.iter().map(|pointed| &pointed.place);
        cooking.chain(&self.building).chain(&self.toolchain)
    }
}

/// A recipe holds no package of the application's, and cargo wants to see every patch.
fn refuse_patches(project: &Project) -> Result<()> {
    if !path_packages::has_path_patch(project.workspace.config()) {
        return Ok(());
    }
    let reason = "a stage that cooks has no folder that a `[patch]` here names: move the patch to Cargo.toml";
    Err(Error::Settings { path: project.workspace.root().join(CONFIG).into(), reason: reason.into() })
}

/// A program or a file may be in the base image; sources are not.
fn refuse_absolute(project: &Project, named: &Named) -> Result<()> {
    if !matches!(named.role, PathRole::Sources | PathRole::Override | PathRole::Specification) {
        return Ok(());
    }
    let Named { key, path, .. } = named;
    let reason = format!("{key}: no image has {path}: name it relative to the folder above .cargo");
    Err(Error::Settings { path: project.workspace.root().join(CONFIG).into(), reason })
}

/// The folder that a toolchain file names by `path`, if it is not one of the machine's.
fn toolchain(project: &Project, context: &Context) -> Result<Option<Place>> {
    let root = project.workspace.root();
    let Some(file) = toolchain_file(&project.workspace) else { return Ok(None) };
    let text = read::text(root.join(file))?;
    // The older form is a bare name.
    if !text.contains('[') {
        return Ok(None);
    }
    let document = parse_toml(&root.join(file))?;
    let path = document.get("toolchain").and_then(|table| table.get("path")?.as_str()).map(Utf8PathBuf::from);
    let Some(path) = path.filter(|path| path.is_relative()) else { return Ok(None) };
    let places = context.places(&format!("`path` of {file}"), &root.join(path))?;
    Ok(places.into_iter().next())
}

/// The file that rustup takes the toolchain from.
pub(super) fn toolchain_file(workspace: &Workspace) -> Option<&'static str> {
    TOOLCHAIN.into_iter().find(|name| workspace.shared_files().has(Utf8Path::new(name)))
}
