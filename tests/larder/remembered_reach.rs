//! The memory of `lock` reaches as far as planning does: along links, into workspaces and folders of others, to the
//! programs that come first, and over the whole time that a run takes.

use std::{os::unix::fs::symlink, path::Path};

use larder_tests::{Project, Surroundings, package, write_program};

use crate::remembered::{asks, larder, project, ws};

const CHECK: [&str; 2] = ["lock", "--check"];
/// Another slice of the project.
const MORE: &str = "[workspace.metadata.larder.slices.more]\nargs = [\"build\"]\n";

/// Gives the application more dependencies.
fn depend(project: &Project, lines: &str) {
    let app = project.read("ws/members/app/Cargo.toml");
    project.write("ws/members/app/Cargo.toml", &format!("{app}{lines}"));
}

fn library(project: &Project, folder: &str, manifest: &str) {
    project.write(&format!("{folder}/Cargo.toml"), manifest);
    project.write(&format!("{folder}/src/lib.rs"), "");
}

fn program(project: &Project, path: &str, text: &str) -> String {
    let path = project.path().join(path);
    write_program(&path, format!("#!/bin/sh\n{text}\n"));
    path.to_string_lossy().into_owned()
}

/// Whether a check asks cargo.
fn check_asks(project: &Project, vars: &[(&str, &str)]) -> bool {
    asks(&larder(project, &CHECK, vars))
}

/// Locks, after which a check asks nobody.
#[track_caller]
fn lock(project: &Project, vars: &[(&str, &str)]) {
    larder(project, &["lock"], vars).ok();
    assert!(!check_asks(project, vars));
}

/// A file that is saved during a run may have been planned from, or not.
#[test]
fn an_edit_meanwhile_is_not_remembered() {
    let project = project();
    let rustc = ["--print", "sysroot"];
    let sysroot = Surroundings::get().run(Path::new("rustc"), project.path(), &rustc, &[]).ok().stdout;
    let root = project.path().display();
    let rustc = format!(
        "if [ -f {root}/edit ]; then cat {root}/edit >>{root}/ws/Cargo.toml; rm {root}/edit; fi\n\
         exec {}/bin/rustc \"$@\"",
        sysroot.trim()
    );
    let rustc = program(&project, "rustc", &rustc);
    let vars = [("RUSTC", rustc.as_str())];
    lock(&project, &vars);
    fs_err::remove_file(ws(&project).join("target/larder/locked.json")).unwrap();
    project.write("edit", MORE);
    larder(&project, &CHECK, &vars).ok();
    assert!(project.read("ws/Cargo.toml").ends_with(MORE), "nobody asked for the compiler");
    let outcome = larder(&project, &CHECK, &vars);
    assert!(asks(&outcome) && outcome.code != 0, "{}", outcome.stderr);
}

/// A package elsewhere may inherit from a workspace above it or of its choice.
#[test]
fn workspaces_of_others_are_noticed() {
    let project = project();
    let other =
        "[workspace]\nmembers = [\"heir\"]\n\n[workspace.dependencies]\nthird = { path = \"third\" }\n";
    project.write("other/Cargo.toml", other);
    library(&project, "other/third", &package("third", ""));
    library(&project, "other/heir", &package("heir", "\n[dependencies]\nthird.workspace = true\n"));
    let hub = "[workspace]\nmembers = [\"../spoke\"]\n\n[workspace.package]\nlicense = \"MIT\"\n";
    project.write("hub/Cargo.toml", hub);
    library(&project, "spoke", &package("spoke", "workspace = \"../hub\"\nlicense.workspace = true\n"));
    depend(&project, "heir = { path = \"../../../other/heir\" }\nspoke = { path = \"../../../spoke\" }\n");
    lock_after_change(&project);
    for (path, more) in [
        ("hub/Cargo.toml", "description = \"x\"\n"),
        ("other/third/Cargo.toml", "\n[features]\nmore = []\n"),
        ("other/third/build.rs", "fn main() {}\n"),
    ] {
        let before = fs_err::read_to_string(project.path().join(path)).unwrap_or_default();
        project.write(path, &format!("{before}{more}"));
        assert!(check_asks(&project, &[]), "{path} was not noticed");
        lock(&project, &[]);
    }
}

/// `Cargo.lock` is brought up to date by the run that is remembered.
#[track_caller]
fn lock_after_change(project: &Project) {
    assert!(larder(project, &["lock"], &[]).ok().stderr.contains("Updated"));
    assert!(!check_asks(project, &[]));
}

#[test]
fn links_that_are_led_elsewhere_are_noticed() {
    let project = project();
    for (folder, more) in [("one/a", ""), ("two/a", "\n[features]\nmore = []\n"), ("same/a", "")] {
        library(&project, folder, &package("a", more));
    }
    let link = project.path().join("link");
    symlink("one", &link).unwrap();
    depend(&project, "a = { path = \"../../../link/a\" }\n");
    lock_after_change(&project);
    for to in ["same", "two", "one"] {
        fs_err::remove_file(&link).unwrap();
        symlink(to, &link).unwrap();
        assert!(check_asks(&project, &[]), "{to} was not noticed");
        lock(&project, &[]);
    }
}

/// The answer for a workspace is none for a package that it excludes, nor for one that a link leads into it.
#[test]
fn packages_apart_have_no_answer() {
    let project = project();
    let root = project.read("ws/Cargo.toml");
    project.write("ws/Cargo.toml", &format!("{root}exclude = [\"apart\"]\n"));
    library(&project, "ws/apart", &package("apart", ""));
    depend(&project, "apart = { path = \"../../apart\" }\n");
    lock_after_change(&project);
    symlink("ws/members/app", project.path().join("shortcut")).unwrap();
    let shortcut = ["lock", "--check", "--manifest-path", "shortcut/Cargo.toml"];
    for (dir, args) in [("ws/apart", &CHECK[..]), (".", &shortcut)] {
        let outcome = Surroundings::get().larder(&project.path().join(dir), args);
        assert!(!outcome.stderr.contains("Fresh"), "{dir}: {}", outcome.stderr);
    }
}

/// In a folder with settings of its own, cargo may be another and say something else.
#[test]
fn settings_of_the_working_directory_are_noticed() {
    let project = project();
    project.write("ws/members/app/.cargo/config.toml", "[build]\ntarget-dir = \"out\"\n");
    lock(&project, &[]);
    assert!(asks(&Surroundings::get().larder(&ws(&project).join("members/app"), &CHECK)));
}

#[test]
fn vendored_packages_are_noticed() {
    let project = project();
    let manifest = ws(&project).join("Cargo.toml");
    let words = ["vendor", "--manifest-path", &manifest.to_string_lossy()];
    let config = project.cargo(&words).stdout.replace("\"vendor\"", "\"../vendor\"");
    project.write("ws/.cargo/more.toml", &config);
    lock(&project, &[]);
    let itoa = project.read("vendor/itoa/Cargo.toml");
    project.write("vendor/itoa/Cargo.toml", &format!("{itoa}# more\n"));
    let outcome = larder(&project, &CHECK, &[]);
    assert!(asks(&outcome) || outcome.code != 0, "{}", outcome.stderr);
}

#[test]
fn other_programs_are_noticed() {
    let project = project();
    let env = Surroundings::get().env();
    let path = format!("{}/first:{}", project.path().display(), env.get_str("PATH").unwrap());
    fs_err::create_dir(project.path().join("first")).unwrap();
    let vars = [("PATH", path.as_str())];
    lock(&project, &vars);
    for name in ["cargo", "rustc"] {
        let real = env.find_program(name).unwrap();
        program(&project, &format!("first/{name}"), &format!("exec {} \"$@\"", real.display()));
        assert!(check_asks(&project, &vars), "{name} was not noticed");
        lock(&project, &vars);
    }
    let cargo =
        program(&project, "other/cargo", &format!("exec {}/first/cargo \"$@\"", project.path().display()));
    assert!(check_asks(&project, &[vars[0], ("CARGO", &cargo)]));
}
