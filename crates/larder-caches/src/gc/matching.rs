//! Which units on disk may be the ones that a unit graph asks for.
//!
//! The graph gives no hashes, so units are compared by everything that both sides tell: package, version, target,
//! kind, features, platform, profile folder, compiler, and, all the way down, what they depend on. This keeps an
//! old generation apart from the current one: a unit that stands on another version of something is another unit.
//! Units that only cargo can tell apart, such as those of changed settings of a profile, count as needed on both sides:
//! it must never call a unit unneeded because something could not be read.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
};

use larder::{
    cargo::package_id::PackageSpec,
    cargo_metadata::semver::Version,
    files::disk::read_untouched,
    plan::unit_graph::{self, UnitGraph},
    target_dir::{self, BuiltUnit, TargetFolder, UnitKind},
};

/// The units of one call of cargo.
#[derive(Debug, Clone)]
pub struct NeededUnits {
    /// The folder that the call builds into, without symlinks.
    pub folder: PathBuf,
    /// Its units.
    pub graph: UnitGraph,
}

/// A target folder prepared for comparing.
pub(super) struct Shelf<'a> {
    folder: &'a TargetFolder,
    rustc: Option<u64>,
    by_package: HashMap<&'a str, Vec<usize>>,
    dependencies: Vec<HashSet<usize>>,
    /// Versions, as far as the paths of source files tell.
    versions: Vec<Vec<String>>,
}

impl<'a> Shelf<'a> {
    /// Reads what comparing takes; `rustc` is cargo's hash of the compiler that builds now, if it is known.
    pub(super) fn new(folder: &'a TargetFolder, rustc: Option<u64>) -> Self {
        let mut by_package: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, unit) in folder.units.iter().enumerate() {
            by_package.entry(&unit.package).or_default().push(number);
        }
        let dependencies =
            folder.units.iter().map(|unit| folder.dependencies(unit).into_iter().flatten().collect());
        Self {
            rustc: rustc.filter(|known| folder.units.iter().any(|unit| rustc_of(unit) == Some(*known))),
            by_package,
            dependencies: dependencies.collect(),
            versions: folder.units.iter().map(|unit| versions(&folder.path, unit)).collect(),
            folder,
        }
    }

    /// The direct dependencies of a unit.
    pub(super) fn dependencies(&self, unit: usize) -> &HashSet<usize> {
        &self.dependencies[unit]
    }

    /// Whether the compiler that builds now made the unit, as far as is known.
    pub(super) fn is_current(&self, unit: &BuiltUnit) -> bool {
        self.rustc.is_none() || rustc_of(unit) == self.rustc
    }

    /// Every unit that may be one of the needed ones.
    pub(super) fn candidates(&self, needed: &NeededUnits) -> HashSet<usize> {
        let graph = &needed.graph;
        let mut found: Vec<Option<Vec<usize>>> = vec![None; graph.units.len()];
        for index in 0..graph.units.len() {
            self.visit(needed, index, &mut found);
        }
        found.into_iter().flatten().flatten().collect()
    }

    fn visit(&self, needed: &NeededUnits, index: usize, found: &mut Vec<Option<Vec<usize>>>) {
        if found[index].is_some() {
            return;
        }
        let wanted = &needed.graph.units[index];
        // cargo leaves programs out of fingerprints.
        let is_recorded = |edge: &usize| !is_of_kind(&needed.graph.units[*edge], "bin");
        let edges: Vec<usize> = wanted.edges().filter(is_recorded).collect();
        edges.iter().for_each(|edge| self.visit(needed, *edge, found));
        let spec = PackageSpec::parse(&wanted.pkg_id);
        let same = self.by_package.get(spec.name).into_iter().flatten().copied().filter(|unit| {
            let below = &self.dependencies[*unit];
            self.looks_like(*unit, needed, wanted)
                && self.may_be_version(*unit, spec.version.unwrap_or_default())
                && edges.iter().all(|edge| found[*edge].iter().flatten().any(|unit| below.contains(unit)))
        });
        let same = same.collect();
        found[index] = Some(same);
    }

    fn looks_like(&self, number: usize, needed: &NeededUnits, wanted: &unit_graph::GraphUnit) -> bool {
        let unit = &self.folder.units[number];
        let profile = self.folder.profile(unit);
        let platform = wanted.platform.as_deref().map(|triple| {
            // A platform that is described in a file has a folder of the file's name.
            let file = Path::new(triple);
            let is_file = file.extension().is_some_and(|extension| extension == "json");
            if is_file { file.file_stem().unwrap_or(file.as_os_str()) } else { file.as_os_str() }
        });
        kind_of(wanted) == Some(unit.kind)
            && same_name(&unit.target, &wanted.target.name)
            && profile.platform.as_deref().map(OsStr::new) == platform
            && profile_folder(wanted).is_none_or(|name| name == profile.name)
            && self.folder.path.join(&profile.base) == needed.folder.join("")
            && (unit.kind == UnitKind::BuildScriptRun || features(unit) == Some(sorted(&wanted.features)))
            && (unit.kind != UnitKind::Library
                || wanted.is_for_host()
                || (wanted.mode == "check") == unit.is_check())
            && self.is_current(unit)
    }

    fn may_be_version(&self, unit: usize, version: &str) -> bool {
        let known = &self.versions[unit];
        known.is_empty() || known.iter().any(|known| known == version)
    }
}

fn rustc_of(unit: &BuiltUnit) -> Option<u64> {
    unit.fingerprint.as_ref().map(|fingerprint| fingerprint.rustc)
}

fn kind_of(wanted: &unit_graph::GraphUnit) -> Option<UnitKind> {
    Some(match wanted.mode.as_str() {
        "run-custom-build" => UnitKind::BuildScriptRun,
        "test" if is_of_kind(wanted, "bench") => UnitKind::Benchmark,
        "test" => UnitKind::Test,
        "doc" | "doctest" | "docscrape" => return None,
        _ if is_of_kind(wanted, "custom-build") => UnitKind::BuildScript,
        _ if is_of_kind(wanted, "bin") => UnitKind::Binary,
        _ if is_of_kind(wanted, "example") => UnitKind::Example,
        _ if is_of_kind(wanted, "test") => UnitKind::Test,
        _ if is_of_kind(wanted, "bench") => UnitKind::Benchmark,
        _ => UnitKind::Library,
    })
}

fn is_of_kind(wanted: &unit_graph::GraphUnit, kind: &str) -> bool {
    wanted.target.kind.iter().any(|found| found == kind)
}

/// Targets of libraries are written with either character.
fn same_name(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .all(|(a, b)| a == b || (matches!(a, b'-' | b'_') && matches!(b, b'-' | b'_')))
}

/// The folder of the profile; `None` if the graph does not tell.
fn profile_folder(wanted: &unit_graph::GraphUnit) -> Option<&str> {
    wanted.profile.get("name").and_then(|name| name.as_str()).map(target_dir::profile_folder)
}

fn sorted(features: &[String]) -> Vec<String> {
    let mut features = features.to_vec();
    features.sort();
    features
}

/// The features that a fingerprint records, in the form of a JSON list.
fn features(unit: &BuiltUnit) -> Option<Vec<String>> {
    let text = &unit.fingerprint.as_ref()?.features;
    serde_json::from_str::<Vec<String>>(text).ok().map(|features| sorted(&features))
}

/// The versions of the package that the unit's sources lie under, from the list that rustc leaves beside
/// artifacts: `…/registry/src/…/serde-1.0.0/src/lib.rs`. Empty if their paths tell none.
fn versions(root: &Path, unit: &BuiltUnit) -> Vec<String> {
    let mut versions = Vec::new();
    let lists = unit.files.iter().filter(|file| file.path.extension() == Some(OsStr::new("d")));
    for list in lists {
        let Ok(bytes) = read_untouched(&root.join(&list.path)) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let prefix = format!("/{}-", unit.package);
        for (start, _) in text.match_indices(&prefix) {
            let name = text[start + prefix.len()..].split('/').next().unwrap_or_default();
            let version = name.split('+').next().unwrap_or(name);
            if is_version(version) && !versions.iter().any(|known| known == version) {
                versions.push(version.to_owned());
            }
        }
    }
    versions
}

fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_three_numbers() {
        assert!(is_version("1.0.0") && is_version("0.1.0-rc.1"));
        for text in ["1", "1.x.0", "derive", "1.0.0-", "1.0.0-not one"] {
            assert!(!is_version(text), "{text}");
        }
        assert!(same_name("serde-core", "serde_core") && !same_name("a", "b"));
    }
}
