//! Recipes: plain cargo workspaces that build exactly a plan's units.
//!
//! A [`Recipe`] is a plan as data, [`table`] is the committed form of all recipes of a project, [`expand`] gives
//! the plain cargo workspace of one of them, [`proof`] compares what that would build with what its slice needs, and
//! [`lock`] puts it all together. Nothing here compiles.

mod attributes;
mod cargo_lock;
pub mod chain;
pub mod churn;
mod config;
mod draft;
pub mod expand;
mod folder;
mod harmless;
pub mod layer;
pub mod layers;
pub mod lock;
pub mod lock_file;
pub mod locked;
mod manifest;
mod marks;
mod members;
pub mod memory;
mod old_form;
mod own_files;
mod pins;
pub mod placed;
pub mod proof;
mod quoting;
mod stored;
mod stub;
pub mod table;
mod workplace;

use std::collections::BTreeSet;

use self::{
    cargo_lock::CargoLockFile,
    layer::{Layer, Package, PackageId, PinPlace},
    stub::Shape,
};
use crate::{
    cargo::command_line::{is_release, option_values},
    error::{Error, Result},
    plan::Plans,
    slice::{Slice, configured},
    workspace::Workspace,
};
use folder::UP;

/// The recipe that a slice's plan asks for, before cargo has reduced its `Cargo.lock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// cargo's arguments that cook the recipe in its folder.
    pub cook: Vec<String>,
    /// The packages it consists of; the first one lies in the recipe's own folder.
    stubs: Vec<Shape>,
    /// Keys of its cargo configuration.
    config: BTreeSet<String>,
    /// The pinned packages.
    layer: Layer,
}

impl Recipe {
    /// Writes down a slice's plans: one recipe for all platforms. `lock` is the workspace's `Cargo.lock`.
    ///
    /// # Errors
    /// If a package of the plan is not in `lock`, or has a name that no table can hold.
    pub(crate) fn from_plans(
        workspace: &Workspace,
        slice: &Slice,
        plans: &Plans,
        lock: &CargoLockFile,
    ) -> Result<Self> {
        for name in slice.env.keys() {
            named("variable", name, table::is_variable)?;
        }
        let stubs = stub::all(slice, plans);
        let mut cook = cook_args(workspace, slice);
        if stub::have_tests(&stubs) {
            cook.push("--all-targets".into());
        }
        let mut layer = Layer { cargo_lock: lock.version, ..Layer::default() };
        for pin in stubs.iter().flat_map(|stub| &stub.pins) {
            let (id, checksum) = lock.find(&pin.package)?;
            named("package", &id.name, table::is_name)?;
            for feature in &pin.features {
                named("feature", feature, table::is_feature)?;
            }
            let new = || Package { checksum: checksum.clone(), ..Package::default() };
            let package = layer.packages.entry(id.clone()).or_insert_with(new);
            let place = PinPlace { kind: pin.kind, platform: pin.platform.clone() };
            let features = package.pins.entry(place).or_default();
            features.extend(pin.features.iter().cloned());
            features.sort();
            features.dedup();
        }
        let pinned: Vec<&PackageId> = layer.packages.keys().collect();
        layer.manifest = manifest::lines(workspace, &pinned);
        layer.unused = lock.local(&config::patched_by_paths(workspace));
        let config = config::of_recipe(workspace, slice);
        Ok(Self { cook, stubs: stubs.iter().map(|stub| stub.shape).collect(), config, layer })
    }
}

/// Refuses a name that the table could not hold.
fn named(what: &'static str, name: &str, is_one: fn(&str) -> bool) -> Result<()> {
    if is_one(name) { Ok(()) } else { Err(Error::Name { what, name: name.to_owned() }) }
}

/// The arguments that cook a slice's recipe: its subcommand, configuration, profile and platform without its
/// selection of packages, targets and features, which are the recipe's own.
fn cook_args(workspace: &Workspace, slice: &Slice) -> Vec<String> {
    let planned = slice.planned_args().into_iter().next();
    let mut args = vec![planned.unwrap_or_else(|| "build".to_owned())];
    if slice.is_test() {
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
    } else if is_release(&slice.args) {
        args.push("--release".into());
    }
    args
}
