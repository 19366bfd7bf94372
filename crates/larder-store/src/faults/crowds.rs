//! Many at once: writers of the same units, and readers while everything is deleted under them. The store has no lock, so
//! threads meet each other as programs do.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant, SystemTime},
};

use super::*;
use crate::local::sweep::Sweep;

const WRITERS: usize = 8;
const ROUNDS: usize = 100;
const READERS: usize = 4;
/// How long readers and a deleter are at it.
const TIME: Duration = Duration::from_secs(3);

#[test]
fn of_many_writers_of_one_key_one_copy_is_left() {
    let machine = Machine::new();
    let alone = machine.store.contents().unwrap();
    for round in 0..ROUNDS {
        fs_err::remove_dir_all(machine.store.root().join("v1")).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| cook(&machine.store, machine.keys));
            }
        });
        assert_eq!(machine.store.contents().unwrap(), alone, "{round}");
        assert_eq!(machine.store.files("new").unwrap(), [], "{round}");
    }
    machine.assert_whole("written at once");
}

/// Counts of readers and the deleter, and the sign for readers to stop.
#[derive(Default)]
struct Meanwhile {
    is_over: AtomicBool,
    swept: AtomicUsize,
    whole: AtomicUsize,
    part: AtomicUsize,
}

#[test]
fn whatever_is_deleted_meanwhile_readers_get_whole_units() {
    let machine = Machine::new();
    let meanwhile = Meanwhile::default();
    // So late that nothing is leased any more.
    let later = || SystemTime::now() + Duration::from_hours(1);
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (machine, meanwhile) = (&machine, &meanwhile);
            scope.spawn(move || restore_again_and_again(machine, &format!("reader{reader}"), meanwhile));
        }
        let end = Instant::now() + TIME;
        while Instant::now() < end {
            cook(&machine.store, machine.keys);
            let freed = machine.store.sweep(0, later(), Sweep::Delete).unwrap();
            meanwhile.swept.fetch_add(usize::from(freed > 0), Ordering::Relaxed);
        }
        meanwhile.is_over.store(true, Ordering::Relaxed);
    });
    let Meanwhile { swept, whole, part, .. } = meanwhile;
    let counts = [swept, whole, part].map(AtomicUsize::into_inner);
    assert!(counts[0] > 10 && counts[1] + counts[2] > 10, "{counts:?}");
    cook(&machine.store, machine.keys);
    machine.assert_whole("after all that");
}

fn restore_again_and_again(machine: &Machine, name: &str, meanwhile: &Meanwhile) {
    while !meanwhile.is_over.load(Ordering::Relaxed) {
        let _ = fs_err::remove_dir_all(machine.target(name));
        let restored = machine.restore(name);
        machine.assert_sound(name, "deleted meanwhile");
        let is_whole = restored.units == machine.records.len();
        let counter = if is_whole { &meanwhile.whole } else { &meanwhile.part };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_was_used_within_two_minutes_stays() {
    let machine = Machine::new();
    let contents = machine.store.contents().unwrap();
    let soon = SystemTime::now() + Duration::from_secs(110);
    machine.store.sweep(0, soon, Sweep::Delete).unwrap();
    assert_eq!(machine.store.contents().unwrap(), contents);
    // Using it is enough.
    let long_ago = SystemTime::now() - Duration::from_hours(1);
    for (path, _, _) in machine.store.files("records").unwrap() {
        fs_err::OpenOptions::new().write(true).open(path).unwrap().file().set_modified(long_ago).unwrap();
    }
    machine.restore("target");
    machine.store.sweep(0, SystemTime::now(), Sweep::Delete).unwrap();
    assert_eq!(machine.store.contents().unwrap(), contents);
}
