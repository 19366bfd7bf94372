//! `cargo larder store verify --rebuild`: units that are compiled again come out the same, and a forged one does not.

use std::{path::PathBuf, time::SystemTime};

use larder_store::{
    digest::Digest,
    local::Store,
    record::{RecipeSnapshot, Role, VERSION},
};
use larder_tests::Surroundings;
use serde_json::Value;

use crate::store::{Checkout, Machine};

fn rebuild(checkout: &Checkout<'_>, share: &str) -> (i32, Value) {
    let words = ["store", "verify", "--rebuild", share, "--json"];
    let outcome = Surroundings::get().larder_with(checkout.project.path(), &words, &checkout.vars());
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    (outcome.code, told["slices"][0].clone())
}

fn count(told: &Value, field: &str) -> usize {
    let value = &told[field];
    value.as_array().map_or_else(|| usize::try_from(value.as_u64().unwrap()).unwrap(), Vec::len)
}

/// The files of the build with their times.
fn files(checkout: &Checkout<'_>) -> Vec<(PathBuf, SystemTime)> {
    let mut found = Vec::new();
    let mut open = vec![checkout.project.path().join("target/release")];
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let time = fs_err::metadata(&path).unwrap().modified().unwrap();
                found.push((path, time));
            }
        }
    }
    found.sort();
    found
}

/// Puts another library into a unit, with a record that says that it belongs there.
fn forge(machine: &Machine) -> String {
    let store = Store::open(machine.store.path()).unwrap();
    let lists = machine.files("snapshots");
    let [list] = lists.as_slice() else { panic!("{lists:?}") };
    let key: Digest = list.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let mut records = store.snapshot(key).unwrap().records;
    let at = records
        .iter()
        .position(|id| {
            let files = store.record(*id).unwrap().files;
            files.iter().any(|file| file.path.name().starts_with("libserde_json-"))
        })
        .unwrap();
    let mut record = store.record(records[at]).unwrap();
    let is_library = |role: Role, name: &str| role == Role::Output && name.rsplit('.').next() == Some("rlib");
    let file = record.files.iter_mut().find(|file| is_library(file.role, file.path.name())).unwrap();
    let mut bytes = fs_err::read(store.blob(file.digest)).unwrap();
    bytes.extend(b"more");
    (file.digest, file.size) = (store.add_bytes(&bytes).unwrap(), bytes.len() as u64);
    records[at] = store.add_record(&record).unwrap();
    store.set_snapshot(key, &RecipeSnapshot { version: VERSION, records }).unwrap();
    record.fingerprint.as_str().to_owned()
}

#[test]
fn what_is_compiled_again_is_the_same_and_what_was_forged_is_not() {
    let machine = Machine::new();
    let first = machine.first();
    let (_, compiled) = first.cook(&[]);
    let before = files(&first);
    let (code, told) = rebuild(&first, "100%");
    assert_eq!((code, count(&told, "different"), count(&told, "unbuilt")), (0, 0, 0), "{told}");
    assert_eq!(count(&told, "chosen"), count(&told, "units"), "{told}");
    assert_eq!(count(&told, "same") + count(&told, "bound"), count(&told, "chosen"), "{told}");
    // These include what their build scripts wrote, by its path.
    let expected = ["serde-", "serde_core-", "thiserror-"];
    for unit in told["bound"].as_array().unwrap() {
        assert!(expected.iter().any(|name| unit.as_str().unwrap().starts_with(name)), "{told}");
    }
    assert!(count(&told, "same") > 20, "{told}");
    // Runs of build scripts are units as well, and cargo does not count them.
    assert!(count(&told, "units") as u64 >= compiled, "{told}");
    let (_, told) = rebuild(&first, "5%");
    assert!((1..=3).contains(&count(&told, "chosen")), "{told}");
    assert_eq!(files(&first), before, "the project's own folder is left alone");
    let forged = forge(&machine);
    let (code, told) = rebuild(&first, "100%");
    assert_eq!((code, count(&told, "different")), (1, 1), "{told}");
    let unit = told["different"][0]["unit"].as_str().unwrap();
    assert!(forged.contains(unit), "{told}");
    // Units of another CARGO_HOME are counted, not compared.
    let (code, told) = rebuild(&first.another(), "100%");
    assert_eq!((code, count(&told, "chosen")), (0, 0), "{told}");
    assert_eq!(count(&told, "elsewhere"), count(&told, "units"), "{told}");
}
