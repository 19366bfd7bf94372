//! Which files an image's build reads: manifests, members, the packages that these reach by path, and what is known to
//! be read beside them. Nothing else is sent to Docker, so what is missing here is missing in every build.

use std::collections::BTreeSet;

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    configured::Configured,
    context::{Context, Place},
    names, path_packages,
    recipes::Recipes,
    shared::KNOWN,
    tailwind,
};
use crate::{
    error::{Error, Result},
    files::tag::Tag,
    project::Project,
    recipe::lock,
    slice::leptos,
    workspace::{RECIPES, normalized},
};

/// The name of folders that cargo builds in.
const TARGET: &str = "target";

/// Without these there is no workspace that an image could be built from.
const NEEDED: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// The context for Docker.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    /// The workspace in the folder that is sent; empty if they are the same.
    pub(super) prefix: Utf8PathBuf,
    /// Files and folders of the workspace, relative to its root.
    pub(super) inside: BTreeSet<Utf8PathBuf>,
    /// Those beside the workspace, relative to the folder that is sent.
    pub(super) beside: BTreeSet<Utf8PathBuf>,
    /// Folders called `target` that hold sources, relative to the folder that is sent.
    pub(super) called_target: BTreeSet<Utf8PathBuf>,
    /// Private files that the settings name, relative to the folder that is sent.
    pub(super) named: BTreeSet<Utf8PathBuf>,
    /// The files among them that cargo's configuration points at.
    pub(super) configured: Configured,
}

impl Sources {
    /// The folders that are sent whole, whatever lies in them, relative to the folder that is sent.
    pub(super) fn whole(&self) -> impl Iterator<Item = Utf8PathBuf> {
        let whole = self.configured.cooking.iter().filter(|pointed| pointed.whole);
        whole.map(|pointed| pointed.place.sent(&self.prefix))
    }

    /// All of them, relative to the folder that is sent.
    pub(super) fn all(&self) -> impl Iterator<Item = Utf8PathBuf> {
        self.inside.iter().map(|path| self.prefix.join(path)).chain(self.beside.iter().cloned())
    }
}

/// Manifests, members and what is known to be read beside them, as far as it is there.
pub(super) fn sources(project: &Project, recipes: Recipes, members: &[&Package]) -> Result<Sources> {
    let workspace = &project.workspace;
    let mut all: BTreeSet<Utf8PathBuf> = KNOWN.iter().map(Utf8PathBuf::from).collect();
    all.extend(leptos::folders(workspace).iter().map(|path| normalized(path)));
    all.extend(tailwind::files(workspace));
    all.retain(|path| workspace.shared_files().has(path));
    all.extend(NEEDED.iter().map(Utf8PathBuf::from));
    // They are written before anybody can add them to git.
    all.extend((recipes == Recipes::Committed).then(|| Utf8PathBuf::from(RECIPES)));
    // Listed whether it is there or not: it may be a pattern, or written by a step that nobody has run here.
    all.extend(project.settings.docker.include.iter().map(|path| normalized(Utf8Path::new(path))));
    let context = Context::new(project)?;
    let configured = Configured::read(project, &context)?;
    let mut places: Vec<Place> = configured.places().cloned().collect();
    if recipes == Recipes::Planned {
        places.extend(config_files(project, &context)?);
    }
    // Folders first: an error names the package's own, and not a manifest that it inherits from.
    let reads = path_packages::read(project, members)?;
    let (folders, files): (Vec<_>, Vec<_>) = reads.into_iter().partition(|read| read.path.is_dir());
    for read in folders.into_iter().chain(files) {
        places.extend(context.places(&format!("package `{}`", read.package), &read.path)?);
    }
    let mut beside = BTreeSet::new();
    for place in places {
        match place {
            Place::Inside(path) => drop(all.insert(path)),
            Place::Beside(path) => drop(beside.insert(path)),
        }
    }
    let (prefix, inside, beside) = (context.prefix(), outermost(all), outermost(beside));
    let named = named(project, &prefix);
    let mut sources = Sources { prefix, inside, beside, called_target: BTreeSet::new(), named, configured };
    sources.called_target = called_target(project, &context, &sources);
    Ok(sources)
}

/// The paths in the settings whose names would be left out.
fn named(project: &Project, prefix: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    let paths = project.settings.docker.include.iter().map(|path| normalized(Utf8Path::new(path)));
    paths.filter(|path| names::is_sent_by_name(path)).map(|path| prefix.join(path)).collect()
}

/// The folders called `target` that every clone has files in, and what the settings name in one.
fn called_target(project: &Project, context: &Context, sources: &Sources) -> BTreeSet<Utf8PathBuf> {
    let is_built = |folder: &Utf8Path| Tag::read(folder.as_std_path()) != Tag::Missing;
    let mut found = BTreeSet::new();
    for path in sources.all() {
        if path.components().any(|part| part.as_str() == TARGET) {
            found.insert(path);
            continue;
        }
        let folder = context.folder().join(&path);
        for file in project.workspace.shared_files().below(&folder) {
            let mut above: Vec<&Utf8Path> = file.ancestors().skip(1).collect();
            above.reverse();
            let target = above
                .into_iter()
                .find(|above| above.file_name() == Some(TARGET) && above.starts_with(&folder));
            let target = target.filter(|target| !is_built(target));
            found.extend(
                target.and_then(|target| target.strip_prefix(context.folder()).ok()).map(Utf8Path::to_owned),
            );
        }
    }
    found
}

/// The configuration's own files, which a planner reads.
fn config_files(project: &Project, context: &Context) -> Result<Vec<Place>> {
    let workspace = &project.workspace;
    let files = workspace.config_files();
    if let Some(path) = files.first().filter(|_| lock::has_secret_config(workspace)) {
        let reason = "it holds a token, and the planner's stage would keep it: move the token to \
                      $CARGO_HOME/credentials.toml"
            .to_owned();
        return Err(Error::Settings { path: path.into(), reason });
    }
    let places = files.iter().map(|file| context.places("a file of cargo's configuration", file));
    Ok(places.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// A folder in a folder that is there already adds nothing.
fn outermost(mut paths: BTreeSet<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
    let folders = paths.clone();
    paths.retain(|path| !folders.iter().any(|other| other != path && path.starts_with(other)));
    paths
}

/// A package's folder, relative to the root; `None` for one that lies elsewhere.
pub(super) fn folder_below<'a>(package: &'a Package, root: &Utf8Path) -> Option<&'a Utf8Path> {
    package.manifest_path.parent()?.strip_prefix(root).ok()
}
