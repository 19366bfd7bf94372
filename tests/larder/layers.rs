//! Layers: a dependency bump costs its cone, and older recipes stay as they were.

use std::{collections::BTreeSet, path::Path, time::SystemTime};

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, oracle::Oracle, redact};

const MANIFEST: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
serde_json = "=1.0.140"
cfg-if = "=1.0.1"
fnv = "1"
"#;

/// `serde_json` stands on `itoa`; `cfg-if` and `fnv` stand alone.
pub(crate) fn project() -> Project {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")]);
    project.cargo(&["update", "--quiet", "itoa", "--precise", "1.0.13"]);
    project.larder(&["lock"]).ok();
    project
}

pub(crate) fn bump(project: &Project, package: &str, version: &str) {
    project.cargo(&["update", "--quiet", package, "--precise", version]);
}

/// The folders in the slice's chain.
fn layers(project: &Project) -> Vec<String> {
    let expanded = project.expanded();
    let below = expanded.keys().filter_map(|path| path.strip_prefix("release/")?.split('/').next());
    let names: BTreeSet<String> = below.map(str::to_owned).collect();
    assert_eq!(names.len(), project.layers("release"));
    names.into_iter().collect()
}

/// The files of the slice's oldest layer.
fn oldest(project: &Project) -> Vec<(String, String)> {
    project.expanded().into_iter().filter(|(path, _)| path.starts_with("release/0/")).collect()
}

/// How many external units `cook` compiled.
fn compiled(project: &Project, words: &[&str]) -> u64 {
    let json = project.larder(&[&["cook", "--json"], words].concat()).ok().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json["phases"][0]["compiled-external"].as_u64().unwrap()
}

/// The artifacts that are compiled of a project's units, by the oracle: one number for each.
fn artifacts(project: &Project, oracle: &mut Oracle) -> BTreeSet<usize> {
    let units = oracle.units(project.path(), &["build", "--release"]);
    units
        .into_iter()
        .filter(|(_, what)| !what.contains("run-custom-build"))
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn a_bump_compiles_its_cone() {
    let mut oracle = Oracle::default();
    // Two leaves below `serde_json`, one that stands alone, and `serde`, which has units above and below it.
    for (package, version) in
        [("itoa", "1.0.15"), ("memchr", "2.7.4"), ("fnv", "1.0.6"), ("serde", "1.0.228")]
    {
        let project = project();
        compiled(&project, &[]);
        let before = artifacts(&project, &mut oracle);
        bump(&project, package, version);
        project.larder(&["lock"]).ok();
        assert_eq!(layers(&project), ["0", "1"], "{package}");
        let after = artifacts(&project, &mut oracle);
        let cone = after.difference(&before).count();
        assert!(cone > 0 && cone < after.len(), "{package}: {cone}");
        assert_eq!(compiled(&project, &[]), cone as u64, "{package}");
    }
}

#[test]
fn the_chain_from_nothing_leaves_nothing_to_the_build() {
    let project = project();
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    bump(&project, "fnv", "1.0.6");
    project.larder(&["lock"]).ok();
    assert_eq!(layers(&project), ["0", "1", "2"]);
    let (carried, chain) = (3, compiled(&project, &["--all-layers"]));
    let counts = Surroundings::get().cargo_counts(project.path(), &["build", "--release"], &[]);
    assert_eq!((counts.compiled_external, counts.compiled), (0, 1), "{counts:?}");
    fs_err::remove_dir_all(project.path().join("target")).unwrap();
    // The current recipe alone does not compile what the older ones carry along: two of itoa's cone, one fnv.
    assert_eq!(compiled(&project, &[]), chain - carried);
}

#[test]
fn older_layers_are_untouched_and_shown() {
    let project = project();
    project.larder(&["cook"]).ok();
    let before = oldest(&project);
    let cooked = project.path().join("target/larder/recipes/release/0/Cargo.toml");
    let written = time_of_writing(&cooked);
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    assert_eq!(oldest(&project), before);
    project.larder(&["cook", "--all-layers"]).ok();
    assert_eq!(time_of_writing(&cooked), written);
    project.larder(&["lock", "--check"]).ok();
    let shown = project.larder(&["plan"]).ok().stdout;
    assert_snapshot!(redact(&shown, project.path()), @"
    slice    external  layers  tainted  local  invocation
    release        14       2        0      1  cargo build --release

    release: 14 of 14 external units are in its layers
    layer  units  provides  carries
        0     14        12        2
        1     14         2        0
    ");
    let units = project.larder(&["plan", "--units"]).ok().stdout;
    assert!(units.contains("  1  itoa@1.0.15 lib build host"), "{units}");
    assert!(units.contains("  0  cfg-if@1.0.1 lib build host"), "{units}");
    // An older layer that no cargo can read: another version with the same checksum.
    let table = project.read("larder/larder.lock");
    let bad = table.replace("\nitoa 1.0.13 a ", "\nitoa 1.0.12 a ");
    assert_ne!(bad, table);
    project.write("larder/larder.lock", &bad);
    let check = project.larder(&["lock", "--check"]);
    assert!(check.code == 3 && check.stderr.contains("the layers below its recipe changed"), "{check:?}");
    project.larder(&["lock"]).ok();
    assert_eq!(layers(&project), ["0"]);
    project.larder(&["lock", "--check"]).ok();
}

fn time_of_writing(file: &Path) -> SystemTime {
    fs_err::metadata(file).unwrap().modified().unwrap()
}

#[test]
fn going_back_brings_the_old_recipe_back() {
    let project = project();
    let before = project.recipes();
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    bump(&project, "itoa", "1.0.13");
    project.larder(&["lock"]).ok();
    assert_eq!(project.recipes(), before);
}

/// With other flags nothing an older layer built can be used, so the chain starts anew.
#[test]
fn what_changes_every_unit_leaves_one_layer() {
    let project = project();
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n");
    project.larder(&["lock"]).ok();
    assert_eq!(layers(&project), ["0"]);
    project.write("Cargo.toml", &format!("{MANIFEST}\n[profile.release]\nopt-level = 1\n"));
    project.larder(&["lock"]).ok();
    assert_eq!(layers(&project), ["0"]);
}

#[test]
fn the_number_of_layers_is_a_setting() {
    let project = project();
    let settings = "\n[package.metadata.larder]\nmax-layers = 1\n";
    project.write("Cargo.toml", &format!("{MANIFEST}{settings}"));
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    assert_eq!(layers(&project), ["0"]);
    project.write("Cargo.toml", &format!("{MANIFEST}{}", settings.replace('1', "0")));
    let outcome = project.larder(&["lock"]);
    assert_snapshot!(outcome.failure(project.path()), @"
    exit code 1
    error: [ROOT]/Cargo.toml: metadata.larder: max-layers: there is always one, the current recipe
    ");
}

/// Settings that reach no compilation leave the chain as it is; a flag reaches all of it.
#[test]
fn only_what_reaches_a_compilation_collapses_the_chain() {
    let project = project();
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    let mut config = String::new();
    for more in [
        "[build]\njobs = 2\nrustdocflags = [\"--cfg\", \"x\"]\nbuild-dir = \"target\"\n",
        "[net]\nretry = 3\n[http]\ntimeout = 60\n[term]\nverbose = false\n",
        "[target.'cfg(all())']\nrunner = \"env\"\nrustdocflags = [\"-Dwarnings\"]\n[alias]\nx = \"run\"\n\
         [target.aarch64-pc-windows-msvc]\nrustflags = [\"-Ctarget-feature=+crt-static\"]\n",
        "[registries.own]\nindex = \"sparse+https://localhost/\"\n",
    ] {
        config += more;
        project.write(".cargo/config.toml", &config);
        project.larder(&["lock"]).ok();
        assert_eq!(layers(&project), ["0", "1"], "{config}");
        project.larder(&["lock", "--check"]).ok();
    }
    let written = project.recipe("config.toml");
    assert!(!written.contains("runner") && !written.contains("rustdocflags"), "{written}");
    project.write(".cargo/config.toml", &config.replace("jobs = 2", "rustflags = [\"--cfg\", \"y\"]"));
    project.larder(&["lock"]).ok();
    assert_eq!(layers(&project), ["0"]);
}

/// Reviews skip frozen layers, so whatever a layer replaces has to be replaced today as well.
#[test]
fn a_frozen_layer_that_replaces_packages_is_dropped() {
    let project = project();
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    assert_eq!(project.layers("release"), 2);
    let table = project.read("larder/larder.lock");
    let line = "manifest a workspace.resolver";
    let replaced = format!("manifest a-0 patch.crates-io.itoa.path = \"../evil\"\n{line}");
    project.write("larder/larder.lock", &table.replacen(line, &replaced, 1));
    let check = project.larder(&["lock", "--check"]);
    assert!(check.code == 3 && check.stderr.contains("stale: slice `release`"), "{check:?}");
    project.larder(&["lock"]).ok();
    assert!(!project.read("larder/larder.lock").contains("evil"));
    assert_eq!(project.layers("release"), 1);
}
