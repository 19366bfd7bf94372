//! Storing units that nobody compiled: what stays out of the store, and what is noted of the rest.

use std::{path::PathBuf, sync::Mutex};

use larder::{process::Environment, target_dir::fingerprint::HashedDependency};

use super::*;

/// The hashes in the names of a library, a build script and its run.
const HASHES: [&str; 3] = ["00000000000000a1", "00000000000000b2", "00000000000000c3"];
/// cargo's list of the files of a unit that has none in its package.
const NO_FILES: [u8; 14] = [0, 0, 0, 0, 255, 1, 0, 0, 0, 0, 0, 0, 0, 0];

/// Keeps what is told.
#[derive(Default)]
struct ToldOfStoring(Mutex<Vec<String>>);

impl Report for ToldOfStoring {
    fn step(&self, verb: &str, object: &str) {
        self.0.lock().unwrap().push(format!("{verb} {object}"));
    }
    fn warn(&self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

/// A target directory with a library, and with a build script that has run.
struct BuiltHere {
    _folder: tempfile::TempDir,
    store: Store,
    place: CompilePlace,
}

impl BuiltHere {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store")).unwrap();
        let [build_dir, cargo_home] =
            ["target", "home"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
        let built = Self { _folder: folder, store, place: CompilePlace { build_dir, cargo_home } };
        let [library, script, run] = HASHES;
        built.compiled(&format!("a-{library}/lib-a"), "lib.rs", &format!("deps/a-{library}.d"));
        built.write(&format!("deps/liba-{library}.rmeta"), "metadata");
        let mark = format!("b-{script}/build-script-build-script-build");
        let list = format!("build/b-{script}/build_script_build-{script}.d");
        let below = built.compiled(&mark, "build.rs", &list);
        let on = HashedDependency(1, "build_script_build".to_owned(), false, below);
        built.ran(&Fingerprint { deps: vec![on], ..Fingerprint::default() });
        built.write(&format!("build/b-{run}/output"), "");
        built.wrote("made", "");
        built
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.profile().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    /// The build script ran, by this fingerprint.
    fn ran(&self, fingerprint: &Fingerprint) {
        self.fingerprint(&format!("b-{}/run-build-script-build-script-build", HASHES[2]), fingerprint);
    }

    /// The build script wrote a file.
    fn wrote(&self, name: &str, text: &str) {
        self.write(&format!("build/b-{}/out/{name}", HASHES[2]), text);
    }

    fn profile(&self) -> PathBuf {
        Path::new(&self.place.build_dir).join("debug")
    }

    fn fingerprint(&self, mark: &str, fingerprint: &Fingerprint) -> u64 {
        let hash = fingerprint.cargo_hash();
        self.write(&format!(".fingerprint/{mark}"), fingerprint::hash_text(hash));
        self.write(&format!(".fingerprint/{mark}.json"), serde_json::to_vec(fingerprint).unwrap());
        hash
    }

    /// The records of a unit that rustc compiled.
    fn compiled(&self, mark: &str, source: &str, list: &str) -> u64 {
        let source = format!("{}/registry/src/x/a-1.0.0/{source}", self.place.cargo_home);
        let fingerprint = Fingerprint { path: cargo_hash(Path::new(&source)), ..Fingerprint::default() };
        let (folder, name) = mark.split_once('/').unwrap();
        self.write(&format!(".fingerprint/{folder}/dep-{name}"), NO_FILES);
        self.write(list, format!("a: {source}\n\n{source}:\n"));
        self.fingerprint(mark, &fingerprint)
    }

    /// Stores, and reads what the store has then; `None` if the recipe is not known.
    fn publish(&self, report: &dyn Report) -> Option<Vec<Record>> {
        let keys = Keys { scope: Digest::hash(b"scope"), snapshot: Digest::hash(b"snapshot") };
        let env = Environment::default();
        let seen: BTreeSet<String> = HASHES.map(str::to_owned).into();
        publish(&self.store, keys, &self.place, &seen, &System::new("/", &env), report).unwrap();
        let ids = self.store.snapshot(keys.snapshot)?.records;
        Some(ids.into_iter().map(|id| self.store.record(id).expect("a record that can be read")).collect())
    }
}

fn kinds(records: &[Record]) -> Vec<&str> {
    let names = records.iter().map(|record| record.fingerprint.name());
    let mut kinds: Vec<&str> = names.map(|name| name.split('-').next().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

#[test]
fn nothing_is_stored_while_a_build_holds_the_folder() {
    let built = BuiltHere::new();
    let held = locks::take_profiles(&[built.profile()], Duration::ZERO, &Silent).unwrap();
    let told = ToldOfStoring::default();
    assert_eq!(built.publish(&told), None);
    let told = told.0.into_inner().unwrap();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.starts_with("Storing nothing this time: "), "{told}");
    assert!(told.ends_with(" is locked by a running build"), "{told}");
    drop(held);
    let told = ToldOfStoring::default();
    assert_eq!(kinds(&built.publish(&told).unwrap()), ["build", "lib", "run"]);
    assert_eq!(told.0.into_inner().unwrap(), [""; 0]);
}

#[test]
fn a_unit_that_another_build_began_meanwhile_is_not_stored() {
    let built = BuiltHere::new();
    let folder = target_dir::read(Path::new(&built.place.build_dir)).unwrap();
    let env = Environment::default();
    for (began, expected) in [(None, true), (Some(""), false), (Some("0123456789abcdef"), false)] {
        let mut publisher = Publisher {
            store: &built.store,
            place: &built.place,
            system: &System::new("/", &env),
            folder: &folder,
            search: PathSearch::new(&built.place),
            shared: SharedBlocks::default(),
            done: HashMap::new(),
            order: Vec::new(),
        };
        let number = folder.units.iter().position(|unit| unit.kind == UnitKind::BuildScriptRun).unwrap();
        if let Some(mark) = began {
            let path = format!(".fingerprint/b-{}/run-build-script-build-script-build", HASHES[2]);
            built.write(&path, mark);
        }
        assert_eq!(publisher.unit(number).unwrap().is_some(), expected, "{began:?}");
    }
}

/// On other systems they are one file.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_no_record_can_name_leaves_the_rest_of_use() {
    let built = BuiltHere::new();
    built.wrote("E/terminal", "one");
    built.wrote("e/terminal", "other");
    assert_eq!(kinds(&built.publish(&Silent).unwrap()), ["build", "lib"]);
}

#[test]
fn texts_of_a_run_and_constants_of_a_library_bind_them() {
    let built = BuiltHere::new();
    let none = built.publish(&Silent).unwrap();
    assert!(none.iter().all(|record| record.conditions.bound.is_empty()), "{none:?}");
    built.wrote("list", &format!("[\"{}/debug/made\"]", built.place.build_dir));
    built.write(&format!("deps/liba-{}.rmeta", HASHES[0]), format!("x{}/data\u{c1}", built.place.cargo_home));
    let records = built.publish(&Silent).unwrap();
    assert_eq!(records.len(), 3);
    let of_run = records.iter().find(|record| record.fingerprint.name().starts_with("run-")).unwrap();
    assert_eq!(of_run.conditions.bound, [Bound::BuildDir]);
    assert!(of_run.written().is_some());
    let library = records.iter().find(|record| record.fingerprint.name().starts_with("lib-")).unwrap();
    assert_eq!(library.conditions.bound, [Bound::CargoHome]);
}

#[test]
fn a_run_in_a_folder_that_was_moved_since_is_not_stored() {
    let built = BuiltHere::new();
    let run = format!("build/b-{}", HASHES[2]);
    let own = built.profile().join(&run).join("out");
    for (folder, expected) in [
        ("/of/nobody/target/debug/build/b/out", ["build", "lib"].as_slice()),
        (own.to_str().unwrap(), &["build", "lib", "run"]),
    ] {
        built.write(&format!("{run}/root-output"), folder);
        assert_eq!(kinds(&built.publish(&Silent).unwrap()), expected, "{folder}");
    }
}

#[test]
fn a_run_that_looked_for_programs_is_not_stored() {
    let built = BuiltHere::new();
    let folder = target_dir::read(Path::new(&built.place.build_dir)).unwrap();
    let run = folder.units.iter().find(|unit| unit.kind == UnitKind::BuildScriptRun).unwrap();
    for (var, expected) in [("PATH", ["build", "lib"].as_slice()), ("PATHS", &["build", "lib", "run"])] {
        let asked = Local::RerunIfEnvChanged { var: var.to_owned(), val: Some("/usr/bin".to_owned()) };
        built.ran(&Fingerprint { local: vec![asked], ..run.fingerprint.clone().unwrap() });
        assert_eq!(kinds(&built.publish(&Silent).unwrap()), expected, "{var}");
    }
}
