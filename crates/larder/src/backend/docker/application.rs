//! What an image is made of, apart from wording: slices and the stages they cook in, the application's own
//! build, and what it leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    Recipes,
    halves::{self, Half},
    shared,
    sources::{CONFIG, has_path_patch, prefix, sources},
    tailwind::Tailwind,
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
    /// The build directory, if the configuration names one: recipes and application have to have the same.
    pub(super) build_dir: Option<Utf8PathBuf>,
    /// Whether there is a `larder/config.toml`.
    pub(super) has_config: bool,
    /// The workspace in the folder that is sent to Docker; empty where they are the same.
    pub(super) prefix: Utf8PathBuf,
}

/// The target directory, which is what every other line presumes. The halves of a Leptos project have one each.
fn build_dir(workspace: &Workspace) -> Option<Utf8PathBuf> {
    workspace.configures_build_dir().then(|| workspace.committed_target_directory())
}

/// Versions of tools that have to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeptosTools {
    pub(super) cargo_leptos: &'static str,
    /// Of `Cargo.lock`; `None` where the project does not use it.
    pub(super) wasm_bindgen: Option<String>,
    /// What compiles style sheets, if the project has any for it.
    pub(super) tailwind: Option<Tailwind>,
}

impl Application {
    pub(super) fn of(project: &Project, recipes: Recipes) -> Result<Self> {
        if let Some(refused) = project.refused().into_iter().next() {
            return Err(refused.error);
        }
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
            toolchain_file: toolchain_file(workspace),
            build_dir: build_dir(workspace),
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
        let targets = chosen.flat_map(|package| shared::targets(&project.workspace, package));
        let targets = targets.filter(|target| target.is_bin());
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
    let tailwind = Tailwind::of(&project.workspace);
    Ok(LeptosTools { cargo_leptos: leptos::CARGO_LEPTOS_VERSION, wasm_bindgen, tailwind })
}

fn toolchain_file(workspace: &Workspace) -> Option<&'static str> {
    let names = ["rust-toolchain", "rust-toolchain.toml"];
    names.into_iter().find(|name| workspace.shared_files().has(Utf8Path::new(name)))
}
