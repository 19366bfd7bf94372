//! From the store into a target directory, before cargo runs there.
//!
//! Units go in from the leaves up. One is restored if what it was compiled with is there to the byte, restored or
//! compiled, and its conditions hold. Its fingerprint's hash, by which cargo tells that there is a unit, comes last. All
//! files get one time, that of the restore, so that none is older than what it was made from.
//!
//! It must never touch a unit that cargo has finished, and it holds cargo's locks meanwhile.

mod place;
#[cfg(test)]
mod tests;
pub mod why;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    time::Duration,
};

use larder::{
    Report,
    files::read::read_small,
    side_by_side,
    target_dir::{fingerprint, locks},
};

use crate::{
    Result,
    conditions::system::System,
    digest::{Digest, digest_of},
    inside::Inside,
    local::Store,
    moved::CompilePlace,
    record::{File, Record, RecordedDependency, Role},
    scope::Keys,
};

/// How long a build that holds the folder is waited for.
const PATIENCE: Duration = Duration::from_mins(10);

/// The outcome of a restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Units that are there now and were not before.
    pub units: usize,
    /// Units that were there.
    pub present: usize,
    /// The bytes of the files of restored units.
    pub bytes: u64,
    /// Whether the store knows the recipe as a whole.
    pub is_whole: bool,
    /// Units whose files were found damaged or gone.
    pub damaged: usize,
    /// Units that stay to be compiled, with the reason.
    pub refused: Vec<(String, String)>,
    /// Build scripts among them that use the path of a folder, and have all that they are compiled with: their runs can
    /// be restored if they are compiled here.
    pub scripts: Vec<Inside>,
    /// How many of the refused ones wait for these scripts, with the scripts.
    pub waiting: usize,
}

/// Restores the units of a recipe, or what can stand in for them if the recipe is not known. `packages` are the names
/// and versions in its `Cargo.lock`.
///
/// # Errors
/// If the folder cannot be locked or written. A unit that cannot be restored is no error.
pub fn restore(
    store: &Store,
    keys: Keys,
    place: &CompilePlace,
    packages: &BTreeSet<String>,
    system: &System<'_>,
    report: &dyn Report,
) -> Result<Restored> {
    let RestoreCandidates { is_whole, ids, records } = RestoreCandidates::read(store, keys, packages);
    store.touch(keys.snapshot, &ids);
    Ok(Restored { is_whole, ..into(store, place, &records, system, report)? })
}

/// The records that restoring a recipe considers.
pub(crate) struct RestoreCandidates {
    /// Whether they are those of the recipe, all of them.
    pub(crate) is_whole: bool,
    /// Of all that was read, also of packages that the recipe does not have.
    ids: Vec<Digest>,
    pub(crate) records: Vec<Record>,
}

impl RestoreCandidates {
    /// Reads them; `packages` are the names and versions in the recipe's `Cargo.lock`.
    pub(crate) fn read(store: &Store, keys: Keys, packages: &BTreeSet<String>) -> Self {
        let snapshot = store.snapshot(keys.snapshot);
        let is_known = snapshot.is_some();
        let ids = snapshot.map_or_else(|| store.scope(keys.scope), |snapshot| snapshot.records);
        let records: Vec<Record> = ids.iter().filter_map(|id| store.record(*id)).collect();
        let is_whole = is_known && records.len() == ids.len();
        let records = if is_whole { records } else { of_packages(records, packages) };
        Self { is_whole, ids, records }
    }
}

/// Restores these units.
///
/// # Errors
/// As [`restore`].
pub(crate) fn into(
    store: &Store,
    place: &CompilePlace,
    records: &[Record],
    system: &System<'_>,
    report: &dyn Report,
) -> Result<Restored> {
    let build_dir = Path::new(&place.build_dir);
    let is_there = |record: &Record| is_mark(&build_dir.join(record.fingerprint.as_str()));
    let missing = records.iter().filter(|record| !is_there(record)).count();
    let mut restored = Restored { present: records.len() - missing, ..Restored::default() };
    if missing == 0 {
        return Ok(restored);
    }
    report.step("Restoring", &format!("{missing} units from the store"));
    let profiles = place::prepare(build_dir, records)?;
    let _locks = locks::take_profiles(&profiles, PATIENCE, report)?;
    let mut run = RestoreRun::new(store, place, system);
    for level in levels(records) {
        run.level(&level, &mut restored)?;
    }
    restored.waiting = run.waiting.len();
    Ok(restored)
}

/// Whether cargo takes a unit for finished. It empties the file when it begins, and a disk that lost its power may have:
/// cargo would compile such a unit to other bytes than those that its dependents were compiled with.
pub(crate) fn is_mark(path: &Path) -> bool {
    read_small(path, 16).is_ok_and(|text| fingerprint::hash(&text).is_some())
}

/// The records whose package, and all below it, a recipe has.
fn of_packages(records: Vec<Record>, packages: &BTreeSet<String>) -> Vec<Record> {
    let by_name: HashMap<&Inside, &Record> =
        records.iter().map(|record| (&record.fingerprint, record)).collect();
    let mut known: HashMap<&Inside, bool> = HashMap::new();
    for record in &records {
        belongs(record, &by_name, packages, &mut known, 0);
    }
    let kept: BTreeSet<Inside> =
        known.iter().filter(|(_, belongs)| **belongs).map(|(name, _)| (*name).clone()).collect();
    records.into_iter().filter(|record| kept.contains(&record.fingerprint)).collect()
}

/// The longest chain of records that is followed.
const DEEPEST: usize = 2000;

fn belongs<'a>(
    record: &'a Record,
    by_name: &HashMap<&'a Inside, &'a Record>,
    packages: &BTreeSet<String>,
    known: &mut HashMap<&'a Inside, bool>,
    depth: usize,
) -> bool {
    if let Some(known) = known.get(&record.fingerprint) {
        return *known;
    }
    // Against records that name each other in a circle.
    known.insert(&record.fingerprint, false);
    let own = record.source.as_ref().is_none_or(|source| is_of_package(source, packages));
    let below = |dependency: &RecordedDependency| by_name.get(&dependency.fingerprint).copied();
    let belongs = own
        && depth < DEEPEST
        && record.dependencies.iter().all(|dependency| {
            below(dependency).is_some_and(|record| self::belongs(record, by_name, packages, known, depth + 1))
        });
    known.insert(&record.fingerprint, belongs);
    belongs
}

/// `registry/src/<registry>/<name>-<version>/…`; the folders of git packages tell no version.
fn is_of_package(source: &Inside, packages: &BTreeSet<String>) -> bool {
    let mut folders = source.as_str().split('/');
    match (folders.next(), folders.next(), folders.next(), folders.next()) {
        (Some("registry"), Some("src"), Some(_), Some(package)) => packages.contains(package),
        _ => true,
    }
}

/// Records in groups: those of a group stand on earlier groups alone. Records in a circle are in none.
pub(crate) fn levels(records: &[Record]) -> Vec<Vec<&Record>> {
    let known: BTreeSet<&Inside> = records.iter().map(|record| &record.fingerprint).collect();
    let mut open: Vec<&Record> = records.iter().collect();
    let mut placed: BTreeSet<&Inside> = BTreeSet::new();
    let mut levels = Vec::new();
    loop {
        let (ready, rest): (Vec<&Record>, Vec<&Record>) = open.into_iter().partition(|record| {
            let mut inside =
                record.dependencies.iter().filter(|dependency| known.contains(&dependency.fingerprint));
            inside.all(|dependency| placed.contains(&dependency.fingerprint))
        });
        if ready.is_empty() {
            return levels;
        }
        placed.extend(ready.iter().map(|record| &record.fingerprint));
        open = rest;
        levels.push(ready);
    }
}

/// The known hashes of a unit in the folder.
#[derive(Debug, Clone, Copy)]
struct UnitHashes {
    outputs: Digest,
    fingerprint: u64,
}

struct RestoreRun<'a> {
    store: &'a Store,
    place: &'a CompilePlace,
    system: &'a System<'a>,
    placing: place::Placing<'a>,
    /// Units that are there and are those of the store.
    known: BTreeMap<Inside, UnitHashes>,
    /// [`Restored::scripts`], and what stands on them.
    waiting: BTreeSet<Inside>,
}

impl<'a> RestoreRun<'a> {
    fn new(store: &'a Store, place: &'a CompilePlace, system: &'a System<'a>) -> Self {
        let (known, waiting) = (BTreeMap::new(), BTreeSet::new());
        Self { store, place, system, placing: place::Placing::new(store, place), known, waiting }
    }

    fn level(&mut self, records: &[&Record], restored: &mut Restored) -> Result<()> {
        let mut ready: Vec<(&Record, Vec<u64>)> = Vec::new();
        for record in records {
            if let Some(known) = self.present(record) {
                self.known.insert(record.fingerprint.clone(), known);
                continue;
            }
            if self.is_finished(record) {
                // Compiled here, to other bytes.
                continue;
            }
            match self.dependencies(record).and_then(|hashes| self.fits(record).map(|()| hashes)) {
                Ok(hashes) => ready.push((record, hashes)),
                Err(reason) => {
                    self.wait(record, restored);
                    restored.refused.push((record.describe(), reason));
                }
            }
        }
        let placing = &self.placing;
        let outcomes =
            side_by_side::map(ready, |(record, hashes)| Ok((record, placing.unit(record, &hashes))))?;
        for (record, outcome) in outcomes {
            match outcome {
                Ok(fingerprint) => {
                    restored.units += 1;
                    restored.bytes += record.size();
                    self.known.insert(
                        record.fingerprint.clone(),
                        UnitHashes { outputs: record.outputs, fingerprint },
                    );
                }
                Err(error) => {
                    restored.damaged += 1;
                    restored.refused.push((record.describe(), error.to_string()));
                }
            }
        }
        Ok(())
    }

    /// Notes a unit that was refused if it is for a script's sake.
    fn wait(&mut self, record: &Record, restored: &mut Restored) {
        let mut below = record.dependencies.iter().map(|dependency| &dependency.fingerprint);
        let is_script = self.is_script_of_elsewhere(record) && self.dependencies(record).is_ok();
        if is_script {
            restored.scripts.push(record.fingerprint.clone());
        }
        if is_script || below.any(|below| self.waiting.contains(below)) {
            self.waiting.insert(record.fingerprint.clone());
        }
    }

    /// Whether it is a build script that uses a path which is another one here. Its program is of no use, but its runs
    /// are: what they print and write is looked at by itself.
    fn is_script_of_elsewhere(&self, record: &Record) -> bool {
        record.is_build_script() && record.conditions.is_bound_elsewhere(&record.compiled_in(), self.place)
    }

    /// The hashes that dependents may take for a script that was compiled here: those of the recorded one, if cargo's
    /// hash says that it was made from the same, but for the place.
    fn present_script(&self, record: &Record, fingerprint: u64) -> Option<UnitHashes> {
        let dependencies = self.dependencies(record).ok()?;
        let (_, expected) = place::fingerprint(self.store, self.place, record, &dependencies).ok()?;
        (fingerprint == expected).then_some(UnitHashes { outputs: record.outputs, fingerprint })
    }

    fn path(&self, path: &Inside) -> std::path::PathBuf {
        Path::new(&self.place.build_dir).join(path.as_str())
    }

    fn is_finished(&self, record: &Record) -> bool {
        is_mark(&self.path(&record.fingerprint))
    }

    /// A finished unit, if its outputs are those of the record.
    fn present(&self, record: &Record) -> Option<UnitHashes> {
        let hash = fs_err::read(self.path(&record.fingerprint)).ok()?;
        let fingerprint = fingerprint::hash(&hash)?;
        if self.is_script_of_elsewhere(record) {
            return self.present_script(record, fingerprint);
        }
        let outputs = record.files.iter().filter(|file| matches!(file.role, Role::Output | Role::Printed));
        let digests: Option<Vec<_>> = outputs.map(|file| Some((&file.path, self.digest(file)?))).collect();
        let outputs = Record::outputs_of(digests?.into_iter());
        (outputs == record.outputs).then_some(UnitHashes { outputs, fingerprint })
    }

    /// The digest of a file that is there, with paths of the machine counted as one.
    fn digest(&self, file: &File) -> Option<Digest> {
        let path = self.path(&file.path);
        if file.role == Role::Printed {
            return Some(Digest::hash(&self.place.anywhere(&fs_err::read(path).ok()?)));
        }
        digest_of(&path).ok().map(|(digest, _)| digest)
    }

    /// The hashes of the fingerprints of what a unit stands on, if it is what the unit was compiled with.
    fn dependencies(&self, record: &Record) -> Result<Vec<u64>, String> {
        record.dependencies.iter().map(|dependency| self.known_hash(dependency)).collect()
    }

    fn known_hash(&self, dependency: &RecordedDependency) -> Result<u64, String> {
        match self.known.get(&dependency.fingerprint) {
            Some(known) if known.outputs == dependency.outputs => Ok(known.fingerprint),
            _ => Err(format!("{} is another one here", dependency.fingerprint)),
        }
    }

    fn fits(&self, record: &Record) -> Result<(), String> {
        record.conditions.broken(&record.compiled_in(), self.place, self.system).map_or(Ok(()), Err)
    }
}
