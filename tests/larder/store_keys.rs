//! Everything that a key must hold: with another value of any one, nothing is restored.
//!
//! cargo would refuse most of it afterwards; what it would not notice is why the key has it.

use std::path::Path;

use larder_tests::{Project, Surroundings, soak, write_program};

use crate::store::Machine;

/// A change, and whether the recipes have to be written anew.
enum Change {
    Variable(String, String),
    Configuration(String),
    Manifest(fn(&Project)),
}

fn variable(name: impl Into<String>, value: impl Into<String>) -> Change {
    Change::Variable(name.into(), value.into())
}

fn appended(project: &Project, text: &str) {
    project.write("Cargo.toml", &(project.read("Cargo.toml") + text));
}

/// The usual compiler under another name and with another commit.
fn compiler(folder: &Path) -> String {
    answering(folder, "*-vV*) rustc \"$@\" | sed 's/^commit-hash: .*/commit-hash: x/';;")
}

/// The usual compiler under another name, that answers to some words in another way.
fn answering(folder: &Path, case: &str) -> String {
    let path = folder.join("rustc");
    let script = format!("#!/bin/sh\ncase \"$*\" in\n{case}\n*) exec rustc \"$@\";;\nesac\n");
    write_program(&path, script);
    path.to_string_lossy().into_owned()
}

#[test]
fn with_another_value_of_any_input_nothing_is_restored() {
    let machine = Machine::new();
    let first = machine.checkout(soak::app(0));
    first.cook(&[]);
    let read = ("LARDER_STORE", "read");
    assert_eq!(first.another().cook(&[read]), (2, 0));

    let host = Surroundings::get().host();
    let of_host = host.to_uppercase().replace('-', "_");
    let programs = tempfile::tempdir().unwrap();
    let changes = [
        variable("RUSTFLAGS", "--cfg=x"),
        variable("CARGO_ENCODED_RUSTFLAGS", "--cfg=x"),
        variable("CARGO_BUILD_RUSTFLAGS", "--cfg=x"),
        variable(format!("CARGO_TARGET_{of_host}_RUSTFLAGS"), "--cfg=x"),
        variable(format!("CARGO_TARGET_{of_host}_LINKER"), "/usr/bin/cc"),
        variable("CARGO_PROFILE_RELEASE_DEBUG", "1"),
        variable("RUSTC_BOOTSTRAP", "1"),
        variable("RUSTC", compiler(programs.path())),
        Change::Configuration("[build]\nrustflags = [\"--cfg=x\"]\n".to_owned()),
        Change::Configuration(format!("[target.{host}]\nrustflags = [\"--cfg=x\"]\n")),
        Change::Configuration(format!("[target.{host}]\nlinker = \"/usr/bin/cc\"\n")),
        Change::Manifest(|project| {
            appended(project, "\n[package.metadata.larder.store]\nnamespace = \"x\"\n");
        }),
        Change::Manifest(|project| project.write("Cargo.toml", &soak::manifest(1))),
        Change::Manifest(|project| {
            let words = ["build", "--release", &format!("--target={}", Surroundings::get().host())];
            appended(project, &format!("\n[package.metadata.larder.slices.release]\nargs = {words:?}\n"));
        }),
    ];
    for change in &changes {
        let checkout = first.another();
        let (outcome, case) = match change {
            Change::Variable(name, value) => (checkout.cook(&[read, (name, value)]), name.clone()),
            Change::Configuration(text) => {
                checkout.project.write(".cargo/config.toml", text);
                (checkout.cook(&[read]), text.clone())
            }
            Change::Manifest(change) => {
                change(&checkout.project);
                checkout.larder(&["lock"]);
                (checkout.cook(&[read]), checkout.project.read("Cargo.toml"))
            }
        };
        assert_eq!(outcome, (0, 2), "{case}");
    }
}

/// A flag that asks for this machine's processor is the same text on every machine.
#[test]
fn units_for_the_processor_of_one_machine_are_not_restored_on_another() {
    let programs = tempfile::tempdir().unwrap();
    let native = "native - Select the CPU of the current host (currently of-nobody).";
    let elsewhere = answering(programs.path(), &format!("*target-cpus*) echo '    {native}';;"));
    for flags in [("RUSTFLAGS", "-C target-cpu=native"), ("CFLAGS", "-march=native")] {
        let machine = Machine::new();
        let first = machine.checkout(soak::app(0));
        first.cook(&[flags]);
        assert_eq!(first.another().cook(&[flags]), (2, 0), "{flags:?}");
        assert_eq!(first.another().cook(&[flags, ("RUSTC", &elsewhere)]), (0, 2), "{flags:?}");
        assert_eq!(first.another().cook(&[]), (0, 2), "{flags:?}");
    }
}
