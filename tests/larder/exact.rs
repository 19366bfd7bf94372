//! Exact: after cooking into an empty target directory, the real build compiles no external unit.

use larder::cargo::messages::Counts;
use larder_tests::{
    Project, Surroundings,
    oracle::Count,
    package,
    recipes::{RECIPES, expand},
};

const RELEASE: &[&str] = &["build", "--release"];

/// A build script with features of its own, a procedural macro, C code and two versions of one crate.
const MIXED: &str = r#"
[package]
name = "mixed"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
serde = { version = "1", features = ["derive"] }
libc = { version = "0.2", default-features = false }
itoa = "1"
old-itoa = { package = "itoa", version = "0.4" }

[build-dependencies]
libc = "0.2"
cc = "1"

[profile.release]
lto = true
"#;

fn mixed() -> Project {
    Project::new(&[("Cargo.toml", MIXED), ("build.rs", "fn main() {}\n"), ("src/lib.rs", "")])
}

/// The same with one slice, whose driver adds a flag and a variable, as cargo-leptos does in debug builds.
fn special() -> Project {
    let slices = "\n[package.metadata.larder]\nfind = false\n\
        [package.metadata.larder.slices.special]\nargs = [\"build\", \"--release\"]\n\
        rustflags = [\"--cfg\", \"special\"]\nenv = { SPECIAL = \"1\" }\n";
    let project = mixed();
    project.write("Cargo.toml", &format!("{MIXED}{slices}"));
    project
}

#[test]
fn a_library_with_fat_lto_macros_and_a_build_script() {
    let counts = mixed().cook_then_build(RELEASE);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    assert!(counts.fresh > 5 && counts.compiled > 0, "{counts:?}");
}

#[test]
fn a_build_after_a_build_compiles_nothing() {
    let project = mixed();
    project.larder(&["lock"]).ok();
    let table = project.larder(&["build", "--json"]).ok().stdout;
    let first: serde_json::Value = serde_json::from_str(&table).unwrap();
    assert_eq!(first["phases"][1]["compiled-external"], 0, "{table}");
    let second: serde_json::Value =
        serde_json::from_str(&project.larder(&["build", "--json"]).ok().stdout).unwrap();
    let phases = second["phases"].as_array().unwrap();
    assert_eq!(phases.len(), 2);
    assert!(phases.iter().all(|phase| phase["compiled"] == 0), "{second}");
}

/// Settings that no recipe may rest on: rustflags in the configuration, once for all targets and once for one.
#[test]
fn configured_rustflags_reach_recipe_and_build_alike() {
    for table in ["[build]", "[target.'cfg(unix)']"] {
        let project = mixed();
        project.write(".cargo/config.toml", &format!("{table}\nrustflags = [\"--cfg\", \"extra\"]\n"));
        let counts = project.cook_then_build(RELEASE);
        assert_eq!(counts.compiled_external, 0, "{table}: {counts:?}");
    }
}

/// The settings that a driver adds come on top of the configured ones.
#[test]
fn added_rustflags_and_environment_are_part_of_the_recipe() {
    let project = special();
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"extra\"]\n");
    project.larder(&["lock"]).ok();
    project.larder(&["cook"]).ok();
    let vars = [("RUSTFLAGS", "--cfg extra --cfg special"), ("SPECIAL", "1")];
    let counts = Surroundings::get().cargo_counts(project.path(), RELEASE, &vars);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    let bare = plain_cook(&project, "special");
    assert_eq!(bare.compiled_external, 0, "plain cargo in the recipe's folder builds the same: {bare:?}");
}

/// Without a command of the user's, `build` makes the slice's own call, with the slice's own environment.
#[test]
fn a_written_slice_is_built_as_it_was_cooked() {
    let project = special();
    project.larder(&["lock"]).ok();
    let table: serde_json::Value =
        serde_json::from_str(&project.larder(&["build", "--json"]).ok().stdout).unwrap();
    assert_eq!(table["phases"][1]["compiled-external"], 0, "{table}");
    assert!(table["phases"][1]["compiled"].as_u64().unwrap() > 0, "{table}");
}

/// cargo takes `--locked` once, whoever says it; and what a slice configures reaches its recipe.
#[test]
fn a_slice_with_policies_and_configuration_of_its_own() {
    let slices = "\n[package.metadata.larder]\nfind = false\n\n[package.metadata.larder.slices.own]\n\
        args = [\"build\", \"--release\", \"--locked\", \"--config\", 'build.rustflags=[\"--cfg\", \"own\"]', \
        \"--config=profile.release.opt-level=1\"]\n";
    let project = mixed();
    project.write("Cargo.toml", &format!("{MIXED}{slices}"));
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check", "--locked"]).ok();
    let table = project.larder(&["build", "own", "--locked", "--json"]).ok().stdout;
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    assert_eq!(table["phases"][1]["compiled-external"], 0, "{table}");
    assert!(table["phases"][1]["compiled"].as_u64() > Some(0), "{table}");
}

/// The words after `--` are for clippy, and our own arguments must not end up there. With `--fix` it takes other words.
#[test]
fn a_clippy_slice_with_words_of_its_own() {
    let slices = "\n[dev-dependencies]\nryu = \"1\"\n\n[package.metadata.larder]\nfind = false\n\
        [package.metadata.larder.slices]\nlints = { args = [\"clippy\", \"--all-targets\", \"--\", \"-Dwarnings\"] }\n\
        fixes = { args = [\"clippy\", \"--fix\", \"--allow-no-vcs\", \"--target-dir=target/fix\"] }\n";
    let project = mixed();
    project.write("Cargo.toml", &format!("{MIXED}{slices}"));
    project.larder(&["lock"]).ok();
    let artifacts = project.path().join("target/debug/.fingerprint");
    assert!(!artifacts.exists(), "planning compiles nothing");
    for slice in ["lints", "fixes"] {
        let table = project.larder(&["build", slice, "--json"]).ok().stdout;
        let table: serde_json::Value = serde_json::from_str(&table).unwrap();
        assert_eq!(table["phases"][1]["compiled-external"], 0, "{slice}: {table}");
    }
}

/// No test is compiled with `panic = "abort"`, so a library that is checked beside its tests is checked twice; a
/// library that is linked by itself needs more than its tests do; and a procedural macro can be checked, with
/// features that a build script asked for and the library did not.
#[test]
fn tests_of_a_library_and_of_a_macro() {
    let project = library_and_macro();
    project.larder(&["lock"]).ok();
    let slices =
        ["all-aborting", "all-targets", "check", "check-aborting", "check-release", "test", "test-release"];
    for slice in slices {
        let table = project.larder(&["build", slice, "--json"]).ok().stdout;
        let table: serde_json::Value = serde_json::from_str(&table).unwrap();
        assert_eq!(table["phases"][1]["compiled-external"], 0, "{slice}: {table}");
        assert!(table["phases"][1]["compiled"].as_u64() > Some(0), "{slice}: {table}");
    }
}

/// Tests that unwind beside programs that abort, a macro that is checked, link-time optimisation of two kinds.
pub(crate) fn library_and_macro() -> Project {
    let root = "[workspace]\nmembers = [\"lib\", \"macro\"]\nresolver = \"2\"\n\n\
        [profile.release]\nlto = true\npanic = \"abort\"\n\n[profile.test]\nopt-level = 1\n\n\
        [profile.aborting]\ninherits = \"dev\"\npanic = \"abort\"\n\n\
        [workspace.metadata.larder]\nfind = false\n\n[workspace.metadata.larder.slices]\n\
        test = { args = [\"test\", \"--no-run\"] }\ntest-release = { args = [\"test\", \"--release\", \"--no-run\"] }\n\
        all-targets = { args = [\"build\", \"--all-targets\"] }\n\
        all-aborting = { args = [\"build\", \"--profile=aborting\", \"--all-targets\"] }\n\
        check = { args = [\"check\", \"--all-targets\"] }\n\
        check-aborting = { args = [\"check\", \"--profile=aborting\", \"--all-targets\"] }\n\
        check-release = { args = [\"check\", \"--release\"] }\n";
    let lib = package(
        "lib",
        "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\nmacro = { path = \"../macro\" }\n\
         itoa = \"1\"\nmemchr = { version = \"2\", default-features = false }\n\n\
         [build-dependencies]\nmemchr = \"2\"\n\n[dev-dependencies]\nfnv = \"1\"\n",
    );
    let a_macro = package(
        "macro",
        "\n[lib]\nproc-macro = true\n\n[dependencies]\nunicode-ident = \"1\"\n\
         memchr = { version = \"2\", default-features = false }\n\n[dev-dependencies]\nryu = \"1\"\n",
    );
    Project::new(&[
        ("Cargo.toml", root),
        ("lib/Cargo.toml", &lib),
        ("lib/build.rs", "fn main() {}\n"),
        ("lib/src/lib.rs", ""),
        ("macro/Cargo.toml", &a_macro),
        ("macro/src/lib.rs", ""),
    ])
}

/// Some units end up in a `["cdylib", "rlib"]` library under fat LTO, others in a binary only: two modes.
#[test]
fn two_lto_modes_in_one_slice() {
    let project = two_lto_modes();
    let counts = project.cook_then_build(RELEASE);
    assert!(project.recipe("release/0/object-and-bitcode/Cargo.toml").contains("\"cdylib\""));
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
}

pub(crate) fn two_lto_modes() -> Project {
    let root =
        "[workspace]\nmembers = [\"lib\", \"bin\"]\nresolver = \"2\"\n\n[profile.release]\nlto = true\n";
    let lib = package(
        "lib",
        "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\nitoa = \"1\"\nsemver = \"1\"\n",
    );
    let bin = package("bin", "\n[dependencies]\nitoa = \"1\"\nryu = \"1\"\nserde = \"1\"\n");
    Project::new(&[
        ("Cargo.toml", root),
        ("lib/Cargo.toml", &lib),
        ("lib/src/lib.rs", ""),
        ("bin/Cargo.toml", &bin),
        ("bin/src/main.rs", "fn main() {}\n"),
    ])
}

/// Link-time optimisation stops at a dylib: what it links has object code alone. A workspace can have all three modes,
/// and units that build scripts link as well.
#[test]
fn a_dylib_with_lto() {
    const LTO: &str =
        "\n[profile.release]\nlto = \"thin\"\n\n[profile.release.build-override]\nopt-level = 3\n";
    let shared = "itoa = \"=1.0.15\"\n\n[build-dependencies]\nfnv = \"=1.0.7\"\n";
    let dylib = library("plug", "\"dylib\"", &format!("fnv = \"=1.0.7\"\neither = \"=1.15.0\"\n{shared}"));
    let alone = Project::new(&[
        ("Cargo.toml", &format!("{dylib}{LTO}")),
        ("build.rs", "fn main() {}\n"),
        ("src/lib.rs", ""),
    ]);
    assert_exact_in(&alone, &["Cargo.toml"]);

    let both = library("web", "\"cdylib\", \"rlib\"", "itoa = \"=1.0.15\"\nsemver = \"=1.0.26\"\n");
    let program = package("program", "\n[dependencies]\nryu = \"=1.0.20\"\neither = \"=1.15.0\"\n");
    let workspace = Project::new(&[
        (
            "Cargo.toml",
            &format!("[workspace]\nmembers = [\"plug\", \"web\", \"program\"]\nresolver = \"2\"\n{LTO}"),
        ),
        ("plug/Cargo.toml", &dylib),
        ("plug/build.rs", "fn main() {}\n"),
        ("plug/src/lib.rs", ""),
        ("web/Cargo.toml", &both),
        ("web/src/lib.rs", ""),
        ("program/Cargo.toml", &program),
        ("program/src/main.rs", "fn main() {}\n"),
    ]);
    assert_exact_in(&workspace, &["Cargo.toml", "object-and-bitcode/Cargo.toml", "dylib/Cargo.toml"]);
}

fn library(name: &str, kinds: &str, dependencies: &str) -> String {
    package(name, &format!("\n[lib]\ncrate-type = [{kinds}]\n\n[dependencies]\n{dependencies}"))
}

/// Requires that a recipe has these manifests, and that cooking it provides every external unit.
fn assert_exact_in(project: &Project, manifests: &[&str]) {
    project.assert_exact(RELEASE);
    for manifest in manifests {
        project.recipe(&format!("release/0/{manifest}"));
    }
}

/// awk and `cd target/larder/recipes/<slice>/0 && cargo build …` without Larder.
fn plain_cook(project: &Project, slice: &str) -> Counts {
    expand(&["awk"], project.path(), project.path()).ok();
    let dir = project.path().join(RECIPES).join(slice).join("0");
    Surroundings::get().cargo_counts(&dir, &["build", "--release", "--locked"], &[])
}

/// A recipe needs nothing but itself and the shared configuration: no source, no workspace.
#[test]
fn a_recipe_is_complete_without_the_application() {
    let project = mixed();
    project.write(
        ".cargo/config.toml",
        "[alias]\nx = \"build\"\n[target.'cfg(unix)']\nrustflags = [\"--cfg\", \"extra\"]\n",
    );
    project.larder(&["lock"]).ok();
    // In a folder of its own, as an image's would be.
    let image = tempfile::tempdir().unwrap();
    fs_err::create_dir(image.path().join("app")).unwrap();
    project.expand_alone(&image.path().join("app"));
    assert!(image.path().join("app/.cargo/config.toml").is_file());
    let recipe = image.path().join("app").join(RECIPES).join("release/0");
    let cooked = Surroundings::get().cargo_counts(&recipe, &["build", "--release", "--locked"], &[]);
    assert!(cooked.compiled_external > 5, "{cooked:?}");
    for file in ["Cargo.toml", "Cargo.lock", "build.rs", "src/lib.rs", ".cargo/config.toml"] {
        let to = image.path().join("app").join(file);
        fs_err::create_dir_all(to.parent().unwrap()).unwrap();
        fs_err::copy(project.path().join(file), to).unwrap();
    }
    let counts = Surroundings::get().cargo_counts(&image.path().join("app"), RELEASE, &[]);
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
}

#[test]
fn another_target_directory_is_honoured() {
    let project = mixed();
    project.larder(&["lock"]).ok();
    project.larder(&["cook", "--target-dir", "elsewhere"]).ok();
    assert!(!project.path().join("target/release").exists());
    let counts = Surroundings::get().cargo_counts(
        project.path(),
        &["build", "--release", "--target-dir=elsewhere"],
        &[],
    );
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
}

/// The oracle counts by itself, so that a mistake in our own counting would show.
#[test]
fn an_independent_count_agrees() {
    let project = mixed();
    project.larder(&["lock"]).ok();
    project.larder(&["cook"]).ok();
    let cooked = count_release(&project, "after cooking");
    assert!(cooked.external == 0 && cooked.fresh > 0, "{cooked:?}");
    fs_err::remove_dir_all(project.path().join("target/release")).unwrap();
    let cold = count_release(&project, "from nothing");
    assert_eq!((cold.fresh, cold.external), (0, cooked.fresh), "{cold:?}");
}

fn count_release(project: &Project, what: &str) -> Count {
    let args = ["build", "--release", "--message-format=json"];
    let count =
        Count::parse(&Surroundings::get().run("cargo".as_ref(), project.path(), &args, &[]).ok().stdout);
    assert!(count.compiled > 0, "{what}: {count:?}");
    count
}
