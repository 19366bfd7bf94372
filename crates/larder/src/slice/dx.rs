//! The slices of a project that dx builds for browsers: the calls of cargo that `dx build --release` makes, and those of
//! `dx build` and `dx serve`; a fullstack project has two of each.
//!
//! Follows the source of dioxus-cli 0.7.9: `src/build/request.rs` and `src/build/renderer.rs`. A project for desktops or phones is left alone, and so are the words of a command line.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{
    Package, Target,
    camino::{Utf8Path, Utf8PathBuf},
};
use serde::Deserialize;

use super::{
    call::{Origin, Slice, Variant},
    name::Name,
    predicted::{self, Found, VARIANTS},
};
use crate::{
    cargo::{
        Cargo,
        platform::{HOST_TUPLE, WASM},
    },
    workspace::{Workspace, parse_toml},
};

/// Its own settings; it takes both names.
pub(super) const FILES: [&str; 2] = ["Dioxus.toml", "dioxus.toml"];
/// Features of dioxus, and of packages by custom, that choose where an application is shown.
const RENDERERS: [&str; 6] = ["web", "desktop", "mobile", "native", "liveview", "server"];
/// dx adds it for browsers.
const RANDOM: [&str; 2] = ["--cfg", "getrandom_backend=\"wasm_js\""];

/// The half of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AppHalf {
    Web,
    Server,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DioxusFile {
    web: Web,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Web {
    app: WebApp,
}

/// The settings that reach the compiler.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct WebApp {
    title: Option<String>,
    base_path: Option<String>,
}

/// A package with what dx takes of it.
struct DioxusApp<'a> {
    workspace: &'a Workspace,
    package: &'a Package,
    program: &'a str,
    path: Utf8PathBuf,
    config: Result<WebApp, String>,
}

/// Everything beside manifests that slices are found from, there or not.
pub(super) fn files(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    FILES.map(|name| folder.join(name)).to_vec()
}

/// Finds the slices of every project; `taken` are packages that another driver builds for browsers.
///
/// A project gives `front` and `front-dev`, and `server` and `server-dev` if it is fullstack; of several, each name is
/// prefixed with the package's.
pub(super) fn find(cargo: &Cargo, workspace: &Workspace, taken: &BTreeSet<String>) -> Found {
    let members = workspace.metadata().workspace_packages();
    let apps: Vec<DioxusApp<'_>> = members
        .iter()
        .filter(|package| !taken.contains(package.name.as_str()))
        .filter_map(|package| DioxusApp::find(workspace, package))
        .collect();
    predicted::of_all(cargo, workspace, taken, &apps)
}

impl predicted::FrameworkProject for DioxusApp<'_> {
    const PROGRAM: &'static str = "dx";

    fn name(&self) -> &str {
        &self.package.name
    }

    fn path(&self) -> &Utf8Path {
        &self.path
    }

    fn packages(&self) -> Vec<String> {
        vec![self.package.name.to_string()]
    }

    fn slices(&self, cargo: &Cargo, prefix: &str) -> Result<Vec<Slice>, String> {
        let config = self.config.as_ref().map_err(Clone::clone)?;
        // dx hands on the flags of the target and no others, and a slice all that are configured.
        if self.workspace.config().get("build").is_some_and(|build| build.get("rustflags").is_some()) {
            return Err("dx leaves `build.rustflags` out, which a slice cannot: set them for a target".into());
        }
        let is_fullstack = is_fullstack(self.package);
        let halves = [AppHalf::Web, AppHalf::Server].into_iter().take(if is_fullstack { 2 } else { 1 });
        let mut slices = Vec::new();
        for (variant, half) in VARIANTS.iter().flat_map(|variant| halves.clone().map(|half| (*variant, half)))
        {
            let folder = self.package.manifest_path.parent().unwrap_or(self.workspace.root());
            let args = self.args(half, variant);
            let Some(slice) = predicted::slice(cargo, self.workspace, folder, args)? else { continue };
            let part = if half == AppHalf::Web { "front" } else { "server" };
            let name = Name::new(predicted::name(prefix, part, variant))?;
            let mut slice = Slice { name, origin: Origin::Dioxus, variant, ..slice };
            if half == AppHalf::Web {
                slice.rustflags.extend(RANDOM.map(str::to_owned));
            }
            slice.env.extend(self.env(config, variant));
            slices.push(slice);
        }
        Ok(slices)
    }
}

impl<'a> DioxusApp<'a> {
    /// The application of a package, if dx builds it for browsers without being told so.
    fn find(workspace: &'a Workspace, package: &'a Package) -> Option<Self> {
        let folder = package.manifest_path.parent()?;
        let folders = folder.ancestors().take_while(|above| above.starts_with(workspace.root()));
        let path = folders.flat_map(files).find(|path| path.is_file())?;
        let program = program(package)?;
        if !package.dependencies.iter().any(|one| one.name == "dioxus") || renderer(package) != Some("web") {
            return None;
        }
        let document = parse_toml(&path).map_err(|error| error.to_string());
        let file = document.and_then(|document| {
            toml_edit::de::from_document::<DioxusFile>(document).map_err(|error| error.message().to_owned())
        });
        Some(Self { workspace, package, program, path, config: file.map(|file| file.web.app) })
    }

    /// The arguments of cargo.
    fn args(&self, half: AppHalf, variant: Variant) -> Vec<String> {
        let is_release = variant == Variant::Release;
        let build = if is_release { "release" } else { "dev" };
        let (profile, target) = match half {
            AppHalf::Web => (format!("wasm-{build}"), WASM),
            AppHalf::Server => (format!("server-{build}"), HOST_TUPLE),
        };
        let mut settings = vec!["strip=false".to_owned()];
        let profiles = self.workspace.manifest().get("profile");
        if profiles.is_none_or(|profiles| profiles.get(&profile).is_none()) {
            settings.push(format!("inherits=\"{build}\""));
            settings.extend((half == AppHalf::Web && is_release).then(|| "opt-level=\"s\"".to_owned()));
        }
        let mut args = vec!["rustc".to_owned()];
        args.extend(settings.iter().map(|setting| format!("--config=profile.{profile}.{setting}")));
        args.extend([format!("--profile={profile}"), format!("--target={target}"), "--verbose".to_owned()]);
        args.push("--no-default-features".to_owned());
        args.push(format!("--features={}", features(self.package, half).join(" ")));
        args.extend([format!("--package={}", self.package.name), format!("--bin={}", self.program)]);
        args
    }

    /// The variables that dioxus reads when it is compiled.
    fn env(&self, config: &WebApp, variant: Variant) -> BTreeMap<String, String> {
        let mut env = BTreeMap::from([("DIOXUS_PRODUCT_NAME".to_owned(), pascal_case(self.program))]);
        if variant == Variant::Release {
            let path = config.base_path.as_deref().map(|path| path.trim_matches('/'));
            let path = path.filter(|path| !path.is_empty());
            env.extend(path.map(|path| ("DIOXUS_ASSET_ROOT".to_owned(), path.to_owned())));
            let title = config.title.clone().unwrap_or_else(|| "dioxus | ⛺".to_owned());
            env.insert("DIOXUS_APP_TITLE".to_owned(), title);
        }
        env
    }
}

/// The program that dx builds: that of `default-run`, the only one, or that of the package's name.
fn program(package: &Package) -> Option<&str> {
    let programs: Vec<&str> = package
        .targets
        .iter()
        .filter(|target| target.is_bin())
        .map(|target: &Target| &*target.name)
        .collect();
    let name = match (&package.default_run, &programs[..]) {
        (Some(name), _) => name,
        (None, [only]) => *only,
        (None, _) => package.name.as_str(),
    };
    programs.into_iter().find(|program| *program == name)
}

/// The renderer that one of dioxus' features stands for.
fn known(feature: &str) -> Option<&'static str> {
    RENDERERS.into_iter().find(|renderer| *renderer == feature)
}

fn of_dioxus(feature: &str) -> Option<&'static str> {
    feature.strip_prefix("dioxus/").and_then(known)
}

/// The renderers that a feature of the package chooses by itself or by one that it enables.
fn chosen(package: &Package, feature: &str) -> Vec<&'static str> {
    let below = package.features.get(feature).into_iter().flatten().filter_map(|one| of_dioxus(one));
    of_dioxus(feature).into_iter().chain(below).collect()
}

/// The renderer that dx takes if none is named.
fn renderer(package: &Package) -> Option<&'static str> {
    let dioxus = package.dependencies.iter().find(|dependency| dependency.name == "dioxus")?;
    let direct: Vec<&str> = dioxus.features.iter().filter_map(|feature| known(feature)).collect();
    if let [only] = direct[..] {
        return known(only);
    }
    let default = package.features.get("default").into_iter().flatten();
    let enabled: BTreeSet<&'static str> = default.flat_map(|feature| chosen(package, feature)).collect();
    if let (1, Some(only)) = (enabled.len(), enabled.first()) {
        return Some(only);
    }
    if let Some(only) = only_beside_server(&enabled).filter(|_| enabled.len() == 2) {
        return Some(only);
    }
    only_beside_server(&package.features.keys().filter_map(|feature| known(feature)).collect())
}

fn only_beside_server(renderers: &BTreeSet<&'static str>) -> Option<&'static str> {
    let mut others = renderers.iter().filter(|renderer| **renderer != "server");
    others.next().copied().filter(|_| others.next().is_none())
}

/// The features of one half: the default ones that choose no renderer, and the one that chooses its own.
fn features(package: &Package, half: AppHalf) -> Vec<String> {
    let wanted = if half == AppHalf::Web { "web" } else { "server" };
    let default = package.features.get("default").into_iter().flatten();
    let mut features: Vec<String> =
        default.filter(|feature| chosen(package, feature).is_empty()).cloned().collect();
    features.sort();
    features.dedup();
    let mut all = package.features.iter();
    let own = all.find(|(name, enabled)| *name == wanted || is_choice_of(enabled, wanted));
    features.push(own.map_or_else(|| format!("dioxus/{wanted}"), |(name, _)| name.clone()));
    features.dedup();
    features
}

/// Whether a feature that enables these chooses this renderer and no other.
fn is_choice_of(enabled: &[String], renderer: &str) -> bool {
    let renderers: Vec<&str> = enabled
        .iter()
        .filter_map(|one| known(one.strip_prefix("dioxus")?.trim_start_matches('?').strip_prefix('/')?))
        .collect();
    renderers == [renderer]
}

/// Whether dx builds a server as well.
fn is_fullstack(package: &Package) -> bool {
    let of_dependency = package.dependencies.iter().find(|dependency| dependency.name == "dioxus");
    let active = features(package, AppHalf::Web);
    of_dependency.is_some_and(|dioxus| dioxus.features.iter().any(|feature| feature == "fullstack"))
        || package.features.iter().any(|(name, enabled)| {
            enabled.iter().any(|one| one == "dioxus/fullstack") && active.contains(name)
        })
}

/// `my-app2d` as `MyApp2D`.
fn pascal_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    let mut starts = true;
    for (place, &letter) in letters.iter().enumerate() {
        if matches!(letter, '-' | '_' | ' ') {
            starts = true;
            continue;
        }
        let before = place.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(place + 1);
        let turns = before.is_some_and(|before| {
            before.is_lowercase() && letter.is_uppercase()
                || before.is_ascii_digit() != letter.is_ascii_digit()
                || before.is_uppercase()
                    && letter.is_uppercase()
                    && after.is_some_and(|next| next.is_lowercase())
        });
        if starts || turns {
            text.extend(letter.to_uppercase());
        } else {
            text.extend(letter.to_lowercase());
        }
        starts = false;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_products() {
        for (name, product) in
            [("app", "App"), ("my-web_app", "MyWebApp"), ("app2d", "App2D"), ("HTTPServer", "HttpServer")]
        {
            assert_eq!(pascal_case(name), product);
        }
    }
}
