//! `Cargo.lock`, read into packages and written as cargo writes it. Only packages from elsewhere are of interest here:
//! a recipe has no others, but for its own.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{camino::Utf8Path, semver::Version};
use serde::Deserialize;

use super::layer::{Layer, Package, PackageId, PackageOrigin, Unused};
use crate::{
    cargo::package_id::{CRATES_IO, PackageSpec},
    error::{Error, Result},
    files::read,
    plan::commits::percent_decoded,
    workspace::LockedSource,
};

/// The oldest format that is written: each entry has its checksum in it.
const OLDEST: u64 = 3;

/// A `Cargo.lock` in memory.
#[derive(Debug)]
pub(crate) struct CargoLockFile {
    /// The format.
    pub(super) version: u64,
    /// Packages from elsewhere, with what they depend on.
    packages: BTreeMap<PackageId, Package>,
    unused: BTreeSet<Unused>,
    /// Packages on disk.
    local: Vec<Unused>,
    /// Packages by what cargo calls them in unit graphs.
    ids: BTreeMap<String, PackageId>,
}

#[derive(Deserialize)]
struct CargoLockDocument {
    #[serde(default)]
    version: u64,
    #[serde(default)]
    package: Vec<PackageEntry>,
    #[serde(default)]
    patch: Patch,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
struct Patch {
    #[serde(default)]
    unused: Vec<PackageEntry>,
}

#[derive(Deserialize)]
struct PackageEntry {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl PackageEntry {
    fn as_unused(&self) -> Unused {
        Unused { name: self.name.clone(), version: self.version.clone(), source: self.source.clone() }
    }
}

impl CargoLockFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Toml`] if cargo would not have written it.
    pub(crate) fn read(path: &Utf8Path) -> Result<Self> {
        Self::parse(&read::text(path)?).map_err(|reason| Error::Toml { path: path.into(), reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: CargoLockDocument = toml_edit::de::from_str(text).map_err(|error| error.to_string())?;
        let mut packages = BTreeMap::new();
        let (mut ids, mut local) = (BTreeMap::new(), Vec::new());
        for entry in &file.package {
            let Some(id) = id(entry)? else {
                local.push(entry.as_unused());
                continue;
            };
            let checksum = entry.checksum.clone().or_else(|| of_metadata(&file.metadata, entry));
            let dependencies = entry.dependencies.iter().filter_map(|name| dependency(&file.package, name));
            let dependencies = dependencies.filter_map(|entry| self::id(entry).transpose());
            let dependencies = dependencies.collect::<Result<_, _>>()?;
            ids.insert(spec(&id), id.clone());
            packages.insert(id, Package { checksum, dependencies, pins: BTreeMap::new() });
        }
        let unused = file.patch.unused.iter().map(PackageEntry::as_unused).collect();
        Ok(Self { version: file.version.max(OLDEST), packages, unused, local, ids })
    }

    /// The package that a unit graph calls so, and its checksum.
    ///
    /// # Errors
    /// [`Error::NotLocked`] if there is none.
    pub(super) fn find(&self, package: &str) -> Result<(&PackageId, &Option<String>)> {
        let id = normalized(package).and_then(|spec| self.ids.get(&spec));
        let found = id.and_then(|id| Some((id, &self.packages.get(id)?.checksum)));
        found.ok_or_else(|| Error::NotLocked { package: package.to_owned() })
    }

    /// Packages on disk that have one of the names, as cargo writes them down if a patch names them in vain.
    pub(super) fn local(&self, names: &[&str]) -> BTreeSet<Unused> {
        self.local.iter().filter(|package| names.contains(&package.name.as_str())).cloned().collect()
    }

    /// The sources of packages that are not from crates.io: registries, and commits of git repositories.
    pub(super) fn sources(&self) -> BTreeSet<String> {
        self.packages.keys().filter_map(|id| Some(id.source.as_ref()?.0.clone())).collect()
    }

    /// Fills in what this file, which cargo has reduced for a recipe, says beside its pins.
    pub(super) fn complete(self, layer: &mut Layer) {
        layer.cargo_lock = self.version;
        layer.unused = self.unused;
        for (id, package) in self.packages {
            let known = layer.packages.entry(id).or_default();
            known.checksum = package.checksum;
            known.dependencies = package.dependencies;
        }
    }
}

/// cargo's id of a package in the one form that all its spellings have here: `address name version`, decoded, without
/// build metadata.
fn spec(id: &PackageId) -> String {
    let address = id.source.as_ref().map_or(CRATES_IO, PackageOrigin::without_commit);
    format!("{} {} {}", percent_decoded(address), id.name, id.required())
}

fn normalized(package: &str) -> Option<String> {
    let spec = PackageSpec::parse(package);
    spec.source()?;
    Some(format!("{} {} {}", percent_decoded(spec.address), spec.name, spec.version?))
}

fn id(entry: &PackageEntry) -> std::result::Result<Option<PackageId>, String> {
    let Some(source) = &entry.source else { return Ok(None) };
    let version = Version::parse(&entry.version)
        .map_err(|error| format!("{} {}: {error}", entry.name, entry.version))?;
    Ok(Some(PackageId { name: entry.name.clone(), version, source: PackageOrigin::parse(source) }))
}

/// The entry that a dependency such as `a`, `a 1.0.0` or `a 1.0.0 (source)` means.
fn dependency<'a>(entries: &'a [PackageEntry], text: &str) -> Option<&'a PackageEntry> {
    let mut words = text.splitn(3, ' ');
    let (name, version, source) = (words.next()?, words.next(), words.next());
    let source = source.map(|source| source.trim_matches(['(', ')']));
    entries.iter().find(|entry| {
        let place = entry.source.as_deref().map(address);
        let same_source = |source: &str| place == Some(address(source));
        entry.name == name
            && version.is_none_or(|version| entry.version == version)
            && source.is_none_or(same_source)
    })
}

fn address(source: &str) -> &str {
    LockedSource::parse(source).address
}

/// The first formats have checksums in a table of their own.
fn of_metadata(metadata: &BTreeMap<String, String>, entry: &PackageEntry) -> Option<String> {
    let key = format!("checksum {} {} ({})", entry.name, entry.version, entry.source.as_ref()?);
    metadata.get(&key).filter(|sum| *sum != "<none>").cloned()
}
