//! The derivations that `nix/lib` makes of a workspace: which one depends on what, and which files each one sees.
//!
//! Needs `nix-instantiate` alone: nothing is built or fetched, and `tests/nix` stands in for nixpkgs and crane. The
//! outputs of these derivations are told by `nix_build.rs`, and were tried with crane itself, see docs/src/nix.md.

use std::path::Path;

use larder_tests::{Project, nix::evaluate, package};
use serde_json::{Value, json};

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
const SHARED: &str = r#"
[package]
name = "shared"
version.workspace = true
edition.workspace = true

[dependencies]
serde = { version = "=1.0.219", features = ["derive"] }
"#;

fn project() -> Project {
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("README.md", "Words.\n"),
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n"),
        ("app/Cargo.toml", APP),
        ("app/src/main.rs", "fn main() {}\n"),
        ("app/tests/runs.rs", ""),
        ("app/.env", "TOKEN=1\n"),
        ("app/credentials.toml", ""),
        ("shared/Cargo.toml", SHARED),
        ("shared/src/lib.rs", ""),
        ("notes/private.md", ""),
    ]);
    project.larder(&["lock"]).ok();
    project
}

pub(crate) fn value(test: &str, expression: &str) -> Option<Value> {
    let outcome = evaluate(test, expression)?.ok();
    Some(serde_json::from_str(&outcome.stdout).expect("nix prints JSON"))
}

/// An expression in which `workspace` is what `nix/lib` makes of the folder.
pub(crate) fn with_workspace(root: &Path, more: &str, expression: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix");
    format!(
        "let workspace = import {} {{ root = {}; {more} }}; inherit (workspace) lib; in {expression}",
        tests.join("workspace.nix").display(),
        root.display()
    )
}

/// The paths of the one slice's layers, and last that of the application.
fn paths(project: &Project, more: &str) -> Option<Vec<String>> {
    let expression = with_workspace(
        project.path(),
        more,
        "map (d: builtins.unsafeDiscardStringContext d.drvPath)
            (workspace.slices.release.layers ++ [ workspace.slices.release ])",
    );
    Some(serde_json::from_value(value("derivation paths", &expression)?).unwrap())
}

/// Which derivations an edit leaves as they were: `=` for each that stays, `x` for one that changes, `+` for one
/// that is new; layers first, the application last.
fn changed(edit: impl FnOnce(&Project)) -> Option<String> {
    let project = project();
    let before = paths(&project, "")?;
    edit(&project);
    let after = paths(&project, "")?;
    let marks = after.iter().enumerate().map(|(index, path)| {
        if before.contains(path) {
            '='
        } else if index + 1 == after.len() || index + 1 < before.len() {
            'x'
        } else {
            '+'
        }
    });
    Some(marks.collect())
}

fn replace(project: &Project, path: &str, old: &str, new: &str) {
    let text = project.read(path);
    assert!(text.contains(old), "{path} has no {old}");
    project.write(path, &text.replace(old, new));
    if path.ends_with("Cargo.toml") {
        project.larder(&["lock"]).ok();
    }
}

type Edit<'a> = &'a dyn Fn(&Project);

#[test]
fn an_edit_changes_the_derivations_it_must_and_no_other() {
    let table: [(&str, &str, Edit); 11] = [
        ("nothing", "==", &|_| {}),
        ("a note", "==", &|project| project.write("README.md", "Other words.\n")),
        ("a test", "==", &|project| project.write("app/tests/runs.rs", "// more\n")),
        ("a secret", "==", &|project| project.write("app/.env", "TOKEN=2\n")),
        ("code", "=x", &|project| project.write("app/src/main.rs", "fn main() { }\n")),
        ("code of a path dependency", "=x", &|project| project.write("shared/src/lib.rs", "// more\n")),
        ("a new member", "=x", &add_member),
        ("a member's version", "=x", &|project| replace(project, "Cargo.toml", "\"0.1.0\"", "\"0.2.0\"")),
        ("a leaf", "=+x", &|project| replace(project, "app/Cargo.toml", "=1.0.14", "=1.0.15")),
        ("the profile", "xx", &set_profile),
        ("the toolchain", "xx", &set_toolchain),
    ];
    for (what, expected, edit) in table {
        let Some(found) = changed(edit) else { return };
        assert_eq!(found, expected, "{what}");
    }
}

fn add_member(project: &Project) {
    project.write("third/Cargo.toml", "[package]\nname = \"third\"\nversion = \"0.1.0\"\n");
    project.write("third/src/lib.rs", "");
    replace(project, "Cargo.toml", "[\"app\"]", "[\"app\", \"third\"]");
}

fn set_profile(project: &Project) {
    let profile = "[profile.release]\nopt-level = 2\n\n[profile.release.build-override]\nopt-level = 1\n";
    project.write("Cargo.toml", &format!("{MANIFEST}\n{profile}"));
    project.larder(&["lock"]).ok();
}

/// Nothing is locked again: which derivations change is told by the file alone.
fn set_toolchain(project: &Project) {
    project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95\"\n");
}

#[test]
fn another_compiler_changes_everything() {
    let project = project();
    let Some(before) = paths(&project, "") else { return };
    let after = paths(&project, "compiler = \"2\";").unwrap();
    assert!(before.iter().all(|path| !after.contains(path)), "{before:?} {after:?}");
}

#[test]
fn on_macos_a_changed_lock_file_starts_all_layers_anew() {
    let project = project();
    let darwin = "system = \"aarch64-darwin\";";
    let Some(before) = paths(&project, darwin) else { return };
    project.write("app/src/main.rs", "fn main() { }\n");
    let edited = paths(&project, darwin).unwrap();
    assert!(edited[0] == before[0] && edited[1] != before[1], "{before:?} {edited:?}");
    replace(&project, "app/Cargo.toml", "=1.0.14", "=1.0.15");
    let bumped = paths(&project, darwin).unwrap();
    assert!(before.iter().all(|path| !bumped.contains(path)), "{before:?} {bumped:?}");
}

/// A table of all functions in `nix/lib`, each called once; what they depend on and refuse is tested above and below.
#[test]
fn every_function_gives_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    let slices = json!(["front", "front-dev", "server", "server-dev"]);
    let server = ".sqlx Cargo.lock Cargo.toml app content frontend migrations pages public server style";
    let server: Vec<&str> = server.split(' ').collect();
    let recipe = json!([".cargo/config.toml", "Cargo.lock", "Cargo.toml", "build.rs", "src/lib.rs"]);
    let exact = json!(["fmt", "front-exact", "server-exact"]);
    let offers = json!(["default", "front", "image", "server", "site"]);
    let table = [
        ("absoluteEnvironment", "f { env.A = \"<target>/a\"; }", json!("export A=\"$PWD/target\"'/a'\n")),
        ("applicationSource", "names (f server)", json!(server)),
        (
            "buildImage",
            "(f { server = slices.server; inherit (packages) site; }).name",
            json!("portfolio.tar"),
        ),
        ("buildSite", "(f front).name", json!("portfolio-site-0")),
        ("buildSlice", "(f server).outputs", json!(["out", "units"])),
        ("checks", "lib.attrNames f", exact),
        ("commonArgs", "f.version", json!("0")),
        ("expand", "lib.attrNames (f (readTable throw table) front 0)", recipe),
        ("layerSource", "(f front 0).name", json!("source")),
        ("memberFolders", "f root", json!(["app", "content", "frontend", "pages", "server"])),
        ("mkLayers", "map (layer: layer.name) (f front)", json!(["front-layer0-0"])),
        ("packages", "lib.attrNames f", offers),
        ("readLock", "lib.attrNames (f root).slices", slices.clone()),
        ("readTable", "map (slice: slice.name) (f throw table).slices", slices),
        ("recipeFolder", "f front 0", json!("target/larder/recipes/front/0")),
        ("shell", "f.name", json!("shell")),
        ("toolchain", "f.name", json!("rust-1")),
        (
            "vendor",
            "(f (builtins.readFile (root + \"/Cargo.lock\"))).cargoVendorDir.name",
            json!("vendor-cargo-deps"),
        ),
        ("wasmBindgen", "f.name", json!("wasm-bindgen-cli")),
    ];
    for (name, call, expected) in table {
        let with = "with workspace; let inherit (lock.slices) front server;
            names = source: lib.attrNames (builtins.readDir \"${source}\");
            table = builtins.readFile (root + \"/larder/larder.lock\");";
        let call = format!("{with} f = workspace.{name}; in {call}");
        let Some(found) = value(name, &with_workspace(&root, "", &call)) else { return };
        assert_eq!(found, expected, "{name}");
    }
}

/// Which files each derivation is built from, by slice.
pub(crate) fn sources(root: &Path) -> Option<Value> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix/sources.nix");
    let expression = format!("import {} {{ root = {}; }}", tests.display(), root.display());
    value("sources", &expression)
}

#[test]
fn a_layer_sees_its_recipe_and_an_application_what_it_reads() {
    let project = project();
    let Some(sources) = sources(project.path()) else { return };
    let expected = json!({ "release": {
        "application": [
            "Cargo.lock",
            "Cargo.toml",
            "app/Cargo.toml",
            "app/src/main.rs",
            "shared/Cargo.toml",
            "shared/src/lib.rs",
        ],
        "layers": [[
            "target/larder/recipes/release/0/.cargo/config.toml",
            "target/larder/recipes/release/0/Cargo.lock",
            "target/larder/recipes/release/0/Cargo.toml",
            "target/larder/recipes/release/0/build.rs",
            "target/larder/recipes/release/0/src/lib.rs",
        ]],
    }});
    assert_eq!(sources, expected);
    // The workspace's own settings may hold a token; what of them reaches dependencies is put in their place.
    let settings = with_workspace(
        project.path(),
        "",
        "{ inherit (workspace.lock) settings; inherit (workspace.commonArgs) postPatch; }",
    );
    let found = value("settings", &settings).unwrap();
    let text = "# Expanded from larder/larder.lock: settings that reach dependencies.\nbuild.rustflags = [\"--cfg\", \"x\"]\n";
    assert_eq!(found["settings"], text);
    assert!(found["postPatch"].as_str().unwrap().ends_with("-config.toml .cargo/config.toml\n"), "{found}");
}

/// The folder of a root package is the whole workspace, of which its build reads little.
#[test]
fn a_package_at_the_root_brings_its_targets_and_no_more() {
    let targets = "[[bin]]\nname = \"app\"\npath = \"./src/main.rs\"\n\n[[example]]\nname = \"shown\"\n\n\
        [[test]]\nname = \"runs\"\npath = \"checks/runs.rs\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", targets)),
        ("README.md", "Words.\n"),
        ("checks/runs.rs", ""),
        ("examples/shown.rs", "fn main() {}\n"),
        ("notes/private.md", ""),
        ("src/main.rs", "fn main() {}\n"),
        ("tests/runs.rs", ""),
    ]);
    project.larder(&["lock"]).ok();
    let Some(sources) = sources(project.path()) else { return };
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "checks/runs.rs",
        "examples/shown.rs",
        "src/main.rs",
        // cargo looks into the folder, since the manifest names a test.
        "tests/runs.rs",
    ];
    assert_eq!(sources["release"]["application"], json!(expected));
}

#[test]
fn what_lies_at_the_root_brings_no_neighbours() {
    let project = Project::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio"));
    let names = with_workspace(
        project.path(),
        "",
        "lib.attrNames (builtins.readDir \"${workspace.applicationSource workspace.lock.slices.front}\")",
    );
    let Some(before) = value("neighbours", &names) else { return };
    let tailwind =
        "\ntailwind-input-file = \"input.css\"\ntailwind-config-file = \"tailwind.js\"\nstyle-file";
    project.write("Cargo.toml", &project.read("Cargo.toml").replace("\nstyle-file", tailwind));
    project.write("input.css", "");
    project.write("tailwind.js", "");
    let after: Vec<String> = serde_json::from_value(value("neighbours", &names).unwrap()).unwrap();
    let more: Vec<_> =
        after.iter().filter(|name| !before.as_array().unwrap().contains(&json!(name))).collect();
    assert_eq!(more, ["input.css", "tailwind.js"]);
}

#[test]
fn packages_that_are_built_are_found_as_cargo_finds_them() {
    let members = "[workspace]\nmembers = [\"crates/*\", \"./tool\", \"named\"]\n\
        exclude = [\"apart\", \"crates/not\", \"named\"]\n\n\
        [patch.crates-io]\nitoa = { path = \"patched\" }\nryu = { git = \"https://example.org\" }\n";
    let project = Project::without_lock(&[
        ("Cargo.toml", members),
        // Excluded, and yet what a member stands on.
        ("apart/Cargo.toml", &package("apart", "[workspace]\n")),
        (
            "crates/a/Cargo.toml",
            &package("a", "[target.'cfg(unix)'.dependencies]\nb = { path = \"../../lib/b\" }\n"),
        ),
        ("crates/not/Cargo.toml", &package("not", "")),
        ("crates/folder/notes.md", ""),
        ("lib/b/Cargo.toml", &package("b", "[build-dependencies]\nc = { path = \"../c\" }\n")),
        ("lib/c/Cargo.toml", &package("c", "")),
        ("named/Cargo.toml", &package("named", "")),
        ("patched/Cargo.toml", &package("itoa", "")),
        (
            "tool/Cargo.toml",
            &package("tool", "[dependencies]\napart = { path = \"../apart\" }\nserde = \"1\"\n"),
        ),
        ("unrelated/Cargo.toml", &package("unrelated", "")),
    ]);
    let expression = with_workspace(project.path(), "", "workspace.memberFolders workspace.root");
    let Some(members) = value("members", &expression) else { return };
    assert_eq!(members, json!(["apart", "crates/a", "lib/b", "lib/c", "named", "patched", "tool"]));
}

/// The names of all outputs of a flake, by system, with the stand-ins for its inputs.
fn outputs(test: &str, flake: &Path, more: &str) -> Option<Value> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix");
    let expression = format!(
        "let inputs = import {tests}/inputs.nix {{ }}; lib = inputs.nixpkgs.lib;
            outputs = (import {flake}).outputs (inputs // {more});
            names = lib.mapAttrs (_: all: lib.attrNames (lib.filterAttrs (_: d: d.outputName == \"out\" && lib.hasSuffix \".drv\" d.drvPath) all));
        in {{ inherit (lib.mapAttrs (_: names) {{ inherit (outputs) packages checks devShells; }}) packages checks devShells; }}",
        tests = tests.display(),
        flake = flake.display()
    );
    value(test, &expression)
}

fn on_every_system(names: &[&str]) -> Value {
    let systems = ["x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"];
    systems
        .iter()
        .map(|system| ((*system).to_owned(), json!(names)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn this_repository_offers_itself_and_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Some(found) = outputs("flake", &root.join("flake.nix"), "{ }") else { return };
    let packages = ["default", "front", "image", "larder", "server", "site"];
    let checks = ["fmt", "front-exact", "larder-exact", "portfolio-fmt", "server-exact"];
    assert_eq!(found["packages"], on_every_system(&packages));
    assert_eq!(found["checks"], on_every_system(&checks));
    assert_eq!(found["devShells"], on_every_system(&["default"]));
}

#[test]
fn the_template_is_a_whole_flake() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let project = project();
    let template = fs_err::read_to_string(root.join("crates/larder/src/init/template/flake.nix")).unwrap();
    assert!(template.lines().count() < 25, "the README promises less than 25 lines");
    project.write("flake.nix", &template);
    let larder = format!(
        "{{ larder.lib.mkFlake = import {}/nix/mkFlake.nix {{ inherit (inputs) crane nixpkgs rust-overlay; }}; }}",
        root.display()
    );
    let Some(found) = outputs("template", &project.path().join("flake.nix"), &larder) else { return };
    assert_eq!(found["packages"], on_every_system(&["default", "release"]));
    assert_eq!(found["checks"], on_every_system(&["fmt", "release-exact"]));
}

#[test]
fn a_tool_that_would_not_fit_is_refused() {
    let portfolio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    let project = Project::copy_of(&portfolio);
    let site = with_workspace(project.path(), "", "workspace.packages.site.drvPath");
    let lock = project.read("Cargo.lock");
    let newer =
        lock.replace("name = \"wasm-bindgen\"\nversion = \"", "name = \"wasm-bindgen\"\nversion = \"9");
    assert_ne!(newer, lock);
    project.write("Cargo.lock", &newer);
    fails_with("refused", &site, "nixpkgs has no wasm-bindgen-cli_90_2_129");
    project.write("Cargo.lock", &lock);
    let recipes = project.read("larder/larder.lock");
    project.write("larder/larder.lock", &recipes.replace("HASH_FILES \"false\"", "HASH_FILES \"true\""));
    fails_with("refused", &site, "hash-files of Leptos metadata does not work with Nix yet");
}

fn fails_with(test: &str, expression: &str, expected: &str) {
    let Some(outcome) = evaluate(test, expression) else { return };
    assert!(outcome.code != 0 && outcome.stderr.contains(expected), "{}", outcome.stderr);
}

#[test]
fn the_toolchain_has_what_slices_build_for() {
    let portfolio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    let toolchain = with_workspace(&portfolio, "", "workspace.toolchain.wanted");
    let expected = json!({ "channel": "stable", "targets": ["wasm32-unknown-unknown"] });
    let Some(found) = value("toolchain", &toolchain) else { return };
    assert_eq!(found, expected);
}

#[test]
fn the_shell_has_what_the_project_uses() {
    let portfolio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    let Some(found) = shell_packages(&portfolio) else { return };
    let leptos =
        ["rust-1", "sccache", "sqlx-cli", "binaryen", "cargo-leptos", "dart-sass", "wasm-bindgen-cli"];
    assert_eq!(found, json!(leptos));
    assert_eq!(shell_packages(project().path()), Some(json!(["rust-1", "sccache"])));
}

fn shell_packages(root: &Path) -> Option<Value> {
    let names = "map (package: package.name) workspace.shell.nativeBuildInputs";
    value("shell", &with_workspace(root, "", names))
}

#[test]
fn a_pinned_toolchain_keeps_what_its_file_asks_for() {
    let project = project();
    let toolchain = with_workspace(project.path(), "", "workspace.toolchain.wanted");
    project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95\"\ntargets = [\"wasm32-wasip1\"]\n");
    let Some(found) = value("toolchain", &toolchain) else { return };
    assert_eq!(found, json!({ "channel": "1.95", "targets": ["wasm32-wasip1"] }));
    // rustup prefers the old name, with either content.
    project.write("rust-toolchain", "1.95.0\n");
    assert_eq!(value("toolchain", &toolchain), Some(json!({ "channel": "1.95.0", "targets": [] })));
}

/// A slice as a user may write it: a target in two words, words for clippy, and a variable that cargo itself reads.
#[test]
fn a_written_slice_is_called_as_it_is_written() {
    let slice = "[package.metadata.larder.slices.lint]\n\
        args = [\"clippy\", \"--release\", \"--target\", \"wasm32-unknown-unknown\", \"--\", \"-Dwarnings\"]\n\
        env = { CARGO_PROFILE_RELEASE_LTO = \"true\" }\n";
    let project = Project::new(&[("Cargo.toml", &package("app", slice)), ("src/lib.rs", "")]);
    project.larder(&["lock"]).ok();
    let expression =
        "{ inherit (workspace.toolchain.wanted) targets; script = workspace.slices.lint.buildPhase; }";
    let expression = with_workspace(project.path(), "", expression);
    let Some(found) = value("a written slice", &expression) else { return };
    assert_eq!(found["targets"], json!(["wasm32-unknown-unknown"]));
    let script = found["script"].as_str().unwrap();
    let call = "cargo 'clippy' '--release' '--target' 'wasm32-unknown-unknown' '--locked' \
        '--config=target/larder/recipes/lint/0/.cargo/config.toml' '--message-format=json-render-diagnostics' '--' '-Dwarnings' >";
    assert!(script.contains(call), "{script}");
    let settings = "-config.toml 'target/larder/recipes/lint/0/.cargo/config.toml'\n";
    assert!(script.contains(settings), "{script}");
    assert!(script.contains("export CARGO_PROFILE_RELEASE_LTO='true'\n"), "{script}");
}

#[test]
fn absolute_variables_are_set_by_the_shell() {
    let project = project();
    let slice = "{ env = { A = \"<target>/it's\"; B = \"plain\"; CARGO_INCREMENTAL = \"it's\"; }; }";
    let expression = with_workspace(project.path(), "", &format!("workspace.absoluteEnvironment {slice}"));
    let Some(lines) = value("environment", &expression) else { return };
    // A recipe's own files hold the plain one; cargo reads its own settings from the real environment alone.
    assert_eq!(lines, json!("export A=\"$PWD/target\"'/it'\\''s'\nexport CARGO_INCREMENTAL='it'\\''s'\n"));
}

#[test]
fn what_is_missing_is_said_with_the_way_out() {
    let project = project();
    let slices = with_workspace(project.path(), "", "lib.attrNames workspace.slices");
    let lock = project.read("larder/larder.lock");
    project.write("larder/larder.lock", &lock.replace("larder 2\n", "larder 3\n"));
    fails_with("bad input", &slices, "has format 3; this larder reads up to 2");
    project.write("larder/larder.lock", "# @generated\nversion = 1\n");
    fails_with("bad input", &slices, "is of an older form of recipes");
    fails_with("bad input", &slices, "run `cargo larder lock`, which migrates it");
    fs_err::remove_dir_all(project.path().join("larder")).unwrap();
    fails_with("bad input", &slices, "run `cargo larder lock`, then `git add larder`");
}
