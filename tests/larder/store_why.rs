//! `cargo larder store why`: what is said of a unit is what cooking does with it, and what differs is named.

use larder_tests::Surroundings;
use serde_json::Value;

use crate::store::{Checkout, Machine};

/// The answer on some units of the one slice.
fn why(checkout: &Checkout<'_>, unit: &str, more: &[(&str, &str)]) -> Value {
    let vars = [checkout.vars().as_slice(), more].concat();
    let words = ["store", "why", unit, "--json"];
    let told = Surroundings::get().larder_with(checkout.project.path(), &words, &vars).ok().stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["slices"].as_array().unwrap().len(), 1, "{told}");
    told["slices"][0].clone()
}

fn verdicts(told: &Value) -> Vec<&str> {
    let mut all: Vec<&str> =
        told["units"].as_array().unwrap().iter().map(|unit| unit["verdict"].as_str().unwrap()).collect();
    all.dedup();
    all
}

/// The parts of the key that differ.
fn parts(told: &Value) -> Vec<&str> {
    let differences = told["nearest"]["differences"].as_array().unwrap();
    differences.iter().map(|difference| difference["part"].as_str().unwrap()).collect()
}

/// One test, since each part of it needs a store with units in it.
#[test]
fn what_is_said_of_a_unit_is_what_cooking_does_and_what_differs_is_named() {
    let machine = Machine::new();
    let first = machine.first();
    assert_eq!(why(&first, "serde_json", &[])["nearest"]["kind"], "nothing");
    first.cook(&[]);
    assert_eq!(verdicts(&why(&first, "serde_json", &[])), ["present"]);
    followed_into_the_target_directory(&first.another());
    other_settings(&first);
    another_version_and_damage(&machine, &first.another());
}

fn followed_into_the_target_directory(second: &Checkout<'_>) {
    let told = why(second, "serde_json", &[]);
    assert_eq!((told["whole"].as_bool(), verdicts(&told)), (Some(true), vec!["restored"]));
    // By cargo's name, and by the version.
    let unit = told["units"][0]["unit"].as_str().unwrap();
    assert!(unit.starts_with("serde_json-"), "{unit}");
    assert_eq!(why(second, unit, &[])["units"].as_array().unwrap().len(), 1);
    assert_eq!(verdicts(&why(second, "serde_json@1.0.145", &[])), ["restored"]);
    second.cook(&[]);
    assert_eq!(verdicts(&why(second, unit, &[])), ["present"]);
    let words = ["store", "why", "serde_json@1.0.1"];
    let refused = Surroundings::get().larder_with(second.project.path(), &words, &second.vars());
    assert_eq!(refused.code, 1);
}

fn other_settings(first: &Checkout<'_>) {
    let flags = [("RUSTFLAGS", "--cfg of_mine")];
    let told = why(first, "serde", &flags);
    assert_eq!(parts(&told), ["flags", "variables"], "{told}");
    let now = told["nearest"]["differences"][0]["now"].to_string();
    assert!(now.contains("of_mine"), "{now}");
    assert!(told["nearest"]["differences"][0]["then"].is_array());
    let profile = [("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")];
    assert_eq!(parts(&why(first, "serde", &profile)), ["variables"]);
    let linker = [
        ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "of-mine"),
        ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "of-mine"),
    ];
    assert_eq!(parts(&why(first, "serde", &linker)), ["linker", "variables"]);
    let text = Surroundings::get().larder_with(
        first.project.path(),
        &["store", "why", "serde"],
        &[first.vars().as_slice(), &linker].concat(),
    );
    assert!(text.ok().stdout.contains("the linker differs"));
}

fn another_version_and_damage(machine: &Machine, second: &Checkout<'_>) {
    let manifest = second.project.read("Cargo.toml").replace("=2.0.17", "=2.0.16");
    second.project.write("Cargo.toml", &manifest);
    second.cargo(&["update", "--quiet", "--workspace"]);
    second.larder(&["lock"]);
    let told = why(second, "thiserror", &[]);
    assert_eq!(told["nearest"]["kind"], "packages", "{told}");
    assert_eq!(told["nearest"]["packages"], serde_json::json!(["thiserror-2.0.17", "thiserror-impl-2.0.17"]));
    let told = why(second, "serde_json", &[]);
    assert_eq!((told["whole"].as_bool(), verdicts(&told)), (Some(false), vec!["restored"]));
    // A unit that stands on a damaged one is compiled with it.
    for blob in machine.files("blobs") {
        if fs_err::metadata(&blob).unwrap().len() > 10_000 {
            let mut bytes = fs_err::read(&blob).unwrap();
            bytes[5000] ^= 1;
            fs_err::write(&blob, bytes).unwrap();
        }
    }
    let told = why(second, "serde_json", &[]);
    assert!(verdicts(&told).contains(&"refused"), "{told}");
    let reasons = told["units"].to_string();
    assert!(reasons.contains("is damaged or gone"), "{reasons}");
}
