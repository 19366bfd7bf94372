//! The files and folders that cargo's configuration points at, and the pinned toolchain: neither a recipe nor the
//! application can be built without them. They are sent, and those that cooking takes are there before it.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    context::{Context, Place},
    path_packages,
};
use crate::{
    error::{Error, Result},
    files::read,
    project::Project,
    workspace::{Named, PathRole, parse_toml},
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
    /// The file that pins the toolchain, here or above.
    pub(super) toolchain_file: Option<ToolchainFile>,
    /// The folder of a toolchain that lies in the workspace.
    pub(super) toolchain: Option<Place>,
}

/// The file that pins the toolchain.
#[derive(Debug, Clone)]
pub(super) struct ToolchainFile {
    /// The place where rustup looks for it.
    pub(super) named: Place,
    /// The place of its content: another one if it is a link.
    pub(super) content: Place,
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
        let mut all = Self::default();
        if let Some(file) = workspace.shared_toolchain_file() {
            all.toolchain_file = toolchain_file(context, &file)?;
            all.toolchain = toolchain(context, &file)?;
        }
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
        let file = self.toolchain_file.iter().flat_map(|file| [&file.named, &file.content]);
        cooking.chain(&self.building).chain(&self.toolchain).chain(file)
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

/// The places of the file that rustup takes the toolchain from.
fn toolchain_file(context: &Context, file: &Utf8Path) -> Result<Option<ToolchainFile>> {
    let places = context.places("the file that pins the toolchain", file)?;
    let ends = places.first().zip(places.last());
    Ok(ends.map(|(named, content)| ToolchainFile { named: named.clone(), content: content.clone() }))
}

/// The folder that a toolchain file names by `path`, if it is not one of the machine's.
fn toolchain(context: &Context, file: &Utf8Path) -> Result<Option<Place>> {
    let text = read::text(file)?;
    // The older form is a bare name.
    if !text.contains('[') {
        return Ok(None);
    }
    let document = parse_toml(file)?;
    let path = document.get("toolchain").and_then(|table| table.get("path")?.as_str()).map(Utf8PathBuf::from);
    let Some(path) = path.filter(|path| path.is_relative()) else { return Ok(None) };
    let folder = file.parent().unwrap_or(Utf8Path::new(""));
    let name = file.file_name().unwrap_or_default();
    let places = context.places(&format!("`path` of {name}"), &folder.join(path))?;
    Ok(places.into_iter().next())
}
