//! The promises of the store when something goes wrong, with the numbers that `docs/src/reliability.md` names.
//!
//! Units here were compiled by nobody, so thousands of faults take seconds. The same faults around a real cargo are in
//! `tests/larder/store_*.rs`. No test here may leave anything outside of its temporary folder.

mod crowds;
mod damage;
mod paths;
mod power;
mod skew;
mod writes;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use larder::{Silent, process::Environment};

use crate::{
    conditions::system::System,
    digest::{Digest, digest_of},
    local::{Store, verify::DamageTreatment},
    moved::CompilePlace,
    record::{RecipeSnapshot, Record, VERSION},
    restore::{Restored, restore},
    scope::Keys,
    shared_blocks::SharedBlocks,
    stub,
};

/// A store with a recipe of units that stand on each other, and as many target directories as one likes.
struct Machine {
    folder: tempfile::TempDir,
    store: Store,
    /// The same once more: what every build of the recipe makes.
    built: Store,
    keys: Keys,
    records: Vec<Record>,
}

impl Machine {
    /// The units stand on each other two by two: `0 <- 1`, `2 <- 3`, and `4` on all of them.
    fn new() -> Self {
        let folder = in_memory();
        let [store, built] = ["store", "built"].map(|name| Store::open(folder.path().join(name)).unwrap());
        let keys = Keys { scope: Digest::hash(b"scope"), snapshot: Digest::hash(b"snapshot") };
        let records = cook(&store, keys);
        cook(&built, keys);
        Self { folder, store, built, keys, records }
    }

    fn target(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Restores into a folder of that name.
    fn restore(&self, name: &str) -> Restored {
        let target = self.target(name);
        fs_err::create_dir_all(&target).unwrap();
        let place =
            CompilePlace { build_dir: target.to_str().unwrap().to_owned(), cargo_home: "/home".to_owned() };
        let env = Environment::default();
        let system = System::new("/", &env);
        restore(&self.store, self.keys, &place, &BTreeSet::new(), &system, &Silent).unwrap()
    }

    /// Does as the next build that finds units missing: it compiles them, and stores what it has.
    fn cook_again(&self, restored: &Restored) {
        let store = if restored.damaged > 0 { self.store.doubted() } else { self.store.clone() };
        for record in &self.records {
            for file in &record.files {
                let path = self.built.blob(file.digest);
                store.add_file(&path, &fs_err::read(&path).unwrap(), &SharedBlocks::default()).unwrap();
            }
            store.add_record(record).unwrap();
        }
        list(&store, self.keys, &self.records);
    }

    /// Requires that every unit which counts as finished is whole, and that nothing finished stands on what is not.
    fn assert_sound(&self, name: &str, case: &str) {
        for record in &self.records {
            if !is_finished(&self.target(name), record) {
                continue;
            }
            for file in &record.files {
                let found = digest_of(&self.target(name).join(file.path.as_str())).ok();
                assert_eq!(found, Some((file.digest, file.size)), "{case}: {}", file.path);
            }
            for below in &record.dependencies {
                let below = self.records.iter().find(|other| other.fingerprint == below.fingerprint).unwrap();
                let is_there = is_finished(&self.target(name), below);
                assert!(is_there, "{case}: {} is there without {}", record.package, below.package);
            }
        }
    }

    /// Requires that everything is in the store as it should be, and that a new checkout gets all of it.
    fn assert_whole(&self, case: &str) {
        let verified = self.store.verify(DamageTreatment::None).unwrap();
        assert_eq!((verified.damaged.len(), verified.incomplete.len()), (0, 0), "{case}: {verified:?}");
        let _ = fs_err::remove_dir_all(self.target("whole"));
        let restored = self.restore("whole");
        assert_eq!((restored.units, restored.is_whole), (self.records.len(), true), "{case}: {restored:?}");
    }
}

/// Thousands of files are forced to the disk, which takes no time in memory.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn is_finished(target: &Path, record: &Record) -> bool {
    target.join(record.fingerprint.as_str()).is_file()
}

/// Contents of outputs: of no length, of less than a block, and of several.
fn content(unit: usize, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(unit as u64 + 1);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// Stores the units of a recipe.
fn cook(store: &Store, keys: Keys) -> Vec<Record> {
    let (zero, two) = (cook_unit(store, 0, &[]), cook_unit(store, 2, &[]));
    let (one, three) = (cook_unit(store, 1, &[&zero]), cook_unit(store, 3, &[&two]));
    let four = cook_unit(store, 4, &[&zero, &one, &two, &three]);
    let records = vec![zero, two, one, three, four];
    list(store, keys, &records);
    records
}

fn cook_unit(store: &Store, unit: usize, below: &[&Record]) -> Record {
    let outputs = [content(unit, 9000 + unit), content(unit + 10, 700), content(unit + 20, unit)];
    let outputs: Vec<&[u8]> = outputs.iter().map(Vec::as_slice).collect();
    stub::unit_on(store, &format!("unit{unit}"), &outputs, below)
}

fn list(store: &Store, keys: Keys, records: &[Record]) {
    let ids: Vec<Digest> = records.iter().map(|record| record.to_bytes().1).collect();
    for (record, id) in records.iter().zip(&ids) {
        store.set_newest(keys.scope, &record.fingerprint, *id).unwrap();
    }
    store.set_snapshot(keys.snapshot, &RecipeSnapshot { version: VERSION, records: ids }).unwrap();
}
