//! Everything that writes into a TOML file of the user's, on files of every form: comments stay with the table that
//! they are in, no line but the asked-for ones changes, and cargo reads the result.

use std::path::Path;

use larder_tests::{Project, Surroundings, package};

/// The root manifest with `rest` behind its package.
fn app(rest: &str) -> String {
    format!("{}\n[dependencies]\nitoa = \"1\"\n{rest}", package("app", ""))
}

/// Ends of manifests, each with comments that must not move.
const FORMS: &[&str] = &[
    "# ryu = \"1\"\n",
    "# ryu = \"1\"",
    "# ryu = \"1\"\n\n[profile.release]\nlto = true\n# strip = true\n\n[workspace]\nresolver = \"2\"\n# members = []\n\n# The end.\n",
    "# ryu = \"1\"\n\n[profile.dev]\nopt-level = 0\n# strip = true\n\n# ---- workspace ----\n\n[workspace]\n# members = [\n#   \"a\",\n# ]\n",
    "# ryu = \"1\"\n\n[profile.dev.package.itoa]\nopt-level = 3\n# debug = true\n[workspace]\n# members = []\n[profile.release]\n# lto = true\n",
    "# ryu = \"1\"\n\n[profile]\nrelease.lto = true\n# dev.lto = true\n\n[workspace.metadata]\nother.one = 1\n# other.two = 2\n[profile.bench]\n# lto = true\n",
    "# ryu = \"1\"\n\n[profile]\ndev = { opt-level = 1 } # in braces\n# bench = { lto = true }\n\n[workspace]\nmetadata = { larder = { max-layers = 2 } }\n# resolver = \"1\"\n",
];

fn project(manifest: &str) -> Project {
    Project::new(&[("Cargo.toml", manifest), ("src/main.rs", "fn main() {}\n")])
}

const WRITERS: [&[&str]; 3] = [
    &["init", "--yes", "--only", "profile"],
    &["observe", "--write", "--", "cargo", "check", "--quiet"],
    &["doctor", "--fix", "dev-profile"],
];

/// Each entry with a comment and each that is commented out, with the header above it.
fn comments(text: &str) -> Vec<(String, String)> {
    let mut header = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            line.clone_into(&mut header);
        }
        if line.contains("# ") && line.contains(" = ") {
            found.push((line.to_owned(), header.clone()));
        }
    }
    found
}

#[track_caller]
fn keeps_comments(project: &Project, manifest: &str, writer: &[&str]) {
    project.write("Cargo.toml", manifest);
    project.larder(writer).ok();
    let new = project.read("Cargo.toml");
    assert_ne!(new, manifest, "{writer:?} has nothing to write");
    let found = comments(&new);
    assert!(manifest.lines().all(|line| new.contains(line) || !line.starts_with('#')), "{writer:?}:\n{new}");
    let moved: Vec<_> = comments(manifest).into_iter().filter(|comment| !is_kept(comment, &found)).collect();
    assert!(moved.is_empty(), "{writer:?} moved {moved:?}:\n{new}");
    if manifest.contains('\r') {
        assert_eq!(new.matches('\n').count(), new.matches("\r\n").count(), "{writer:?}:\n{new:?}");
    }
    project.cargo(&["metadata", "--no-deps", "--format-version=1", "--quiet"]);
}

fn is_kept((line, header): &(String, String), found: &[(String, String)]) -> bool {
    // The one line that is a table in braces is another now.
    found.iter().any(|(new, above)| above == header && (new == line || line.ends_with("# in braces")))
}

#[test]
fn comments_stay_where_they_are() {
    let project = project(&app(""));
    for writer in WRITERS {
        for form in FORMS {
            keeps_comments(&project, &app(form), writer);
        }
        keeps_comments(&project, &app(FORMS[2]).replace('\n', "\r\n"), writer);
    }
}

#[test]
fn the_configuration_keeps_its_comments() {
    let project = project(&app(""));
    let config =
        "[registries.crates-io]\nprotocol = \"git\" # slow\n# token = \"no\"\n\n[build]\n# jobs = 1\n";
    project.write(".cargo/config.toml", config);
    project.larder(&["doctor", "--fix", "registry"]).ok();
    assert_eq!(project.read(".cargo/config.toml"), config.replace("\"git\"", "\"sparse\""));
}

const LEPTOS: &str =
    "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[package.metadata.leptos]\noutput-name = \"app\"\n";

/// A package that is both halves has one table in a profile, so the front's `strip` would be the server's.
#[test]
fn a_server_keeps_its_line_tables() {
    let project =
        Project::new(&[("Cargo.toml", &app(LEPTOS)), ("src/main.rs", "fn main() {}\n"), ("src/lib.rs", "")]);
    project.larder(&["init", "--yes", "--only", "profile"]).ok();
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains("debug = \"line-tables-only\"") && !manifest.contains("strip"), "{manifest}");
    let check = project.larder(&["doctor", "dev-profile"]).ok();
    assert!(check.stdout.contains("every setting is chosen"), "{}", check.stdout);
}

/// What runs beside the front, and who else has it as its server, is looked at for every project.
#[test]
fn only_a_package_that_is_nothing_but_a_front_is_stripped() {
    let root = format!(
        "[workspace]\nmembers = [\"front\", \"both\", \"server\"]\nresolver = \"2\"\n{}{}",
        leptos_table("one", "front", "server"),
        leptos_table("two", "both", "server")
    );
    let project = Project::new(&[
        ("Cargo.toml", &root),
        ("front/Cargo.toml", &package("front", "")),
        ("front/src/lib.rs", ""),
        ("both/Cargo.toml", &package("both", "")),
        ("both/src/lib.rs", ""),
        ("both/src/main.rs", "fn main() {}\n"),
        ("server/Cargo.toml", &package("server", "")),
        ("server/src/main.rs", "fn main() {}\n"),
    ]);
    project.larder(&["init", "--yes", "--only", "profile"]).ok();
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains("[profile.dev.package.front]\nstrip = \"debuginfo\""), "{manifest}");
    assert_eq!(manifest.matches("strip").count(), 1, "{manifest}");
}

fn leptos_table(name: &str, lib: &str, bin: &str) -> String {
    format!(
        "\n[[workspace.metadata.leptos]]\nname = {name:?}\nlib-package = {lib:?}\nbin-package = {bin:?}\n"
    )
}

/// A table for a dependency of the same name would be the member's too.
#[test]
fn a_member_is_not_optimised_by_its_name() {
    let project = Project::new(&[("Cargo.toml", &package("miniz_oxide", "")), ("src/lib.rs", "")]);
    project.larder(&["init", "--yes", "--only", "profile"]).ok();
    assert!(!project.read("Cargo.toml").contains("opt-level"), "{}", project.read("Cargo.toml"));
}

/// `"*"` in a profile means every package that is no member, a library in the next folder too.
#[test]
fn own_code_outside_of_the_workspace_keeps_its_line_tables() {
    let project = Project::without_lock(&[
        ("app/Cargo.toml", &app("shared = { path = \"../shared\" }\n")),
        ("app/src/main.rs", "fn main() {}\n"),
        ("shared/Cargo.toml", &package("shared", "")),
        ("shared/src/lib.rs", ""),
    ]);
    let folder = project.path().join("app");
    Surroundings::get().run(Path::new("cargo"), &folder, &["generate-lockfile", "--quiet"], &[]).ok();
    Surroundings::get().larder(&folder, &["init", "--yes", "--only", "profile"]).ok();
    let manifest = project.read("app/Cargo.toml");
    assert!(manifest.contains("[profile.dev.package.shared]\ndebug = \"line-tables-only\""), "{manifest}");
    Surroundings::get().larder(&folder, &["init", "--check", "--only", "profile"]).ok();
}
