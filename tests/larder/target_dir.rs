//! Target folders of real builds, read and compared with what cargo said it built, in both of its layouts.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use larder::target_dir::{
    self, BuiltUnit, CodeOrigin, Layout, OtherKind, Tag, TargetFolder, UnitKind, fingerprint::cargo_hash,
};
use larder_tests::{Project, Surroundings, package};
use serde_json::Value;

const LAYOUTS: [(Layout, &[&str]); 2] = [(Layout::Old, &[]), (Layout::New, &["-Zbuild-dir-new-layout"])];

/// A workspace with every kind of target, an external package, and one that reaches a path package.
fn workspace() -> Project {
    let app = package(
        "my-app",
        "build = \"build.rs\"\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\
         [dependencies]\nitoa = \"=1.0.15\"\nthread_local = \"=1.1.9\"\n",
    );
    let macros = "#[macro_export]\nmacro_rules! cfg_if { ($($t:tt)*) => { $crate::__inner!($($t)*); } }\n\
        #[macro_export]\nmacro_rules! __inner {\n\
        (if #[cfg($m:meta)] { $($a:item)* } else { $($b:item)* }) => { $(#[cfg($m)] $a)* $(#[cfg(not($m))] $b)* };\n\
        (if #[cfg($m:meta)] { $($a:item)* } else if #[cfg($n:meta)] { $($b:item)* } else { $($c:item)* }) => \
        { $(#[cfg($m)] $a)* $(#[cfg(all(not($m), $n))] $b)* $(#[cfg(not(any($m, $n)))] $c)* };\n}\n";
    Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\"]\nexclude = [\"cfg-if\"]\nresolver = \"2\"\n[patch.crates-io]\ncfg-if = { path = \"cfg-if\" }\n",
        ),
        ("cfg-if/Cargo.toml", &package("cfg-if", "").replace("0.1.0", "1.0.1")),
        ("cfg-if/src/lib.rs", macros),
        ("app/Cargo.toml", &app),
        (
            "app/build.rs",
            "fn main() { std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made\", \"x\").unwrap() }\n",
        ),
        ("app/src/lib.rs", "pub fn one() -> u8 { 1 }\n#[test]\nfn passes() {}\n"),
        ("app/src/main.rs", "fn main() { println!(\"{}\", my_app::one()) }\n"),
        ("app/examples/shown.rs", "fn main() {}\n"),
        ("app/tests/whole.rs", "#[test]\nfn passes() {}\n"),
    ])
}

/// Runs cargo in a layout and returns what it says of each artifact.
fn build(project: &Project, layout: &[&str], args: &[&str]) -> Vec<Value> {
    let all = [layout, args, &["--message-format=json"]].concat();
    let vars = [("RUSTC_BOOTSTRAP", "1")];
    let outcome = Surroundings::get().run(Path::new("cargo"), project.path(), &all, &vars).ok();
    let messages = outcome.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.filter(|message| message["reason"] == "compiler-artifact").collect()
}

fn read(project: &Project) -> TargetFolder {
    let folder = target_dir::read(&project.path().join("target")).unwrap();
    assert_eq!((folder.tag, folder.problems.len()), (Tag::Cargo, 0));
    folder
}

/// The unit that a file is of: by its own name, or as a second name of it.
fn owner<'a>(folder: &'a TargetFolder, path: &Path) -> Option<&'a BuiltUnit> {
    let path = path.strip_prefix(fs_err::canonicalize(&folder.path).unwrap()).unwrap();
    let own = folder.units.iter().find(|unit| unit.files.iter().any(|file| file.path == path));
    let uplifted = folder.others.iter().find(|other| other.path == path);
    own.or_else(|| uplifted?.unit.map(|unit| &folder.units[unit]))
}

fn kind(message: &Value) -> UnitKind {
    if message["profile"]["test"] == true {
        return UnitKind::Test;
    }
    match message["target"]["kind"][0].as_str().unwrap() {
        "bin" => UnitKind::Binary,
        "example" => UnitKind::Example,
        "custom-build" => UnitKind::BuildScript,
        _ => UnitKind::Library,
    }
}

fn origin(message: &Value) -> CodeOrigin {
    let id = message["package_id"].as_str().unwrap();
    match id {
        _ if id.starts_with("path+") => CodeOrigin::Local,
        _ if id.contains("thread_local") => CodeOrigin::Tainted,
        _ => CodeOrigin::External,
    }
}

#[test]
fn units_are_those_that_cargo_built() {
    for (layout, flags) in LAYOUTS {
        let project = workspace();
        let mut messages = build(&project, flags, &["build", "--all-targets"]);
        messages.extend(build(&project, flags, &["build", "--release"]));
        let folder = read(&project);
        assert!(messages.len() > 8, "{messages:#?}");
        for message in &messages {
            let files = message["filenames"].as_array().unwrap();
            for file in files.iter().filter_map(Value::as_str) {
                let unit = owner(&folder, Path::new(file))
                    .unwrap_or_else(|| panic!("{layout:?}: {file} has no unit"));
                let found = (unit.layout, unit.kind, unit.origin, unit.target.as_str());
                let name = message["target"]["name"].as_str().unwrap();
                assert_eq!(found, (layout, kind(message), origin(message), name), "{file}");
                let profile = if message["profile"]["opt_level"] == "0" { "debug" } else { "release" };
                // Build scripts are not optimised in any profile.
                assert!(unit.kind == UnitKind::BuildScript || folder.profile(unit).name == profile, "{file}");
            }
        }
        every_unit_is_whole(&folder);
    }
}

/// A unit that was just built has a fingerprint, and all that it depends on is there.
fn every_unit_is_whole(folder: &TargetFolder) {
    let runs: Vec<&BuiltUnit> =
        folder.units.iter().filter(|unit| unit.kind == UnitKind::BuildScriptRun).collect();
    assert_eq!(runs.len(), 2, "one in each profile");
    for unit in &runs {
        assert_eq!((unit.package.as_str(), unit.origin), ("my-app", CodeOrigin::Local));
        assert!(unit.files.iter().any(|file| file.path.ends_with("out/made")));
        let script = folder.dependencies(unit)[0].expect("its script is there");
        assert_eq!(folder.units[script].kind, UnitKind::BuildScript);
    }
    for unit in folder.units.iter().filter(|unit| unit.kind != UnitKind::Unfinished) {
        assert!(
            unit.fingerprint.is_some() && unit.fingerprint_hash.is_some() && unit.built.is_some(),
            "{unit:?}"
        );
        assert!(!folder.dependencies(unit).contains(&None), "{unit:?}");
        assert_ne!(unit.origin, CodeOrigin::Unknown, "{unit:?}");
        assert!(!unit.is_check(), "{unit:?}");
    }
    let strange = [OtherKind::Orphan, OtherKind::Foreign];
    let strange: Vec<_> = folder.others.iter().filter(|other| strange.contains(&other.kind)).collect();
    assert!(strange.is_empty(), "{strange:#?}");
}

#[test]
fn every_file_is_of_one_unit_or_of_one_other_thing() {
    for (_, flags) in LAYOUTS {
        let project = workspace();
        build(&project, flags, &["build"]);
        build(&project, flags, &["check", "--tests"]);
        project.cargo(&["doc", "--quiet", "--no-deps"]);
        let folder = read(&project);
        let found: Vec<PathBuf> = folder.files().map(|file| file.path.clone()).collect();
        let listed = Surroundings::get()
            .run(Path::new("find"), &project.path().join("target"), &[".", "-printf", "%P\\n"], &[])
            .ok()
            .stdout;
        let listed: BTreeSet<PathBuf> = listed.lines().map(PathBuf::from).collect();
        assert_eq!(found.len(), listed.len(), "a file is listed twice or not at all");
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), listed);
        assert!(folder.units.iter().any(BuiltUnit::is_check));
        let kinds: BTreeSet<OtherKind> = folder.others.iter().map(|other| other.kind).collect();
        let expected =
            [OtherKind::Incremental, OtherKind::Documentation, OtherKind::Uplifted, OtherKind::Bookkeeping];
        assert!(expected.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
        let documented = folder.units.iter().find(|unit| unit.kind == UnitKind::Documentation).unwrap();
        assert_eq!(documented.origin, CodeOrigin::Local);
    }
}

#[test]
fn artifacts_without_a_fingerprint_are_orphans() {
    let project = workspace();
    build(&project, &[], &["build"]);
    let folder = read(&project);
    let unit = folder.units.iter().find(|unit| unit.package == "itoa").unwrap();
    let record = unit.fingerprint_file.as_ref().unwrap();
    fs_err::remove_dir_all(project.path().join("target").join(record.parent().unwrap())).unwrap();
    let orphans: Vec<_> =
        read(&project).others.into_iter().filter(|other| other.kind == OtherKind::Orphan).collect();
    assert_eq!(orphans.len(), 3, "{orphans:#?}");
    assert!(orphans.iter().all(|orphan| orphan.path.to_string_lossy().contains("itoa")), "{orphans:#?}");
    // The units that depended on it know of it no more.
    let folder = read(&project);
    let app =
        folder.units.iter().find(|unit| unit.kind == UnitKind::Library && unit.package == "my-app").unwrap();
    assert!(folder.dependencies(app).contains(&None));
}

#[test]
fn profile_folders_of_platforms_and_of_folders_inside_are_told_apart() {
    let project = workspace();
    let host = Surroundings::get().host();
    build(&project, &[], &["build"]);
    build(&project, &[], &["build", "--target-dir=target/front", "--target", &host]);
    let profiles: Vec<_> = read(&project)
        .profiles
        .iter()
        .map(|profile| (profile.base.clone(), profile.platform.clone(), profile.name.clone()))
        .collect();
    assert_eq!(
        profiles,
        [
            (PathBuf::new(), None, "debug".to_owned()),
            (PathBuf::from("front"), None, "debug".to_owned()),
            (PathBuf::from("front"), Some(host), "debug".to_owned()),
        ]
    );
}

#[test]
fn compilers_are_named_by_cargos_own_hash() {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", "fn main() {}\n")]);
    build(&project, &[], &["build"]);
    let version = Surroundings::get().run(Path::new("rustc"), project.path(), &["-vV"], &[]).ok().stdout;
    let folder = read(&project);
    let named = folder.units.iter().filter_map(|unit| Some(unit.fingerprint.as_ref()?.rustc));
    assert_eq!(named.collect::<Vec<_>>(), [cargo_hash(version.as_str())]);
}
