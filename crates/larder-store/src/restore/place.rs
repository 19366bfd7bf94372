//! The files of one unit, put where cargo looks for them: the fingerprint's hash last.
//!
//! Until that is there, cargo compiles the unit and writes over whatever it finds, so a restore that is broken off
//! leaves nothing that counts.

use std::{
    collections::{BTreeSet, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use larder::target_dir::fingerprint::{self, Fingerprint};

use crate::{
    Error, Result,
    digest::{self, digest_of},
    error::named,
    inside::Inside,
    local::Store,
    moved::{CompilePlace, moved_fingerprint},
    record::{File, Record, Role},
    rights,
    shared_blocks::SharedBlocks,
};

/// A restore into a build directory: what its units have in common.
pub(super) struct Placing<'a> {
    store: &'a Store,
    place: &'a CompilePlace,
    now: SystemTime,
    /// Folders that are there and no links, as was seen in this restore.
    folders: Mutex<HashSet<PathBuf>>,
    shared: SharedBlocks,
}

impl<'a> Placing<'a> {
    pub(super) fn new(store: &'a Store, place: &'a CompilePlace) -> Self {
        let (folders, shared) = (Mutex::default(), SharedBlocks::default());
        Self { store, place, now: SystemTime::now(), folders, shared }
    }

    /// Restores a unit and says the hash of its fingerprint here.
    pub(super) fn unit(&self, record: &Record, dependencies: &[u64]) -> Result<u64> {
        let Self { store, place, .. } = self;
        if !store.has_files(record) {
            return Err(Error::bad("the store", "some of its files are gone"));
        }
        let (json, hash) = fingerprint(store, place, record, dependencies)?;
        if let Some(written) = record.written() {
            self.empty(Path::new(written.as_str()))?;
        }
        for folder in &record.folders {
            self.make_folder(Path::new(folder.as_str()))?;
        }
        let compiled_in = record.compiled_in();
        let written = record.files.iter().filter(|file| file.role != Role::Hash);
        for file in written {
            let path = self.prepare(&file.path)?;
            match file.role {
                Role::Fingerprint => self.write(&path, file, &json)?,
                Role::Noted if is_dep_info(record, &file.path) => {
                    self.write(&path, file, &compiled_in.moved_dep_info(place, &store.read(file)?))?;
                }
                // Paths of the machine are in both.
                Role::Printed | Role::Noted => {
                    self.write(&path, file, &compiled_in.moved(place, &store.read(file)?))?;
                }
                _ => self.copy(file, &path)?,
            }
        }
        let mark = record.file(Role::Hash)?;
        let path = self.prepare(&mark.path)?;
        let new = path.with_extension("larder-new");
        self.write(&new, mark, fingerprint::hash_text(hash).as_bytes())?;
        fs_err::rename(&new, &path)?;
        Ok(hash)
    }

    fn build_dir(&self) -> &Path {
        Path::new(&self.place.build_dir)
    }

    /// The path of a file whose folder is there.
    fn prepare(&self, path: &Inside) -> Result<PathBuf> {
        self.make_folder(Path::new(path.folder()))?;
        Ok(self.build_dir().join(path.as_str()))
    }

    fn make_folder(&self, folder: &Path) -> Result<()> {
        if self.known_folders().contains(folder) {
            return Ok(());
        }
        make_folder(self.build_dir(), folder)?;
        self.known_folders().insert(folder.to_owned());
        Ok(())
    }

    fn known_folders(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties the folder of a run, in which one that was broken off may have left files. Nothing of the run is there
    /// yet, so no folder in it is known.
    fn empty(&self, folder: &Path) -> Result<()> {
        self.make_folder(folder)?;
        let folder = self.build_dir().join(folder);
        fs_err::remove_dir_all(&folder)?;
        Ok(fs_err::create_dir(&folder)?)
    }

    /// Writes a file with its rights and its time.
    fn write(&self, path: &Path, file: &File, bytes: &[u8]) -> Result<()> {
        let mut new = new_file(path)?;
        io::Write::write_all(&mut new, bytes)?;
        self.finish(&new, file)
    }

    /// Copies a file, sharing its blocks if the file system can do that, and holds what arrived against its digest.
    fn copy(&self, file: &File, path: &Path) -> Result<()> {
        let blob = self.store.blob(file.digest);
        let (new, arrived) = self.copied(&blob, path)?;
        if arrived == (file.digest, file.size) {
            return self.finish(&new, file);
        }
        fs_err::remove_file(path)?;
        // Reading it puts the damaged file aside.
        self.store.read(file)?;
        Err(Error::bad(path.display(), "it changed while it was restored"))
    }

    /// A copy, and digest and size of what is in it.
    fn copied(&self, blob: &Path, path: &Path) -> Result<(fs_err::File, (digest::Digest, u64))> {
        // Blocks can be shared with a file alone that is not there yet.
        if self.shared.may_work() {
            remove(path)?;
            if self.shared.share(blob, path) {
                let arrived = digest_of(path)?;
                return Ok((fs_err::OpenOptions::new().write(true).open(path)?, arrived));
            }
        }
        let from = fs_err::File::open(blob)?;
        let mut new = new_file(path)?;
        let arrived = digest::copy(from, &mut new).map_err(|error| named(path, &error))?;
        Ok((new, arrived))
    }

    /// Its rights and its time.
    fn finish(&self, new: &fs_err::File, file: &File) -> Result<()> {
        let done = rights::set_runs(new.file(), file.runs).and_then(|()| new.file().set_modified(self.now));
        Ok(done.map_err(|error| named(new.path(), &error))?)
    }
}

/// Whether a file is cargo's own list of the files of a unit, beside its fingerprint.
fn is_dep_info(record: &Record, path: &Inside) -> bool {
    let mark = &record.fingerprint;
    path.folder() == mark.folder() && path.name().strip_prefix("dep-") == Some(mark.name())
}

/// Makes the folders of profiles, so that they can be held.
pub(super) fn prepare(build_dir: &Path, records: &[Record]) -> Result<Vec<PathBuf>> {
    let profiles: BTreeSet<&str> = records.iter().filter_map(Record::profile).collect();
    let folders = profiles.into_iter().map(|profile| {
        make_folder(build_dir, Path::new(profile))?;
        Ok(build_dir.join(profile))
    });
    folders.collect()
}

/// The fingerprint as cargo would write it here, with its hash.
pub(super) fn fingerprint(
    store: &Store,
    place: &CompilePlace,
    record: &Record,
    dependencies: &[u64],
) -> Result<(Vec<u8>, u64)> {
    // The hash is computed; a damaged file of it must be found all the same, and replaced.
    store.read(record.file(Role::Hash)?)?;
    let json = record.file(Role::Fingerprint)?;
    let bytes = store.read(json)?;
    let old = Fingerprint::parse(&bytes)
        .filter(|old| old.cargo_hash() == record.fingerprint_hash && old.deps.len() == dependencies.len());
    let reason = "this version of cargo writes fingerprints in another way";
    let old = old.ok_or_else(|| Error::bad(&json.path, reason))?;
    let source = record.source.as_ref().map(|source| place.source(source));
    let new = moved_fingerprint(old.clone(), source.as_deref(), dependencies);
    if new == old {
        return Ok((bytes, record.fingerprint_hash));
    }
    let hash = new.cargo_hash();
    Ok((serde_json::to_vec(&new).map_err(|error| Error::bad(&json.path, error))?, hash))
}

/// Makes a folder below another one, and goes through no link.
fn make_folder(top: &Path, folder: &Path) -> Result<()> {
    let mut path = top.to_owned();
    for name in folder {
        path.push(name);
        match fs_err::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ if fs_err::symlink_metadata(&path)?.is_dir() => {}
            _ => return Err(Error::bad(path.display(), "it is no folder")),
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A file with nothing in it. What is there may have another name elsewhere, so it is not written over.
fn new_file(path: &Path) -> io::Result<fs_err::File> {
    match create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove(path)?;
            create_new(path)
        }
        made => made,
    }
}

fn create_new(path: &Path) -> io::Result<fs_err::File> {
    fs_err::OpenOptions::new().write(true).create_new(true).open(path)
}
