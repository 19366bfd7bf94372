//! The files of an application: Docker is sent the same ones that Nix builds from, for projects of every shape.
//!
//! Folders called `tests`, `benches` and `examples` are in no shape: Nix leaves them out, so that they change no
//! derivation, and `nix.rs` holds that.

use std::path::{Path, PathBuf};

use larder_tests::{Project, Stages, Surroundings, package};
use serde_json::json;

use crate::nix::{sources, value, with_workspace};

/// A package of one program.
const MAIN: (&str, &str) = ("src/main.rs", "fn main() {}\n");

/// Holds both lists against the files, given as `(path, text)`. Those that no build reads begin with `-`.
fn same(shape: &str, files: &[(&str, &str)]) {
    same_in(shape, "", files);
}

/// The same for a workspace in a folder, `site/`, of what is sent. Nix has no file outside of it.
fn same_in(shape: &str, site: &str, files: &[(&str, &str)]) {
    let project = Project::without_lock(&[]);
    files.iter().for_each(|(path, text)| project.write(path.trim_start_matches('-'), text));
    // A toolchain file above counts in one repository.
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    // Nix takes no slash at the end.
    let root: PathBuf = project.path().join(site).components().collect();
    let surroundings = Surroundings::get();
    surroundings.run(Path::new("cargo"), &root, &["generate-lockfile", "--quiet"], &[]).ok();
    surroundings.larder(&root, &["lock"]).ok();
    surroundings.larder(&root, &["dockerfile"]).ok();

    let mut read: Vec<String> =
        files.iter().filter(|(path, _)| !path.starts_with('-')).map(|(path, _)| (*path).to_owned()).collect();
    read.push(format!("{site}Cargo.lock"));
    read.sort();
    let mut sent = Stages::sent(project.path());
    sent.retain(|path| !path.starts_with(&format!("{site}larder/")));
    assert_eq!(sent, read, "{shape}, Docker");

    let Some(sources) = sources(&root) else { return };
    let sources = sources.as_object().expect("there is a set of slices");
    assert!(!sources.is_empty(), "{shape}");
    let below: Vec<&str> = read.iter().filter_map(|path| path.strip_prefix(site)).collect();
    for (slice, sources) in sources {
        let mut found: Vec<String> = serde_json::from_value(sources["application"].clone()).unwrap();
        found.sort();
        assert_eq!(found, below, "{shape}, Nix, {slice}");
    }
}

#[test]
fn of_packages() {
    same(
        "a plain package",
        &[
            ("Cargo.toml", &package("app", "")),
            ("build.rs", "fn main() {}\n"),
            MAIN,
            ("src/bin/tool/main.rs", "fn main() {}\n"),
            ("migrations/1.sql", ""),
            (".sqlx/query.json", "{}"),
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n"),
            ("-README.md", ""),
            ("-notes/a.rs", ""),
            ("-.cargo/config.toml", "[build]\nincremental = false\n"),
        ],
    );
    same(
        "a workspace with members",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"crates/*\"]\nexclude = [\"crates/not\"]\n"),
            ("app/Cargo.toml", &package("app", "[dependencies]\none = { path = \"../crates/one\" }\n")),
            ("app/src/main.rs", "fn main() {}\n"),
            ("app/data/words.txt", ""),
            ("-app/.env.d/token", ""),
            ("crates/one/Cargo.toml", &package("one", "")),
            ("crates/one/src/lib.rs", ""),
            ("-crates/not/Cargo.toml", &package("not", "")),
            ("-crates/not/src/lib.rs", ""),
            ("-crates/README.md", ""),
        ],
    );
}

#[test]
fn of_packages_in_the_place_of_others() {
    for table in ["[replace]\n\"itoa:1.0.14\"", "[patch.crates-io]\nitoa"] {
        let manifest = format!("[dependencies]\nitoa = \"=1.0.14\"\n\n{table} = {{ path = \"instead\" }}\n");
        same(
            table,
            &[
                ("Cargo.toml", &package("app", &manifest)),
                MAIN,
                ("instead/Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.14")),
                ("instead/src/lib.rs", ""),
                ("-other/src/lib.rs", ""),
            ],
        );
    }
}

/// It inherits from a manifest of its own, and nobody runs its tests.
#[test]
fn of_another_workspace_in_this_one() {
    let suite =
        "[workspace]\nmembers = [\"alpha\"]\n\n[workspace.dependencies]\nbeta = { path = \"beta\" }\n";
    let alpha = "[dependencies]\nbeta.workspace = true\n\n[dev-dependencies]\nfor-tests = { path = \"../for-tests\" }\n";
    let root =
        "[workspace]\nexclude = [\"third\"]\n\n[dependencies]\nalpha = { path = \"third/suite/alpha\" }\n";
    same(
        "a nested workspace",
        &[
            ("Cargo.toml", &package("app", root)),
            MAIN,
            ("third/suite/Cargo.toml", suite),
            ("third/suite/alpha/Cargo.toml", &package("alpha", alpha)),
            ("third/suite/alpha/src/lib.rs", ""),
            ("third/suite/beta/Cargo.toml", &package("beta", "")),
            ("third/suite/beta/src/lib.rs", ""),
            ("-third/suite/for-tests/Cargo.toml", &package("for-tests", "")),
            ("-third/suite/for-tests/src/lib.rs", ""),
            ("-third/suite/notes.md", ""),
        ],
    );
}

#[test]
fn of_targets_in_unusual_places() {
    let targets =
        "build = \"build.rs\"\n\n[lib]\npath = \"lib.rs\"\n\n[[bin]]\nname = \"app\"\npath = \"./main.rs\"\n";
    same(
        "modules at the root",
        &[
            ("Cargo.toml", &package("app", targets)),
            ("build.rs", "mod helper;\nfn main() {}\n"),
            ("helper/mod.rs", ""),
            ("lib.rs", "mod deep;\n"),
            ("deep.rs", "mod inner;\n"),
            ("deep/inner.rs", ""),
            ("main.rs", "fn main() {}\n"),
            ("-notes/a.rs", ""),
        ],
    );
    let targets = "build = \"../scripts/build.rs\"\n\n[lib]\npath = \"../lib.rs\"\n\n\
                   [[bin]]\nname = \"app\"\npath = \"../shared/src/main.rs\"\n";
    same(
        "outside of the member",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"2\"\n"),
            ("app/Cargo.toml", &package("app", targets)),
            ("scripts/build.rs", "mod more;\nfn main() {}\n"),
            ("scripts/more.rs", ""),
            ("lib.rs", ""),
            ("-beside.rs", ""),
            ("shared/src/main.rs", "mod util;\nfn main() {}\n"),
            ("shared/src/util.rs", ""),
            ("-shared/notes.md", ""),
        ],
    );
}

/// The manifest of a Leptos project.
fn leptos(metadata: &str) -> String {
    let library = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[package.metadata.leptos]\n";
    package("site", &format!("{library}{metadata}"))
}

#[test]
fn of_leptos() {
    let metadata = "assets-dir = \"public\"\nstyle-file = \"./style.css\"\n\
                    watch-additional-files = [\"locales\", { path = \"more/./words.txt\" }]\n";
    same(
        "watched files, and a style at the root",
        &[
            ("Cargo.toml", &leptos(metadata)),
            MAIN,
            ("src/lib.rs", ""),
            ("style.css", ""),
            ("-other.css", ""),
            ("public/logo.svg", ""),
            ("locales/en/words.ftl", ""),
            ("more/words.txt", ""),
            ("-more/other.txt", ""),
            // Without Tailwind nobody reads it.
            ("-package.json", "{}"),
        ],
    );
    same(
        "Tailwind",
        &[
            ("Cargo.toml", &leptos("tailwind-input-file = \"style/in.css\"\n")),
            MAIN,
            ("src/lib.rs", ""),
            ("style/in.css", "@import \"tailwindcss\";\n"),
            ("style/parts.css", ""),
            ("package.json", "{}"),
            ("package-lock.json", "{}"),
            ("-yarn.lock", ""),
        ],
    );
    let metadata =
        "assets-dir = \"../public\"\nstyle-file = \"../style.css\"\nwatch-additional-files = [\"locales\"]\n";
    same(
        "the metadata of a member",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"site\"]\nresolver = \"2\"\n"),
            ("site/Cargo.toml", &leptos(metadata)),
            ("site/src/main.rs", "fn main() {}\n"),
            ("site/src/lib.rs", ""),
            ("style.css", ""),
            ("-other.css", ""),
            ("public/logo.svg", ""),
            ("locales/en.ftl", ""),
        ],
    );
}

#[test]
fn of_the_settings() {
    let include = "[\"texts/*.md\", \"certs/*.pem\", \"./data\", \"named/known.db\", \"gone/*\"]";
    // The table of the workspace hides the package's.
    let manifest = format!(
        "[workspace.metadata.larder.docker]\ninclude = {include}\n\n\
         [package.metadata.larder.docker]\ninclude = [\"hidden\"]\n"
    );
    same(
        "`include`",
        &[
            ("Cargo.toml", &package("app", &manifest)),
            MAIN,
            ("texts/a.md", ""),
            ("-texts/a.txt", ""),
            ("certs/ca.pem", ""),
            ("-certs/ca.key", ""),
            ("data/deep/words.txt", ""),
            ("-data/x.db", ""),
            ("named/known.db", ""),
            ("-named/other.db", ""),
            ("-hidden/a", ""),
        ],
    );
}

#[test]
fn beside_the_workspace() {
    let manifest = "[dependencies]\nbeta = { path = \"../shared/beta\" }\n\n[workspace]\n\n\
                    [workspace.metadata.larder.docker]\ncontext = \"..\"\n";
    same_in(
        "a toolchain file above, and a package",
        "site/",
        &[
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n"),
            ("site/Cargo.toml", &package("app", manifest)),
            ("site/src/main.rs", "fn main() {}\n"),
            ("-site/notes.md", ""),
            ("shared/beta/Cargo.toml", &package("beta", "")),
            ("shared/beta/src/lib.rs", ""),
            ("-shared/notes.md", ""),
        ],
    );
}

#[test]
fn every_part_gives_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    for (name, call, expected) in [
        ("leptosFiles", "f", json!(["public", "style", "migrations", ".sqlx"])),
        ("matching", "f root \"./ser*/src/h*.rs\"", json!(["server/src/health.rs"])),
        ("matching", "f root \"gone/*\"", json!([])),
        ("normalize", "map f [ \"./a//b/../c\" \"../a\" ]", json!(["a/c", "../a"])),
        ("workspaceFolder", "f root \"server\"", json!("")),
    ] {
        let call = format!("with workspace; let f = workspace.{name}; in {call}");
        let Some(found) = value(name, &with_workspace(&root, "", &call)) else { return };
        assert_eq!(found, expected, "{name}");
    }
}
