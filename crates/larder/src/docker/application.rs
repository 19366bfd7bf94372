//! The parts of an image, apart from wording: slices and the stages they cook in, the application's own
//! build, and what it leaves behind.

use std::collections::BTreeMap;

use cargo_metadata::camino::Utf8PathBuf;

use super::{
    artifacts::{Artifacts, Entrypoint, of_images},
    halves::{self, Half},
    image::{Image, assignments, cargo_line},
    recipes::Recipes,
    sources::{Sources, sources},
    tailwind::Tailwind,
};
use crate::{
    cargo::command_line::with_options,
    error::{Error, Result},
    project::Project,
    recipe::{
        lock,
        lock_file::{LockFile, LockedSlice},
    },
    report::Silent,
    slice::{Origin, Slice, leptos},
    workspace::{Workspace, is_glob, locked_version, member_patterns, parse_toml},
};

/// Everything a Dockerfile says about one project.
#[derive(Debug, Clone)]
pub(super) struct Application {
    /// Slices that cook one after the other, since they share a target directory; each group is a stage.
    pub(super) groups: Vec<Vec<LockedSlice>>,
    /// Command lines of the application's own build in one piece.
    pub(super) build: Vec<String>,
    /// The parts built in stages of its own instead; empty if it is built in one piece.
    pub(super) halves: Vec<Half>,
    /// The artifacts of the build.
    pub(super) artifacts: Artifacts,
    /// The program that a container starts.
    pub(super) entry: Entrypoint,
    /// The places of things while it is built.
    pub(super) image: Image,
    /// The site's folder in the workspace, after the build.
    pub(super) site: Option<Utf8PathBuf>,
    /// Variables without which the server would look for the site's files under other names.
    pub(super) site_env: Vec<(String, String)>,
    /// The file with the hashed names of the site's files, as a shell takes it. The server looks for it beside itself.
    pub(super) hash_file: Option<String>,
    /// The tools that cargo-leptos takes, in a Leptos project.
    pub(super) leptos: Option<LeptosTools>,
    /// The files that the build reads.
    pub(super) sources: Sources,
    /// The source of the recipes.
    pub(super) recipes: Recipes,
    /// The build directory, relative to the workspace, if the configuration names one: recipes and application have to
    /// have the same.
    pub(super) build_dir: Option<Utf8PathBuf>,
    /// Whether globs of the workspace's members may fit the folder of recipes.
    pub(super) has_globs: bool,
    /// Whether some of cargo's configuration lies above the workspace.
    pub(super) has_config_above: bool,
    /// Whether recipes come with settings of cargo.
    pub(super) has_config: bool,
}

/// The target directory, which is what every other line presumes.
fn build_dir(workspace: &Workspace) -> Option<Utf8PathBuf> {
    workspace.configures_build_dir().then(|| workspace.committed_target_directory())
}

/// Versions of tools that have to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeptosTools {
    pub(super) cargo_leptos: &'static str,
    /// Of `Cargo.lock`; `None` if the project does not use it.
    pub(super) wasm_bindgen: Option<String>,
    /// The compiler of style sheets, if the project has any for it.
    pub(super) tailwind: Option<Tailwind>,
}

impl LeptosTools {
    /// The versions that the project's own files name.
    pub(super) fn versions(&self) -> impl Iterator<Item = &str> {
        self.wasm_bindgen.as_deref().into_iter().chain(self.tailwind.as_ref().map(|one| one.version.as_str()))
    }
}

impl Application {
    pub(super) fn new(project: &Project, recipes: Recipes) -> Result<Self> {
        if let Some(refused) = project.refused().into_iter().next() {
            return Err(refused.error);
        }
        let workspace = &project.workspace;
        let recorded = match recipes {
            Recipes::Committed => LockFile::read(&workspace.larder_dir())?,
            Recipes::Planned => lock::unwritten(project, &Silent)?,
        };
        let slices: Vec<&Slice> = project.slices.iter().filter(|slice| slice.is_shipped()).collect();
        if slices.is_empty() {
            let known = project.slices.iter().map(|slice| slice.name.to_string()).collect();
            return Err(Error::NoSlice { name: "(any that builds the release)".into(), known });
        }
        if let Some(program) = slices.iter().find_map(|slice| slice.origin.framework()) {
            return Err(Error::NoImage { program });
        }
        let locked: Vec<LockedSlice> =
            slices.iter().map(|slice| locked_slice(&recorded, slice)).collect::<Result<_>>()?;
        let members = workspace.metadata().workspace_packages();
        let sources = sources(project, recipes, &members)?;
        let image = Image::new(project, &sources, &slices, &of_images(&recorded.platforms))?;
        let artifacts = Artifacts::ask(project, &image, &slices, &recorded.platforms)?;
        let site = slices.iter().find_map(|slice| site(&image, slice));
        if site.is_none() {
            artifacts.require_some(&slices)?;
        }
        let leptos = slices.iter().any(|slice| slice.origin == Origin::Leptos);
        let own = slices.iter().filter(|slice| slice.origin != Origin::Leptos);
        let mut build: Vec<String> = own.map(|slice| own_build(&image, slice)).collect();
        if leptos {
            build.insert(0, "cargo leptos build --release".into());
        }
        let application = Self {
            groups: groups(workspace, locked),
            build,
            halves: halves::plan(project, recipes, &image, &slices)?,
            entry: artifacts.entry(project),
            hash_file: slices.iter().find_map(|slice| hash_file(&artifacts, slice)),
            site_env: site
                .as_ref()
                .and_then(|_| slices.iter().find(|slice| is_site(slice)))
                .map(|slice| site_env(slice))
                .unwrap_or_default(),
            site,
            leptos: if leptos { Some(leptos_tools(project)?) } else { None },
            recipes,
            build_dir: build_dir(workspace),
            has_globs: member_patterns(workspace.manifest()).any(is_glob),
            has_config_above: workspace.config_files().iter().any(|file| !file.starts_with(workspace.root())),
            has_config: recorded.config().is_some(),
            artifacts,
            image,
            sources,
        };
        Ok(application)
    }
}

fn locked_slice(recorded: &LockFile, slice: &Slice) -> Result<LockedSlice> {
    recorded.slice(&slice.name).cloned().ok_or_else(|| {
        let known = recorded.slices.iter().map(|locked| locked.slice.name.to_string()).collect();
        Error::NoSlice { name: slice.name.to_string(), known }
    })
}

impl Application {
    /// The variable that tells cargo of the build directory, if its configuration would name another one.
    pub(super) fn build_dir_variable(&self) -> Option<(String, String)> {
        let dir = self.image.workspace.join(self.build_dir.as_ref()?);
        Some(("CARGO_BUILD_BUILD_DIR".into(), dir.into_string()))
    }

    /// The same for cooking a slice whose target directory is another one. cargo would wait for itself if one folder was
    /// both by two names.
    pub(super) fn build_dir_apart(&self, slice: &Slice) -> Option<(String, String)> {
        let is_apart = self.build_dir.as_deref() != Some(self.image.target_dir(slice));
        self.build_dir_variable().filter(|_| is_apart)
    }
}

/// Slices in one target directory could overwrite each other's files with newer ones of the same name, so they
/// share a stage; the others cook in stages of their own, which a change elsewhere leaves alone. So do slices whose
/// units all go to one `build-dir`.
fn groups(workspace: &Workspace, locked: Vec<LockedSlice>) -> Vec<Vec<LockedSlice>> {
    let mut groups: BTreeMap<String, Vec<LockedSlice>> = BTreeMap::new();
    for slice in locked {
        let dir = if workspace.configures_build_dir() {
            String::new()
        } else {
            slice.slice.target_dir.clone().into()
        };
        groups.entry(dir).or_default().push(slice);
    }
    groups.into_values().collect()
}

fn own_build(image: &Image, slice: &Slice) -> String {
    let more = std::iter::once("--locked".to_owned()).chain(image.target_dir_word(slice));
    let variables = image.environment(slice);
    let before = assignments(&variables).chain(image.rustflags(&slice.name));
    cargo_line(before, &with_options(&slice.args, more))
}

fn is_site(slice: &Slice) -> bool {
    slice.env.contains_key("LEPTOS_SITE_ROOT")
}

fn site(image: &Image, slice: &Slice) -> Option<Utf8PathBuf> {
    slice.env.get("LEPTOS_SITE_ROOT").map(|root| image.relative(root))
}

/// The variables whose values are not those that Leptos assumes: `pkg`, names without hashes, and `hash.txt`.
fn site_env(slice: &Slice) -> Vec<(String, String)> {
    let assumed = [
        ("LEPTOS_SITE_PKG_DIR", "pkg"),
        ("LEPTOS_HASH_FILES", "false"),
        ("LEPTOS_HASH_FILE_NAME", "hash.txt"),
    ];
    let given = assumed.iter().filter_map(|(name, assumed)| Some((name, slice.env.get(*name)?, assumed)));
    let differ = given.filter(|(_, value, assumed)| value != *assumed);
    differ.map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect()
}

/// cargo-leptos writes it beside the server.
fn hash_file(artifacts: &Artifacts, slice: &Slice) -> Option<String> {
    let name = slice.env.get("LEPTOS_HASH_FILE_NAME")?;
    artifacts.files.iter().find(|file| file.slice == slice.name).map(|server| server.beside(name))
}

fn leptos_tools(project: &Project) -> Result<LeptosTools> {
    let lock = parse_toml(&project.workspace.root().join("Cargo.lock"))?;
    let wasm_bindgen = locked_version(&lock, "wasm-bindgen").map(str::to_owned);
    let tailwind = Tailwind::find(&project.workspace);
    Ok(LeptosTools { cargo_leptos: leptos::CARGO_LEPTOS_VERSION, wasm_bindgen, tailwind })
}
