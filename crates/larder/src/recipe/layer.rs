//! A layer as data: the packages that one frozen or current recipe builds, and what its manifest says beside them.
//!
//! Everything that differs between layers of a slice is here. It must never hold anything of one machine.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::semver::Version;
use toml_edit::Value;

use super::{harmless::is_harmless, pins::PinKind};
use crate::{
    cargo::{
        package_id::{CRATES_IO, PackageSpec, Source},
        platform::Platform,
    },
    hash::ContentHasher,
    plan::commits::percent_decoded,
    workspace::LockedSource,
};

/// One recipe of a slice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// The format of its `Cargo.lock`, as in that file's `version`.
    pub(super) cargo_lock: u64,
    /// Keys of its manifest that the workspace's gives: `profile.release.lto = true`.
    pub(super) manifest: BTreeSet<String>,
    /// Everything in its `Cargo.lock`.
    pub(super) packages: BTreeMap<PackageId, Package>,
    /// Local packages that patches in cargo's configuration name, which cargo writes down as unused.
    pub(super) unused: BTreeSet<Unused>,
}

/// A package as `Cargo.lock` tells packages apart. The order is that of `Cargo.lock`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageId {
    /// Its name.
    pub name: String,
    /// Its version, with build metadata.
    pub version: Version,
    /// Its source, as `Cargo.lock` has it; `None` for crates.io.
    pub(super) source: Option<PackageOrigin>,
}

/// A package's source as `Cargo.lock` has it, if that is not crates.io.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackageOrigin(pub(super) String);

/// The statement about a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// SHA-256 of its archive in hexadecimal; packages from git have none.
    pub(super) checksum: Option<String>,
    /// Its dependencies, as far as this layer reaches that.
    pub(super) dependencies: BTreeSet<PackageId>,
    /// The places in which the recipe pins it, with the features of each.
    pub(super) pins: BTreeMap<PinPlace, Vec<String>>,
}

/// A place in the recipe that pins a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PinPlace {
    pub(super) kind: PinKind,
    /// The platform that it is for; `None` if it is the same on all of them.
    pub(super) platform: Option<Platform>,
}

/// A patch that no package of the recipe uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unused {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) source: Option<String>,
}

/// Digits that tell the sources of one project apart.
const SHORT: usize = 8;

impl Layer {
    /// How many packages it pins.
    pub fn pinned(&self) -> usize {
        self.packages.values().filter(|package| !package.pins.is_empty()).count()
    }

    /// Name and version of every package in its `Cargo.lock`.
    pub fn locked(&self) -> impl Iterator<Item = (&str, String)> {
        self.packages.keys().map(|id| (id.name.as_str(), id.version.to_string()))
    }

    /// Whether a frozen layer, which nobody reads any more, stays within what a change of `Cargo.lock` alone could bring:
    /// packages of registries with checksums, from these sources and crates.io alone, git repositories at these very
    /// commits, and beside them what the current layer has, but for settings of profiles that only choose how fast code is.
    pub(super) fn is_within(&self, sources: &BTreeSet<String>, current: &Self) -> bool {
        let is_known = |line: &String| current.manifest.contains(line) || is_harmless(line);
        self.manifest.iter().all(is_known)
            && self
                .packages
                .iter()
                .all(|(id, package)| id.is_from(sources) && (id.is_from_git() || package.checksum.is_some()))
    }

    /// Whether another layer pins the same packages for the same places, whatever their `Cargo.lock`s say.
    pub(super) fn pins_the_same(&self, other: &Self) -> bool {
        self.manifest == other.manifest && self.unused == other.unused && self.pins().eq(other.pins())
    }

    fn pins(&self) -> impl Iterator<Item = (&PackageId, &BTreeMap<PinPlace, Vec<String>>)> {
        let pinned = self.packages.iter().filter(|(_, package)| !package.pins.is_empty());
        pinned.map(|(id, package)| (id, &package.pins))
    }
}

impl PackageId {
    /// The range of versions in which cargo uses one version of a package: `1`, `0.4` or `0.0.3`.
    pub(super) fn compatible(&self) -> String {
        compatible(&self.version)
    }

    /// The version as a requirement names it: without build metadata.
    pub(super) fn required(&self) -> String {
        let Version { major, minor, patch, pre, .. } = &self.version;
        let pre = if pre.is_empty() { String::new() } else { format!("-{pre}") };
        format!("{major}.{minor}.{patch}{pre}")
    }

    /// The name under which a manifest depends on it.
    pub(super) fn alias(&self) -> String {
        let version: String = self
            .required()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
            .collect();
        match &self.source {
            None => format!("{}-{version}", self.name),
            Some(origin) => format!("{}-{version}-{}", self.name, origin.id()),
        }
    }

    /// Whether it is from one of these sources, or from crates.io.
    fn is_from(&self, sources: &BTreeSet<String>) -> bool {
        self.source.as_ref().is_none_or(|source| sources.contains(&source.0))
    }

    fn is_from_git(&self) -> bool {
        self.source.as_ref().is_some_and(|source| LockedSource::parse(&source.0).is_git())
    }
}

/// The range of versions in which cargo uses one version of a package.
pub(super) fn compatible(version: &Version) -> String {
    let Version { major, minor, patch, .. } = version;
    match (major, minor) {
        (0, 0) => format!("0.0.{patch}"),
        (0, _) => format!("0.{minor}"),
        _ => major.to_string(),
    }
}

impl PackageOrigin {
    /// Of a source in `Cargo.lock`; `None` for crates.io.
    pub(super) fn parse(source: &str) -> Option<Self> {
        (source != CRATES_IO).then(|| Self(source.to_owned()))
    }

    /// Tells it from any other source: hexadecimal digits.
    pub(super) fn id(&self) -> String {
        short(&self.0)
    }

    /// Tells the place from any other: the same for every commit of a branch.
    pub(super) fn place(&self) -> String {
        short(self.without_commit())
    }

    /// As one `Cargo.lock` entry names it in another.
    pub(super) fn without_commit(&self) -> &str {
        LockedSource::parse(&self.0).address
    }

    /// The words for it in a dependency's entry: `git = "…", branch = "…"`. `None` for a source that has no such words.
    pub(super) fn entry(&self) -> Option<String> {
        let id = format!("{}#x@0.0.0", self.without_commit());
        match PackageSpec::parse(&id).source()? {
            Source::CratesIo => None,
            Source::Registry(index) => Some(format!("registry-index = {}", Value::from(index))),
            Source::Git { url, reference: None } => Some(format!("git = {}", Value::from(url))),
            Source::Git { url, reference: Some((kind, value)) } => {
                Some(format!("git = {}, {kind} = {}", Value::from(url), Value::from(percent_decoded(value))))
            }
        }
    }
}

fn short(text: &str) -> String {
    let mut hasher = ContentHasher::new("larder source 1");
    hasher.string(text);
    let mut digits = hasher.finish_hex();
    digits.truncate(SHORT);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(version: &str, source: Option<&str>) -> PackageId {
        let source = source.map(|source| PackageOrigin(source.to_owned()));
        PackageId { name: "a".into(), version: version.parse().unwrap(), source }
    }

    #[test]
    fn an_id_gives_what_manifests_and_tables_need() {
        let rc = id("1.0.0-rc.1+x", None);
        assert_eq!((rc.compatible().as_str(), rc.alias().as_str()), ("1", "a-1_0_0-rc_1"));
        assert_eq!(rc.required(), "1.0.0-rc.1");
        assert_eq!(id("0.4.2", None).compatible(), "0.4");
        assert_eq!(id("0.0.2", None).compatible(), "0.0.2");
    }

    #[test]
    fn sources_are_told_apart_and_commits_of_one_place_are_not() {
        let one = PackageOrigin("git+https://x/a?branch=m%2Fn#abc".into());
        let other = PackageOrigin("git+https://x/a?branch=m%2Fn#def".into());
        assert_ne!(one.id(), other.id());
        assert_eq!(one.place(), other.place());
        assert_eq!(one.entry().unwrap(), r#"git = "https://x/a", branch = "m/n""#);
        let own = PackageOrigin("sparse+https://x/i/".into());
        assert_eq!(own.entry().unwrap(), r#"registry-index = "sparse+https://x/i/""#);
        assert_eq!(PackageOrigin::parse(CRATES_IO), None);
    }

    #[test]
    fn a_layer_brings_in_nothing_that_is_not_there_today() {
        let mut frozen = Layer::default();
        let sources = BTreeSet::from(["git+https://x/a?branch=m#abc".to_owned()]);
        let checked = Package { checksum: Some("0".repeat(64)), ..Package::default() };
        for version in ["1.0.0", "1.1.0"] {
            frozen.packages.insert(id(version, Some("git+https://x/a?branch=m#abc")), Package::default());
            frozen.packages.insert(id(version, None), checked.clone());
        }
        assert!(frozen.is_within(&sources, &Layer::default()));
        assert!(!frozen.is_within(&BTreeSet::new(), &Layer::default()));
        for (version, source, package) in [
            ("2.0.0", None, Package::default()),
            ("2.0.0", Some("sparse+https://own/"), checked.clone()),
            ("2.0.0", Some("git+https://x/a?branch=m#def"), Package::default()),
        ] {
            let mut tampered = frozen.clone();
            tampered.packages.insert(id(version, source), package);
            assert!(!tampered.is_within(&sources, &Layer::default()), "{source:?}");
        }
        frozen.manifest.insert("profile.release.lto = true".into());
        frozen.manifest.insert("profile.release.package.\"a@1\".opt-level = 3".into());
        assert!(frozen.is_within(&sources, &Layer::default()));
        for line in [
            "patch.crates-io.b.git = \"https://evil/b\"",
            "cargo-features = [\"profile-rustflags\"]",
            "profile.release.rustflags = [\"-Clinker=evil\"]",
            "profile.release = { rustflags = [\"-Clinker=evil\"] }",
            "profile.\"a.opt-level = 3\".rustflags = [\"-Clinker=evil\"]",
            "profile.release.codegen-backend = \"evil\"",
        ] {
            let mut tampered = frozen.clone();
            tampered.manifest.insert(line.into());
            assert!(!tampered.is_within(&sources, &frozen), "{line}");
            assert!(tampered.is_within(&sources, &tampered), "{line}");
        }
    }
}
