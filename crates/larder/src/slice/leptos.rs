//! The slices of a Leptos project: the two cargo calls that cargo-leptos makes, for release and for debug.
//!
//! Those for debug are of `cargo leptos watch`, which developers run: it tells both halves by a variable that it watches.
//!
//! Follows cargo-leptos 0.3.11: `src/compile/{front,server}.rs` for the arguments and
//! `src/config/project.rs` for the environment. Only what the committed metadata says counts here; a variable
//! such as `LEPTOS_SITE_ADDR` in somebody's shell must not change a recipe.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use cargo_metadata::{
    Package, Target,
    camino::{Utf8Path, Utf8PathBuf},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    broken::Broken,
    call::{Origin, Slice, TARGET_MARKER, Variant},
    name::Name,
    target_dir::TargetDir,
};
use crate::{
    cargo::{command_line::without_policies, platform::WASM},
    error::LEPTOS_METADATA,
    text::slashes::forward,
    workspace::{Workspace, normalized},
};

/// The cargo-leptos that this module follows.
pub const CARGO_LEPTOS_VERSION: &str = "0.3.11";

/// The release profile to install it, and wasm-bindgen's program, with: what is compiled in the least time. Their own are
/// made for speed, and take twice as long at level 1, and several times with link-time optimisation, while cargo-leptos
/// mostly waits for cargo: without optimisation it takes 0.1 s more for a build of the example, or 5 s with
/// `--precompress`.
pub const INSTALL_PROFILE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// The words that `cargo install` is given for wasm-bindgen's program beside that profile, which leave out the runner of
/// tests and its TLS. What reads and writes the whole WASM in every build is optimised: three times as quick then, for
/// half of what it costs to optimise all.
pub const BINDGEN_WORDS: [&str; 9] = [
    "--bin",
    "wasm-bindgen",
    "--no-default-features",
    "--config",
    "profile.release.package.walrus.opt-level=2",
    "--config",
    "profile.release.package.wasmparser.opt-level=2",
    "--config",
    "profile.release.package.wasm-bindgen-cli-support.opt-level=2",
];

/// The variable by which `cargo leptos watch` tells both halves that it watches, with its value. `cargo leptos build`
/// leaves it as it is.
pub const WATCH: (&str, &str) = ("LEPTOS_WATCH", "true");

const ERASE_COMPONENTS: [&str; 2] = ["--cfg", "erase_components"];

/// Finds the slices of every Leptos project in the workspace; none if there is no Leptos metadata.
///
/// One project gives `front`, `server`, `front-dev` and `server-dev`; of several, each name is prefixed with
/// the project's. Metadata that cargo-leptos would refuse as well gives no slice.
pub fn find(workspace: &Workspace) -> (Vec<Slice>, Vec<Broken>) {
    let several = tables(workspace).count() > 1;
    let (mut slices, mut broken) = (Vec::new(), Vec::new());
    for (table, package) in tables(workspace) {
        let own_name = package.map(|package| package.name.as_str());
        let name = own_name.or_else(|| table.get("name")?.as_str()).unwrap_or_default();
        let prefix = if several { format!("{name}-") } else { String::new() };
        let variants = [Variant::Release, Variant::Dev];
        let project = LeptosProject::read(workspace, table, package);
        match project.and_then(|project| project.slices(&prefix, &variants)) {
            Ok(found) => slices.extend(found),
            Err(reason) => broken.push(Broken {
                program: "cargo-leptos",
                slices: variants
                    .iter()
                    .flat_map(|&variant| ["front", "server"].map(|half| slice_name(&prefix, half, variant)))
                    .collect(),
                path: manifest_of(workspace, package),
                reason: format!("{LEPTOS_METADATA}{reason}"),
            }),
        }
    }
    (slices, broken)
}

/// The manifest that has a table: the package's own, or the root's.
fn manifest_of(workspace: &Workspace, package: Option<&Package>) -> Utf8PathBuf {
    package.map_or_else(|| workspace.manifest_path(), |package| package.manifest_path.clone())
}

/// The packages that are compiled to WASM.
pub(super) fn libraries(workspace: &Workspace) -> impl Iterator<Item = String> {
    let projects =
        tables(workspace).filter_map(|(table, package)| LeptosProject::read(workspace, table, package).ok());
    projects.map(|project| project.lib_package)
}

/// The packages that are compiled to WASM and have no program: settings for them reach no server.
pub(crate) fn front_packages(workspace: &Workspace) -> BTreeSet<String> {
    libraries(workspace).filter(|name| !has_program(workspace, name)).collect()
}

fn has_program(workspace: &Workspace, name: &str) -> bool {
    member(workspace, name).is_ok_and(|package| package.targets.iter().any(Target::is_bin))
}

/// A Leptos project with its packages looked up.
struct LeptosProject {
    output_name: String,
    lib_package: String,
    lib_dir: Utf8PathBuf,
    bin_package: String,
    bin_dir: Utf8PathBuf,
    bin_target: String,
    config: LeptosConfig,
}

/// The keys of a Leptos metadata table that reach cargo. The rest is cargo-leptos' own business.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LeptosConfig {
    name: Option<String>,
    bin_package: Option<String>,
    lib_package: Option<String>,
    #[serde(default)]
    output_name: String,
    #[serde(default = "default_site_addr")]
    site_addr: SocketAddr,
    site_root: Option<String>,
    #[serde(default = "default_site_pkg_dir")]
    site_pkg_dir: String,
    #[serde(default = "default_reload_port")]
    reload_port: u16,
    #[serde(default)]
    hash_files: bool,
    hash_file_name: Option<String>,
    #[serde(default = "yes")]
    js_minify: bool,
    #[serde(default)]
    bin_target: String,
    bin_target_triple: Option<String>,
    bin_target_dir: Option<String>,
    front_target_dir: Option<String>,
    bin_cargo_args: Option<Vec<String>>,
    lib_cargo_args: Option<Vec<String>>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    lib_features: Vec<String>,
    #[serde(default)]
    lib_default_features: bool,
    #[serde(default)]
    bin_features: Vec<String>,
    #[serde(default)]
    bin_default_features: bool,
    server_fn_prefix: Option<String>,
    #[serde(default)]
    disable_server_fn_hash: bool,
    #[serde(default)]
    server_fn_mod_path: bool,
    #[serde(default)]
    disable_erase_components: bool,
    #[serde(default)]
    always_erase_components: bool,
    lib_profile_dev: Option<String>,
    lib_profile_release: Option<String>,
    bin_profile_dev: Option<String>,
    bin_profile_release: Option<String>,
}

fn default_site_addr() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 3000))
}

fn default_site_pkg_dir() -> String {
    "pkg".into()
}

fn default_reload_port() -> u16 {
    3001
}

fn yes() -> bool {
    true
}

/// Every Leptos table, with the package whose own it is.
fn tables(workspace: &Workspace) -> impl Iterator<Item = (&Value, Option<&Package>)> {
    let metadata = workspace.metadata();
    let shared = metadata.workspace_metadata.get("leptos").and_then(Value::as_array).into_iter().flatten();
    let packages = metadata.workspace_packages().into_iter();
    let own = packages.filter_map(|package| Some((package.metadata.get("leptos")?, Some(package))));
    shared.map(|table| (table, None)).chain(own)
}

/// The files and folders that cargo-leptos reads beside the packages, relative to the root: assets, styles, and what
/// builds read besides.
pub(crate) fn folders(workspace: &Workspace) -> Vec<Utf8PathBuf> {
    let mut folders = Vec::new();
    for (table, package) in tables(workspace) {
        let base = package.map_or_else(Utf8PathBuf::new, |package| folder(workspace, package));
        folders.extend(path_at(table, "assets-dir", &base));
        let watched = table.get("watch-additional-files").and_then(Value::as_array).into_iter().flatten();
        let watched = watched.filter_map(|one| one.get("path").unwrap_or(one).as_str());
        // Whichever package names them, cargo-leptos looks for these from the workspace's root.
        folders.extend(watched.map(Utf8PathBuf::from).filter(|path| path.is_relative()));
        for key in ["style-file", "tailwind-input-file", "tailwind-config-file"] {
            // A style imports its neighbours; at the root that would be everything.
            let file = path_at(table, key, &base).map(|file| normalized(&file));
            folders.extend(file.map(|file| match file.parent() {
                Some(folder) if !folder.as_str().is_empty() => folder.to_owned(),
                _ => file,
            }));
        }
    }
    folders
}

fn path_at(table: &Value, key: &str, base: &Utf8Path) -> Option<Utf8PathBuf> {
    Some(base.join(table.get(key)?.as_str()?))
}

/// The style sheets that Tailwind is given, relative to the root.
pub(crate) fn tailwind_inputs(workspace: &Workspace) -> Vec<Utf8PathBuf> {
    let inputs = tables(workspace).filter_map(|(table, package)| {
        let base = package.map_or_else(Utf8PathBuf::new, |package| folder(workspace, package));
        path_at(table, "tailwind-input-file", &base)
    });
    inputs.collect()
}

impl LeptosProject {
    /// Reads one table. In a package's own table that package is both halves.
    fn read(workspace: &Workspace, table: &Value, own: Option<&Package>) -> Result<Self, String> {
        let config: LeptosConfig =
            serde_json::from_value(table.clone()).map_err(|error| error.to_string())?;
        let own_name = own.map(|package| package.name.as_str());
        let name = own_or_given(own_name, "name", config.name.as_deref())?;
        let lib_package = own_or_given(own_name, "lib-package", config.lib_package.as_deref())?;
        let bin_package = own_or_given(own_name, "bin-package", config.bin_package.as_deref())?;
        let bin = member(workspace, &bin_package)?;
        Ok(Self {
            output_name: if config.output_name.is_empty() { name } else { config.output_name.clone() },
            lib_dir: folder(workspace, member(workspace, &lib_package)?),
            bin_dir: folder(workspace, bin),
            bin_target: bin_target(bin, &config.bin_target)?,
            lib_package,
            bin_package,
            config,
        })
    }

    fn slices(&self, prefix: &str, variants: &[Variant]) -> Result<Vec<Slice>, String> {
        let halves =
            variants.iter().flat_map(|&variant| [self.front(prefix, variant), self.server(prefix, variant)]);
        halves.collect()
    }

    fn front(&self, prefix: &str, variant: Variant) -> Result<Slice, String> {
        let config = &self.config;
        let mut args = vec!["build".into(), format!("--package={}", self.lib_package), "--lib".into()];
        args.push(format!("--target={WASM}"));
        add_features(&mut args, config.lib_default_features, &config.lib_features, &config.features);
        args.extend(config.lib_cargo_args.clone().unwrap_or_default());
        add_profile(&mut args, variant, config.lib_profile_release.as_ref(), config.lib_profile_dev.as_ref());
        let dir = config.front_target_dir.as_deref().map_or(TargetDir::InTarget("front".into()), marked_dir);
        let name =
            Name::new(slice_name(prefix, "front", variant)).map_err(|reason| format!("name: {reason}"))?;
        Ok(self.slice(name, variant, &args, dir))
    }

    fn server(&self, prefix: &str, variant: Variant) -> Result<Slice, String> {
        let config = &self.config;
        let mut args = vec!["build".into(), format!("--package={}", self.bin_package)];
        let triple = config.bin_target_triple.as_deref();
        // A server for a wasm host is a library that the host loads.
        if triple.is_some_and(|triple| triple.contains("wasm")) {
            args.push("--lib".into());
        } else {
            args.push(format!("--bin={}", self.bin_target));
        }
        args.extend(triple.map(|triple| format!("--target={triple}")));
        add_features(&mut args, config.bin_default_features, &config.bin_features, &config.features);
        args.extend(config.bin_cargo_args.clone().unwrap_or_default());
        add_profile(&mut args, variant, config.bin_profile_release.as_ref(), config.bin_profile_dev.as_ref());
        let dir = config.bin_target_dir.clone().map_or_else(TargetDir::default, TargetDir::from);
        let name =
            Name::new(slice_name(prefix, "server", variant)).map_err(|reason| format!("name: {reason}"))?;
        Ok(self.slice(name, variant, &args, dir))
    }

    fn slice(&self, name: Name, variant: Variant, args: &[String], target_dir: TargetDir) -> Slice {
        let config = &self.config;
        let erase =
            config.always_erase_components || (variant == Variant::Dev && !config.disable_erase_components);
        Slice {
            name,
            origin: Origin::Leptos,
            variant,
            args: without_policies(args),
            target_dir,
            rustflags: if erase { ERASE_COMPONENTS.map(str::to_owned).to_vec() } else { Vec::new() },
            env: self.env(variant),
        }
    }

    fn env(&self, variant: Variant) -> BTreeMap<String, String> {
        let config = &self.config;
        let minify = variant == Variant::Release && config.js_minify;
        let mut env = BTreeMap::from([
            ("LEPTOS_OUTPUT_NAME", self.output_name.clone()),
            ("LEPTOS_SITE_ROOT", site_root(config.site_root.as_deref())),
            ("LEPTOS_SITE_PKG_DIR", config.site_pkg_dir.clone()),
            ("LEPTOS_SITE_ADDR", config.site_addr.to_string()),
            ("LEPTOS_RELOAD_PORT", config.reload_port.to_string()),
            ("LEPTOS_LIB_DIR", self.lib_dir.to_string()),
            ("LEPTOS_BIN_DIR", self.bin_dir.to_string()),
            ("LEPTOS_JS_MINIFY", minify.to_string()),
            ("LEPTOS_HASH_FILES", config.hash_files.to_string()),
        ]);
        if config.hash_files {
            let name = config.hash_file_name.clone().unwrap_or_else(|| "hash.txt".into());
            env.insert("LEPTOS_HASH_FILE_NAME", name);
        }
        if variant == Variant::Dev {
            env.insert(WATCH.0, WATCH.1.to_owned());
        }
        if let Some(prefix) = &config.server_fn_prefix {
            env.insert("SERVER_FN_PREFIX", prefix.clone());
        }
        if config.disable_server_fn_hash {
            env.insert("DISABLE_SERVER_FN_HASH", "true".into());
        }
        if config.server_fn_mod_path {
            env.insert("SERVER_FN_MOD_PATH", "true".into());
        }
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The name of the package whose own table it is, or else the value of the table's key.
fn own_or_given(own_name: Option<&str>, key: &str, value: Option<&str>) -> Result<String, String> {
    own_name.or(value).map(str::to_owned).ok_or_else(|| format!("`{key}` is missing"))
}

fn slice_name(prefix: &str, half: &str, variant: Variant) -> String {
    match variant {
        Variant::Release => format!("{prefix}{half}"),
        Variant::Dev => format!("{prefix}{half}-dev"),
    }
}

fn add_features(args: &mut Vec<String>, defaults: bool, own: &[String], shared: &[String]) {
    if !defaults {
        args.push("--no-default-features".into());
    }
    let features: Vec<&str> = own.iter().chain(shared).map(String::as_str).collect();
    if !features.is_empty() {
        args.push(format!("--features={}", features.join(",")));
    }
}

fn add_profile(args: &mut Vec<String>, variant: Variant, release: Option<&String>, dev: Option<&String>) {
    match (variant, release, dev) {
        (Variant::Release, Some(name), _) | (Variant::Dev, _, Some(name)) => {
            args.push(format!("--profile={name}"));
        }
        (Variant::Release, None, _) => args.push("--release".into()),
        (Variant::Dev, _, None) => {}
    }
}

fn member<'a>(workspace: &'a Workspace, name: &str) -> Result<&'a Package, String> {
    let packages = workspace.metadata().workspace_packages();
    packages
        .into_iter()
        .find(|package| package.name.as_str() == name)
        .ok_or_else(|| format!("no workspace member is named `{name}`"))
}

/// A member's folder relative to the root; `.` for the root package, as cargo-leptos writes it.
fn folder(workspace: &Workspace, package: &Package) -> Utf8PathBuf {
    let folder = package.manifest_path.parent().unwrap_or(Utf8Path::new(""));
    let relative = folder.strip_prefix(workspace.root()).unwrap_or(folder);
    if relative.as_str().is_empty() { ".".into() } else { forward(relative.to_owned()) }
}

fn bin_target(package: &Package, wanted: &str) -> Result<String, String> {
    let bins: Vec<&str> =
        package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.as_str()).collect();
    match (wanted, bins.as_slice()) {
        ("", [only]) => Ok((*only).to_owned()),
        ("", []) => Err(format!("package `{}` has no binary", package.name)),
        ("", _) => Err(format!("package `{}` has several binaries; set `bin-target`", package.name)),
        (wanted, bins) if bins.contains(&wanted) => Ok(wanted.to_owned()),
        (wanted, _) => Err(format!("package `{}` has no binary `{wanted}` (bin-target)", package.name)),
    }
}

/// The markers with which a path may start that stand for cargo's target directory.
const MARKERS: [&str; 2] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];

fn below_marker(path: &str) -> Option<&Utf8Path> {
    MARKERS.iter().find_map(|marker| Utf8Path::new(path).strip_prefix(marker).ok())
}

fn marked_dir(path: &str) -> TargetDir {
    match below_marker(path) {
        Some(folder) => TargetDir::InTarget(folder.to_owned()),
        None => TargetDir::from(path.to_owned()),
    }
}

fn site_root(path: Option<&str>) -> String {
    let path = path.unwrap_or("CARGO_TARGET_DIR/site");
    below_marker(path).map_or_else(|| path.to_owned(), |folder| format!("{TARGET_MARKER}/{folder}"))
}
