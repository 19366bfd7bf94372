//! Caches that are plain folders: Larder's own, what cargo-leptos serves and downloads, sccache's.

use std::path::{Path, PathBuf};

use larder::{process::Environment, project::Project, sccache::Figures};

use super::{
    cache::{Cache, FoundCaches, Scope},
    measure::whole,
};

/// A folder to look at.
struct CacheFolder {
    name: &'static str,
    path: Option<PathBuf>,
    scope: Scope,
    filled_by: String,
    shrink: &'static str,
    /// Said if it is not there; `None` leaves the row out.
    absent: Option<&'static str>,
}

pub(super) fn look(project: &Project, env: &Environment) -> FoundCaches {
    let mut found = FoundCaches::default();
    for folder in folders(project, env) {
        let CacheFolder { name, path, scope, filled_by, shrink, absent } = folder;
        match path.filter(|path| path.is_dir()) {
            Some(path) => {
                let (sum, problems) = whole(&path);
                found.problems.extend(problems);
                let cache = Cache::new(name, scope, sum.size).at(path).last_used(sum.modified);
                found.caches.push(cache.said(&filled_by, shrink));
            }
            None => found
                .caches
                .extend(absent.map(|reason| Cache::absent(name, scope, reason).said(&filled_by, shrink))),
        }
    }
    // A recipe is all of use: it is what is cooked.
    for cache in found.caches.iter_mut().filter(|cache| cache.name == "larder") {
        cache.reusable = Some(cache.size().on_disk);
    }
    found
}

fn folders(project: &Project, env: &Environment) -> Vec<CacheFolder> {
    let cache_home = env.cache_home();
    let mut folders = vec![
        CacheFolder {
            name: "larder",
            path: Some(project.workspace.larder_dir().into()),
            scope: Scope::Project,
            filled_by: "cargo larder lock: the recipes, which are committed".to_owned(),
            shrink: "nothing to gain",
            absent: Some("there are no recipes; `cargo larder lock` writes them"),
        },
        CacheFolder {
            name: "larder's cache",
            path: cache_home.as_ref().map(|home| home.join("larder")),
            scope: Scope::Machine,
            filled_by: "cargo larder cook, which stores units there; the set-up of Larder's repository"
                .to_owned(),
            shrink: "cargo larder store gc",
            absent: None,
        },
        CacheFolder {
            name: "larder's store",
            path: env.get("LARDER_STORE_DIR").map(PathBuf::from),
            scope: Scope::Machine,
            filled_by: "cargo larder cook, which stores units where LARDER_STORE_DIR says".to_owned(),
            shrink: "cargo larder store gc",
            absent: None,
        },
        CacheFolder {
            name: "cargo-leptos' tools",
            path: cache_home.as_ref().map(|home| home.join("cargo-leptos")),
            scope: Scope::Machine,
            filled_by: "cargo leptos, with what it does not find on PATH".to_owned(),
            shrink: "remove the folder",
            absent: None,
        },
        CacheFolder {
            name: "sccache",
            path: env.get("SCCACHE_DIR").map(PathBuf::from).or_else(|| sccache(env, cache_home.as_deref())),
            scope: Scope::Machine,
            filled_by: Figures::ask(project).map_or_else(
                || "sccache, where RUSTC_WRAPPER names it".to_owned(),
                |figures| format!("sccache: {figures}"),
            ),
            shrink: "SCCACHE_CACHE_SIZE, or remove the folder",
            absent: Some("sccache has no folder here"),
        },
    ];
    folders.extend(sites(project).into_iter().map(|path| CacheFolder {
        name: "site",
        path: Some(path),
        scope: Scope::Project,
        filled_by: "cargo leptos build, what is served".to_owned(),
        // `clean` deletes in target folders only.
        shrink: "remove the folder",
        absent: None,
    }));
    folders
}

fn sccache(env: &Environment, cache_home: Option<&Path>) -> Option<PathBuf> {
    if cfg!(target_os = "macos") {
        return env.get("HOME").map(|home| Path::new(home).join("Library/Caches/Mozilla.sccache"));
    }
    cache_home.map(|home| home.join("sccache"))
}

/// Folders that cargo-leptos serves from, if they are not in the target folder.
fn sites(project: &Project) -> Vec<PathBuf> {
    let workspace = &project.workspace;
    let metadata = workspace.metadata();
    let tables = metadata.workspace_metadata.get("leptos").into_iter();
    let tables = tables.chain(metadata.packages.iter().filter_map(|package| package.metadata.get("leptos")));
    let all = tables.flat_map(|table| table.as_array().cloned().unwrap_or_else(|| vec![table.clone()]));
    let roots = all.filter_map(|table| table.get("site-root")?.as_str().map(str::to_owned));
    let mut paths: Vec<PathBuf> = roots.map(|root| workspace.root().join(root).into()).collect();
    // A site root that holds the project is no cache of it.
    paths.retain(|path| {
        !path.starts_with(workspace.target_directory())
            && !workspace.root().starts_with(path.to_str().unwrap_or("/"))
    });
    paths.sort();
    paths.dedup();
    paths
}
