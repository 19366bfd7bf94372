//! The store in bad times: several builds at once, and builds that are killed while they store or restore.

use std::{path::Path, time::Duration};

use larder::process::{Cmd, Environment};
use larder_tests::{Random, Surroundings};

use crate::store::{Checkout, Machine, SAID};

/// How often a build is killed. A round takes a second.
const ROUNDS: usize = 20;

fn environment(checkout: &Checkout<'_>) -> Environment {
    let mut env = Surroundings::get().env().clone();
    checkout.vars().into_iter().for_each(|(name, value)| env.set(name, value));
    env
}

/// Starts `cook` and kills it after a while; whether it was still at work.
fn cook_and_kill(checkout: &Checkout<'_>, after: Duration) -> bool {
    let log = tempfile::NamedTempFile::new().unwrap();
    let cmd = Cmd::new(Surroundings::get().binary(), checkout.project.path(), &environment(checkout));
    let mut running = cmd.args(["larder", "cook"]).spawn_logged(log.path()).unwrap();
    std::thread::sleep(after);
    let is_alive = running.try_exit_code().unwrap().is_none();
    // Dropping kills with SIGKILL and waits.
    drop(running);
    is_alive
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs_err::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn checkouts_that_cook_at_once_share_a_store() {
    let machine = Machine::new();
    let first = machine.first();
    let others: Vec<_> = (0..3).map(|_| first.another()).collect();
    std::thread::scope(|scope| {
        for checkout in std::iter::once(&first).chain(&others) {
            scope.spawn(|| checkout.cook(&[]));
        }
    });
    first.larder(&["store", "verify"]);
    for checkout in std::iter::once(&first).chain(&others) {
        assert_eq!(checkout.build(&[]).compiled_external, 0);
        assert_eq!(checkout.says(), SAID);
    }
    let late = first.another();
    let (restored, compiled) = late.cook(&[]);
    assert!(restored > 10, "{restored}");
    assert_eq!(compiled, 0);
    assert_eq!(late.build(&[]).compiled_external, 0);
    assert_eq!(late.says(), SAID);
}

#[test]
fn killed_while_it_stores_a_build_leaves_nothing_half() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let (mut random, mut met) = (Random::new(0x3c6e_f372_fe94_f82b), 0);
    for round in 0..ROUNDS {
        // Everything is compiled, so nothing but storing is left to do.
        remove(&machine.store.path().join("v1"));
        let after = Duration::from_millis(random.below(900).try_into().unwrap());
        met += usize::from(cook_and_kill(&first, after));
        let told = first.larder(&["store", "verify", "--json"]);
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let found = [&told["damaged"], &told["incomplete"]].map(|list| list.as_array().unwrap().len());
        assert_eq!(found, [0, 0], "round {round}, after {after:?}: {told}");
    }
    assert!(met > 0, "no build was still at work");
    first.cook(&[]);
    let second = first.another();
    assert_eq!(second.cook(&[]).1, 0);
}

#[test]
fn killed_while_it_restores_a_build_leaves_a_folder_that_works() {
    let machine = Machine::new();
    let first = machine.first();
    first.cook(&[]);
    let second = first.another();
    let (mut random, mut met) = (Random::new(0xa54f_f53a_5f1d_36f1), 0);
    for round in 0..ROUNDS {
        remove(&second.project.path().join("target"));
        let after = Duration::from_millis(random.below(1200).try_into().unwrap());
        met += usize::from(cook_and_kill(&second, after));
        // Plain cargo first: what is half must not count as fresh.
        if round % 4 == 0 {
            second.build(&[]);
            assert_eq!(second.says(), SAID, "round {round}, after {after:?}");
            continue;
        }
        assert_eq!(second.cook(&[]).1, 0, "round {round}, after {after:?}");
        assert_eq!(second.build(&[]).compiled_external, 0, "round {round}, after {after:?}");
        assert_eq!(second.says(), SAID, "round {round}, after {after:?}");
    }
    assert!(met > 0, "no build was still at work");
}
