//! The toolchain of a flake: the targets that slices are built for, as far as rust-overlay has them.

use larder_tests::{Project, Surroundings, package};
use serde_json::json;

use crate::nix::{value, with_workspace};

#[test]
fn targets_are_those_of_slices_or_else_of_the_configuration() {
    let slices = "\n[package.metadata.larder.slices.host]\nargs = [\"build\", \"--target=host-tuple\"]\n";
    let project = Project::new(&[("Cargo.toml", &package("app", slices)), ("src/main.rs", "fn main() {}\n")]);
    let targets = with_workspace(project.path(), "", "workspace.toolchain.wanted.targets");
    project.larder(&["lock"]).ok();
    let Some(found) = value("targets", &targets) else { return };
    assert_eq!(found, json!([]));
    let host = Surroundings::get().host();
    project.write(".cargo/config.toml", &format!("[build]\ntarget = {host:?}\n"));
    project.larder(&["lock"]).ok();
    assert_eq!(value("targets", &targets), Some(json!([host])));
}
