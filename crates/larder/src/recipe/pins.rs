//! Pins: one dependency entry per external package and side, with its exact version and features.
//!
//! Every package is pinned, not only the direct dependencies: dev-dependencies, other platforms and other
//! members take part in cargo's feature unification, and a recipe has none of those.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cargo::platform::Platform,
    plan::{Plan, Plans, Unit},
};

/// A dependency entry of a stub package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pin {
    pub(super) kind: PinKind,
    /// cargo's id of the package.
    pub(super) package: String,
    /// Features that the entry asks for, sorted.
    pub(super) features: Vec<String>,
    /// The platform that the entry is for, of those that the recipe serves or builds for; `None` if it is the same on
    /// all of them.
    pub(super) platform: Option<Platform>,
}

/// The manifest and the table in it that an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PinKind {
    /// `[dependencies]` of the first stub: linked into what the slice builds.
    Target,
    /// `[build-dependencies]` of the first stub: linked into what runs while building.
    Host,
    /// `[dependencies]` of the stub for libraries of two crate types.
    Both,
    /// `[dependencies]` of the stub for dylibs.
    Dylib,
    /// `[dependencies]` of the stub for procedural macros.
    Macro,
    /// `[dev-dependencies]`: linked into tests alone.
    Test,
    /// `[dependencies]` of the stub for programs that tests run.
    Program,
}

impl PinKind {
    /// All of them.
    pub(super) const ALL: [Self; 7] =
        [Self::Target, Self::Host, Self::Both, Self::Dylib, Self::Macro, Self::Test, Self::Program];

    /// The letter in the table.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Target => 't',
            Self::Host => 'h',
            Self::Both => 'b',
            Self::Dylib => 'd',
            Self::Macro => 'm',
            Self::Test => 'x',
            Self::Program => 'p',
        }
    }

    /// The table in the manifest.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Host => "build-dependencies",
            Self::Test => "dev-dependencies",
            _ => "dependencies",
        }
    }
}

/// The pins of the units of each platform, sorted: one entry if every platform has the same, else one for
/// each platform that has it. `kinds` says where a unit's package is pinned, if at all.
pub(super) fn collect(plans: &Plans, kinds: impl Fn(&Unit) -> Vec<PinKind>) -> Vec<Pin> {
    let mut entries: BTreeMap<Pin, Vec<&Platform>> = BTreeMap::new();
    for (platform, plan) in plans.iter() {
        for pin in of_platform(plan, &kinds) {
            entries.entry(pin).or_default().push(platform);
        }
    }
    let mut pins = Vec::new();
    for (pin, on) in entries {
        if on.len() == plans.iter().count() {
            pins.push(pin);
        } else {
            // One that belongs to a target of the slice does so on whatever it is built.
            let of = |on: &Platform| pin.platform.clone().unwrap_or_else(|| on.clone());
            pins.extend(on.into_iter().map(|on| Pin { platform: Some(of(on)), ..pin.clone() }));
        }
    }
    pins.sort();
    pins.dedup();
    pins
}

/// One package of a plan, as an entry needs it.
#[derive(Default)]
struct PinnedPackage<'a> {
    features: BTreeSet<String>,
    /// The targets that it is compiled for; none in a plan without `--target`.
    targets: BTreeSet<&'a str>,
}

fn of_platform(plan: &Plan, kinds: impl Fn(&Unit) -> Vec<PinKind>) -> Vec<Pin> {
    let mut entries: BTreeMap<(PinKind, &str), PinnedPackage> = BTreeMap::new();
    for unit in plan.units.values() {
        // A build script comes along with its package.
        if unit.is_build_script() {
            continue;
        }
        for kind in kinds(unit) {
            let entry = entries.entry((kind, &unit.package)).or_default();
            entry.features.extend(unit.features.iter().cloned());
            entry.targets.extend(unit.platform.as_deref());
        }
    }
    let targets: BTreeSet<&str> = plan.units.values().filter_map(|unit| unit.platform.as_deref()).collect();
    entries
        .into_iter()
        .flat_map(|((kind, package), pinned)| of_package(kind, package, pinned, &targets))
        .collect()
}

/// One entry, or one for each target if a slice with several of them compiles the package for some.
fn of_package(kind: PinKind, package: &str, pinned: PinnedPackage<'_>, all: &BTreeSet<&str>) -> Vec<Pin> {
    let PinnedPackage { features, targets } = pinned;
    let (package, features) = (package.to_owned(), features.into_iter().collect());
    let pin = Pin { kind, package, features, platform: None };
    if targets.is_empty() || targets == *all {
        return vec![pin];
    }
    let for_target = |target: &&str| Pin { platform: Some(Platform::new(*target)), ..pin.clone() };
    targets.iter().map(for_target).collect()
}
