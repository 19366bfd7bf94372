//! Frozen layers that somebody edited: what such an edit cannot do, and, held just as much, what it can. Nothing says what
//! an older `Cargo.lock` asked for, so an edit that an older one could have led to is not noticed.

use std::collections::BTreeMap;

use larder_tests::Project;

use crate::layers::{bump, project};

/// A project with a frozen layer and the current one.
fn two_layers() -> Project {
    let project = project();
    bump(&project, "itoa", "1.0.15");
    project.larder(&["lock"]).ok();
    assert_eq!(project.layers("release"), 2);
    project
}

/// The line of a version in the table.
fn line(table: &str, package: &str) -> String {
    let line = table.lines().find(|line| line.starts_with(&format!("{package} ")));
    line.unwrap_or_else(|| panic!("{package} is in no line of {table}")).to_owned()
}

#[test]
fn a_frozen_layer_brings_in_nothing_that_no_lock_file_could() {
    let project = two_layers();
    let good = project.read("larder/larder.lock");
    let (itoa, resolver) = (line(&good, "itoa 1.0.13"), "manifest a workspace.resolver".to_owned());
    let fnv = line(&good, "fnv 1.0.7");
    let checksum = itoa.rsplit_once(' ').unwrap().1;
    let cook = "\"cook\":[\"build\",\"--release\"".to_owned();
    let packages = "cargo-lock a".to_owned();
    let edits = [
        ("a package without a checksum", &fnv, format!("evil 1.0.0 a-0 | t |\n{fnv}")),
        ("a package that nobody has", &fnv, format!("evil-larder-test 1.0.0 a-0 | t | {checksum}\n{fnv}")),
        ("another checksum", &itoa, itoa.replace(checksum, &checksum.chars().rev().collect::<String>())),
        ("no checksum", &itoa, itoa.replace(&format!(" {checksum}"), "")),
        ("a feature that brings in a package", &itoa, itoa.replace("| t |", "| t:no-panic |")),
        ("a feature that nobody has", &itoa, itoa.replace("| t |", "| t:evil |")),
        (
            "flags",
            &resolver,
            format!("manifest a-0 profile.release.rustflags = [\"-Clinker=evil\"]\n{resolver}"),
        ),
        (
            "unstable keys",
            &resolver,
            format!("manifest a-0 cargo-features = [\"profile-rustflags\"]\n{resolver}"),
        ),
        ("a patch", &resolver, format!("manifest a-0 patch.crates-io.itoa.path = \"../evil\"\n{resolver}")),
        ("a wrapper", &packages, format!("config a build.rustc-wrapper = \"evil\"\n{packages}")),
        ("a variable", &packages, format!("env a EVIL \"evil\"\n{packages}")),
        ("words of the call", &cook, format!("{cook},\"--config=evil\"")),
    ];
    for (what, from, to) in &edits {
        let tampered = good.replacen(from.as_str(), to, 1);
        assert_ne!(tampered, good, "{what}");
        project.write("larder/larder.lock", &tampered);
        let check = project.larder(&["lock", "--check"]);
        assert!([1, 3].contains(&check.code), "{what}: {check:?}");
        project.larder(&["lock"]).ok();
        let healed = project.read("larder/larder.lock");
        assert!(healed != tampered && !healed.contains("evil"), "{what}: {healed}");
        project.write("larder/larder.lock", &good);
        project.larder(&["lock", "--check"]).ok();
    }
}

/// As the page on trust says: other versions and features of what registries have. The current recipe is what it was.
#[test]
fn a_frozen_layer_can_hold_what_another_lock_file_would() {
    let project = two_layers();
    let (good, expanded) = (project.read("larder/larder.lock"), project.expanded());
    let lock = project.read("Cargo.lock");
    bump(&project, "ryu", "1.0.20");
    let other = project.read("Cargo.lock");
    project.write("Cargo.lock", &lock);
    let entry = other.split("[[package]]").find(|entry| entry.contains("name = \"ryu\"")).unwrap();
    let checksum = entry.split('"').find(|word| word.len() == 64).unwrap();
    let (ryu, json) = (line(&good, "ryu"), line(&good, "serde_json"));
    let features = "t/a1-:default,std t/a-0:default,std,unbounded_depth";
    let tampered = good
        .replace(&ryu, &format!("ryu 1.0.20 a | t | {checksum}\n{}", ryu.replacen(" a |", " a1- |", 1)))
        .replace(&json, &json.replace("t:default,std", features));
    project.write("larder/larder.lock", &tampered);
    project.larder(&["lock", "--check"]).ok();
    project.larder(&["lock"]).ok();
    assert_eq!(project.read("larder/larder.lock"), tampered);
    assert_eq!(current_recipe(&project.expanded()), current_recipe(&expanded));
    // Units that are compiled in vain are beside those that the application takes, which cargo judges.
    project.larder(&["cook", "--all-layers"]).ok();
    project.assert_exact(&["build", "--release"]);
}

/// The files of the newest layer.
fn current_recipe(expanded: &BTreeMap<String, String>) -> Vec<(&String, &String)> {
    expanded.iter().filter(|(path, _)| path.starts_with("release/1/")).collect()
}

/// A branch can be called like a bot's by anybody, and `--warn` is for packages that moved.
#[test]
fn a_bump_hides_no_other_edit() {
    let project = project();
    bump(&project, "itoa", "1.0.15");
    let good = project.read("larder/larder.lock");
    let checked = ["lock", "--check", "--locked", "--warn"];
    let bumped = project.larder(&checked).ok();
    assert!(bumped.stderr.contains("its external units changed (itoa, serde_json)\n"), "{}", bumped.stderr);
    let (fnv, resolver) = (line(&good, "fnv"), line(&good, "manifest a workspace.resolver"));
    let (config, slice) = (line(&good, "config a"), line(&good, "slice a"));
    let wrapper = r#""--config=build.rustc-wrapper=\"evil\"""#;
    let cook = "\"cook\":[\"build\",\"--release\"";
    let edits = [
        ("a wrapper in the words of the call", cook, format!("{cook},{wrapper}"), 1),
        ("another call", cook, "\"cook\":[\"build\"".to_owned(), 3),
        ("a variable", config.as_str(), format!("env a EVIL \"evil\"\n{config}"), 3),
        ("a wrapper", &config, format!("config a build.rustc-wrapper = \"evil\"\n{config}"), 1),
        ("a wrapper for all", &slice, format!("shared build.rustc-wrapper = \"evil\"\n{slice}"), 3),
        ("a profile", &resolver, format!("manifest a profile.release.lto = true\n{resolver}"), 3),
        ("a package without a checksum", &fnv, format!("evil 1.0.0 a | t |\n{fnv}"), 3),
    ];
    for (what, from, to, code) in &edits {
        let tampered = good.replacen(from, to, 1);
        assert_ne!(tampered, good, "{what}");
        project.write("larder/larder.lock", &tampered);
        let check = project.larder(&checked);
        assert_eq!(check.code, *code, "{what}: {check:?}");
        if *code == 1 {
            let cook = project.larder(&["cook"]);
            let is_named = ["sets something", "is no setting that a recipe has"]
                .iter()
                .any(|reason| cook.stderr.contains(reason));
            assert!(cook.code == 1 && is_named, "{what}: {cook:?}");
        }
    }
    project.write("larder/larder.lock", &good);
    let program = project.read("larder/expand.awk");
    project.write("larder/expand.awk", &(program.clone() + "# mine\n"));
    assert_eq!(project.larder(&checked).code, 3);
    project.write("larder/expand.awk", &program);
    // Known not to hold, as the page on trust says: a package with a checksum.
    let added = fnv.replace("fnv 1.0.7", "evil 1.0.0");
    project.write("larder/larder.lock", &good.replacen(&fnv, &format!("{added}\n{fnv}"), 1));
    project.larder(&checked).ok();
}
