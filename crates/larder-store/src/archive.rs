//! One file that holds units of a store, for caches of CI and for machines without a network.
//!
//! ```text
//! larder units 1\n            says what it is
//! <frame>                     zstd of a list: snapshots, scopes and records
//! <frame> …                   zstd of each file, in the order of the records, each once
//! ```
//!
//! A frame is its length in eight bytes, little-endian, and that many bytes. No name in it becomes a path: files are
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
    local::{Key, Store},
    record::{File, Record, Snapshot},
};

const HEAD: &[u8] = b"larder units 1\n";
/// The largest list of units.
const LARGEST_LIST: u64 = 64 << 20;
/// The largest window of a frame: 2 to this power bytes are kept in memory for it.
const WINDOW: u32 = 27;
/// As quick as copying to a disk.
const LEVEL: i32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    snapshots: Vec<(Key, Snapshot)>,
    scopes: Vec<(Key, Digest)>,
    records: Vec<Record>,
}

/// What went through an archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Units.
    pub units: usize,
    /// The bytes of their files, before they were compressed.
    pub bytes: u64,
}

/// Writes the units of some recipes. `scopes` and `snapshots` are their keys.
///
/// # Errors
/// If a file cannot be read or written.
pub fn export(store: &Store, keys: &[crate::scope::Keys], to: &Path) -> Result<Moved> {
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
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", to.display()));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(named)?;
    let json = serde_json::to_vec(&list).map_err(|error| Error::bad("a list of units", error))?;
    file.write_all(HEAD).map_err(named)?;
    frame(&mut file, &json).map_err(named)?;
    let mut moved = Moved { units: list.records.len(), ..Moved::default() };
    for wanted in files(&list.records) {
        frame(&mut file, &store.read(wanted)?).map_err(named)?;
        moved.bytes += wanted.size;
    }
    file.persist(to).map_err(|error| named(error.error))?;
    Ok(moved)
}

/// The files of records, each once.
fn files(records: &[Record]) -> impl Iterator<Item = &File> {
    let mut seen = BTreeSet::new();
    records.iter().flat_map(|record| &record.files).filter(move |file| seen.insert(file.digest))
}

fn frame(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let packed = zstd::bulk::compress(bytes, LEVEL)?;
    to.write_all(&(packed.len() as u64).to_le_bytes())?;
    to.write_all(&packed)
}

/// Takes the units of an archive into a store.
///
/// # Errors
/// If the archive is none, was cut off or lies about its content. What came before that stays: it is sound.
pub fn import(store: &Store, from: &Path) -> Result<Moved> {
    let bad = |reason: &str| Error::bad(from.display(), reason);
    let mut file = io::BufReader::new(fs_err::File::open(from)?);
    let mut head = [0; HEAD.len()];
    file.read_exact(&mut head).map_err(|_| bad("it holds no units of Larder's"))?;
    if head != HEAD {
        return Err(bad("it holds no units of Larder's, or those of another version"));
    }
    let json = unpacked(&mut file, LARGEST_LIST).map_err(|reason| bad(&reason))?;
    let list: List = serde_json::from_slice(&json).map_err(|error| bad(&error.to_string()))?;
    let mut moved = Moved::default();
    for record in &list.records {
        // Checked as any other record is.
        Record::parse(&record.to_bytes().0)?;
    }
    for wanted in files(&list.records) {
        let bytes = unpacked(&mut file, wanted.size).map_err(|reason| bad(&reason))?;
        if bytes.len() as u64 != wanted.size || Digest::of(&bytes) != wanted.digest {
            return Err(bad("a file in it is not what its name says"));
        }
        store.add_bytes(&bytes)?;
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

/// The content of the next frame, which may have at most `most` bytes.
fn unpacked(from: &mut impl Read, most: u64) -> Result<Vec<u8>, String> {
    let cut = |_| "it ends too early".to_owned();
    let mut length = [0; 8];
    from.read_exact(&mut length).map_err(cut)?;
    let length = u64::from_le_bytes(length);
    // What zstd makes of bytes that cannot be compressed is hardly longer.
    if length > most + most / 128 + 1024 {
        return Err("a part of it is larger than it says".to_owned());
    }
    let mut frame = from.take(length);
    let mut decoder = zstd::Decoder::new(&mut frame).map_err(|error| error.to_string())?;
    decoder.window_log_max(WINDOW).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    decoder.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err("a part of it is larger than it says".to_owned());
    }
    io::copy(&mut frame, &mut io::sink()).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of(bytes: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        super::frame(&mut frame, bytes).unwrap();
        frame
    }

    #[test]
    fn frames_give_what_was_put_in_and_no_more_than_they_may() {
        let frame = frame_of(b"some bytes");
        assert_eq!(unpacked(&mut frame.as_slice(), 10).unwrap(), b"some bytes");
        assert!(unpacked(&mut frame.as_slice(), 9).is_err());
        let bomb = frame_of(&vec![0; 10 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(
            unpacked(&mut bomb.as_slice(), 10_000).unwrap_err(),
            "a part of it is larger than it says"
        );
        for end in 0..frame.len() {
            assert!(unpacked(&mut &frame[..end], 10).is_err(), "{end}");
        }
    }

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
