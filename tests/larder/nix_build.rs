//! The parts that Nix builds of a workspace, and those that it builds anew after an edit: real builds in Nix's sandbox,
//! with `tests/nix` in place of nixpkgs and crane.
//!
//! The consumer's flake is the template. Which derivation depends on what is told faster by evaluation, in `nix.rs`;
//! here is what only a build can tell: what cargo compiles in each derivation, and that the program runs.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use larder::{camino::Utf8Path, process::Cmd, recipe::lock_file::LockFile};
use larder_tests::{
    Project, Surroundings,
    nix::{Nix, Said, Whose},
    package,
    site::{Site, free_addr},
    skip,
};
use serde_json::{Map, Value, json};

const MANIFEST: &str = r#"
[workspace]
members = ["app"]
resolver = "2"

[workspace.package]
version = "0.1.0"
edition = "2021"

[workspace.dependencies]
shared = { path = "shared" }
"#;
const APP: &str = r#"
[package]
name = "app"
version.workspace = true
edition.workspace = true

[dependencies]
shared.workspace = true
itoa = "=1.0.14"
"#;
/// A server that answers everything with a number.
const MAIN: &str = r#"use std::io::{Read as _, Write as _};

fn main() {
    let address = std::env::args().nth(1).unwrap();
    let listener = std::net::TcpListener::bind(address).unwrap();
    let number = shared::Number { value: 42 };
    let mut text = itoa::Buffer::new();
    let text = text.format(number.value);
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
        let _ = write!(stream, "{head}{text}");
    }
}
"#;
const SHARED: &str = r#"
[package]
name = "shared"
version.workspace = true
edition.workspace = true

[dependencies]
serde = { version = "=1.0.219", features = ["derive"] }
"#;
const SHARED_LIB: &str = "#[derive(serde::Serialize)]\npub struct Number {\n    pub value: u32,\n}\n";

/// The settings of an image.
const DOCKER: &str = "[workspace.metadata.larder.docker]\nvolume = \"/data\"\n";
/// A flake with an image of a workspace that is no Leptos project, for which `packages` has none.
const IMAGE: &str = "{
  inputs.larder.url = \"path:/larder\";
  outputs = { larder, ... }:
    let
      flake = larder.lib.mkFlake { root = ./.; };
      workspace = flake.legacyPackages.SYSTEM;
    in
    {
      packages.SYSTEM.image = workspace.buildImage {
        server = workspace.slices.release // { slice.args = [ \"--bin=app\" ]; };
        site = workspace.pkgs.runCommand \"site\" { } \"mkdir $out\" // { siteName = \"small\"; };
      };
    };
}
";

/// The flake that `nix flake init -t` writes.
fn template() -> String {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/larder/src/init/template/flake.nix");
    fs_err::read_to_string(template).expect("the template can be read")
}

/// A workspace with the template's flake, locked, its crates downloaded.
fn project() -> Project {
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("README.md", "Words.\n"),
        ("app/Cargo.toml", APP),
        ("app/src/main.rs", MAIN),
        ("app/tests/runs.rs", ""),
        ("flake.nix", &template()),
        ("shared/Cargo.toml", SHARED),
        ("shared/src/lib.rs", SHARED_LIB),
    ]);
    lock(&project);
    project
}

fn lock(project: &Project) {
    project.larder(&["lock"]).ok();
    project.cargo(&["fetch", "--locked"]);
}

/// Nix with the machine's own compiler. `None` after saying that the test is skipped.
fn nix(test: &str) -> Option<Nix> {
    let env = Surroundings::get().env();
    let rustc = env.find_program("rustc").expect("PATH has rustc");
    match Nix::find(env, &rustc, &[]) {
        Ok(nix) => Some(nix),
        Err(why) => {
            skip(test, &format!("{why:#}"));
            None
        }
    }
}

fn build(nix: &Nix, project: &Project, output: &str) -> Said {
    nix.build(&format!("path:{}", project.path().display()), output, &[]).expect("nix starts")
}

/// Which packages each derivation compiled, sorted.
fn compiled(said: &Said) -> Value {
    let mut found = Map::new();
    for derivation in ["release-layer0", "release-layer1", "release"] {
        let packages = said.compiled(derivation).into_iter();
        let mut names: Vec<&str> = packages.filter_map(|package| package.split(' ').next()).collect();
        names.sort_unstable();
        if !names.is_empty() {
            found.insert(derivation.to_owned(), json!(names));
        }
    }
    found.into()
}

fn replace(project: &Project, path: &str, old: &str, new: &str) {
    let text = project.read(path);
    assert!(text.contains(old), "{path} has no {old}");
    project.write(path, &text.replace(old, new));
}

fn new_member(project: &Project) {
    project.write("third/Cargo.toml", &package("third", ""));
    project.write("third/src/lib.rs", "//! Nothing.\n");
    replace(project, "Cargo.toml", "[\"app\"]", "[\"app\", \"third\"]");
}

/// The answer of the built server.
fn answer(said: &Said) -> String {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let address = free_addr().expect("a free port");
    let cmd = Cmd::new(said.result.join("bin/app"), scratch.path(), Surroundings::get().env());
    let mut server =
        cmd.arg(address.to_string()).spawn_logged(&scratch.path().join("log")).expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(response) = Site::at(address).get("/") {
            return response.text();
        }
        assert_eq!(server.try_exit_code().expect("it can be asked"), None, "the server ended at once");
        assert!(Instant::now() < deadline, "the server does not answer");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The external units that the application's own derivation compiled.
fn external(nix: &Nix, project: &Project) -> String {
    let system = format!("{}-linux", std::env::consts::ARCH);
    let output = format!("legacyPackages.{system}.slices.release.units");
    fs_err::read_to_string(build(nix, project, &output).ok().result.join("external")).expect("a list")
}

type Edit = fn(&Project);

#[test]
fn each_edit_is_built_on_what_stays() {
    let Some(nix) = nix("builds by Nix") else { return };
    let project = project();
    let dependencies =
        ["itoa", "larder-release", "proc-macro2", "quote", "serde", "serde_derive", "syn", "unicode-ident"];
    let application = json!({ "release": ["app", "shared"] });
    let with_third = json!({ "release": ["app", "shared", "third"] });
    let table: [(&str, Value, Edit); 8] = [
        ("first", json!({ "release-layer0": dependencies, "release": ["app", "shared"] }), |_| {}),
        ("nothing", json!({}), |_| {}),
        ("a note", json!({}), |project| project.write("README.md", "Other words.\n")),
        ("a test", json!({}), |project| project.write("app/tests/runs.rs", "// more\n")),
        ("code", application, |project| replace(project, "shared/src/lib.rs", "u32", "u64")),
        ("a new member", with_third.clone(), new_member),
        ("a member's version", with_third, |project| {
            replace(project, "Cargo.toml", "\"0.1.0\"", "\"0.2.0\"");
        }),
        (
            "a leaf",
            json!({ "release-layer1": ["itoa", "larder-release"], "release": ["app", "shared", "third"] }),
            |project| replace(project, "app/Cargo.toml", "=1.0.14", "=1.0.15"),
        ),
    ];
    for (what, expected, edit) in table {
        edit(&project);
        lock(&project);
        let said = build(&nix, &project, "default").ok();
        assert_eq!(compiled(&said), expected, "{what}: {}", said.log);
        assert_eq!(answer(&said), "42", "{what}");
        assert_eq!(external(&nix, &project), "", "{what}");
        // Neither sources nor toolchain are needed to run it.
        assert_eq!(nix.closure(&said.result).unwrap(), ["release-0".to_owned()].into(), "{what}");
    }
    a_layer_sees_the_files_of_its_recipe(&nix, &project);
    a_stale_recipe_is_said(&nix, &project);
    if nix.is_all_ours() {
        a_flake_is_checked_and_its_shell_entered(&nix, &project);
        an_image_has_the_server_and_nothing_else(&nix, &project);
    } else {
        skip("shell and image", "only those of the stand-ins are known by heart");
    }
}

/// They are a build of their own, in the place that their settings start from.
fn a_layer_sees_the_files_of_its_recipe(nix: &Nix, project: &Project) {
    let source = format!("legacyPackages.{}-linux.slices.release.cooked.src", std::env::consts::ARCH);
    let source = build(nix, project, &source).ok().result;
    let larder = project.path().join("larder");
    let file = LockFile::read(Utf8Path::from_path(&larder).expect("a path in UTF-8")).expect("a table");
    let slice = file.slice("release").expect("the slice");
    let top = slice.layers.len() - 1;
    for (path, text) in slice.files(top) {
        let path = source.join(format!("target/larder/recipes/release/{top}/{path}"));
        assert_eq!(fs_err::read_to_string(path).expect("a file of the recipe"), text);
    }
}

fn a_flake_is_checked_and_its_shell_entered(nix: &Nix, project: &Project) {
    lock(project);
    let flake = format!("path:{}", project.path().display());
    if nix.formats() {
        let _ = nix.check(&flake, Whose::Consumer).expect("nix starts").ok();
    } else {
        skip("the check of a consumer's flake", "the toolchain has no rustfmt");
    }
    let path = nix.in_shell(&flake, "echo $PATH").expect("there is a shell");
    assert!(path.contains("-rust-1/bin:") && path.contains("-sccache/bin:"), "{path}");
}

/// The content that `docker load` is given: the store paths that are needed to run the server, the loader and libraries
/// of this machine that the stand-in adds, and a volume's folder that its user can write to.
fn an_image_has_the_server_and_nothing_else(nix: &Nix, project: &Project) {
    replace(
        project,
        "Cargo.toml",
        "[workspace.dependencies]",
        &format!("{DOCKER}\n[workspace.dependencies]"),
    );
    lock(project);
    let flake = IMAGE.replace("SYSTEM", &format!("{}-linux", std::env::consts::ARCH));
    project.write("flake.nix", &flake);
    let archive = build(nix, project, "image").ok().result;
    let unpacked = tempfile::tempdir().expect("a temporary folder");
    let unpacked = unpacked.path();
    tar(unpacked, &["--extract", "--file", &archive.to_string_lossy()]);
    let manifest = &json_of_image(unpacked, "manifest.json")[0];
    assert_eq!(manifest["RepoTags"], json!(["small:0.2.0"]));
    let layers = manifest["Layers"].as_array().expect("a list of layers");
    let names: BTreeSet<&str> = layers
        .iter()
        .filter_map(|layer| Some(layer.as_str()?.split_once('-').map_or("", |(_, name)| name)))
        .collect();
    assert_eq!(names, ["cacert.layer", "release-0.layer", "root.layer", "site.layer"].into());
    let root = tar(unpacked, &["--list", "--verbose", "--numeric-owner", "--file", "zz-root.layer"]);
    assert!(root.contains("65532/65532") && root.contains("./data/") && root.contains("libc.so"), "{root}");
    let config = &json_of_image(unpacked, "image.json")["config"];
    assert!(
        config["Entrypoint"][0].as_str().is_some_and(|path| path.ends_with("-release-0/bin/app")),
        "{config}"
    );
}

fn tar(folder: &Path, words: &[&str]) -> String {
    Surroundings::get().run(Path::new("tar"), folder, words, &[]).ok().stdout
}

fn json_of_image(unpacked: &Path, file: &str) -> Value {
    let text = fs_err::read_to_string(unpacked.join(file)).expect("the archive has it");
    serde_json::from_str(&text).expect("it is JSON")
}

/// The build is right, says what mends it, and the check for exactly this fails.
fn a_stale_recipe_is_said(nix: &Nix, project: &Project) {
    let exact = format!("checks.{}-linux.release-exact", std::env::consts::ARCH);
    let _ = build(nix, project, &exact).ok();
    replace(project, "app/Cargo.toml", "=1.0.15", "=1.0.17");
    project.cargo(&["fetch"]);
    let said = build(nix, project, "default").ok();
    assert_eq!(compiled(&said), json!({ "release": ["app", "itoa", "shared", "third"] }));
    assert_eq!(answer(&said), "42");
    let warning = "warning: the recipe of release is stale; run `cargo larder lock` and commit larder/";
    assert!(said.log.contains(warning), "{}", said.log);
    let unit = external(nix, project);
    assert!(unit.ends_with("#itoa@1.0.17\n") && unit.lines().count() == 1, "{unit}");
    let said = build(nix, project, &exact);
    let hint = "no layer of release has these units; run `cargo larder lock` and commit larder/";
    assert!(said.code != 0 && said.log.contains(hint) && said.log.contains("#itoa@1.0.17"), "{}", said.log);
}

#[test]
fn a_platform_that_was_not_planned_is_named() {
    let Some(nix) = nix("another platform with Nix") else { return };
    let settings = "[package.metadata.larder]\nplatforms = [\"aarch64-apple-darwin\"]\n";
    let needs = "[target.'cfg(target_os = \"linux\")'.dependencies]\nitoa = \"=1.0.15\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", &format!("{settings}\n{needs}"))),
        ("flake.nix", &template()),
        ("src/main.rs", "fn main() { println!(\"{}\", itoa::Buffer::new().format(7)); }\n"),
    ]);
    lock(&project);
    let said = build(&nix, &project, "default").ok();
    let program = said.result.join("bin/app");
    assert_eq!(Surroundings::get().run(&program, Path::new("/"), &[], &[]).ok().stdout, "7\n");
    let triple = Surroundings::get().host();
    let hint = format!("larder.lock is not for {triple}; add it to `platforms`, then lock");
    assert!(said.log.contains(&hint), "{}", said.log);
}

#[test]
fn what_a_flake_does_not_see_is_said() {
    let Some(nix) = nix("flakes in git") else { return };
    let project = project();
    project.git(&["init", "--quiet"]);
    project.git(&["add", ".", ":!larder"]);
    let from_git = format!("git+file:{}", project.path().display());
    let from_folder = format!("path:{}", project.path().display());
    // On disk, but nobody has told git.
    fails_with(
        &evaluate(&nix, &from_git, "default"),
        &["no larder/larder.lock in", "`git add larder`: a flake in a git repository"],
    );
    // The table alone is all that is read.
    project.git(&["add", "larder/larder.lock"]);
    let said = evaluate(&nix, &from_git, "default").ok();
    assert!(said.log.contains("-release-layer0-0.drv"), "{}", said.log);

    let other_system = evaluate(&nix, &from_git, "packages.riscv64-linux.default");
    fails_with(&other_system, &["does not provide attribute"]);
    fs_err::remove_dir_all(project.path().join("larder")).expect("the recipes can be deleted");
    let without_table = evaluate(&nix, &from_folder, "default");
    fails_with(&without_table, &["no larder/larder.lock in", "run `cargo larder lock`"]);
}

fn evaluate(nix: &Nix, flake: &str, output: &str) -> Said {
    nix.build(flake, output, &["--dry-run"]).expect("nix starts")
}

fn fails_with(said: &Said, words: &[&str]) {
    assert_ne!(said.code, 0, "{}", said.log);
    words.iter().for_each(|words| assert!(said.log.contains(words), "{words}: {}", said.log));
}

#[test]
fn this_repository_passes_the_check_of_flakes() {
    let Some(nix) = nix("nix flake check") else { return };
    let repository = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let flake = format!("path:{}", repository.path().display());
    let said = nix.check(&flake, Whose::Larder).expect("nix starts").ok();
    let warnings: Vec<&str> = said.log.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(warnings.iter().all(|line| is_known(line)), "{warnings:?}");
}

fn is_known(warning: &str) -> bool {
    // These are for people and for flake-parts; Nix knows nothing of them.
    warning.contains("lock file") || warning.ends_with("'lib'") || warning.ends_with("'flakeModules'")
}
