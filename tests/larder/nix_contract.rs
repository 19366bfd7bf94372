//! The names that `nix/` relies on of crane, nixpkgs and rust-overlay: one list, held against the stand-ins of
//! `tests/nix` and, where the variables of [`REAL`] name folders, against the real ones.

use std::{collections::BTreeSet, path::Path};

use larder_tests::{
    Surroundings,
    nix::{evaluate, input},
    not_given,
};
use serde_json::Value;

/// The variables that name folders with the real inputs.
const REAL: [(&str, &str); 3] = [
    ("crane", "LARDER_TEST_CRANE"),
    ("nixpkgs", "LARDER_TEST_NIXPKGS"),
    ("rust-overlay", "LARDER_TEST_RUST_OVERLAY"),
];

/// Holds the contract against the inputs, given as arguments of `contract.nix`; returns what holds.
fn kept(arguments: &str) -> Option<BTreeSet<String>> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix/contract.nix");
    let expression = format!("import {} {{ {arguments} }}", contract.display());
    let outcome = evaluate("contract", &expression)?.ok();
    let answer: Value = serde_json::from_str(&outcome.stdout).expect("nix prints JSON");
    assert_eq!(answer["broken"], Value::Array(Vec::new()));
    Some(serde_json::from_value(answer["holds"].clone()).expect("a list of names"))
}

#[test]
fn stand_ins_keep_it() {
    for system in ["x86_64-linux", "x86_64-darwin"] {
        let Some(holds) = kept(&format!("system = \"{system}\";")) else { return };
        assert!(holds.len() > 70, "{holds:?}");
    }
}

#[test]
fn real_inputs_keep_it() {
    let env = Surroundings::get().env();
    if let Some((_, missing)) = REAL.iter().find(|(_, variable)| env.get(variable).is_none()) {
        return not_given("the contract with the real inputs", missing);
    }
    let argument = |(name, _): &(&str, &str)| format!("{name} = {};", input(env, name).display());
    let _ = kept(&REAL.iter().map(argument).collect::<String>());
}

/// A change that uses another function in `nix/` adds it to the contract.
#[test]
fn it_lists_everything_that_is_used() {
    let Some(holds) = kept("") else { return };
    let nix = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nix");
    let mut used = BTreeSet::new();
    for folder in [nix.clone(), nix.join("lib"), nix.join("lib/table")] {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "nix") {
                used.extend(names(&fs_err::read_to_string(path).unwrap()));
            }
        }
    }
    // So that a change of style cannot empty the list unseen.
    assert!(used.contains("craneLib.mkCargoDerivation") && used.len() > 60, "{used:?}");
    let unlisted = used.iter().filter(|name| {
        !holds.contains(*name) && !holds.iter().any(|held| held.starts_with(&format!("{name}.")))
    });
    assert_eq!(unlisted.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// The names that a file takes out of the inputs, as they are written there: `lib.hasPrefix`, `pkgs.jq`.
fn names(text: &str) -> BTreeSet<String> {
    // A slash makes a path of it, such as `src/lib.rs`.
    let is_name = |c: char| c.is_alphanumeric() || "_-'./".contains(c);
    let code = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = code.flat_map(|line| line.split(|c| !is_name(c))).map(|word| word.trim_end_matches('.'));
    let scopes = ["crane.", "craneLib.", "lib.", "nixpkgs.", "pkgs.", "rust-overlay.", "rustBin."];
    let own = |word: &&str| scopes.iter().any(|scope| word.starts_with(scope));
    words.filter(own).map(str::to_owned).collect()
}
