//! Calls that a build driver makes in a folder with a configuration of its own: the slice carries it, or the call is
//! refused with the setting that cannot be carried.

use larder_tests::{Project, Surroundings, package, write_program};

const ROOT: &str = "[workspace]\nmembers = [\"app\", \"tool\"]\nresolver = \"2\"\n";

fn member(name: &str) -> String {
    format!("{}\n[dependencies]\nitoa = \"1\"\ncfg-if = \"1\"\n", package(name, ""))
}

fn project() -> Project {
    Project::new(&[
        ("Cargo.toml", ROOT),
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"all\"]\n"),
        ("app/Cargo.toml", &member("app")),
        ("app/src/main.rs", "fn main() {}\n"),
        ("tool/Cargo.toml", &member("tool")),
        ("tool/src/main.rs", "fn main() {}\n"),
    ])
}

/// Observes a driver, writes its slice down, and requires that cooking provides what the driver's build needs.
#[track_caller]
fn written(project: &Project, driver: &str) -> String {
    project.larder(&["observe", "--write", "--", "sh", "-c", driver]).ok();
    let manifest = project.read("Cargo.toml");
    let slices = manifest.split_once("[workspace.metadata").map(|(_, slices)| slices.to_owned());
    let slices = slices.unwrap_or_else(|| panic!("nothing was written for {driver}:\n{manifest}"));
    project.larder(&["lock"]).ok();
    for folder in ["target", "out", "tool/out"] {
        let _ = fs_err::remove_dir_all(project.path().join(folder));
    }
    let name = slices.split_once("slices.").unwrap().1.split(']').next().unwrap();
    let built = project.larder(&["build", name, "--json", "--", "sh", "-c", driver]).ok();
    let table: serde_json::Value = serde_json::from_str(&built.stdout).unwrap();
    let phase = &table["phases"][1];
    assert_eq!(phase["compiled-external"], 0, "{table:#}\n{slices}");
    assert!(phase["fresh"].as_u64() > Some(0), "{table:#}\n{slices}");
    slices
}

#[test]
fn a_folders_own_configuration_is_carried() {
    let host = Surroundings::get().host();
    let project = project();
    let config = format!(
        "[build]\ntarget = {host:?}\ntarget-dir = \"../out\"\nrustflags = [\"--cfg\", \"tool\"]\njobs = 1\n\n\
         [profile.release]\nopt-level = 1\npackage.itoa.opt-level = 2\n\n[env]\nSITE = \"x\"\n"
    );
    project.write("tool/.cargo/config.toml", &config);
    let slices = written(&project, "cd tool/src && cargo build --release");
    for part in [
        &*format!("\"--target={host}\""),
        "\"--config=profile.release.opt-level=1\"",
        "\"--config=profile.release.package.itoa.opt-level=2\"",
        "\"--target-dir=./out\"",
        "rustflags = [\"--cfg\", \"tool\"]",
        "env = { SITE = \"x\" }",
    ] {
        assert!(slices.contains(part), "{part} in {slices}");
    }
}

#[test]
fn variables_of_a_file_that_git_ignores_are_not_written() {
    let project = project();
    project.git(&["init", "--quiet"]);
    project.write(".gitignore", "/target\ntool/.cargo\n");
    let config = "[profile.release]\nopt-level = 1\n\n[env]\nSITE = \"canary\"\n";
    project.write("tool/.cargo/config.toml", config);
    let driver = "cd tool && cargo build --release";
    project.larder(&["observe", "--write", "--", "sh", "-c", driver]).ok();
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains("profile.release.opt-level=1") && !manifest.contains("canary"), "{manifest}");
}

/// Arguments and variables win over a file, as they do for cargo.
#[test]
fn what_the_driver_says_wins_over_the_folder() {
    let host = Surroundings::get().host();
    let project = project();
    let config = "[build]\ntarget = \"sparc64-unknown-linux-gnu\"\ntarget-dir = \"out\"\n\n[profile.dev]\nopt-level = 1\nlto = \"off\"\n";
    project.write("tool/.cargo/config.toml", config);
    let driver = format!(
        "cd tool && CARGO_PROFILE_DEV_OPT_LEVEL=2 CARGO_BUILD_TARGET={host} cargo --config profile.dev.debug=1 build --target-dir ../target/t"
    );
    let slices = written(&project, &driver);
    for part in [
        &*format!("\"--target={host}\""),
        "\"--config=profile.dev.lto=\\\"off\\\"\"",
        "\"--config=profile.dev.debug=1\"",
        "\"--target-dir=target/t\"",
        "env = { CARGO_PROFILE_DEV_OPT_LEVEL = \"2\" }",
    ] {
        let single =
            part.replace("\"--config=profile.dev.lto=\\\"off\\\"\"", "'--config=profile.dev.lto=\"off\"'");
        assert!(slices.contains(part) || slices.contains(&single), "{part} in {slices}");
    }
    assert!(!slices.contains("sparc64") && !slices.contains("opt-level"), "{slices}");
}

#[test]
fn a_file_that_the_driver_names_is_carried() {
    let project = project();
    project.write("tool/small.toml", "[profile.release]\nopt-level = 1\n");
    let slices = written(&project, "cd tool && cargo build --release --config small.toml");
    assert!(slices.contains("\"--config=profile.release.opt-level=1\""), "{slices}");
    assert!(!slices.contains("small.toml"), "{slices}");
    // A file that it includes is part of it, and counts less.
    project.write("tool/small.toml", "include = [\"more.toml\"]\n[profile.release]\nopt-level = 1\n");
    project.write("tool/more.toml", "[profile.release]\nopt-level = 2\nlto = \"off\"\n");
    let fresh = project.read("Cargo.toml");
    project.write("Cargo.toml", fresh.split_once("[workspace.metadata").unwrap().0);
    let slices = written(&project, "cd tool && cargo build --release --config small.toml");
    for setting in ["profile.release.opt-level=1", "profile.release.lto=\\\"off\\\""] {
        assert!(
            slices.contains(setting) || slices.contains(&setting.replace('\\', "")),
            "{setting}\n{slices}"
        );
    }
}

/// A relative path in a setting begins where cargo is called.
#[test]
fn a_path_that_the_driver_gives_in_a_folder() {
    let project = project();
    write_program(project.path().join("tool/bin/wrap"), "#!/bin/sh\nexec \"$@\"\n");
    let call = "cd tool && cargo build --release --config 'build.rustc-wrapper=\"bin/wrap\"'";
    let slices = written(&project, call);
    assert!(slices.contains("tool/bin/wrap"), "{slices}");
}

/// The configuration is that of the folder that cargo is called in, not of the manifest's.
#[test]
fn a_manifest_that_is_named_brings_no_configuration() {
    let project = project();
    project.write("tool/.cargo/config.toml", "[profile.release]\nopt-level = 1\n");
    let slices = written(&project, "cd app && cargo build --release --manifest-path ../tool/Cargo.toml");
    assert!(slices.contains("--package=tool") && !slices.contains("opt-level"), "{slices}");
}

#[test]
fn what_cannot_be_carried_is_named() {
    let toolchain = Surroundings::get().env().get_str("RUSTUP_TOOLCHAIN").map(str::to_owned);
    let mut cases = vec![
        (
            "tool/.cargo/config.toml",
            "[env]\nX = { value = \"x\", relative = true }\n",
            "cargo build",
            "sets X to a path of its own",
        ),
        (
            "tool/.cargo/config.toml",
            "[build]\nrustc-wrapper = \"./wrap\"\n",
            "CARGO_BUILD_RUSTC_WRAPPER= cargo build",
            "`build.rustc-wrapper`, which names a path",
        ),
        (
            "tool/rust-toolchain.toml",
            "[toolchain]\nchannel = \"1.0.0\"\n",
            "cargo build",
            "chooses the compiler, which a slice cannot",
        ),
        (
            "tool/.cargo/config.toml",
            "[target.'cfg(all())']\nrustflags = [\"--cfg\", \"x\"]\n[build]\n",
            "cargo build",
            "do not start with the configured flags",
        ),
    ];
    // Only rustup's variable can be another one.
    if toolchain.is_some() {
        let call = "RUSTUP_TOOLCHAIN=$(rustc --print sysroot) cargo build";
        cases.push(("tool/src/more.rs", "", call, "RUSTUP_TOOLCHAIN=/"));
    }
    for (path, text, call, reason) in cases {
        let project = project();
        project.write(path, text);
        // In a folder, rustup takes that one's toolchain file only if nothing else is set.
        let set =
            toolchain.as_ref().map(|name| format!("export RUSTUP_TOOLCHAIN={name}; ")).unwrap_or_default();
        let driver = format!("cd tool && {set}{call}");
        let outcome = project.larder(&["observe", "--", "sh", "-c", &driver]);
        assert_eq!(outcome.code, 1, "{path}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(reason), "{path}: {}", outcome.stderr);
    }
}
