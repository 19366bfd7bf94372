//! Changes that change a recipe, and others that do not: both lists as tables.

use larder_tests::{Project, Surroundings};

const MANIFEST: &str = r#"
[workspace]
members = ["app", "lib"]
resolver = "2"

[workspace.dependencies]
itoa = "=1.0.15"

[workspace.metadata.larder.slices.check]
args = ["check"]
env = { FLAVOUR = "sweet" }

[profile.release]
lto = true
codegen-units = 4

[profile.release.package.app]
opt-level = 1

[profile.release.package.itoa]
opt-level = 2
"#;
const APP: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[features]
own = []

[dependencies]
itoa.workspace = true
lib = { path = "../lib" }

[build-dependencies]
either = { version = "=1.15.0", default-features = false }
"#;
const LIB: &str = r#"
[package]
name = "lib"
version = "0.1.0"
edition = "2021"

[dependencies]
cfg-if = "=1.0.1"

[dev-dependencies]
itoa = { workspace = true, features = ["no-panic"] }
fnv = "1"
"#;
/// The manifest of a further member, up to its dependencies.
const OTHER: &str =
    "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n";
const MAIN: &str = "fn main() {}\n";

fn workspace() -> Project {
    Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("app/Cargo.toml", APP),
        ("app/src/main.rs", MAIN),
        ("app/build.rs", MAIN),
        ("lib/Cargo.toml", LIB),
        ("lib/src/lib.rs", ""),
        ("lib/src/main.rs", MAIN),
    ])
}

/// A change to a workspace.
type Change = fn(&Project);

/// Replaces text that is there.
#[track_caller]
fn edit(project: &Project, path: &str, from: &str, to: &str) {
    let text = project.read(path);
    assert!(text.contains(from), "{path} holds {from:?}");
    project.write(path, &text.replace(from, to));
}

fn append(project: &Project, path: &str, text: &str) {
    project.write(path, &format!("{}{text}", project.read(path)));
}

fn rename(project: &Project, from: &str, to: &str) {
    let to = project.path().join(to);
    fs_err::create_dir_all(to.parent().unwrap()).unwrap();
    fs_err::rename(project.path().join(from), to).unwrap();
}

fn metadata(project: &Project) {
    edit(
        project,
        "app/Cargo.toml",
        "edition",
        "description = \"x\"\nauthors = [\"x\"]\nkeywords = [\"x\"]\nedition",
    );
    append(project, "app/Cargo.toml", "\n[package.metadata.docs.rs]\nall-features = true\n");
    append(project, "Cargo.toml", "\n[workspace.metadata.release]\ntag = true\n");
}

fn lints(project: &Project) {
    append(project, "Cargo.toml", "\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n");
    append(project, "app/Cargo.toml", "\n[lints]\nworkspace = true\n");
    append(project, "lib/Cargo.toml", "\n[lints.clippy]\nall = \"warn\"\n");
}

fn new_targets(project: &Project) {
    project.write("app/src/bin/other.rs", MAIN);
    project.write("lib/tests/all.rs", "#[test]\nfn works() {}\n");
    project.write("lib/examples/shown.rs", MAIN);
    project.write("lib/benches/fast.rs", MAIN);
}

fn new_member(project: &Project) {
    edit(project, "Cargo.toml", "\"lib\"]", "\"lib\", \"other\"]");
    project
        .write("other/Cargo.toml", &format!("{OTHER}lib = {{ path = \"../lib\" }}\nitoa.workspace = true\n"));
    project.write("other/src/main.rs", MAIN);
}

fn renamed_member(project: &Project) {
    edit(project, "Cargo.toml", "\"app\"", "\"application\"");
    edit(project, "Cargo.toml", "package.app", "package.application");
    edit(project, "app/Cargo.toml", "\"app\"", "\"application\"");
    rename(project, "app", "application");
}

fn moved_files(project: &Project) {
    edit(project, "Cargo.toml", "\"lib\"", "\"crates/deep/lib\"");
    edit(project, "app/Cargo.toml", "../lib", "../crates/deep/lib");
    rename(project, "lib", "crates/deep/lib");
    rename(project, "app/src/main.rs", "app/sources/start.rs");
    append(project, "app/Cargo.toml", "\n[[bin]]\nname = \"app\"\npath = \"sources/start.rs\"\n");
}

fn code(project: &Project) {
    project.write("lib/src/lib.rs", "pub fn f() {}\n");
    project.write("app/src/main.rs", "mod new;\nfn main() { new::f() }\n");
    project.write("app/src/new.rs", "pub fn f() {}\n");
}

fn local_features(project: &Project) {
    edit(project, "app/Cargo.toml", "own = []", "default = [\"own\"]\nown = []\nmore = [\"own\"]");
}

/// The tables of both manifests from last to first, and the keys of one.
fn reordered_tables(project: &Project) {
    for path in ["Cargo.toml", "app/Cargo.toml"] {
        let text = project.read(path);
        let mut tables: Vec<&str> = text.trim().split("\n\n").collect();
        tables.reverse();
        project.write(path, &format!("{}\n", tables.join("\n\n")));
    }
    edit(project, "Cargo.toml", "lto = true\ncodegen-units = 4", "codegen-units = 4\nlto = true");
}

fn unbuilt_packages(project: &Project) {
    let before = project.read("Cargo.lock");
    project.cargo(&["update", "--quiet", "fnv", "--precise", "1.0.6"]);
    assert_ne!(project.read("Cargo.lock"), before);
}

/// Application changes that must not touch a recipe, byte for byte: neither the one that is there nor one that
/// is written anew.
#[test]
fn nothing_of_the_application_changes_a_recipe() {
    let changes: [(&str, Change); 15] = [
        ("version bump", |p| edit(p, "app/Cargo.toml", "0.1.0", "0.9.0")),
        ("descriptions and metadata tables", metadata),
        ("lints", lints),
        ("new binary, test, example and benchmark", new_targets),
        ("new member", new_member),
        ("renamed member", renamed_member),
        ("moved files", moved_files),
        ("code", code),
        ("build script", |p| p.write("app/build.rs", "fn main() { println!(\"cargo::rustc-cfg=x\"); }\n")),
        ("local features", local_features),
        ("reordered tables", reordered_tables),
        ("lock changes of packages that are not built", unbuilt_packages),
        ("comment in a profile", |p| edit(p, "Cargo.toml", "lto = true", "# why\nlto = true")),
        ("profile of a member", |p| edit(p, "Cargo.toml", "opt-level = 1", "opt-level = 3")),
        ("alias", |p| p.write(".cargo/config.toml", "[alias]\nb = \"build\"\n")),
    ];
    let original = workspace();
    original.larder(&["lock"]).ok();
    let before = original.recipes();
    for (name, change) in changes {
        let project = Project::copy_of(original.path());
        change(&project);
        let outcome = project.larder(&["lock"]).ok();
        assert!(outcome.stderr.contains("Kept release"), "{name}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("Kept check"), "{name}: {}", outcome.stderr);
        assert_eq!(project.recipes(), before, "{name}");
        project.larder(&["lock", "--check"]).ok();
        fs_err::remove_dir_all(project.path().join("larder")).unwrap();
        project.larder(&["lock"]).ok();
        assert_eq!(project.recipes(), before, "{name}, written anew");
    }
}

/// Comments and the order of tables in cargo's configuration are the application's too; what it says is not.
#[test]
fn the_words_of_a_configuration_change_no_recipe() {
    let original = workspace();
    original.write(CONFIG, "[env]\nFLAVOUR = \"sour\"\nOTHER = { value = \"x\", force = true }\n\n[build]\nrustflags = [\"--cfg\", \"x\"]\n");
    original.larder(&["lock"]).ok();
    let before = original.recipes();
    let project = Project::copy_of(original.path());
    let same = "# Why this is here.\n[build]\nrustflags = [\n    # first\n    \"--cfg\",\n    \"x\",\n]\n\n# and why this\n\
        [env] # sour\nOTHER = {force = true, value = \"x\"}\nFLAVOUR = \"sour\"\n# the end\n";
    project.write(CONFIG, same);
    project.larder(&["lock", "--check"]).ok();
    let outcome = project.larder(&["lock"]).ok();
    assert!(outcome.stderr.contains("Kept release"), "{}", outcome.stderr);
    assert_eq!(project.recipes(), before);
    fs_err::remove_dir_all(project.path().join("larder")).unwrap();
    project.larder(&["lock"]).ok();
    assert_eq!(project.recipes(), before, "written anew");
    project.write(CONFIG, &same.replace("\"x\",\n]", "\"y\",\n]"));
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
}

/// The same bytes from another folder, another user and another registry cache.
#[test]
fn no_machine_changes_a_recipe() {
    let original = workspace();
    original.larder(&["lock"]).ok();
    let elsewhere = Project::without_lock(&[]);
    let env = Surroundings::get().env();
    let home = env.get_str("HOME").unwrap();
    let [user, cargo, target] =
        ["user", "cargo", "target"].map(|name| elsewhere.path().join(name).to_string_lossy().into_owned());
    // Toolchains stay where they are.
    let [rustup, same_cargo] = [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")]
        .map(|(name, folder)| (name, env.get_str(name).map_or(format!("{home}/{folder}"), str::to_owned)));
    let theirs = "[build]\nrustflags = [\"--cfg\", \"theirs\"]\ntarget-dir = \"theirs\"\n";
    elsewhere.write("cargo/config.toml", theirs);
    let users: [(&str, Vec<(&str, String)>); 4] = [
        ("another folder", vec![]),
        ("another user", vec![("HOME", user), same_cargo, rustup.clone()]),
        ("another CARGO_HOME", vec![("CARGO_HOME", cargo), rustup]),
        ("another shell", vec![("RUSTFLAGS", "--cfg theirs".into()), ("CARGO_TARGET_DIR", target)]),
    ];
    for (name, vars) in users {
        let project = Project::copy_of(original.path());
        let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(locked_with(&vars, &project).contains("Kept release"), "{name}");
        assert_eq!(project.recipes(), original.recipes(), "{name}");
        fs_err::remove_dir_all(project.path().join("larder")).unwrap();
        assert!(locked_with(&vars, &project).contains("Locked release"), "{name}");
        assert_eq!(project.recipes(), original.recipes(), "{name}, written anew");
    }
}

/// The messages of `lock` with more variables.
fn locked_with(vars: &[(&str, &str)], project: &Project) -> String {
    Surroundings::get().larder_with(project.path(), &["lock"], vars).ok().stderr
}

fn feature(project: &Project) {
    edit(project, "lib/Cargo.toml", "\"=1.0.1\"", "{ version = \"=1.0.1\", features = [\"core\"] }");
}

fn source(project: &Project) {
    append(project, "Cargo.toml", "\n[patch.crates-io]\nitoa = { path = \"itoa\" }\n");
    project.write("itoa/Cargo.toml", &OTHER.replace("other", "itoa").replace("0.1.0", "1.0.15"));
    append(project, "itoa/Cargo.toml", "\n[features]\nno-panic = []\n");
    project.write("itoa/src/lib.rs", "");
}

fn target(project: &Project) {
    let host = Surroundings::get().host();
    project.write(".cargo/config.toml", &format!("[build]\ntarget = {host:?}\n"));
}

const CONFIG: &str = ".cargo/config.toml";

/// Changes that must be noticed by `--check` and taken in by `lock`.
#[test]
fn what_reaches_dependencies_does() {
    let changes: [(&str, Change); 16] = [
        ("version", |p| edit(p, "lib/Cargo.toml", "=1.0.1", "=1.0.0")),
        ("feature", feature),
        ("new dependency", |p| edit(p, "lib/Cargo.toml", "[dependencies]", "[dependencies]\nfnv = \"1\"")),
        ("dependency less", |p| edit(p, "lib/Cargo.toml", "cfg-if = \"=1.0.1\"", "")),
        ("dependency for the host", |p| {
            edit(p, "app/Cargo.toml", "[build-dependencies]", "[dev-dependencies]");
        }),
        ("source", source),
        ("profile", |p| edit(p, "Cargo.toml", "lto = true", "lto = false")),
        ("profile of a package", |p| edit(p, "Cargo.toml", "opt-level = 2", "opt-level = 1")),
        ("rustflags", |p| p.write(CONFIG, "[build]\nrustflags = [\"--cfg\", \"x\"]\n")),
        ("rustflags of a target", |p| {
            p.write(CONFIG, "[target.'cfg(unix)']\nrustflags = [\"--cfg\", \"x\"]\n");
        }),
        ("environment", |p| p.write(CONFIG, "[env]\nFLAVOUR = \"sour\"\n")),
        ("environment of a slice", |p| edit(p, "Cargo.toml", "sweet", "sour")),
        ("resolver", |p| edit(p, "Cargo.toml", "resolver = \"2\"", "resolver = \"3\"")),
        ("target", target),
        ("target directory", |p| p.write(CONFIG, "[build]\ntarget-dir = \"out\"\n")),
        ("toolchain", |p| p.write("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n")),
    ];
    let original = workspace();
    original.larder(&["lock"]).ok();
    let before = original.recipes();
    for (name, change) in changes {
        let project = Project::copy_of(original.path());
        change(&project);
        project.cargo(&["update", "--workspace", "--quiet"]);
        assert_eq!(project.larder(&["lock", "--check"]).code, 3, "{name}");
        assert_eq!(project.recipes(), before, "--check writes nothing: {name}");
        project.larder(&["lock"]).ok();
        assert_ne!(project.recipes(), before, "{name}");
        project.larder(&["lock", "--check"]).ok();
    }
}
