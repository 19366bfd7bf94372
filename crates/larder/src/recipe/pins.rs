//! Pins: one dependency entry per external package and side, with its exact version and features.
//!
//! Every package is pinned, not only the direct dependencies: dev-dependencies, other platforms and other
//! members take part in cargo's feature unification, and a recipe has none of those.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Array, InlineTable};

use super::package::{Package, Source};
use crate::{
    plan::{Plan, Plans, Unit, commits::percent_decoded, key::ContentHasher},
    platform::Platform,
};

/// A dependency entry of the stub package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pin {
    pub(super) table: Table,
    /// The platform that the entry is for, of those that the recipe serves or builds for; `None` if it is the same on
    /// all of them.
    pub(super) platform: Option<Platform>,
    /// The entry's name: the same for both sides of one package.
    pub(super) alias: String,
    /// The package's own name.
    pub(super) name: String,
    /// Its version without build metadata.
    pub(super) version: String,
    /// What the entry's inline table holds, but for features.
    entry: String,
    /// Features that the entry asks for, sorted.
    features: Vec<String>,
}

/// The manifest table an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// `[dependencies]`: linked into what the slice builds.
    Target,
    /// `[build-dependencies]`: linked into what runs while building.
    Host,
    /// `[dev-dependencies]`: linked into tests alone.
    Test,
}

impl Pin {
    /// The entry as a manifest has it.
    pub(super) fn text(&self) -> String {
        let Self { alias, entry, features, .. } = self;
        if features.is_empty() {
            return format!("{alias} = {{ {entry} }}");
        }
        let features: Array = features.iter().collect();
        format!("{alias} = {{ {entry}, features = {features} }}")
    }

    /// Leaves it to the pins of another stub to ask for features.
    pub(super) fn drop_features(&mut self) {
        self.features.clear();
    }

    #[cfg(test)]
    pub(super) fn named(name: &str, version: &str) -> Self {
        let (name, version, features) = (name.to_owned(), version.to_owned(), Vec::new());
        Self {
            table: Table::Target,
            platform: None,
            alias: name.clone(),
            name,
            version,
            entry: String::new(),
            features,
        }
    }

    pub(super) fn is_for_host(&self) -> bool {
        self.table == Table::Host
    }
}

/// The pins of the units of each platform, sorted: one entry where every platform has the same, else one for
/// each platform that has it. `tables` says where a unit's package is pinned, if at all.
pub(super) fn of(plans: &Plans, tables: impl Fn(&Unit) -> Vec<Table>) -> Vec<Pin> {
    let mut entries: BTreeMap<Pin, Vec<&Platform>> = BTreeMap::new();
    for (platform, plan) in plans.iter() {
        for pin in of_platform(plan, &tables) {
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
struct Pinned<'a> {
    id: &'a str,
    features: Vec<&'a str>,
    /// The targets that it is compiled for; none in a plan without `--target`.
    targets: BTreeSet<&'a str>,
}

fn of_platform(plan: &Plan, tables: impl Fn(&Unit) -> Vec<Table>) -> Vec<Pin> {
    let mut entries: BTreeMap<(Table, String), Pinned> = BTreeMap::new();
    for unit in plan.units.values() {
        // A build script comes along with its package.
        if unit.is_build_script() {
            continue;
        }
        let Some(package) = Package::parse(&unit.package) else { continue };
        for table in tables(unit) {
            let new = || Pinned { id: &unit.package, features: Vec::new(), targets: BTreeSet::new() };
            let entry = entries.entry((table, alias(&package))).or_insert_with(new);
            entry.features.extend(unit.features.iter().map(String::as_str));
            entry.targets.extend(unit.platform.as_deref());
        }
    }
    let targets: BTreeSet<&str> = plan.units.values().filter_map(|unit| unit.platform.as_deref()).collect();
    entries
        .into_iter()
        .flat_map(|((table, alias), pinned)| of_package(table, &alias, pinned, &targets))
        .collect()
}

/// One entry, or one for each target if a slice with several of them compiles the package for some.
fn of_package(table: Table, alias: &str, pinned: Pinned<'_>, all: &BTreeSet<&str>) -> Vec<Pin> {
    let Pinned { id, features, targets } = pinned;
    let Some(pin) = pin(table, alias.to_owned(), id, features) else { return Vec::new() };
    if targets.is_empty() || targets == *all {
        return vec![pin];
    }
    let for_target = |target: &&str| Pin { platform: Some(Platform::new(*target)), ..pin.clone() };
    targets.iter().map(for_target).collect()
}

fn pin(table: Table, alias: String, id: &str, mut features: Vec<&str>) -> Option<Pin> {
    features.sort_unstable();
    features.dedup();
    let package = Package::parse(id)?;
    let mut entry = InlineTable::new();
    entry.insert("package", package.name.into());
    entry.insert("version", format!("={}", package.version).into());
    match package.source {
        Source::CratesIo => {}
        // The address, not the name: a name would need the machine's configuration to be understood.
        Source::Registry(index) => drop(entry.insert("registry-index", index.into())),
        Source::Git { url, reference } => {
            entry.insert("git", url.into());
            if let Some((kind, value)) = reference {
                entry.insert(kind, percent_decoded(value).into());
            }
        }
    }
    entry.insert("default-features", false.into());
    let entry = entry.to_string().trim_matches(['{', ' ', '}']).to_owned();
    let features = features.into_iter().map(str::to_owned).collect();
    let (name, version) = (package.name.to_owned(), package.version.to_owned());
    Some(Pin { table, platform: None, alias, name, version, entry, features })
}

/// A name from package name, version and, where it is not crates.io, source.
fn alias(package: &Package<'_>) -> String {
    let version: String = package
        .version
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    let source = match &package.source {
        Source::CratesIo => return format!("{}-{version}", package.name),
        Source::Registry(index) => (*index).to_owned(),
        Source::Git { url, reference } => format!("{url} {reference:?}"),
    };
    let mut hasher = ContentHasher::new("larder alias 1");
    hasher.string(&source);
    format!("{}-{version}-{}", package.name, &hasher.finish_hex()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alias_tells_sources_apart() {
        let id = "registry+https://github.com/rust-lang/crates.io-index#a@1.0.0-rc.1";
        assert_eq!(alias(&Package::parse(id).unwrap()), "a-1_0_0-rc_1");
        let one = alias(&Package::parse("git+file:///x?rev=1#a@1.0.0").unwrap());
        let two = alias(&Package::parse("git+file:///x?rev=2#a@1.0.0").unwrap());
        assert_ne!(one, two);
    }
}
