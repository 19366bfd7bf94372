//! Expanders: Larder itself, and awk in each of its three common kinds, make the same files of a table, byte for byte.

use std::fmt::Write as _;

use larder_tests::{
    GitRepository, Project, package,
    recipes::{assert_expanders_agree, awks, expand},
};

use crate::{exact, layers, platforms, rules_sources};

const MAIN: &str = "fn main() {}\n";

#[track_caller]
fn agree(project: &Project) {
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
    assert_expanders_agree("expanders", project.path());
}

fn program(dependencies: &str, more: &str) -> Project {
    let manifest = package("app", &format!("\n[dependencies]\n{dependencies}\n{more}"));
    Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)])
}

#[test]
fn stubs_for_tests_and_macros() {
    let project = exact::library_and_macro();
    agree(&project);
    let expanded = project.expanded();
    for stub in ["for-tests", "proc-macro", "object-and-bitcode"] {
        assert!(expanded.keys().any(|path| path.ends_with(&format!("/{stub}/Cargo.toml"))), "{stub}");
    }
    assert!(expanded["test/0/Cargo.toml"].contains("doctest = true"));
}

#[test]
fn stubs_for_link_time_optimisation() {
    agree(&exact::two_lto_modes());
}

/// Programs that tests run abort while the tests themselves unwind.
#[test]
fn stubs_for_programs_that_tests_run() {
    let slices = "\n[profile.release]\npanic = \"abort\"\n\n[package.metadata.larder.slices.test]\n\
        args = [\"test\", \"--release\", \"--no-run\"]\n";
    let project = program("itoa = \"=1.0.15\"\n", slices);
    project.write("tests/runs.rs", "#[test]\nfn runs() {}\n");
    agree(&project);
    assert!(project.recipe("test/0/program/Cargo.toml").contains("dependencies.itoa-1_0_15"));
}

#[test]
fn several_platforms() {
    agree(&platforms::project(platforms::ALL));
}

#[test]
fn several_targets_in_one_call() {
    let slices = "\n[package.metadata.larder.slices.both]\nargs = [\"build\", \"--target=x86_64-unknown-linux-gnu\", \
        \"--target=aarch64-unknown-linux-gnu\"]\n\n[target.'cfg(target_arch = \"x86_64\")'.dependencies]\nfnv = \"=1.0.7\"\n";
    let project = program("itoa = \"=1.0.15\"", slices);
    agree(&project);
    let manifest = project.recipe("both/0/Cargo.toml");
    assert!(manifest.contains("target.\"x86_64-unknown-linux-gnu\".dependencies.fnv-1_0_7"), "{manifest}");
}

#[test]
fn sources_of_git_and_two_of_one_version() {
    let repository = rules_sources::repository();
    repository.git(&["branch", "feature/x#y"]);
    let (url, branch) = (repository.url(), "feature/x#y");
    let other = GitRepository::new(&[
        ("Cargo.toml", &package("fnv", "").replace("0.1.0", "1.0.7")),
        ("src/lib.rs", ""),
    ]);
    let fork = other.url();
    let project = rules_sources::program(&format!(
        "outer = {{ git = {url:?}, branch = {branch:?} }}\nold = {{ package = \"itoa\", version = \"=0.4.8\" }}\n\
         itoa = \"=1.0.15\"\nfork = {{ package = \"fnv\", git = {fork:?} }}\n"
    ));
    agree(&project);
    let lock = project.recipe("release/0/Cargo.lock");
    assert!(lock.contains(" \"fnv 1.0.7 (registry+") && lock.contains(" \"itoa 0.4.8\""), "{lock}");
    assert!(lock.contains(" \"fnv 1.0.7 (git+file://"), "{lock}");
}

fn fork(number: usize) -> GitRepository {
    let manifest = package("fork", "").replace("0.1.0", &format!("1.0.{}", number % 2));
    GitRepository::new(&[("Cargo.toml", &manifest), ("src/lib.rs", "")])
}

/// Their words in the table are in the order of their hashes, the entries of `Cargo.lock` in that of their sources.
#[test]
fn dependencies_on_one_version_from_several_places() {
    let forks: Vec<GitRepository> = (0..4).map(fork).collect();
    let mut dependencies = String::from("\n[dependencies]\n");
    for (number, fork) in forks.iter().enumerate() {
        let _ = writeln!(dependencies, "f{number} = {{ package = \"fork\", git = {:?} }}", fork.url());
    }
    let user = GitRepository::new(&[("Cargo.toml", &package("user", &dependencies)), ("src/lib.rs", "")]);
    let project = program(&format!("user = {{ git = {:?} }}\n", user.url()), "");
    agree(&project);
    let lock = project.recipe("release/0/Cargo.lock");
    assert_eq!(lock.matches(" \"fork 1.0.0 (git+").count(), 4, "for `user` and for the stub: {lock}");
    project.cargo(&["metadata", "--locked", "--format-version=1"]);
}

#[test]
fn a_private_registry() {
    let registry = rules_sources::Registry::new();
    registry.publish("interior", "", None);
    registry.publish("exterior", "pub use interior;\n", Some("interior"));
    let config = format!("[registries.ours]\nindex = {:?}\n", registry.index.url());
    let dependencies = "\n[dependencies]\nexterior = { version = \"0.1\", registry = \"ours\" }\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", dependencies)),
        (".cargo/config.toml", &config),
        ("src/main.rs", MAIN),
    ]);
    agree(&project);
    assert!(project.recipe("release/0/Cargo.toml").contains("registry-index"));
    assert!(project.recipe("config.toml").contains("registries.ours.index"));
}

#[test]
fn patches_used_and_unused() {
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.15")),
        ("src/lib.rs", ""),
    ]);
    let patch =
        format!("\n[patch.crates-io]\nnew = {{ package = \"itoa\", git = {:?} }}\n", repository.url());
    agree(&program("itoa = \"1\"\n", &patch));

    let unused = Project::new(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nfnv = \"=1.0.7\"\ncfg-if = \"=1.0.1\"\n")),
        (".cargo/config.toml", "[patch.crates-io]\nfnv = { path = \"patched\" }\n"),
        ("src/main.rs", MAIN),
        ("patched/Cargo.toml", &package("fnv", "").replace("0.1.0", "1.0.7")),
        ("patched/src/lib.rs", ""),
    ]);
    agree(&unused);
    assert!(unused.recipe("release/0/Cargo.lock").contains("[[patch.unused]]\nname = \"fnv\""));
}

/// Whatever a value holds is text, in the table, in awk and in cargo's configuration.
#[test]
fn words_that_mean_something_elsewhere() {
    let values = r#"
[package.metadata.larder.slices.odd]
args = ["build", "--release", "--features", "a,b"]
rustflags = ["--cfg", "odd=\"1&2\""]
env = { PLAIN = "a b", QUOTED = "say \"it\" \\ 'now'", UNICODE = "Käse ☕ 日本", SHELL = "$(touch x) `touch x`; touch x", PERCENT = "%s %d & \\&", LINES = "one\ntwo\ttab", CONTROL = "\u0001\u0085\u2028", EMPTY = "", "dotted.NAME" = "1", TARGET = "<target>" }

[package.metadata.larder.slices._-]
args = ["build"]

[package.metadata.larder.slices.-x]
args = ["check"]

[features]
a = []
b = []
"#;
    let project = program("itoa = \"=1.0.15\"\n", values);
    project.write(
        ".cargo/config.toml",
        "[env]\nMORE = \"Käse \\u0085 \\\"\"\n\n[build]\nrustflags = [\"--cfg\", \"x=\\\"é\\\"\"]\n",
    );
    agree(&project);
    assert!(!project.path().join("x").exists());
    let config: toml_edit::DocumentMut = project.recipe("odd/0/.cargo/config.toml").parse().unwrap();
    assert_eq!(config["env"]["UNICODE"].as_str(), Some("Käse ☕ 日本"));
    assert_eq!(config["env"]["CONTROL"].as_str(), Some("\u{1}\u{85}\u{2028}"));
    assert_eq!(config["env"]["SHELL"].as_str(), Some("$(touch x) `touch x`; touch x"));
}

#[test]
fn chains_of_several_layers() {
    let project = layers::project();
    for (package, version) in [("itoa", "1.0.15"), ("fnv", "1.0.6")] {
        layers::bump(&project, package, version);
        project.larder(&["lock"]).ok();
        assert_expanders_agree("chains", project.path());
    }
    assert_eq!(project.layers("release"), 3);
}

/// A line whose end is open would come back in the layer that has no version of its package.
#[test]
fn a_package_that_is_bumped_and_then_gone() {
    let project = layers::project();
    for (package, version) in [("itoa", "1.0.15"), ("fnv", "1.0.6")] {
        layers::bump(&project, package, version);
        project.larder(&["lock"]).ok();
    }
    let table = project.read("larder/larder.lock");
    let mut gone = table.replace("\nfnv 1.0.6 a2- ", "\nfnv 1.0.6 a1-1 ");
    gone = gone.replace("\nfnv 1.0.7 a ", "\nfnv 1.0.7 a-0 ");
    project.write("larder/larder.lock", &gone);
    assert_expanders_agree("a package that is gone", project.path());
    let version = |layer: usize| {
        let lock = project.recipe(&format!("release/{layer}/Cargo.lock"));
        ["1.0.6", "1.0.7"]
            .into_iter()
            .find(|version| lock.contains(&format!("\"fnv\"\nversion = \"{version}\"")))
    };
    assert_eq!([version(0), version(1), version(2)], [Some("1.0.7"), Some("1.0.6"), None]);
    // Larder takes no table in which the end is open.
    project.write("larder/larder.lock", &gone.replace("\nfnv 1.0.7 a-0 ", "\nfnv 1.0.7 a "));
    assert!(larder_tests::recipes::by_larder(project.path()).is_err());
}

/// The tables of this repository, as they are committed; that of the example is to be read in a review.
#[test]
fn committed_tables() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("examples/portfolio/larder");
    let files: Vec<_> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let lines: usize = files.iter().map(|file| fs_err::read_to_string(file).unwrap().lines().count()).sum();
    assert!(files.len() <= 4 && lines <= 450, "{lines} lines in {files:?}");
    for workspace in [root.clone(), root.join("examples/portfolio")] {
        assert_expanders_agree("committed tables", &workspace);
    }
}

/// Nothing is expanded from a folder if something else lies in the way.
#[test]
fn expanding_again_is_the_same() {
    let project = program("itoa = \"=1.0.15\"\n", "");
    project.larder(&["lock"]).ok();
    let before = project.expanded();
    let recipes = project.path().join(larder_tests::recipes::RECIPES);
    for awk in awks("expanding again") {
        // Those of a chain that was longer, and settings that there are no more.
        fs_err::create_dir_all(recipes.join("release/10/src")).unwrap();
        fs_err::create_dir_all(recipes.join("release/1")).unwrap();
        fs_err::write(recipes.join("config.toml"), "").unwrap();
        expand(awk, project.path(), project.path()).ok();
        assert_eq!(larder_tests::recipes::files(&recipes), before, "{awk:?}");
        assert!(!recipes.join("release/1").exists() && !recipes.join("release/10").exists(), "{awk:?}");
    }
}
