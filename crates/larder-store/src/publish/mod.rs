//! From a target directory into the store: external units with all that they were compiled with.
//!
//! A unit is stored if cargo finished it, everything below it is stored too, and its source and fingerprint are
//! understood: if cargo's hash of the fingerprint cannot be reproduced, nobody else could use the unit. Nor is it stored
//! if its build script ran in another folder, or ran programs that it found.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    time::{Duration, SystemTime},
};

use larder::{
    Report, Silent,
    files::disk::{EntryKind, read_untouched},
    target_dir::{
        self, BuiltUnit, CodeOrigin, TargetFolder, UnitKind,
        fingerprint::{self, Fingerprint, Local, cargo_hash},
        locks::{self, Locks},
    },
};

use crate::{
    Result,
    conditions::{
        Bound, Conditions,
        bound::{self, METADATA, PathSearch},
        files,
        notes::RustcNotes,
        objects,
        system::{self, Glibc, ScriptFindings, System},
    },
    digest::Digest,
    inside::Inside,
    local::Store,
    moved::{CompilePlace, real_path},
    record::{File, RecipeSnapshot, Record, RecordedDependency, Role, VERSION},
    rights,
    scope::Keys,
    shared_blocks::SharedBlocks,
};

/// The file in which cargo notes the folder that a build script wrote into.
const OWN_FOLDER: &str = "root-output";
/// How long a build that has locked the folder is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stores the units of a recipe. `seen` are the hashes in the names of those that cargo built or found. Nothing is stored
/// while another build has locked their folders.
///
/// # Errors
/// If the target directory cannot be locked or read, or the store cannot be written.
pub fn publish(
    store: &Store,
    keys: Keys,
    place: &CompilePlace,
    seen: &BTreeSet<String>,
    system: &System<'_>,
    report: &dyn Report,
) -> Result<()> {
    let build_dir = Path::new(&place.build_dir);
    let Some(_locks) = lock(build_dir, seen, report)? else { return Ok(()) };
    let folder = target_dir::read(build_dir)?;
    let mut publisher = Publisher {
        store,
        place,
        system,
        folder: &folder,
        search: PathSearch::new(place),
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

/// cargo's locks on the profiles that hold these units: what another build writes meanwhile would be stored under the
/// fingerprints of this one. `None` if a build keeps one locked; a later build stores what it leaves.
fn lock(build_dir: &Path, seen: &BTreeSet<String>, report: &dyn Report) -> Result<Option<Locks>> {
    let profiles = target_dir::profiles_with(build_dir, seen);
    match locks::take_profiles(&profiles, PATIENCE, &Silent) {
        Ok(locks) => Ok(Some(locks)),
        Err(error @ larder::Error::InUse { .. }) => {
            report.step("Storing", &format!("nothing this time: {error}"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

struct Publisher<'a> {
    store: &'a Store,
    place: &'a CompilePlace,
    system: &'a System<'a>,
    folder: &'a TargetFolder,
    search: PathSearch,
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
        if fingerprint.cargo_hash() != hash
            || names_of_this_machine(fingerprint, self.place)
            || runs_what_it_finds(fingerprint)
            || self.is_moved(unit)
        {
            return Ok(None);
        }
        let notes = self.notes(unit);
        let source = match self.source(unit, fingerprint, &notes) {
            UnitSource::Runs => None,
            UnitSource::At(source) => Some(source),
            UnitSource::Unknown => return Ok(None),
        };
        let mut gathered = Gathered { notes, ..Gathered::default() };
        self.search.in_notes(&gathered.notes, &mut gathered.bound);
        for file in &unit.files {
            let Some(path) = Inside::from_path(&file.path) else { return Ok(None) };
            match file.kind {
                EntryKind::File => self.file(unit, &mark, path, &mut gathered)?,
                EntryKind::Folder if unit.kind == UnitKind::BuildScriptRun => gathered.folders.push(path),
                EntryKind::Folder => {}
                EntryKind::Link => return Ok(None),
            }
        }
        // Not every file system can lock: cargo empties the mark before it writes over anything else.
        let left = fs_err::read(Path::new(&self.place.build_dir).join(mark.as_str()));
        if !left.is_ok_and(|text| fingerprint::hash(&text) == Some(hash)) {
            return Ok(None);
        }
        let Gathered { files, folders, outputs, notes, bound, found, glibc } = gathered;
        let led = bound.iter().filter_map(|bound| self.search.led(*bound)).collect();
        // Paths that cargo looks at, each once.
        let looked_at: BTreeSet<String> =
            files::in_notes(&notes).chain(files::in_fingerprint(fingerprint)).collect();
        let of_system = files::of_system(looked_at, self.place, self.system, started(unit));
        let Some(of_system) = of_system.filter(|_| !found.is_in_doubt) else { return Ok(None) };
        let outputs = Record::outputs_of(outputs.iter().map(|(path, digest)| (path, *digest)));
        let record = Record {
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
                led,
                paths: found.paths.into_iter().collect(),
                files: of_system,
                libraries: found.libraries.into_iter().collect(),
                glibc,
            },
        };
        // Such as a run that wrote two files whose names differ by case alone: nobody could read the recipe.
        Ok(record.is_readable().then_some(record))
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
                self.look_into(unit, &path, &bytes, gathered);
            }
            Role::Printed => {
                gathered.outputs.insert(path.clone(), Digest::hash(&self.place.anywhere(&bytes)));
                self.search.in_printed(&bytes, &mut gathered.bound);
                let text = String::from_utf8_lossy(&bytes);
                system::found_by_script(&text, self.place, self.system, &mut gathered.found);
            }
            _ => {}
        }
        let (runs, size) = (rights::is_executable(&full)?, bytes.len() as u64);
        gathered.files.push(File { path, digest, size, runs, role });
        Ok(())
    }

    fn look_into(&self, unit: &BuiltUnit, path: &Inside, bytes: &[u8], gathered: &mut Gathered) {
        let is_of_run = unit.kind == UnitKind::BuildScriptRun;
        let Gathered { notes, bound, glibc, .. } = gathered;
        if path.as_str().ends_with(METADATA) {
            // A build script that tries what the compiler can do leaves some that nobody reads.
            if !is_of_run {
                self.search.in_metadata(bytes, notes, bound);
            }
        } else if is_of_run && !bound::is_artifact(bytes) {
            self.search.in_written(path, bytes, bound);
        } else {
            self.search.in_artifact(bytes, notes, bound);
            *glibc = (*glibc).max(self.glibc(unit, path, bytes));
        }
    }

    /// The version of glibc that a file needs. Objects of C do not say it: they were made for the one that is here.
    fn glibc(&self, unit: &BuiltUnit, path: &Inside, bytes: &[u8]) -> Option<Glibc> {
        let platform = self.folder.profile(unit).platform.as_deref();
        let is_for_glibc = platform.is_none_or(|platform| platform.contains("-gnu"));
        if is_for_glibc && objects::has_foreign(path.name(), bytes) {
            return self.system.glibc();
        }
        system::needed_glibc(bytes)
    }

    /// rustc's notes of a unit, from all of its lists.
    fn notes(&self, unit: &BuiltUnit) -> RustcNotes {
        let mut notes = RustcNotes::default();
        if unit.kind != UnitKind::BuildScriptRun {
            let lists = unit.files.iter().filter(|file| is_list(&file.path));
            let texts = lists.map(|list| read_untouched(&Path::new(&self.place.build_dir).join(&list.path)));
            texts.flatten().for_each(|bytes| notes.add(&String::from_utf8_lossy(&bytes)));
        }
        notes
    }

    /// Whether a build script ran in another build directory, which was moved or copied here since. cargo does not mind,
    /// but paths of that folder would be taken for mere text.
    fn is_moved(&self, unit: &BuiltUnit) -> bool {
        let mut noted = unit.files.iter().filter(|file| file.path.ends_with(OWN_FOLDER));
        noted.any(|file| {
            let noted = Path::new(&self.place.build_dir).join(&file.path);
            let beside = noted.ancestors().skip(1).take(2).map(|folder| real_path(folder.join("out")));
            let then = fs_err::read_to_string(&noted).unwrap_or_default();
            !beside.into_iter().any(|folder| folder == real_path(then.trim_end()))
        })
    }

    /// The root source file: the one in rustc's list whose path has the hash in the fingerprint.
    fn source(&self, unit: &BuiltUnit, fingerprint: &Fingerprint, notes: &RustcNotes) -> UnitSource {
        if unit.kind == UnitKind::BuildScriptRun {
            return if fingerprint.path == 0 { UnitSource::Runs } else { UnitSource::Unknown };
        }
        let source = notes.files().find(|source| cargo_hash(source) == fingerprint.path);
        let inside = source.and_then(|source| source.strip_prefix(&self.place.cargo_home).ok());
        inside.and_then(Inside::from_path).map_or(UnitSource::Unknown, UnitSource::At)
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
    notes: RustcNotes,
    bound: BTreeSet<Bound>,
    found: ScriptFindings,
    glibc: Option<Glibc>,
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
        OWN_FOLDER | "stderr" | "invoked.timestamp" if is_run && !has_folder(path, "out") => Role::Noted,
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

/// When cargo started to make a unit: files that changed later are news to it.
fn started(unit: &BuiltUnit) -> Option<SystemTime> {
    let of_name = unit.files.iter().filter(|file| file.path.ends_with("invoked.timestamp"));
    // A build script may have started cargo itself, and written more of them.
    of_name.map(|file| file.modified).min()
}

/// Whether a fingerprint names a file of cargo's folders by its absolute path: it would be looked for there.
fn names_of_this_machine(fingerprint: &Fingerprint, place: &CompilePlace) -> bool {
    let json = serde_json::to_vec(&fingerprint.local).unwrap_or_default();
    place.anywhere(&json) != json
}

/// Whether a build script asked for the programs that are found by their names, as that of `pyo3-ffi` for Python. Nobody
/// can say whether they are the same elsewhere, or later: the variable alone does not.
fn runs_what_it_finds(fingerprint: &Fingerprint) -> bool {
    let is_path = |local: &Local| matches!(local, Local::RerunIfEnvChanged { var, .. } if var == "PATH");
    fingerprint.local.iter().any(is_path)
}
