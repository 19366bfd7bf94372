//! Recipes: plain cargo workspaces that build exactly a plan's units.
//!
//! [`Recipe::of`] turns a plan into text, [`lock`] puts recipes on disk as a whole or not at all, [`proof`]
//! compares what a written recipe would build with what its slice needs, and [`lock_file`] is the record of
//! it all. Nothing here compiles.

pub mod chain;
mod config;
mod draft;
pub mod layers;
pub mod lock;
pub mod lock_file;
mod manifest;
mod members;
mod package;
mod pins;
pub mod proof;
mod staging;
mod stub;

use std::collections::BTreeMap;

use cargo_metadata::camino::Utf8PathBuf;

use crate::{
    plan::{Plans, key::ContentHasher},
    slice::{Slice, configured, option_values},
    workspace::Workspace,
};

const DOMAIN: &str = "larder recipe 1";

/// A recipe as text: every file but `Cargo.lock`, which cargo reduces from the workspace's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// File contents by path relative to the recipe's folder.
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// cargo's arguments that cook the recipe in its folder.
    pub cook: Vec<String>,
    /// Identifies what the recipe builds, and how, on every machine.
    pub digest: String,
}

impl Recipe {
    /// Writes down a slice's plans: one recipe for all platforms.
    pub fn of(workspace: &Workspace, slice: &Slice, plans: &Plans) -> Self {
        let stubs = stub::of(slice, plans);
        let mut cook = cook_args(workspace, slice);
        if stub::have_tests(&stubs) {
            cook.push("--all-targets".into());
        }
        let mut files = BTreeMap::new();
        files.insert(".cargo/config.toml".into(), config::of_recipe(workspace, slice));
        for (index, stub) in stubs.iter().enumerate() {
            let folder = stub::folder(index, stub.shape);
            let text = match index {
                0 => manifest::of_root(workspace, slice, &stubs),
                _ => manifest::of_member(slice, stub, index),
            };
            files.insert(folder.join("Cargo.toml"), text);
            for (path, source) in stub.shape.sources() {
                files.insert(folder.join(path), source.to_owned());
            }
            if stub.pins.iter().any(pins::Pin::is_for_host) {
                files.insert(folder.join("build.rs"), BUILD_SOURCE.to_owned());
            }
        }
        Self { digest: digest(workspace, slice, plans, &cook), files, cook }
    }
}

const BUILD_SOURCE: &str =
    "//! Does nothing; it makes cargo build the dependencies of build scripts.\nfn main() {}\n";

/// From a layer's folder, `larder/<slice>/<layer>`, to the workspace's.
const UP: &str = "../../..";

/// The arguments that cook a slice's recipe: its subcommand, configuration, profile and platform without its
/// selection of packages, targets and features, which are the recipe's own.
fn cook_args(workspace: &Workspace, slice: &Slice) -> Vec<String> {
    let command = slice.args.first().map_or("build", String::as_str);
    let mut args = vec![if command == "clippy" { "check".to_owned() } else { command.to_owned() }];
    if command == "test" {
        args.push("--no-run".into());
    }
    let settings = option_values(&slice.args, "--config").into_iter();
    let settings = settings.flat_map(|setting| {
        configured::seen_from(setting, UP.into(), |file| workspace.named_config(file).ok())
    });
    args.extend(settings.map(|setting| format!("--config={setting}")));
    // Packages of the recipe ask for a compiler as well.
    args.extend(slice.cargo_args().iter().filter(|arg| *arg == "--ignore-rust-version").cloned());
    args.extend(slice.targets().iter().map(|target| format!("--target={target}")));
    if let Some(profile) = option_values(&slice.args, "--profile").last() {
        args.push(format!("--profile={profile}"));
    } else if slice.cargo_args().iter().any(|arg| arg == "--release" || arg == "-r") {
        args.push("--release".into());
    }
    args
}

fn digest(workspace: &Workspace, slice: &Slice, plans: &Plans, cook: &[String]) -> String {
    let mut hasher = ContentHasher::new(DOMAIN);
    hasher.strings(cook);
    hasher.string(&String::from(slice.target_dir.clone()));
    hasher.strings(&slice.rustflags);
    hasher.length(slice.env.len());
    for (name, value) in &slice.env {
        hasher.string(name);
        hasher.string(value);
    }
    hasher.string(&workspace.resolver());
    hasher.optional(workspace.toolchain());
    let patches = config::local_patches(workspace);
    if !patches.is_empty() {
        hasher.strings(&patches);
    }
    for (platform, plan) in plans.iter() {
        hasher.string(platform.as_str());
        hasher.length(plan.units.len());
        for (key, unit) in &plan.units {
            hasher.string(&key.to_string());
            hasher.bytes(&[unit.lto as u8, u8::from(unit.for_host), u8::from(unit.for_target)]);
        }
    }
    hasher.finish_hex()
}

/// SHA-256 of a file's bytes in hexadecimal.
pub(crate) fn content_digest(bytes: &[u8]) -> String {
    let mut hasher = ContentHasher::new("larder file 1");
    hasher.bytes(bytes);
    hasher.finish_hex()
}
