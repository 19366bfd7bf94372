//! The module for flake-parts, with a stand-in for the options that flake-parts has.

use std::path::Path;

use larder_tests::{Project, nix::evaluate, package};
use serde_json::{Value, json};

/// The names of the outputs on one system, for a module of the user's.
fn outputs(module: &str) -> Option<larder_tests::Outcome> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix");
    let expression = format!(
        "let
           inputs = import {tests}/inputs.nix {{ }};
           inherit (inputs.nixpkgs) lib;
           mkFlake = import {nix}/mkFlake.nix {{ inherit (inputs) crane nixpkgs rust-overlay; }};
           any = lib.mkOption {{ type = lib.types.anything; }};
           config = (lib.evalModules {{
             modules = [
               (import {nix}/flakeModule.nix {{ inherit mkFlake; }})
               {{ options = {{ systems = any; perSystem = any; }}; }}
               {module}
             ];
           }}).config;
           own = config.perSystem {{ system = \"aarch64-linux\"; }};
         in
         lib.mapAttrs (_: lib.attrNames) {{ inherit (own) packages checks devShells; }}
         // {{ formatter = own.formatter.outputName; }}",
        tests = tests.display(),
        nix = tests.join("../../nix").display(),
    );
    evaluate("the module for flake-parts", &expression)
}

#[test]
fn a_workspace_is_part_of_a_flake() {
    let project = Project::new(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.larder(&["lock"]).ok();
    let Some(found) = outputs(&module(&project, "\"aarch64-linux\"")) else { return };
    let found: Value = serde_json::from_str(&found.ok().stdout).unwrap();
    let expected = json!({
        "packages": ["default", "release"],
        "checks": ["fmt", "release-exact"],
        "devShells": ["default"],
        "formatter": "out",
    });
    assert_eq!(found, expected);
    // The systems are the flake's own.
    let other = outputs(&module(&project, "\"x86_64-linux\"")).expect("nix was there before");
    assert!(other.code != 0 && other.stderr.contains("aarch64-linux"), "{other:?}");
}

#[test]
fn the_only_program_is_the_default_beside_tests_of_the_release() {
    let tests = "\n[package.metadata.larder.slices.tests]\nargs = [\"test\", \"--release\"]\n";
    let project = Project::new(&[("Cargo.toml", &package("app", tests)), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    let Some(found) = outputs(&module(&project, "\"aarch64-linux\"")) else { return };
    let found: Value = serde_json::from_str(&found.ok().stdout).unwrap();
    assert_eq!(found["packages"], json!(["default", "release", "tests"]));
}

fn module(project: &Project, systems: &str) -> String {
    let root = project.path().display();
    format!(
        "{{ systems = [ {systems} ]; larder = {{ root = {root}; options = pkgs: {{ env.X = \"1\"; }}; }}; }}"
    )
}
