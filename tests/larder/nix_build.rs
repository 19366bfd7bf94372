//! What Nix builds of a workspace, and what it builds anew after an edit: real builds in Nix's sandbox, with
//! `tests/nix` in place of nixpkgs and crane.
//!
//! The consumer's flake is the template. Which derivation depends on what is told faster by evaluation, in nix.rs;
//! here is what only a build can tell: what cargo compiles in each derivation, and that the program runs.

use std::path::Path;

use larder_tests::{Project, Surroundings, nix::{Nix, Said}, skip};

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
const MAIN: &str = r#"
fn main() {
    let number = shared::Number { value: 42 };
    let json = serde_json::to_string(&number).unwrap();
    println!("{} {json}", itoa::Buffer::new().format(number.value));
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

/// A workspace with the template's flake, locked, its crates downloaded.
fn project() -> Project {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nix/template/flake.nix");
    let template = fs_err::read_to_string(template).expect("the template can be read");
    let app = format!("{APP}serde_json = \"1\"\n");
    let project = Project::new(&[
        ("Cargo.toml", MANIFEST),
        ("README.md", "Words.\n"),
        ("app/Cargo.toml", &app),
        ("app/src/main.rs", MAIN),
        ("app/tests/runs.rs", ""),
        ("flake.nix", &template),
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

#[test]
fn each_edit_is_built_from_what_stays() {
    let Some(nix) = nix("builds by Nix") else { return };
    let project = project();
    let said = build(&nix, &project, "default").ok();
    eprintln!("{}", said.log);
    eprintln!("{:?}", said.derivations());
    eprintln!("{:?}", said.compiled("release"));
    eprintln!("{:?}", nix.closure(&said.result));
    panic!();
}
