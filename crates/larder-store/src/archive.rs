//! One file that holds units of a store, for caches of CI and for machines without a network.
//!
//! ```text
//! larder units 1\n            says what it is
//! <frame>                     zstd of a list: snapshots, scopes and records
//! <frame> …                   zstd of each file, in the order of the records, each once
//! ```
//!
//! Frames are those of `frame`. No name in it becomes a path: files are
//! called by their digests. Reading believes nothing: sizes are those of the list, and digests are computed.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    digest::Digest,
    error::named,
    frame,
    local::{Key, Store},
    record::{File, RecipeSnapshot, Record},
};

const HEAD: &[u8] = b"larder units 1\n";
/// The largest list of units.
const LARGEST_LIST: u64 = 64 << 20;
/// As quick as copying to a disk.
const LEVEL: i32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    snapshots: Vec<(Key, RecipeSnapshot)>,
    scopes: Vec<(Key, Digest)>,
    records: Vec<Record>,
}

impl List {
    /// The files of all records, each once.
    fn files(&self) -> impl Iterator<Item = &File> {
        frame::distinct(self.records.iter().flat_map(|record| &record.files))
    }
}

/// The units and bytes that went through an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ArchiveTotals {
    /// Units.
    pub units: usize,
    /// The bytes of their files, before they were compressed.
    pub bytes: u64,
}

/// Writes the units of some recipes. `scopes` and `snapshots` are their keys.
///
/// # Errors
/// If a file cannot be read or written.
pub fn export(store: &Store, keys: &[crate::scope::Keys], to: &Path) -> Result<ArchiveTotals> {
    let mut list = List::default();
    let mut seen = BTreeSet::new();
    for keys in keys {
        let Some(snapshot) = store.snapshot(keys.snapshot) else { continue };
        for id in &snapshot.records {
            if seen.insert(*id)
                && let Some(record) = store.record(*id).filter(|record| store.has_files(record))
            {
                list.scopes.push((keys.scope, *id));
                list.records.push(record);
            }
        }
        list.snapshots.push((keys.snapshot, snapshot));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| named(to, &error))?;
    let json = serde_json::to_vec(&list).map_err(|error| Error::bad("a list of units", error))?;
    file.write_all(HEAD).map_err(|error| named(to, &error))?;
    frame::write(&mut file, &json, LEVEL).map_err(|error| named(to, &error))?;
    let mut moved = ArchiveTotals { units: list.records.len(), ..ArchiveTotals::default() };
    for wanted in list.files() {
        frame::write(&mut file, &store.read(wanted)?, LEVEL).map_err(|error| named(to, &error))?;
        moved.bytes += wanted.size;
    }
    file.persist(to).map_err(|error| named(to, &error.error))?;
    Ok(moved)
}

/// Takes the units of an archive into a store.
///
/// # Errors
/// If the archive is none, was cut off or lies about its content. The units before that stay: they are sound.
pub fn import(store: &Store, from: &Path) -> Result<ArchiveTotals> {
    let mut file = io::BufReader::new(fs_err::File::open(from)?);
    let mut head = [0; HEAD.len()];
    file.read_exact(&mut head).map_err(|_| Error::bad(from.display(), "it holds no units of Larder's"))?;
    if head != HEAD {
        let reason = "it holds no units of Larder's, or those of another version";
        return Err(Error::bad(from.display(), reason));
    }
    let json = frame::read(&mut file, LARGEST_LIST).map_err(|reason| Error::bad(from.display(), reason))?;
    let list: List = serde_json::from_slice(&json).map_err(|error| Error::bad(from.display(), error))?;
    let mut moved = ArchiveTotals::default();
    for record in &list.records {
        // Checked as any other record is.
        Record::parse(&record.to_bytes().0)?;
    }
    for wanted in list.files() {
        frame::store(&mut file, wanted, store).map_err(|error| Error::bad(from.display(), error))?;
        moved.bytes += wanted.size;
    }
    for record in &list.records {
        let id = store.add_record(record)?;
        moved.units += 1;
        for (scope, _) in list.scopes.iter().filter(|(_, other)| *other == id) {
            store.set_newest(*scope, &record.fingerprint, id)?;
        }
    }
    for (key, snapshot) in &list.snapshots {
        store.set_snapshot(*key, snapshot)?;
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_archive_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store")).unwrap();
        let file = dir.path().join("units");
        for bytes in [
            b"".as_slice(),
            b"larder",
            b"larder units 2\n",
            b"larder units 1\n",
            b"larder units 1\n\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            fs_err::write(&file, bytes).unwrap();
            assert!(import(&store, &file).is_err(), "{bytes:?}");
        }
        assert_eq!(store.contents().unwrap().blobs, 0);
    }
}
