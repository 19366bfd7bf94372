//! Power that fails: what was written last is not there, is short, or is zeros, in any combination.
//!
//! Files of units are not forced to the disk, records and lists are; a disk may lie about either, so both are lost here.

use super::*;

/// How many states of a disk are tried.
const STATES: u64 = 1000;

/// Loses some of the files that were written, each in a way of its own.
fn lose(store: &Store, random: &mut fastrand::Rng) -> Vec<String> {
    let likely = random.u8(1..=100);
    let mut lost = Vec::new();
    for kind in ["blobs", "records", "snapshots", "scopes"] {
        for (path, size, _) in store.files(kind).unwrap() {
            if random.u8(..100) >= likely {
                continue;
            }
            let how = ["gone", "empty", "short", "zeros", "zeros at its end"][random.usize(..5)];
            let mut bytes = fs_err::read(&path).unwrap();
            let half = bytes.len() / 2;
            match how {
                "gone" => fs_err::remove_file(&path).unwrap(),
                "empty" => bytes.clear(),
                "short" => bytes.truncate(half),
                "zeros" => bytes.fill(0),
                _ => bytes[half..].fill(0),
            }
            if how != "gone" {
                fs_err::write(&path, &bytes).unwrap();
            }
            lost.push(format!("{how} ({size}): {}", path.display()));
        }
    }
    lost
}

#[test]
fn whatever_the_disk_lost_nothing_wrong_is_restored_and_the_next_build_mends_it() {
    let machine = Machine::new();
    let mut met = 0;
    for seed in 0..STATES {
        let lost = lose(&machine.store, &mut fastrand::Rng::with_seed(seed));
        let case = format!("{seed}: {lost:#?}");
        met += usize::from(!lost.is_empty());
        let _ = fs_err::remove_dir_all(machine.target("target"));
        let restored = machine.restore("target");
        machine.assert_sound("target", &case);
        machine.cook_again(&restored);
        let _ = fs_err::remove_dir_all(machine.target("target"));
        let again = machine.restore("target");
        machine.assert_sound("target", &case);
        // A damage can hide behind another one, so the second build may find more.
        machine.cook_again(&again);
        machine.assert_whole(&case);
    }
    assert!(met > 900, "{met}");
}
