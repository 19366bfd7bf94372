//! What an image is made of, apart from wording: slices and the stages they cook in, the application's own
//! build, what it leaves behind, and which files it reads.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};
use toml_edit::{DocumentMut, Item, TableLike};

use super::{
    Recipes,
    halves::{self, Half},
};
use crate::{
    error::{Error, Result},
    process::quoted,
    project::Project,
    recipe::{
        lock,
        lock_file::{LockFile, LockedSlice},
    },
    report::Silent,
    slice::{Origin, Slice, TARGET_MARKER, Variant, leptos, option_values},
    workspace::{Workspace, locked_version, parse_toml},
};

/// Everything a Dockerfile says about one project.
#[derive(Debug, Clone)]
pub(super) struct Application {
    /// Slices that cook one after the other, since they share a target directory; each group is a stage.
    pub(super) groups: Vec<Vec<LockedSlice>>,
    /// Command lines of the application's own build in one piece.
    pub(super) build: Vec<String>,
    /// What is built in stages of its own instead; empty where it is built in one piece.
    pub(super) halves: Vec<Half>,
    /// Paths of binaries in the workspace, below the target directory, after the build.
    pub(super) binaries: Vec<Utf8PathBuf>,
    /// The site's folder in the workspace, after the build.
    pub(super) site: Option<Utf8PathBuf>,
    /// Variables without which the server would look for the site's files under other names.
    pub(super) site_env: Vec<(String, String)>,
    /// The file with the hashed names of the site's files, which the server looks for beside itself.
    pub(super) hash_file: Option<Utf8PathBuf>,
    /// What cargo-leptos takes, in a Leptos project.
    pub(super) leptos: Option<LeptosTools>,
    /// Files and folders that the build reads, relative to the root.
    pub(super) sources: BTreeSet<Utf8PathBuf>,
    /// Where the recipes come from.
    pub(super) recipes: Recipes,
    /// Whether a toolchain is pinned by a file that rustup reads.
    pub(super) toolchain_file: Option<&'static str>,
    /// Whether there is a `larder/config.toml`.
    pub(super) has_config: bool,
    /// The workspace in the folder that is sent to Docker; empty where they are the same.
    pub(super) prefix: Utf8PathBuf,
}

/// Versions of tools that have to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeptosTools {
    pub(super) cargo_leptos: &'static str,
    /// Of `Cargo.lock`; `None` where the project does not use it.
    pub(super) wasm_bindgen: Option<String>,
}

impl Application {
    pub(super) fn of(project: &Project, recipes: Recipes) -> Result<Self> {
        let workspace = &project.workspace;
        if has_path_patch(workspace.config()) {
            let reason =
                "a stage that cooks has no folder that a `[patch]` here names: move the patch to Cargo.toml";
            return Err(Error::Settings {
                path: workspace.root().join(CONFIG).into(),
                reason: reason.into(),
            });
        }
        let recorded = match recipes {
            Recipes::Committed => LockFile::read(&workspace.larder_dir())?,
            Recipes::Planned => lock::unwritten(project, &Silent)?,
        };
        let slices: Vec<&Slice> =
            project.slices.iter().filter(|slice| slice.variant == Variant::Release).collect();
        if slices.is_empty() {
            let known = project.slices.iter().map(|slice| slice.name.clone()).collect();
            return Err(Error::NoSlice { name: "(any of the release variant)".into(), known });
        }
        let locked = |slice: &&Slice| {
            let known = || recorded.slices.iter().map(|locked| locked.slice.name.clone()).collect();
            let found = recorded.slice(&slice.name).cloned();
            found.ok_or_else(|| Error::NoSlice { name: slice.name.clone(), known: known() })
        };
        let groups = groups(slices.iter().map(locked).collect::<Result<_>>()?);
        let leptos = slices.iter().any(|slice| slice.origin == Origin::Leptos);
        let own = slices.iter().filter(|slice| slice.origin != Origin::Leptos);
        let mut build: Vec<String> = own.map(|slice| own_build(slice)).collect();
        if leptos {
            build.insert(0, "cargo leptos build --release".into());
        }
        Ok(Self {
            groups,
            build,
            halves: halves::of(project, recipes, &slices)?,
            binaries: binaries(project, &slices),
            site: slices.iter().find_map(|slice| site(slice)),
            site_env: slices
                .iter()
                .find(|slice| site(slice).is_some())
                .map(|slice| site_env(slice))
                .unwrap_or_default(),
            hash_file: slices.iter().find_map(|slice| hash_file(slice)),
            leptos: if leptos { Some(leptos_tools(project)?) } else { None },
            sources: sources(project, recipes, &project.workspace.metadata().workspace_packages())?,
            recipes,
            toolchain_file: toolchain_file(workspace.root()),
            has_config: recorded.config.is_some(),
            prefix: prefix(project)?,
        })
    }
}

/// Slices in one target directory could overwrite each other's files with newer ones of the same name, so they
/// share a stage; the others cook in stages of their own, which a change elsewhere leaves alone.
fn groups(locked: Vec<LockedSlice>) -> Vec<Vec<LockedSlice>> {
    let mut groups: BTreeMap<String, Vec<LockedSlice>> = BTreeMap::new();
    for slice in locked {
        groups.entry(slice.slice.target_dir.clone().into()).or_default().push(slice);
    }
    groups.into_values().collect()
}

fn own_build(slice: &Slice) -> String {
    let more = std::iter::once("--locked".to_owned()).chain(own_target_dir(slice));
    cargo_line(&environment(slice), &slice.args_with(more))
}

/// The argument for a target directory that is not the workspace's.
pub(super) fn own_target_dir(slice: &Slice) -> Option<String> {
    let target_dir = String::from(slice.target_dir.clone());
    (target_dir != "target").then(|| format!("--target-dir={target_dir}"))
}

/// A call of cargo as a shell takes it.
pub(super) fn cargo_line(variables: &[(String, String)], args: &[String]) -> String {
    let args = args.iter().map(|arg| quoted(arg));
    assignments(variables).chain(["cargo".to_owned()]).chain(args).collect::<Vec<_>>().join(" ")
}

/// Variables as a shell takes them before a command.
pub(super) fn assignments(variables: &[(String, String)]) -> impl Iterator<Item = String> {
    variables.iter().map(|(name, value)| format!("{name}={}", quoted(value)))
}

/// The variables of a slice's call in the image.
pub(super) fn environment(slice: &Slice) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        slice.env.iter().map(|(name, value)| (name.clone(), in_image(value))).collect();
    if !slice.rustflags.is_empty() {
        all.push(("RUSTFLAGS".into(), slice.rustflags.join(" ")));
    }
    all
}

/// The variables of a slice that its recipe's own files cannot hold, being absolute paths or cargo's own settings.
pub(super) fn absolute_environment(slice: &Slice) -> Vec<(String, String)> {
    let cannot_hold =
        |(name, value): &(&String, &String)| value.starts_with(TARGET_MARKER) || name.starts_with("CARGO_");
    let absolute = slice.env.iter().filter(cannot_hold);
    absolute.map(|(name, value)| (name.clone(), in_image(value))).collect()
}

/// The workspace's folder in the image.
pub(super) const WORKSPACE: &str = "/app";

fn in_image(value: &str) -> String {
    match value.strip_prefix(TARGET_MARKER) {
        Some(rest) => format!("{WORKSPACE}/target{rest}"),
        None => value.to_owned(),
    }
}

/// Where cargo puts a slice's binaries.
fn artifact_dir(slice: &Slice) -> Utf8PathBuf {
    let profile = option_values(&slice.args, "--profile").last().copied().unwrap_or("release");
    let mut dir = Utf8PathBuf::from(String::from(slice.target_dir.clone()));
    dir.extend(slice.targets());
    dir.join(if profile == "dev" { "debug" } else { profile })
}

/// The binaries that the release slices leave behind; libraries and checks leave none.
fn binaries(project: &Project, slices: &[&Slice]) -> Vec<Utf8PathBuf> {
    let metadata = project.workspace.metadata();
    let mut found = BTreeSet::new();
    for slice in slices {
        let builds = slice.args.first().is_some_and(|command| command == "build" || command == "b");
        if !builds || slice.args.iter().any(|arg| arg == "--lib") {
            continue;
        }
        let values = |long: &str, short: &str| -> Vec<&str> {
            [option_values(&slice.args, long), option_values(&slice.args, short)].concat()
        };
        let (packages, bins) = (values("--package", "-p"), values("--bin", "--bin"));
        let whole = slice.args.iter().any(|arg| arg == "--workspace" || arg == "--all");
        let chosen = metadata.packages.iter().filter(|package| {
            let default = metadata.workspace_default_members.contains(&package.id);
            whole || (packages.is_empty() && default) || packages.contains(&package.name.as_str())
        });
        let targets = chosen.flat_map(|package| &package.targets).filter(|target| target.is_bin());
        let built = targets.filter(|target| bins.is_empty() || bins.contains(&target.name.as_str()));
        found.extend(built.map(|target| artifact_dir(slice).join(&target.name)));
    }
    found.into_iter().collect()
}

fn site(slice: &Slice) -> Option<Utf8PathBuf> {
    let root = slice.env.get("LEPTOS_SITE_ROOT")?;
    Some(match root.strip_prefix(TARGET_MARKER) {
        Some(rest) => Utf8Path::new("target").join(rest.trim_start_matches('/')),
        None => root.into(),
    })
}

/// What Leptos assumes unless a variable says otherwise: `pkg`, names without hashes, and `hash.txt`.
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

/// cargo-leptos writes it where the server is.
fn hash_file(slice: &Slice) -> Option<Utf8PathBuf> {
    let is_server = slice.origin == Origin::Leptos && !slice.args.iter().any(|arg| arg == "--lib");
    let name = slice.env.get("LEPTOS_HASH_FILE_NAME").filter(|_| is_server)?;
    Some(artifact_dir(slice).join(name))
}

fn leptos_tools(project: &Project) -> Result<LeptosTools> {
    let lock = parse_toml(&project.workspace.root().join("Cargo.lock"))?;
    let wasm_bindgen = locked_version(&lock, "wasm-bindgen").map(str::to_owned);
    Ok(LeptosTools { cargo_leptos: leptos::CARGO_LEPTOS_VERSION, wasm_bindgen })
}

/// The workspace's own cargo configuration.
const CONFIG: &str = ".cargo/config.toml";

/// The folder of the recipes.
pub(super) const RECIPES: &str = "larder";

/// Manifests, members and what is known to be read beside them, as far as it is there.
pub(super) fn sources(
    project: &Project,
    recipes: Recipes,
    members: &[&Package],
) -> Result<BTreeSet<Utf8PathBuf>> {
    // `.cargo/config.toml` is among them only for a planner. Otherwise `larder/config.toml` takes its place, without
    // its secrets.
    const KNOWN: [&str; 7] = [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "rust-toolchain",
        "build.rs",
        ".sqlx",
        "migrations",
    ];
    let workspace = &project.workspace;
    let root = workspace.root();
    let mut all: BTreeSet<Utf8PathBuf> = KNOWN.iter().map(Utf8PathBuf::from).collect();
    match recipes {
        Recipes::Committed => all.insert(RECIPES.into()),
        Recipes::Planned if lock::has_secret_config(workspace) => {
            let reason = "it holds a token, and the planner's stage would keep it: move the token to \
                          $CARGO_HOME/credentials.toml"
                .to_owned();
            return Err(Error::Settings { path: root.join(CONFIG).into(), reason });
        }
        Recipes::Planned => all.insert(CONFIG.into()),
    };
    for package in members {
        match folder_below(package, root) {
            // The root package's folder is the whole workspace: its targets' folders are what it reads.
            Some(folder) if folder.as_str().is_empty() => {
                let files =
                    package.targets.iter().filter_map(|target| target.src_path.strip_prefix(root).ok());
                all.extend(files.filter_map(first_part));
            }
            Some(folder) => drop(all.insert(folder.to_owned())),
            None => {}
        }
    }
    all.extend(path_packages(workspace, members)?);
    all.extend(leptos::folders(workspace));
    all.retain(|path| root.join(path).exists());
    // Listed whether it is there or not: it may be a pattern, or written by a step that nobody has run here.
    all.extend(project.settings.docker.include.iter().map(Utf8PathBuf::from));
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

fn prefix(project: &Project) -> Result<Utf8PathBuf> {
    let root = project.workspace.root().canonicalize_utf8()?;
    let context = context(project)?.canonicalize_utf8()?;
    Ok(root.strip_prefix(context).map(Utf8Path::to_owned).unwrap_or_default())
}

fn first_part(path: &Utf8Path) -> Option<Utf8PathBuf> {
    path.components().next().map(|part| part.as_str().into())
}

fn toolchain_file(root: &Utf8Path) -> Option<&'static str> {
    ["rust-toolchain", "rust-toolchain.toml"].into_iter().find(|name| root.join(name).is_file())
}
