//! `cargo larder why` before a build: provoked rebuilds, each with the cause that must be named.

use std::time::{Duration, SystemTime};

use larder_tests::{Surroundings, write_program};

use crate::why_stage::{Case, Stage, check_all, long_ago, set_time};

#[test]
fn files() {
    let cases = [
        Case { name: "nothing", change: |_| {}, causes: &[], chain: &[] },
        Case {
            name: "touched file",
            change: |stage| set_time(&stage.path("mid/src/part.rs"), SystemTime::now()),
            causes: &["mid/src/part.rs is newer than the last build"],
            chain: &["mid", "app"],
        },
        Case {
            name: "edited file",
            change: |stage| stage.append("app/src/main.rs", "// more\n"),
            causes: &["app/src/main.rs is newer than the last build"],
            chain: &["app"],
        },
        Case {
            name: "edited file with an older time, which cargo does not see",
            change: |stage| {
                stage.append("app/src/main.rs", "// more\n");
                set_time(&stage.path("app/src/main.rs"), long_ago());
            },
            causes: &[],
            chain: &[],
        },
        Case {
            name: "outputs with times in the past, as an unpacked cache may have",
            change: |stage| set_time(&stage.output(|name| name == "dep-lib-mid"), long_ago()),
            causes: &["mid/src/"],
            chain: &["mid", "app"],
        },
        Case {
            name: "time in the future",
            change: |stage| {
                let hour = Duration::from_hours(1);
                set_time(&stage.path("mid/src/part.rs"), SystemTime::now() + hour);
            },
            causes: &["mid/src/part.rs has a time in the future"],
            chain: &["mid", "app"],
        },
        Case {
            name: "file that a build script reads",
            change: |stage| stage.project.write("mid/input.txt", "b\n"),
            causes: &["mid/input.txt is newer than the last build"],
            chain: &["mid", "app"],
        },
        Case {
            name: "build script",
            change: |stage| stage.append("mid/build.rs", "// more\n"),
            causes: &["mid/build.rs is newer than the last build"],
            chain: &["mid", "app"],
        },
    ];
    check_all("files", &cases);
}

#[test]
fn outputs_and_other_builds() {
    let cases = [
        Case {
            name: "removed file",
            change: |stage| {
                fs_err::remove_file(stage.path("mid/src/part.rs")).unwrap();
                fs_err::create_dir(stage.path("mid/src/part")).unwrap();
                stage.project.write("mid/src/part/mod.rs", "pub fn f() {}\n");
            },
            causes: &["mid/src/part.rs is gone"],
            chain: &["mid", "app"],
        },
        Case {
            name: "deleted output",
            change: |stage| {
                let is_library = |name: &str| name.starts_with("libnear-") && !name.ends_with("meta");
                fs_err::remove_file(stage.output(is_library)).unwrap();
            },
            causes: &["the output target/release/"],
            chain: &["near", "mid", "app"],
        },
        Case {
            name: "switched branch",
            change: switch_branch,
            causes: &["mid/src/part.rs is newer"],
            chain: &["mid", "app"],
        },
        Case {
            name: "a build that failed",
            change: |stage| {
                let good = stage.project.read("app/src/main.rs");
                let time = fs_err::metadata(stage.path("app/src/main.rs")).unwrap().modified().unwrap();
                stage.project.write("app/src/main.rs", "fn main() { nothing() }\n");
                assert_ne!(stage.build(&["--release"]).code, 0);
                stage.project.write("app/src/main.rs", &good);
                set_time(&stage.path("app/src/main.rs"), time);
            },
            causes: &["the last compilation of app did not finish"],
            chain: &["app"],
        },
        Case {
            name: "output of a dependency with a newer time",
            change: |stage| {
                let library = stage.output(|name| name.starts_with("libnear-") && !name.ends_with("meta"));
                let metadata = stage.output(|name| name.starts_with("libnear-") && name.ends_with("meta"));
                [library, metadata].iter().for_each(|path| set_time(path, SystemTime::now()));
            },
            causes: &["near was compiled again by another build"],
            chain: &["mid", "app"],
        },
        Case {
            name: "any file of a package whose build script names none",
            change: |stage| {
                stage.project.write("mid/build.rs", "fn main() {}\n");
                fs_err::remove_dir_all(stage.path("target")).unwrap();
                assert_eq!(stage.build(&["--release"]).code, 0);
                stage.project.write("mid/notes.txt", "");
            },
            causes: &["mid/notes.txt is newer than the last build"],
            chain: &["mid", "app"],
        },
        Case {
            name: "dependency compiled by another build",
            change: |stage| {
                stage.append("mid/src/part.rs", "// more\n");
                assert_eq!(stage.build(&["--release", "-p", "mid"]).code, 0);
            },
            causes: &["mid was compiled again by another build"],
            chain: &["app"],
        },
    ];
    check_all("outputs_and_other_builds", &cases);
}

fn switch_branch(stage: &mut Stage) {
    stage.project.write(".gitignore", "target\n");
    stage.project.git(&["init", "--quiet", "--initial-branch=main"]);
    stage.project.git(&["add", "."]);
    stage.project.git(&["commit", "--quiet", "--message=test"]);
    stage.project.git(&["switch", "--quiet", "--create=other"]);
    stage.append("mid/src/part.rs", "// other\n");
    stage.project.git(&["commit", "--quiet", "--all", "--message=other"]);
    assert_eq!(stage.build(&["--release"]).code, 0);
    stage.project.git(&["switch", "--quiet", "main"]);
}

#[test]
fn environment_and_settings() {
    let cases = [
        Case {
            name: "variable that a build script reads",
            change: |stage| stage.variables.push(("MID_VARIABLE", "b".into())),
            causes: &["variable MID_VARIABLE changed from unset to `b`"],
            chain: &["mid", "app"],
        },
        Case {
            name: "LEPTOS variable that code reads",
            change: |stage| stage.variables.push(("LEPTOS_SITE", "site".into())),
            causes: &["variable LEPTOS_SITE changed from unset to `site`"],
            chain: &["mid", "app"],
        },
        Case {
            name: "RUSTFLAGS",
            change: |stage| stage.variables.push(("RUSTFLAGS", "--cfg more".into())),
            causes: &["RUSTFLAGS changed from nothing to `--cfg more`"],
            chain: &[],
        },
        Case {
            name: "rustflags of the configuration",
            change: |stage| {
                stage.append(".cargo/config.toml", "\n[build]\nrustflags = [\"--cfg\", \"more\"]\n");
            },
            causes: &["RUSTFLAGS changed from nothing to `--cfg more`"],
            chain: &[],
        },
        Case {
            name: "toolchain",
            change: |stage| {
                let real = Surroundings::get().env().find_program("rustc").unwrap();
                let script = format!(
                    "#!/bin/sh\nif [ \"$1\" = -vV ]; then {0} -vV | sed -e 's/^rustc [0-9.]*/rustc 1.999.0/' -e 's/^release: .*/release: 1.999.0/'; else exec {0} \"$@\"; fi\n",
                    real.display()
                );
                let path = stage.path("rustc.sh");
                write_program(&path, script);
                stage.variables.push(("RUSTC", path.to_string_lossy().into_owned()));
            },
            causes: &["the compiler changed from rustc "],
            chain: &[],
        },
        Case {
            name: "setting of a profile",
            change: |stage| stage.append("Cargo.toml", "\n[profile.release]\nopt-level = 1\n"),
            causes: &["settings of the profile in release changed"],
            chain: &[],
        },
        Case {
            name: "linker",
            change: |stage| {
                let host = Surroundings::get().host();
                stage.append(".cargo/config.toml", &format!("\n[target.{host}]\nlinker = \"/usr/bin/cc\"\n"));
            },
            causes: &["cargo's configuration changed"],
            chain: &[],
        },
    ];
    check_all("environment_and_settings", &cases);
}

#[test]
fn manifests_and_lock() {
    let cases = [
        Case {
            name: "feature",
            change: |stage| {
                stage.edit("app/Cargo.toml", "\"../mid\" }", "\"../mid\", features = [\"more\"] }");
            },
            causes: &["features of mid changed: +more"],
            chain: &["mid", "app"],
        },
        Case {
            name: "lock, near",
            change: |stage| drop(stage.project.cargo(&["update", "--quiet", "near"])),
            causes: &["near 1.0.0 became 1.0.1 (Cargo.lock line 2"],
            chain: &["near", "mid", "app"],
        },
        Case {
            name: "lock, far",
            change: |stage| drop(stage.project.cargo(&["update", "--quiet", "far"])),
            causes: &["far 1.0.0 became 1.0.1 (Cargo.lock line 1"],
            chain: &["far", "near", "mid", "app"],
        },
        Case {
            name: "new dependency",
            change: |stage| {
                stage.append("app/Cargo.toml", "other = \"1\"\n");
                stage.project.cargo(&["update", "--quiet", "--workspace", "--offline"]);
            },
            causes: &[
                "other 1.0.0 was never built here (Cargo.lock line 3",
                "dependencies of app changed: +other",
            ],
            chain: &["other", "app"],
        },
        Case {
            name: "edition",
            change: |stage| stage.edit("mid/Cargo.toml", "edition = \"2021\"", "edition = \"2018\""),
            causes: &["a target of mid has other settings in Cargo.toml"],
            chain: &["mid", "app"],
        },
        Case {
            name: "path dependency in another folder",
            change: |stage| {
                fs_err::rename(stage.path("mid"), stage.path("moved")).unwrap();
                stage.edit("Cargo.toml", "\"mid\"", "\"moved\"");
                stage.edit("app/Cargo.toml", "../mid", "../moved");
            },
            causes: &["mid 0.1.0 has another source, version or folder than before"],
            chain: &["mid", "app"],
        },
        Case {
            name: "version of a path dependency",
            change: |stage| {
                stage.edit("mid/Cargo.toml", "0.1.0", "0.2.0");
                stage.project.cargo(&["update", "--quiet", "--workspace", "--offline"]);
            },
            causes: &["mid 0.2.0 has another source, version or folder than before"],
            chain: &["mid", "app"],
        },
        Case {
            name: "no build yet",
            change: |stage| fs_err::remove_dir_all(stage.path("target")).unwrap(),
            causes: &["nothing is built in release yet"],
            chain: &[],
        },
    ];
    check_all("manifests_and_lock", &cases);
}
