//! Restoring units that nobody compiled: what goes in, what does not, and what is left alone.

use larder::{Silent, process::Environment};

use super::*;
use crate::{
    record::{RecipeSnapshot, Role, VERSION},
    stub,
};

struct StoreAndTarget {
    folder: tempfile::TempDir,
    store: Store,
    keys: Keys,
}

impl StoreAndTarget {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store")).unwrap();
        let keys = Keys { scope: Digest::hash(b"scope"), snapshot: Digest::hash(b"snapshot") };
        fs_err::create_dir(folder.path().join("target")).unwrap();
        Self { folder, store, keys }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("target").join(name)
    }

    fn restore(&self, records: &[Record]) -> Restored {
        let ids = records.iter().map(|record| self.store.add_record(record).unwrap());
        let snapshot = RecipeSnapshot { version: VERSION, records: ids.collect() };
        self.store.set_snapshot(self.keys.snapshot, &snapshot).unwrap();
        let build_dir = self.path("").to_str().unwrap().trim_end_matches('/').to_owned();
        let place = CompilePlace { build_dir, cargo_home: "/home".to_owned() };
        let env = Environment::default();
        let system = System::new("/", &env);
        restore(&self.store, self.keys, &place, &BTreeSet::new(), &system, &Silent).unwrap()
    }
}

#[test]
fn a_unit_goes_in_as_a_whole_and_is_left_alone_then() {
    let two = StoreAndTarget::new();
    let record = stub::unit(&two.store, "a", b"a library");
    let restored = two.restore(std::slice::from_ref(&record));
    assert_eq!((restored.units, restored.present, restored.is_whole), (1, 0, true), "{restored:?}");
    let library = two.path("debug/deps/liba.rlib");
    assert_eq!(fs_err::read(&library).unwrap(), b"a library");
    let times = ["debug/deps/liba.rlib", "debug/.fingerprint/a/lib-a", "debug/.fingerprint/a/lib-a.json"]
        .map(|name| fs_err::metadata(two.path(name)).unwrap().modified().unwrap());
    assert_eq!(times[0], times[1]);
    assert_eq!(times[1], times[2]);
    fs_err::write(&library, "of cargo's now").unwrap();
    let restored = two.restore(&[record]);
    assert_eq!((restored.units, restored.present), (0, 1));
    assert_eq!(fs_err::read(&library).unwrap(), b"of cargo's now");
}

#[test]
fn a_fingerprint_of_another_form_is_no_unit() {
    let two = StoreAndTarget::new();
    let mut record = stub::unit(&two.store, "a", b"a library");
    record.fingerprint_hash ^= 1;
    let restored = two.restore(&[record]);
    assert_eq!((restored.units, restored.damaged), (0, 1));
    assert!(restored.refused[0].1.contains("writes fingerprints in another way"), "{restored:?}");
    assert!(!two.path("debug/.fingerprint/a/lib-a").exists());
}

#[test]
fn what_stands_on_other_bytes_stays_out() {
    let two = StoreAndTarget::new();
    let below = stub::unit(&two.store, "below", b"one");
    let mut above = stub::unit(&two.store, "above", b"two");
    let on = |outputs| RecordedDependency { fingerprint: below.fingerprint.clone(), outputs };
    above.dependencies = vec![on(Digest::hash(b"other bytes"))];
    let restored = two.restore(&[below.clone(), above.clone()]);
    assert_eq!(restored.units, 1, "{restored:?}");
    assert!(restored.refused[0].1.contains("is another one here"), "{restored:?}");
    assert!(!two.path("debug/.fingerprint/above/lib-above").exists());
}

#[test]
fn a_file_that_is_gone_or_damaged_leaves_no_unit() {
    for damage in [None, Some("damaged!!")] {
        let two = StoreAndTarget::new();
        let record = stub::unit(&two.store, "a", b"a library");
        let output = record.files.iter().find(|file| file.role == Role::Output).unwrap();
        let blob = two.store.blob(output.digest);
        match damage {
            Some(bytes) => fs_err::write(&blob, bytes).unwrap(),
            None => fs_err::remove_file(&blob).unwrap(),
        }
        let restored = two.restore(std::slice::from_ref(&record));
        assert_eq!((restored.units, restored.damaged), (0, 1), "{restored:?}");
        assert!(!two.path("debug/.fingerprint/a/lib-a").exists());
        assert!(!two.path("debug/deps/liba.rlib").exists(), "damaged bytes are in cargo's sight");
        assert!(!blob.exists(), "the damaged file is put aside");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_followed() {
    let two = StoreAndTarget::new();
    let outside = tempfile::tempdir().unwrap();
    fs_err::create_dir(two.path("debug")).unwrap();
    std::os::unix::fs::symlink(outside.path(), two.path("debug/deps")).unwrap();
    let record = stub::unit(&two.store, "a", b"a library");
    let restored = two.restore(&[record]);
    assert_eq!(restored.units, 0);
    assert_eq!(fs_err::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn records_in_a_circle_end() {
    let two = StoreAndTarget::new();
    let mut one = stub::unit(&two.store, "one", b"1");
    let mut other = stub::unit(&two.store, "other", b"2");
    one.dependencies =
        vec![RecordedDependency { fingerprint: other.fingerprint.clone(), outputs: other.outputs }];
    other.dependencies =
        vec![RecordedDependency { fingerprint: one.fingerprint.clone(), outputs: one.outputs }];
    assert_eq!(two.restore(&[one.clone(), other.clone()]).units, 0);
    assert_eq!(of_packages(vec![one, other], &BTreeSet::new()).len(), 0);
}

/// It is no text: the length of each path is before it.
#[test]
fn cargos_list_of_files_is_moved_to_a_home_of_another_length() {
    let two = StoreAndTarget::new();
    let mut record = stub::unit(&two.store, "a", b"a library");
    record.cargo_home = "/a/longer/home".to_owned();
    let path = "debug/.fingerprint/a/dep-lib-a";
    let list = stub::dep_info(&record.cargo_home);
    record.files.push(stub::stored_file(&two.store, path.to_owned(), &list, Role::Noted));
    assert_eq!(two.restore(&[record]).units, 1);
    assert_eq!(fs_err::read(two.path(path)).unwrap(), stub::dep_info("/home"));
}

/// A build script and its run, as records of a machine with another `CARGO_HOME`.
#[test]
fn a_script_of_elsewhere_is_named_and_what_stands_on_it_waits() {
    let two = StoreAndTarget::new();
    let script = bound(&two.store, "script", "build-script-build-script-build");
    let library = bound(&two.store, "library", "lib-library");
    let mut run = stub::unit(&two.store, "run", b"run");
    run.dependencies =
        vec![RecordedDependency { fingerprint: script.fingerprint.clone(), outputs: script.outputs }];
    let restored = two.restore(&[script.clone(), run.clone()]);
    assert_eq!((restored.units, restored.waiting, restored.refused.len()), (0, 2, 2), "{restored:?}");
    assert_eq!(restored.scripts, std::slice::from_ref(&script.fingerprint));
    // A library that uses its path is compiled, and what stands on it.
    let restored = two.restore(std::slice::from_ref(&library));
    assert_eq!((restored.scripts.len(), restored.waiting), (0, 0), "{restored:?}");
    // Compiled here from something else, it is another script.
    fs_err::create_dir_all(two.path("debug/.fingerprint/script")).unwrap();
    fs_err::write(two.path(script.fingerprint.as_str()), "0123456789abcdef").unwrap();
    let restored = two.restore(&[script, run]);
    assert_eq!((restored.units, restored.scripts.len()), (0, 0), "{restored:?}");
    assert!(restored.refused[0].1.contains("is another one here"), "{restored:?}");
}

fn bound(store: &Store, name: &str, mark: &str) -> Record {
    let mut record = stub::unit(store, name, name.as_bytes());
    let old = record.fingerprint.name().to_owned();
    let paths = record.files.iter_mut().map(|file| &mut file.path);
    for path in paths.chain([&mut record.fingerprint]) {
        *path = Inside::new(path.as_str().replace(&old, mark)).unwrap();
    }
    record.cargo_home = "/elsewhere".to_owned();
    record.conditions.bound = vec![crate::conditions::Bound::CargoHome];
    record
}
