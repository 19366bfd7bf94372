//! The files of one unit, put where cargo looks for them: the fingerprint's hash last.
//!
//! Until that is there, cargo compiles the unit and writes over whatever it finds, so a restore that is broken off
//! leaves nothing that counts.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::target_dir::fingerprint::{self, Fingerprint};

use crate::{
    Error, Result,
    digest::digest_of,
    error::named,
    inside::Inside,
    local::Store,
    moved::{Place, moved_fingerprint},
    record::{File, Record, Role},
    rights,
};

/// Makes the folders of profiles, so that they can be held.
pub(super) fn prepare(build_dir: &Path, records: &[Record]) -> Result<Vec<PathBuf>> {
    let profiles: BTreeSet<&str> = records.iter().filter_map(Record::profile).collect();
    let make = |profile: &str| {
        make_folder(build_dir, Path::new(profile))?;
        Ok(build_dir.join(profile))
    };
    profiles.into_iter().map(make).collect()
}

/// Restores a unit and says the hash of its fingerprint here.
pub(super) fn unit(
    store: &Store,
    place: &Place,
    record: &Record,
    dependencies: &[u64],
    now: SystemTime,
) -> Result<u64> {
    let build_dir = Path::new(&place.build_dir);
    if !store.has_files(record) {
        return Err(Error::bad("the store", "some of its files are gone"));
    }
    let (json, hash) = fingerprint(store, place, record, dependencies)?;
    if let Some(written) = record.written() {
        empty(build_dir, Path::new(written.as_str()))?;
    }
    for folder in &record.folders {
        make_folder(build_dir, Path::new(folder.as_str()))?;
    }
    let compiled_in = record.compiled_in();
    let written = record.files.iter().filter(|file| file.role != Role::Hash);
    for file in written {
        let path = clear(build_dir, &file.path)?;
        match file.role {
            Role::Fingerprint => write(&path, &json)?,
            // Paths of the machine are in both.
            Role::Printed | Role::Noted => write(&path, &compiled_in.moved(place, &store.read(file)?))?,
            _ => copy(store, file, &path)?,
        }
        finish(&path, file, now)?;
    }
    let mark = record.file(Role::Hash)?;
    let path = clear(build_dir, &mark.path)?;
    let new = path.with_extension("larder-new");
    // Of a restore that was killed.
    remove(&new)?;
    write(&new, fingerprint::hash_text(hash).as_bytes())?;
    finish(&new, mark, now)?;
    fs_err::rename(&new, &path)?;
    Ok(hash)
}

/// The fingerprint as cargo would write it here, with its hash.
pub(super) fn fingerprint(
    store: &Store,
    place: &Place,
    record: &Record,
    dependencies: &[u64],
) -> Result<(Vec<u8>, u64)> {
    // The hash is computed; a damaged file of it must be found all the same, and replaced.
    store.read(record.file(Role::Hash)?)?;
    let json = record.file(Role::Fingerprint)?;
    let bytes = store.read(json)?;
    let strange = || Error::bad(&json.path, "this version of cargo writes fingerprints in another way");
    let old = Fingerprint::parse(&bytes).ok_or_else(strange)?;
    if old.cargo_hash() != record.fingerprint_hash || old.deps.len() != dependencies.len() {
        return Err(strange());
    }
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

/// Empties the folder of a run, in which one that was broken off may have left files.
fn empty(build_dir: &Path, folder: &Path) -> Result<()> {
    make_folder(build_dir, folder)?;
    let folder = build_dir.join(folder);
    fs_err::remove_dir_all(&folder)?;
    Ok(fs_err::create_dir(&folder)?)
}

/// The place of a file, with nothing in it: what is there may have another name elsewhere, so it is not written over.
fn clear(build_dir: &Path, path: &Inside) -> Result<PathBuf> {
    make_folder(build_dir, Path::new(path.folder()))?;
    let path = build_dir.join(path.as_str());
    remove(&path)?;
    Ok(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs_err::OpenOptions::new().write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    Ok(())
}

/// Copies a file, sharing its blocks if the file system can do that, and holds what arrived against its digest.
fn copy(store: &Store, file: &File, path: &Path) -> Result<()> {
    let blob = store.blob(file.digest);
    reflink_copy::reflink_or_copy(&blob, path).map_err(|error| named(path, &error))?;
    if digest_of(path)? == (file.digest, file.size) {
        return Ok(());
    }
    fs_err::remove_file(path)?;
    // Reading it puts the damaged file aside.
    store.read(file)?;
    Err(Error::bad(path.display(), "it changed while it was restored"))
}

/// Its rights and its time.
fn finish(path: &Path, file: &File, now: SystemTime) -> Result<()> {
    rights::set_runs(path, file.runs)?;
    let opened = fs_err::OpenOptions::new().write(true).open(path)?;
    opened.file().set_modified(now)?;
    Ok(())
}
