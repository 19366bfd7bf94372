//! The findings of `doctor` on a project's configuration: targets, programs in front of rustc, CI, and what it does not
//! use.

use std::path::Path;

use larder_tests::{Project, Surroundings, package, write_program};
use serde_json::Value;

use crate::doctor::committed;

fn verdict(project: &Project, check: &str, vars: &[(&str, &str)]) -> (String, String) {
    let vars = [&[("CI", "")], vars].concat();
    let outcome = Surroundings::get().larder_with(project.path(), &["doctor", check, "--json"], &vars);
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    let found = &value["checks"][0];
    (found["verdict"].as_str().unwrap().to_owned(), found["reason"].as_str().unwrap().to_owned())
}

#[track_caller]
fn is(project: &Project, check: &str, vars: &[(&str, &str)], expected: &str, reason: &str) {
    let (found, why) = verdict(project, check, vars);
    assert_eq!(found, expected, "{check}: {why}");
    assert!(why.contains(reason), "{check} should say `{reason}`: {why}");
}

#[test]
fn every_target_that_is_built_for_is_looked_at() {
    let project = committed();
    let odd = "sparc64-unknown-linux-gnu";
    configure(&project, &format!("[build]\ntarget = {odd:?}\n"));
    is(&project, "targets", &[], "problem", odd);
    configure(
        &project,
        &format!(
            "[build]\ntarget = [{:?}, {odd:?}, \"mips64-unknown-linux-muslabi64\"]\n",
            Surroundings::get().host()
        ),
    );
    is(&project, "targets", &[], "problem", &format!("mips64-unknown-linux-muslabi64 and {odd}"));
    configure(&project, "[build]\ntarget = \"x86_64-unknown-moon\"\n");
    is(&project, "targets", &[], "problem", "does not know x86_64-unknown-moon");
    configure(&project, &format!("[build]\ntarget = {odd:?}\n\n[unstable]\nbuild-std = [\"core\"]\n"));
    is(&project, "targets", &[], "ok", "");
    configure(&project, &format!("[build]\ntarget = {:?}\n", Surroundings::get().host()));
    is(&project, "targets", &[], "ok", "");
    is(&project, "targets", &[("CARGO_BUILD_TARGET", odd)], "problem", odd);
    fs_err::remove_dir_all(project.path().join(".cargo")).unwrap();
    project.write("rust-toolchain.toml", &format!("[toolchain]\ntargets = [{odd:?}]\n"));
    if Surroundings::get().env().find_program("rustup").is_none() {
        is(&project, "targets", &[], "problem", odd);
    }
}

fn configure(project: &Project, text: &str) {
    project.write(".cargo/config.toml", text);
}

/// A toolchain that was updated leaves the folder of a target behind.
#[test]
fn an_empty_folder_is_no_standard_library() {
    let project = committed();
    let rustc = Surroundings::get().env().find_program("rustc").unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *'target-libdir --target wasm32-'*) mkdir -p '{0}/lib' && echo '{0}/lib';; *) exec '{1}' \"$@\";; esac\n",
        project.path().display(),
        rustc.display()
    );
    let fake = project.path().join("fake/rustc");
    write_program(&fake, script);
    project.write(".cargo/config.toml", "[build]\ntarget = \"wasm32-unknown-unknown\"\n");
    let fake = fake.to_string_lossy().into_owned();
    is(&project, "targets", &[("RUSTC", &fake)], "problem", "wasm32-unknown-unknown");
    project.write("lib/libcore-1.rlib", "");
    is(&project, "targets", &[("RUSTC", &fake)], "ok", "");
}

#[test]
fn programs_that_builds_call_must_be_there() {
    let project = committed();
    let host = Surroundings::get().host();
    for (text, by) in [
        ("[build]\nrustc-wrapper = \"no-such-wrapper\"\n".to_owned(), "build.rustc-wrapper"),
        (
            "[build]\nrustc-workspace-wrapper = \"tools/no-such\"\n".to_owned(),
            "build.rustc-workspace-wrapper",
        ),
        (format!("[target.{host}]\nlinker = \"no-such-linker\"\n"), "linker"),
    ] {
        configure(&project, &text);
        is(&project, "wrappers", &[], "problem", &format!("{by} names "));
    }
    // A variable wins over the file, and an empty one switches it off.
    configure(&project, "[build]\nrustc-wrapper = \"no-such-wrapper\"\n");
    is(&project, "wrappers", &[("RUSTC_WRAPPER", "")], "problem", "which the image does not have");
    is(&project, "wrappers", &[("RUSTC_WRAPPER", "no-other")], "problem", "RUSTC_WRAPPER names no-other");
    // One that is here, and not in the image.
    configure(&project, "[build]\nrustc-wrapper = \"env\"\n");
    is(&project, "wrappers", &[], "problem", "build.rustc-wrapper names env, which the image does not have");
    let dockerfile = project.read("Dockerfile");
    project.write("Dockerfile", &format!("{dockerfile}\nRUN apt-get install env\n"));
    is(&project, "wrappers", &[], "ok", "env is in front of rustc");
    project.write("Dockerfile", "FROM scratch\n");
    is(&project, "wrappers", &[], "ok", "env is in front of rustc");
    // Linkers of targets that nothing is built for are nobody's business.
    configure(&project, "[target.sparc64-unknown-linux-gnu]\nlinker = \"no-such\"\n");
    is(&project, "wrappers", &[], "ok", "");
}

/// rustc looks into its own folder first, and a condition that no target meets is nobody's business.
#[test]
fn linkers_are_those_that_a_build_calls() {
    let project = committed();
    let host = Surroundings::get().host();
    let rustc = Surroundings::get().env().find_program("rustc").unwrap();
    let sysroot = project.path().join("sysroot");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in '--print sysroot') echo '{}';; *) exec '{}' \"$@\";; esac\n",
        sysroot.display(),
        rustc.display()
    );
    let fake = project.path().join("fake/rustc").to_string_lossy().into_owned();
    write_program(&fake, script);
    configure(&project, &format!("[target.{host}]\nlinker = \"rust-lld\"\n"));
    is(&project, "wrappers", &[("RUSTC", &fake)], "problem", "names rust-lld, which is not there");
    project.write(&format!("sysroot/lib/rustlib/{host}/bin/rust-lld"), "");
    is(&project, "wrappers", &[("RUSTC", &fake)], "ok", "");
    configure(&project, "[target.'cfg(target_os = \"windows\")']\nlinker = \"rust-lld.exe\"\n");
    is(&project, "wrappers", &[], "ok", "");
    configure(&project, "[target.'cfg(not(windows))']\nlinker = \"no-such\"\n");
    is(&project, "wrappers", &[], "problem", "names no-such, which is not there");
}

#[test]
fn files_of_every_forge_are_read() {
    let project = committed();
    for path in [".github/workflows/a.yaml", ".forgejo/workflows/a.yml", ".gitea/workflows/a.yml"] {
        project.write(path, "jobs:\n  a:\n    steps:\n      - run: cargo build\n");
        is(&project, "ci-cache", &[], "warning", &format!("{path} keeps nothing"));
        project.write(
            path,
            "jobs:\n  a:\n    steps:\n      - name: cargo build\n        run: echo cargo build\n",
        );
        is(&project, "ci-cache", &[], "skipped", "");
        fs_err::remove_file(project.path().join(path)).unwrap();
    }
    project.write(".gitlab-ci.yml", "a:\n  script:\n    - cargo build\n  # cache: no\n");
    is(&project, "ci-cache", &[], "warning", ".gitlab-ci.yml keeps nothing");
    project.write(".gitlab-ci.yml", "a:\n  cache:\n    paths: [target]\n  script:\n    - cargo build\n");
    is(&project, "ci-cache", &[], "ok", "");
}

/// The command that is printed makes the check content.
#[test]
fn a_retired_cache_is_replaced_by_the_command() {
    let project = committed();
    let path = ".github/workflows/ci.yml";
    project.write(path, "env:\n  CARGO_INCREMENTAL: 0\njobs:\n  a:\n    steps:\n      - uses: actions/cache/restore@v3.2.1\n        with:\n          path: target\n      - run: cargo build\n");
    let outcome = project.larder(&["doctor", "ci-cache", "--json"]);
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(value["checks"][0]["verdict"], "problem", "{value}");
    let command = value["checks"][0]["fix"]["command"].as_str().unwrap();
    Surroundings::get().run(Path::new("sh"), project.path(), &["-c", command], &[]).ok();
    assert!(project.read(path).contains("actions/cache/restore@v4\n"), "{}", project.read(path));
    is(&project, "ci-cache", &[], "ok", "");
}

/// An engine that does not answer and an old Nix are no matter in a project without a Dockerfile and a flake.
#[test]
fn what_a_project_does_not_use_is_nothing_to_check() {
    let project = Project::new(&[("Cargo.toml", &package("app", "")), ("src/lib.rs", "")]);
    let programs = [
        ("docker", "#!/bin/sh\necho 'Cannot connect' >&2\nexit 1\n"),
        (
            "nix",
            "#!/bin/sh\ncase \"$*\" in --version) echo 'nix (Nix) 2.8.0';; *) echo 'experimental-features =';; esac\n",
        ),
    ];
    for (name, script) in programs {
        write_program(project.path().join("fake").join(name), script);
    }
    let path = Surroundings::get().env().get_str("PATH").unwrap_or_default();
    let path = format!("{}:{path}", project.path().join("fake").display());
    for check in ["buildx", "docker-engine", "buildkit", "nix", "nix-flakes", "flake-committed", "direnv"] {
        is(&project, check, &[("PATH", &path)], "skipped", "");
    }
}
