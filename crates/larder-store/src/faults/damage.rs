//! Damaged files of every kind: none is seen by cargo, and the next build puts sound ones in their place.

use std::path::{Path, PathBuf};

use super::*;

/// How many damages are made.
const DAMAGES: u64 = 1000;
/// Files are cut where file systems cut them.
const BLOCK: usize = 4096;

/// Damages one file, and says how.
fn damage(paths: &[PathBuf], random: &mut fastrand::Rng) -> String {
    let path = &paths[random.usize(..paths.len())];
    let mut bytes = fs_err::read(path).unwrap();
    let kind = if bytes.is_empty() { "longer" } else { KINDS[random.usize(..KINDS.len())] };
    let at = random.usize(..bytes.len().max(1));
    match kind {
        "one bit" => bytes[at] ^= 1 << random.u8(..8),
        "cut at a block" => bytes.truncate((bytes.len() - 1) / BLOCK * BLOCK),
        "cut anywhere" => bytes.truncate(at),
        "empty" => bytes.clear(),
        "longer" => bytes.extend(content(at, 1 + at)),
        "zeros" => bytes[at..].fill(0),
        "another sound file" => bytes = another(paths, &bytes, random),
        _ => unreachable!("{kind}"),
    }
    fs_err::write(path, bytes).unwrap();
    format!("{kind}: {}", path.display())
}

const KINDS: [&str; 7] =
    ["one bit", "cut at a block", "cut anywhere", "empty", "longer", "zeros", "another sound file"];

fn another(paths: &[PathBuf], bytes: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let others = paths.iter().map(|path| fs_err::read(path).unwrap()).filter(|other| other != bytes);
    let others: Vec<Vec<u8>> = others.collect();
    random.choice(&others).cloned().unwrap_or_default()
}

fn paths(store: &Store, kind: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = store.files(kind).unwrap().into_iter().map(|(path, _, _)| path).collect();
    paths.sort();
    paths
}

/// Restores after a damage, cooks, and requires that everything is sound then.
fn survives(machine: &Machine, case: &str) -> Restored {
    let _ = fs_err::remove_dir_all(machine.target("target"));
    let restored = machine.restore("target");
    machine.assert_sound("target", case);
    machine.cook_again(&restored);
    machine.assert_whole(case);
    restored
}

#[test]
fn a_thousand_damaged_files_are_all_found_and_all_replaced() {
    let machine = Machine::new();
    let blobs = paths(&machine.store, "blobs");
    for seed in 0..DAMAGES {
        let case = damage(&blobs, &mut fastrand::Rng::with_seed(seed));
        let restored = survives(&machine, &case);
        assert!(restored.damaged > 0, "{seed}, {case}: {restored:?}");
        assert!(restored.units < machine.records.len(), "{seed}, {case}");
    }
}

/// They hold no file's content, but lead to it.
#[test]
fn damaged_records_and_lists_are_all_found_and_all_replaced() {
    let machine = Machine::new();
    for kind in ["records", "snapshots", "scopes"] {
        let paths = paths(&machine.store, kind);
        for seed in 0..100 {
            let case = damage(&paths, &mut fastrand::Rng::with_seed(seed));
            survives(&machine, &format!("{kind}, {seed}, {case}"));
        }
    }
}

#[test]
fn what_was_remembered_and_damaged_is_forgotten() {
    let machine = Machine::new();
    let key = Digest::hash(b"a compiler");
    for seed in 0..100 {
        machine.store.remember(key, "an answer").unwrap();
        assert_eq!(machine.store.remembered(key).as_deref(), Some("an answer"));
        let path = machine.store.root().join("v1/remembered").join(key.to_string());
        let case = damage(&[path, two(&machine)], &mut fastrand::Rng::with_seed(seed));
        let found = machine.store.remembered(key);
        assert!(found.is_none() || found.as_deref() == Some("an answer"), "{case}: {found:?}");
    }
}

/// Another file, so that there is one to take for the damaged one.
fn two(machine: &Machine) -> PathBuf {
    let path = machine.target("other");
    fs_err::write(&path, "something else").unwrap();
    path
}

/// A killed restore leaves the file that it was writing.
#[test]
fn what_a_killed_restore_left_is_in_nobodys_way() {
    let machine = Machine::new();
    machine.restore("target");
    for record in &machine.records {
        let mark = machine.target("target").join(record.fingerprint.as_str());
        fs_err::rename(&mark, Path::new(&format!("{}.larder-new", mark.display()))).unwrap();
    }
    let restored = machine.restore("target");
    assert_eq!(restored.units, machine.records.len(), "{restored:?}");
}
