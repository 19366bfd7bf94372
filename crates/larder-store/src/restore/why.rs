//! Why a unit would be restored or not: what [`restore`](fn@super::restore) would do with it, told without doing it, and
//! for units of other settings which part of the key differs.
//!
//! It must write nothing, and never say more than restoring would: what cargo makes of a restored unit is cargo's to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use serde::Serialize;

use super::{RestoreCandidates, RestoreRun, UnitHashes, levels};
use crate::{
    conditions::system::System,
    digest::Digest,
    inside::Inside,
    local::Store,
    moved::CompilePlace,
    parts::{Difference, Parts},
    record::Record,
    scope::Keys,
};

/// Units of one recipe and a store, as restoring sees them.
pub struct StoreQuestion<'a> {
    /// The store.
    pub store: &'a Store,
    /// The recipe's keys.
    pub keys: Keys,
    /// The parts of its scope.
    pub parts: &'a Parts,
    /// The place to restore it in.
    pub place: &'a CompilePlace,
    /// Names and versions in its `Cargo.lock`.
    pub packages: &'a BTreeSet<String>,
    /// This machine.
    pub system: &'a System<'a>,
}

/// The units that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those of a package, in all versions or in one.
    Package(String, Option<String>),
    /// The one that cargo calls so: `serde-0123456789abcdef`.
    Unit(String),
}

/// The answer about the units that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoreAnswer {
    /// Whether the store has the recipe as a whole.
    pub whole: bool,
    /// Units that the recipe may use.
    pub units: Vec<StoredUnit>,
    /// If there are none: the nearest that the store has.
    pub nearest: Nearest,
}

/// A unit of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StoredUnit {
    /// cargo's name for it.
    pub unit: String,
    /// Package, target and profile.
    pub describe: String,
    /// Its fate in a restore.
    #[serde(flatten)]
    pub fate: Fate,
}

impl StoredUnit {
    fn new(record: &Record, fates: &BTreeMap<Inside, Fate>) -> Self {
        let refused = || Fate::Refused { reason: "it stands on itself".to_owned() };
        Self {
            unit: unit_name(record),
            describe: record.describe(),
            fate: fates.get(&record.fingerprint).cloned().unwrap_or_else(refused),
        }
    }
}

/// The fate of a unit in a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Fate {
    /// It is in the target directory.
    Present,
    /// The target directory has it in other bytes, so it is left alone.
    Other,
    /// It would be restored.
    Restored,
    /// It is a build script with the path of its own sources: cargo would compile it, and its runs would be restored.
    Script,
    /// It would be compiled.
    Refused {
        /// Why.
        reason: String,
    },
}

/// The nearest unit of a store, if it has none that a recipe may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Nearest {
    /// Not asked, since there are units.
    NotAsked,
    /// Nothing of the package.
    Nothing,
    /// The same settings, and another version of the package, or of one below it.
    Packages {
        /// Names and versions of which the recipe has others.
        packages: Vec<String>,
    },
    /// Other settings.
    Settings {
        /// The parts that differ from the newest unit's; empty if they were not noted.
        differences: Vec<Difference>,
    },
}

impl StoreQuestion<'_> {
    /// Looks.
    pub fn answer(&self, wanted: &Wanted) -> StoreAnswer {
        let found = RestoreCandidates::read(self.store, self.keys, self.packages);
        let fates = self.fates(&found);
        let RestoreCandidates { is_whole: whole, records, .. } = found;
        let is_wanted = |record: &&Record| wanted.is(record, &records);
        let units: Vec<StoredUnit> =
            records.iter().filter(is_wanted).map(|record| StoredUnit::new(record, &fates)).collect();
        let nearest = if units.is_empty() { self.nearest(wanted) } else { Nearest::NotAsked };
        StoreAnswer { whole, units, nearest }
    }

    /// The fate of each record in a restore, from the leaves up.
    fn fates(&self, found: &RestoreCandidates) -> BTreeMap<Inside, Fate> {
        let mut run = RestoreRun::new(self.store, self.place, self.system);
        let mut fates: BTreeMap<Inside, Fate> = BTreeMap::new();
        for record in levels(&found.records).into_iter().flatten() {
            let is_script = found.is_whole && run.is_script_of_elsewhere(record);
            let fate = match fate(&run, record, &fates) {
                Fate::Refused { .. } if is_script && run.dependencies(record).is_ok() => Fate::Script,
                fate => fate,
            };
            let known = match fate {
                Fate::Present => run.present(record),
                Fate::Restored | Fate::Script => {
                    Some(UnitHashes { outputs: record.outputs, fingerprint: record.fingerprint_hash })
                }
                Fate::Other | Fate::Refused { .. } => None,
            };
            if let Some(known) = known {
                run.known.insert(record.fingerprint.clone(), known);
            }
            fates.insert(record.fingerprint.clone(), fate);
        }
        fates
    }

    /// The nearest unit of a package that the store has and the recipe cannot use.
    fn nearest(&self, wanted: &Wanted) -> Nearest {
        let mut newest: Option<(SystemTime, Nearest)> = None;
        for scope in self.store.scopes() {
            let ids = self.store.scope(scope);
            let records: Vec<(Digest, Record)> =
                ids.iter().filter_map(|id| Some((*id, self.store.record(*id)?))).collect();
            let all: Vec<Record> = records.iter().map(|(_, record)| record.clone()).collect();
            let of_it = records.iter().filter(|(_, record)| wanted.is_like(record, &all));
            let used = of_it.clone().filter_map(|(id, _)| self.store.used(*id)).max();
            let Some(used) = used else { continue };
            if scope == self.keys.scope {
                // Nothing is nearer than the same settings.
                let packages =
                    of_it.flat_map(|(_, record)| self.others(record, &all)).collect::<BTreeSet<_>>();
                return Nearest::Packages { packages: packages.into_iter().collect() };
            }
            if newest.as_ref().is_none_or(|(time, _)| *time < used) {
                let then = self.store.parts(scope);
                let differences = then.map(|then| self.parts.differences(&then)).unwrap_or_default();
                newest = Some((used, Nearest::Settings { differences }));
            }
        }
        newest.map_or(Nearest::Nothing, |(_, nearest)| nearest)
    }

    /// Packages of a unit and of all below it that the recipe does not have.
    fn others(&self, record: &Record, all: &[Record]) -> BTreeSet<String> {
        let mut open = vec![record];
        let mut seen: BTreeSet<&Inside> = BTreeSet::new();
        let mut others = BTreeSet::new();
        while let Some(record) = open.pop() {
            if !seen.insert(&record.fingerprint) {
                continue;
            }
            others.extend(
                package(record).filter(|package| !self.packages.contains(*package)).map(str::to_owned),
            );
            open.extend(all.iter().filter(|other| record.stands_on(other)));
        }
        others
    }
}

fn fate(run: &RestoreRun<'_>, record: &Record, fates: &BTreeMap<Inside, Fate>) -> Fate {
    if run.present(record).is_some() {
        return Fate::Present;
    }
    if run.is_finished(record) {
        return Fate::Other;
    }
    refusal(run, record, fates).map_or(Fate::Restored, |reason| Fate::Refused { reason })
}

/// Why a unit would not be restored.
fn refusal(run: &RestoreRun<'_>, record: &Record, fates: &BTreeMap<Inside, Fate>) -> Option<String> {
    for dependency in &record.dependencies {
        let below = dependency.fingerprint.as_str();
        match fates.get(&dependency.fingerprint) {
            Some(Fate::Refused { reason }) => {
                // The lowest reason is the one to do something about.
                let reason = reason.strip_prefix("it stands on ").map_or_else(
                    || format!("it stands on {}: {reason}", below_name(below)),
                    |lower| format!("it stands on {lower}"),
                );
                return Some(reason);
            }
            Some(Fate::Other) => return Some(format!("{} has other bytes here", below_name(below))),
            Some(Fate::Present | Fate::Restored | Fate::Script) | None => {}
        }
    }
    if let Err(reason) = run.dependencies(record).map(|_| ()).and_then(|()| run.fits(record)) {
        return Some(reason);
    }
    let unsound = record.files.iter().find(|file| !run.store.is_sound(file));
    unsound.map(|file| format!("the store's {} is damaged or gone", file.path))
}

/// The part of a fingerprint's path that tells the unit: the folder that cargo calls after package and hash.
fn below_name(fingerprint: &str) -> String {
    let parts: Vec<&str> = fingerprint.split('/').collect();
    let with_hash =
        parts.iter().rev().find(|part| part.rsplit_once('-').is_some_and(|(_, end)| is_hash(end)));
    if let Some(name) = with_hash {
        return (*name).to_owned();
    }
    // The layout of folders for units: `build/<package>/<hash>/…`.
    let at = parts.iter().rposition(|part| is_hash(part)).filter(|at| *at > 0);
    at.map_or_else(|| fingerprint.to_owned(), |at| format!("{}-{}", parts[at - 1], parts[at]))
}

fn is_hash(part: &str) -> bool {
    part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// cargo's name for a unit: package and hash.
pub fn unit_name(record: &Record) -> String {
    below_name(record.fingerprint.as_str())
}

/// Name and version, as the folder of the sources is called.
fn package(record: &Record) -> impl Iterator<Item = &str> {
    let mut folders = record.source.as_ref().map(|source| source.as_str().split('/')).into_iter().flatten();
    let is_registry = folders.next() == Some("registry");
    // `src`, the registry, then the package.
    folders.nth(2).filter(|_| is_registry).into_iter()
}

impl Wanted {
    /// `serde`, `serde@1.0.228` or `serde-0123456789abcdef`.
    pub fn parse(text: &str) -> Self {
        if let Some((name, version)) = text.split_once('@') {
            return Self::Package(name.to_owned(), Some(version.to_owned()));
        }
        match text.rsplit_once('-') {
            Some((_, end)) if is_hash(end) => Self::Unit(text.to_owned()),
            _ => Self::Package(text.to_owned(), None),
        }
    }

    fn is(&self, record: &Record, all: &[Record]) -> bool {
        match self {
            Self::Package(name, version) => {
                record.package == *name
                    && version.as_ref().is_none_or(|version| is_of_version(record, version, all))
            }
            Self::Unit(unit) => unit_name(record) == *unit,
        }
    }

    /// The same without the version and the hash.
    fn is_like(&self, record: &Record, all: &[Record]) -> bool {
        match self {
            Self::Package(name, _) => Self::Package(name.clone(), None).is(record, all),
            Self::Unit(unit) => unit.rsplit_once('-').is_some_and(|(name, _)| record.package == name),
        }
    }
}

/// A run of a build script has no source: its script has.
fn is_of_version(record: &Record, version: &str, all: &[Record]) -> bool {
    let folder = format!("{}-{version}", record.package);
    if record.source.is_some() {
        return package(record).all(|package| package == folder);
    }
    let mut scripts = all.iter().filter(|other| other.package == record.package && record.stands_on(other));
    scripts.all(|script| package(script).all(|package| package == folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_called_as_cargo_calls_them() {
        let old = "debug/.fingerprint/serde-0123456789abcdef/lib-serde";
        assert_eq!(below_name(old), "serde-0123456789abcdef");
        let new = "debug/build/serde/0123456789abcdef/fingerprint/lib-serde";
        assert_eq!(below_name(new), "serde-0123456789abcdef");
        assert_eq!(
            Wanted::parse("serde-0123456789abcdef"),
            Wanted::Unit("serde-0123456789abcdef".to_owned())
        );
        assert_eq!(Wanted::parse("wasm-bindgen"), Wanted::Package("wasm-bindgen".to_owned(), None));
        let version = Wanted::Package("serde".to_owned(), Some("1.0.2".to_owned()));
        assert_eq!(Wanted::parse("serde@1.0.2"), version);
    }
}
