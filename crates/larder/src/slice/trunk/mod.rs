//! The slices of a project that trunk builds: the calls of cargo that `trunk build --release` makes, and those of
//! `trunk build` and `trunk serve`, which are the same.
//!
//! Follows trunk 0.21.14 and 0.22: `src/pipelines/rust/mod.rs` for the arguments and `src/config` for the configuration.
//! Each call is written down as if it had been [observed]. Only committed files count: a variable
//! such as `TRUNK_BUILD_FEATURES` in somebody's shell must not change a recipe.

pub(super) mod config;
mod page;

use std::collections::BTreeSet;

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};

use self::{
    config::{LocatedConfig, TrunkConfig},
    page::{Link, LinkKind},
};
use super::{
    call::{Origin, Slice, Variant},
    name::Name,
    observed,
    predicted::{self, Found, FrameworkProject as _, VARIANTS},
};
use crate::{
    cargo::{Cargo, platform::WASM},
    files::read,
    workspace::Workspace,
};

/// Finds the slices of every project; `taken` are packages that another driver builds for browsers.
///
/// A project gives `front` and `front-dev`, and `worker` and `worker-dev` if its page has a worker; of several, each
/// name is prefixed with the project's package.
pub(super) fn find(cargo: &Cargo, workspace: &Workspace, taken: &BTreeSet<String>) -> Found {
    predicted::of_all(cargo, workspace, taken, &projects(workspace, taken))
}

/// A page with the folder that trunk is called in.
struct TrunkProject<'a> {
    workspace: &'a Workspace,
    folder: Utf8PathBuf,
    page: Utf8PathBuf,
    /// The file that a problem is told of.
    path: Utf8PathBuf,
    config: TrunkConfig,
    /// Its calls, or why trunk would make none.
    apps: Result<Vec<App<'a>>, String>,
}

/// A link with its package.
struct App<'a> {
    link: Link,
    package: &'a Package,
}

/// The folders that trunk may be called in, each with its package: the root first, whose configuration may name the page
/// of a member.
pub(super) fn folders(workspace: &Workspace) -> Vec<(&Utf8Path, Option<&Package>)> {
    let members = workspace.metadata().workspace_packages();
    let root = workspace.root();
    let mut folders: Vec<(&Utf8Path, Option<&Package>)> = vec![(root, None)];
    for package in members {
        match package.manifest_path.parent() {
            Some(folder) if folder == root => folders[0].1 = Some(package),
            Some(folder) => folders.push((folder, Some(package))),
            None => {}
        }
    }
    folders
}

/// The projects of a workspace, each page once.
fn projects<'a>(workspace: &'a Workspace, taken: &BTreeSet<String>) -> Vec<TrunkProject<'a>> {
    let mut projects: Vec<TrunkProject<'_>> = Vec::new();
    for (folder, package) in folders(workspace) {
        let Some(project) = TrunkProject::find(workspace, folder, package) else { continue };
        let is_known = projects.iter().any(|known| known.page == project.page);
        let is_taken = project.packages().iter().any(|package| taken.contains(package));
        if !is_known && !is_taken {
            projects.push(project);
        }
    }
    projects
}

impl predicted::FrameworkProject for TrunkProject<'_> {
    const PROGRAM: &'static str = "trunk";

    /// The name of the application's package, or else of the folder.
    fn name(&self) -> &str {
        let apps = self.apps.iter().flatten();
        let main = apps.clone().find(|app| app.link.kind == LinkKind::Main).or_else(|| apps.clone().next());
        main.map_or_else(|| self.folder.file_name().unwrap_or("trunk"), |app| app.package.name.as_str())
    }

    fn path(&self) -> &Utf8Path {
        &self.path
    }

    fn packages(&self) -> Vec<String> {
        self.apps.iter().flatten().map(|app| app.package.name.to_string()).collect()
    }

    fn slices(&self, cargo: &Cargo, prefix: &str) -> Result<Vec<Slice>, String> {
        let mut slices: Vec<Slice> = Vec::new();
        for variant in VARIANTS {
            for app in self.apps.as_ref().map_err(Clone::clone)? {
                let args = self.args(app, variant == Variant::Release || self.config.release)?;
                let Some(slice) = predicted::slice(cargo, self.workspace, &self.folder, args)? else {
                    continue;
                };
                // A profile of the configuration is that of both builds.
                if slices.iter().any(|known| known.same_invocation(&slice)) {
                    continue;
                }
                let wanted = predicted::name(prefix, &self.role(app), variant);
                let is_free = |name: &str| slices.iter().all(|known| known.name != name);
                let name = Name::new(observed::unused_name(&wanted, is_free))
                    .map_err(|reason| format!("`{wanted}`: {reason}"))?;
                slices.push(Slice { name, origin: Origin::Trunk, variant, ..slice });
            }
        }
        Ok(slices)
    }
}

impl<'a> TrunkProject<'a> {
    /// The project in a folder; `None` if trunk has nothing to do there.
    fn find(workspace: &'a Workspace, folder: &Utf8Path, package: Option<&'a Package>) -> Option<Self> {
        let LocatedConfig { path, config } = config::of_folder(folder, package)?;
        let (config, problem) = match config {
            Ok(config) => (config, None),
            Err(reason) => (TrunkConfig::default(), Some(reason)),
        };
        let page = folder.join(config.page()).canonicalize_utf8().ok()?;
        let html = read::text(&page).ok()?;
        // A page of something else lies beside many a manifest.
        let is_configured = package.is_none_or(|package| path != package.manifest_path)
            || package.is_some_and(|package| package.metadata.get("trunk").is_some());
        if !is_configured && !page::is_trunks(&html) {
            return None;
        }
        let (path, apps) = match problem {
            Some(reason) => (path, Err(reason)),
            None => (page.clone(), apps(workspace, page.parent()?, &html)),
        };
        Some(Self { workspace, folder: folder.to_owned(), page, path, config, apps })
    }

    /// The part that an application has in its page.
    fn role(&self, app: &App<'_>) -> String {
        let workers = self.apps.iter().flatten().filter(|app| app.link.kind == LinkKind::Worker).count();
        match app.link.kind {
            LinkKind::Main => "front".to_owned(),
            LinkKind::Worker if workers == 1 => "worker".to_owned(),
            LinkKind::Worker => format!("worker-{}", app.link.bin.as_deref().unwrap_or(&app.package.name)),
        }
    }

    /// The arguments of cargo.
    fn args(&self, app: &App<'_>, is_release: bool) -> Result<Vec<String>, String> {
        let (Self { config, .. }, App { link, package }) = (self, app);
        let mut args = vec!["build".to_owned(), format!("--target={WASM}")];
        args.push(format!("--manifest-path={}", package.manifest_path));
        match link.profile(is_release).or(config.cargo_profile.as_ref()) {
            Some(profile) => args.push(format!("--profile={profile}")),
            None => args.extend(is_release.then(|| "--release".to_owned())),
        }
        args.extend(link.bin.iter().map(|bin| format!("--bin={bin}")));
        args.extend(config.example.iter().map(|example| format!("--example={example}")));
        let (all, no_default, features) = if link.has_features() {
            (link.all_features, link.no_default_features, link.features.clone())
        } else {
            (config.all_features, config.no_default_features, config.features())
        };
        if config.all_features && (config.no_default_features || config.features().is_some()) {
            return Err("`all_features` excludes other features".to_owned());
        }
        args.extend(all.then(|| "--all-features".to_owned()));
        args.extend(no_default.then(|| "--no-default-features".to_owned()));
        args.extend(features.map(|features| format!("--features={features}")));
        Ok(args)
    }
}

/// The applications of a page that are of this workspace and that trunk compiles.
fn apps<'a>(workspace: &'a Workspace, folder: &Utf8Path, html: &str) -> Result<Vec<App<'a>>, String> {
    let mut apps = Vec::new();
    for link in page::links(html)?.into_iter().filter(|link| !link.is_skipped) {
        let mut path = folder.join(link.href.as_deref().unwrap_or_default());
        if !path.ends_with("Cargo.toml") {
            path.push("Cargo.toml");
        }
        let path = path.canonicalize_utf8().map_err(|error| format!("{path}: {error}"))?;
        let members = workspace.metadata().workspace_packages();
        let is_it =
            |package: &&&Package| package.manifest_path.canonicalize_utf8().is_ok_and(|own| own == path);
        match members.iter().find(is_it) {
            Some(package) => apps.push(App { link, package }),
            None if path.parent() == workspace.root().canonicalize_utf8().ok().as_deref() => {
                return Err(format!("{path} has no package: name one with `href`"));
            }
            // Of a workspace that has recipes of its own.
            None => {}
        }
    }
    Ok(apps)
}

/// Reads any text as a page.
pub(crate) fn read_page(html: &str) {
    let _ = (page::is_trunks(html), page::links(html));
}
