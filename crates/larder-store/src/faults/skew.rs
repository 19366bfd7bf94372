//! An older and a newer Larder with one store: each passes by what it does not know, and deletes none of it.

use std::time::{Duration, SystemTime};

use super::*;
use crate::local::sweep::Sweep;

/// A record as a later Larder may write it, with a file of its own.
fn of_the_future(store: &Store) -> (PathBuf, PathBuf) {
    let digest = store.add_bytes(b"a file of the future").unwrap();
    let record = serde_json::json!({
        "version": VERSION + 1, "something": "new", "files": [{ "digest": digest, "size": 20, "kind": [1, 2] }],
    });
    let bytes = serde_json::to_vec(&record).unwrap();
    let id = Digest::hash(&bytes).to_string();
    let path = store.root().join("v1/records").join(&id[..2]).join(&id[2..]);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, bytes).unwrap();
    (path, store.blob(digest))
}

#[test]
fn what_a_later_version_stored_is_passed_by_and_stays() {
    let machine = Machine::new();
    let (record, blob) = of_the_future(&machine.store);
    let folder = machine.store.root().join("v2/blobs");
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join("ab"), "of a later version").unwrap();
    let snapshot = machine.store.root().join("v1/snapshots").join(Digest::hash(b"later").to_string());
    let text = format!("{{\"version\":{},\"units\":[]}}", VERSION + 1);
    fs_err::write(&snapshot, text).unwrap();

    assert_eq!(machine.store.snapshot(Digest::hash(b"later")), None);
    machine.assert_whole("with another version beside it");
    let later = SystemTime::now() + Duration::from_hours(1);
    machine.store.sweep(u64::MAX, later, Sweep::Delete).unwrap();
    machine.store.verify(DamageTreatment::Remove).unwrap();
    for path in [&record, &blob, &folder.join("ab"), &snapshot] {
        assert!(path.is_file(), "{} is gone", path.display());
    }
    machine.assert_whole("after deleting");
}

/// A store goes by its age and size, whoever wrote it.
#[test]
fn units_of_another_version_take_part_in_the_budget() {
    let machine = Machine::new();
    let (record, blob) = of_the_future(&machine.store);
    let later = SystemTime::now() + Duration::from_hours(1);
    machine.store.sweep(0, later, Sweep::Delete).unwrap();
    assert!(!record.exists() && !blob.exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_deleted_that_no_store_has_written() {
    let machine = Machine::new();
    let outside = machine.target("outside");
    fs_err::create_dir(&outside).unwrap();
    fs_err::write(outside.join("photo"), "of somebody").unwrap();
    let v1 = machine.store.root().join("v1");
    fs_err::os::unix::fs::symlink(&outside, v1.join("blobs/zz")).unwrap();
    fs_err::os::unix::fs::symlink(outside.join("photo"), v1.join("records/zz")).unwrap();
    fs_err::remove_dir_all(v1.join("scopes")).unwrap();
    fs_err::os::unix::fs::symlink(&outside, v1.join("scopes")).unwrap();
    fs_err::write(v1.join("blobs/notes"), "of somebody").unwrap();
    let later = SystemTime::now() + Duration::from_hours(24 * 30);
    let planned = machine.store.sweep(0, later, Sweep::Plan).unwrap();
    assert_eq!(machine.store.sweep(0, later, Sweep::Delete).unwrap(), planned);
    assert_eq!(machine.store.sweep(0, later, Sweep::Delete).unwrap(), 0);
    machine.store.verify(DamageTreatment::Remove).unwrap();
    assert!(outside.join("photo").is_file() && v1.join("blobs/notes").is_file());
}
