//! From a target directory into the store: external units with all that they were compiled with.
//!
//! A unit is stored if cargo finished it, everything below it is stored too, and its source and fingerprint are
//! understood: if cargo's hash of the fingerprint cannot be reproduced, nobody else could use the unit.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use larder::{
    files::disk::{EntryKind, read_untouched},
    target_dir::{
        self, BuiltUnit, CodeOrigin, TargetFolder, UnitKind,
        fingerprint::{Fingerprint, cargo_hash},
    },
};

use crate::{
    Result,
    conditions::{
        Bound, Conditions, bound,
        system::{self, System},
    },
    digest::Digest,
    inside::Inside,
    local::Store,
    moved::CompilePlace,
    record::{File, RecipeSnapshot, Record, RecordedDependency, Role, VERSION},
    rights,
    scope::Keys,
    shared_blocks::SharedBlocks,
};

/// How files of metadata end.
const METADATA: &str = ".rmeta";

/// Stores the units of a recipe. `seen` are the hashes in the names of those that cargo built or found.
///
/// # Errors
/// If the target directory cannot be read or the store cannot be written.
pub fn publish(
    store: &Store,
    keys: Keys,
    place: &CompilePlace,
    seen: &BTreeSet<String>,
    system: &System<'_>,
) -> Result<()> {
    let folder = target_dir::read(Path::new(&place.build_dir))?;
    let mut publisher = Publisher {
        store,
        place,
        system,
        folder: &folder,
        shared: SharedBlocks::default(),
        done: HashMap::new(),
        order: Vec::new(),
    };
    for (number, unit) in folder.units.iter().enumerate() {
        let is_asked = seen.contains(&unit.hash) && folder.profile(unit).base.as_os_str().is_empty();
        if is_asked && unit.origin == CodeOrigin::External && unit.kind != UnitKind::Documentation {
            publisher.unit(number)?;
        }
    }
    let records: Vec<Digest> = publisher.order.iter().map(|(_, id)| *id).collect();
    for (fingerprint, id) in &publisher.order {
        store.set_newest(keys.scope, fingerprint, *id)?;
    }
    store.set_snapshot(keys.snapshot, &RecipeSnapshot { version: VERSION, records })
}

struct Publisher<'a> {
    store: &'a Store,
    place: &'a CompilePlace,
    system: &'a System<'a>,
    folder: &'a TargetFolder,
    shared: SharedBlocks,
    /// The entry by which dependents name a unit; `None` if it cannot be stored.
    done: HashMap<usize, Option<RecordedDependency>>,
    /// Records, dependencies first.
    order: Vec<(Inside, Digest)>,
}

impl Publisher<'_> {
    /// Stores a unit after what it stands on; `None` if that cannot be done.
    fn unit(&mut self, number: usize) -> Result<Option<RecordedDependency>> {
        if let Some(known) = self.done.get(&number) {
            return Ok(known.clone());
        }
        let stored = self.anew(number)?;
        self.done.insert(number, stored.clone());
        Ok(stored)
    }

    fn anew(&mut self, number: usize) -> Result<Option<RecordedDependency>> {
        let folder = self.folder;
        let unit = &folder.units[number];
        let mut dependencies = Vec::new();
        for dependency in folder.dependencies(unit) {
            let Some(dependency) = dependency else { return Ok(None) };
            match self.unit(dependency)? {
                Some(stored) => dependencies.push(stored),
                None => return Ok(None),
            }
        }
        let Some(record) = self.record(unit, dependencies)? else { return Ok(None) };
        let id = self.store.add_record(&record)?;
        self.order.push((record.fingerprint.clone(), id));
        Ok(Some(RecordedDependency { fingerprint: record.fingerprint, outputs: record.outputs }))
    }

    fn record(&self, unit: &BuiltUnit, dependencies: Vec<RecordedDependency>) -> Result<Option<Record>> {
        let (Some(fingerprint), Some(hash), Some(json)) =
            (&unit.fingerprint, unit.fingerprint_hash, &unit.fingerprint_file)
        else {
            return Ok(None);
        };
        let Some(mark) = Inside::from_path(&json.with_extension("")) else { return Ok(None) };
        if fingerprint.cargo_hash() != hash || names_of_this_machine(fingerprint, self.place) {
            return Ok(None);
        }
        let source = match self.source(unit, fingerprint) {
            UnitSource::Runs => None,
            UnitSource::At(source) => Some(source),
            UnitSource::Unknown => return Ok(None),
        };
        let mut gathered = Gathered::default();
        for file in &unit.files {
            let Some(path) = Inside::from_path(&file.path) else { return Ok(None) };
            match file.kind {
                EntryKind::File => self.file(unit, &mark, path, &mut gathered)?,
                EntryKind::Folder if unit.kind == UnitKind::BuildScriptRun => gathered.folders.push(path),
                EntryKind::Folder => {}
                EntryKind::Link => return Ok(None),
            }
        }
        let Gathered { files, folders, outputs, bound, paths, libraries, glibc } = gathered;
        let outputs = Record::outputs_of(outputs.iter().map(|(path, digest)| (path, *digest)));
        Ok(Some(Record {
            version: VERSION,
            package: unit.package.clone(),
            target: unit.target.clone(),
            fingerprint: mark,
            fingerprint_hash: hash,
            source,
            cargo_home: self.place.cargo_home.clone(),
            build_dir: self.place.build_dir.clone(),
            dependencies,
            files,
            folders,
            outputs,
            conditions: Conditions {
                bound: bound.into_iter().collect(),
                paths: paths.into_iter().collect(),
                libraries: libraries.into_iter().collect(),
                glibc,
            },
        }))
    }

    fn file(&self, unit: &BuiltUnit, mark: &Inside, path: Inside, gathered: &mut Gathered) -> Result<()> {
        let full = Path::new(&self.place.build_dir).join(path.as_str());
        let role = role(unit, mark, &path);
        // Once, for all that is done with it.
        let bytes = fs_err::read(&full)?;
        let digest = self.store.add_file(&full, &bytes, &self.shared)?;
        match role {
            Role::Output => {
                gathered.outputs.insert(path.clone(), digest);
                // Metadata names files for messages alone.
                if !path.as_str().ends_with(METADATA) {
                    self.look_into(unit, &path, &bytes, gathered);
                }
            }
            Role::Printed => {
                gathered.outputs.insert(path.clone(), Digest::hash(&self.place.anywhere(&bytes)));
                let text = String::from_utf8_lossy(&bytes);
                let (paths, libraries) = system::found_by_script(&text, self.place, self.system);
                gathered.paths.extend(paths);
                gathered.libraries.extend(libraries);
            }
            Role::Noted if is_list(path.as_str()) => {
                bound::in_dep_info(&String::from_utf8_lossy(&bytes), &mut gathered.bound);
            }
            _ => {}
        }
        let (runs, size) = (rights::is_executable(&full)?, bytes.len() as u64);
        gathered.files.push(File { path, digest, size, runs, role });
        Ok(())
    }

    fn look_into(&self, unit: &BuiltUnit, path: &Inside, bytes: &[u8], gathered: &mut Gathered) {
        let ending = path.name().rsplit_once('.').map(|(_, ending)| ending);
        match ending {
            // A file that a build script wrote is compiled in, or read by other build scripts.
            Some("rs" | "pc") if unit.kind == UnitKind::BuildScriptRun => {
                bound::in_data(bytes, self.place, &mut gathered.bound);
            }
            _ => {
                bound::in_artifact(bytes, self.place, &mut gathered.bound);
                gathered.glibc = gathered.glibc.max(system::needed_glibc(bytes));
            }
        }
    }

    /// The root source file: the one in rustc's list whose path has the hash in the fingerprint.
    fn source(&self, unit: &BuiltUnit, fingerprint: &Fingerprint) -> UnitSource {
        if unit.kind == UnitKind::BuildScriptRun {
            return if fingerprint.path == 0 { UnitSource::Runs } else { UnitSource::Unknown };
        }
        let home = Path::new(&self.place.cargo_home);
        let lists = unit.files.iter().filter(|file| is_list(&file.path));
        for list in lists {
            let Ok(bytes) = read_untouched(&Path::new(&self.place.build_dir).join(&list.path)) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            let mut sources =
                text.lines().filter_map(|line| line.strip_suffix(':')).map(|path| path.replace("\\ ", " "));
            if let Some(source) = sources.find(|source| cargo_hash(Path::new(source)) == fingerprint.path) {
                let inside = Path::new(&source).strip_prefix(home).ok().and_then(Inside::from_path);
                return inside.map_or(UnitSource::Unknown, UnitSource::At);
            }
        }
        UnitSource::Unknown
    }
}

/// The place of a unit's source.
enum UnitSource {
    /// It is the run of a build script.
    Runs,
    /// Below `CARGO_HOME`.
    At(Inside),
    /// Nobody could say where it is on another machine.
    Unknown,
}

#[derive(Default)]
struct Gathered {
    files: Vec<File>,
    folders: Vec<Inside>,
    outputs: BTreeMap<Inside, Digest>,
    bound: BTreeSet<Bound>,
    paths: BTreeSet<String>,
    libraries: BTreeSet<system::Library>,
    glibc: Option<system::Glibc>,
}

fn role(unit: &BuiltUnit, mark: &Inside, path: &Inside) -> Role {
    let is_run = unit.kind == UnitKind::BuildScriptRun;
    let in_folder_of_mark = path.folder() == mark.folder();
    match path.name() {
        _ if path == mark => Role::Hash,
        name if in_folder_of_mark && name == format!("{}.json", mark.name()) => Role::Fingerprint,
        _ if in_folder_of_mark => Role::Noted,
        // Beside `out`, not in it.
        "output" | "stdout" if is_run && !has_folder(path, "out") => Role::Printed,
        "root-output" | "stderr" | "invoked.timestamp" if is_run && !has_folder(path, "out") => Role::Noted,
        name if !is_run && is_list(name) => Role::Noted,
        _ => Role::Output,
    }
}

/// rustc's list of the files that it read.
fn is_list(path: impl AsRef<Path>) -> bool {
    path.as_ref().extension().is_some_and(|ending| ending == "d")
}

fn has_folder(path: &Inside, name: &str) -> bool {
    path.folder().split('/').any(|folder| folder == name)
}

/// Whether a fingerprint names a file of cargo's folders by its absolute path: it would be looked for there.
fn names_of_this_machine(fingerprint: &Fingerprint, place: &CompilePlace) -> bool {
    let json = serde_json::to_vec(&fingerprint.local).unwrap_or_default();
    place.anywhere(&json) != json
}
