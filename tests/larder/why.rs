//! `cargo larder why` before a build: provoked rebuilds, each with the cause that must be named. What is told is
//! held against what cargo then compiles, and the target directory must not be touched by the question.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder_tests::{Outcome, Project, Surroundings, skip};
use serde_json::Value;

const MANIFEST: &str = "[workspace]\nmembers = [\"app\", \"mid\"]\nresolver = \"2\"\n";
const CONFIG: &str =
    "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n";
const APP: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
mid = { path = "../mid" }
"#;
const MID: &str = r#"
[package]
name = "mid"
version = "0.1.0"
edition = "2021"

[features]
more = []

[dependencies]
near = "1.0.0"
"#;
const MID_BUILD: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=input.txt");
    println!("cargo::rerun-if-env-changed=MID_VARIABLE");
}
"#;
const MID_LIB: &str = "mod part;\npub fn name() -> Option<&'static str> { near::f(); part::f(); option_env!(\"LEPTOS_SITE\") }\n";

/// Packages of a registry, as a folder: `far` below `near`, each in two versions.
fn vendor(project: &Project) {
    for (name, version, dependencies, code) in [
        ("far", "1.0.0", "", "pub fn f() {}\n"),
        ("far", "1.0.1", "", "pub fn f() {}\n"),
        ("near", "1.0.0", "far = \"1.0.0\"\n", "pub fn f() { far::f() }\n"),
        ("near", "1.0.1", "far = \"1.0.0\"\n", "pub fn f() { far::f() }\n"),
        ("other", "1.0.0", "", "pub fn f() {}\n"),
    ] {
        let folder = format!("vendor/{name}-{version}");
        let head = format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2021\"\n");
        project.write(&format!("{folder}/Cargo.toml"), &format!("{head}\n[dependencies]\n{dependencies}"));
        project.write(&format!("{folder}/src/lib.rs"), code);
        project.write(&format!("{folder}/.cargo-checksum.json"), "{\"files\":{}}");
    }
}

pub(crate) fn project() -> Project {
    let project = Project::without_lock(&[
        ("Cargo.toml", MANIFEST),
        (".cargo/config.toml", CONFIG),
        ("app/Cargo.toml", APP),
        ("app/src/main.rs", "fn main() { println!(\"{:?}\", mid::name()) }\n"),
        ("mid/Cargo.toml", MID),
        ("mid/build.rs", MID_BUILD),
        ("mid/input.txt", "a\n"),
        ("mid/src/lib.rs", MID_LIB),
        ("mid/src/part.rs", "pub fn f() {}\n"),
    ]);
    vendor(&project);
    // A folder knows no `--precise`, so the older versions are locked by way of the manifest.
    project.write("mid/Cargo.toml", &MID.replace("near = \"1.0.0\"", "near = \"=1.0.0\"\nfar = \"=1.0.0\""));
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.write("mid/Cargo.toml", MID);
    project.cargo(&["update", "--quiet", "--workspace"]);
    project
}

/// Where cargo keeps what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Old,
    New,
}

impl Layout {
    /// The layouts that the installed cargo offers.
    fn all(test: &str) -> Vec<Self> {
        let words = ["-Z", "help"];
        let offers = Surroundings::get().run(Path::new("cargo"), Path::new("/"), &words, &[]).stdout;
        if offers.contains("build-dir-new-layout") {
            return vec![Self::Old, Self::New];
        }
        skip(test, "this cargo has one layout of build directories only");
        vec![Self::Old]
    }

    fn variables(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Old => Vec::new(),
            Self::New => {
                vec![("RUSTC_BOOTSTRAP", "1".into()), ("CARGO_UNSTABLE_BUILD_DIR_NEW_LAYOUT", "true".into())]
            }
        }
    }
}

/// A project in the middle of a case.
struct Stage {
    project: Project,
    layout: Layout,
    /// What the case adds to the environment.
    variables: Vec<(&'static str, String)>,
}

impl Stage {
    fn with_variables<T>(&self, act: impl FnOnce(&[(&str, &str)]) -> T) -> T {
        let all = [self.layout.variables(), self.variables.clone()].concat();
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        act(&all)
    }

    fn build(&self, words: &[&str]) -> Outcome {
        let words = [&["build", "--quiet"], words].concat();
        self.with_variables(|vars| {
            Surroundings::get().run(Path::new("cargo"), self.project.path(), &words, vars)
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.path().join(name)
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.project.read(path);
        assert!(text.contains(from), "{path} holds {from:?}");
        self.project.write(path, &text.replace(from, to));
    }

    fn append(&self, path: &str, text: &str) {
        self.project.write(path, &format!("{}{text}", self.project.read(path)));
    }

    /// The one file below `target` whose name fits.
    fn output(&self, fits: impl Fn(&str) -> bool) -> PathBuf {
        let files = listing(&self.path("target"));
        let fits = |path: &&PathBuf| path.file_name().is_some_and(|name| fits(&name.to_string_lossy()));
        self.path("target").join(files.keys().find(fits).expect("there is such a file"))
    }
}

fn set_time(path: &Path, time: SystemTime) {
    fs_err::File::options().write(true).open(path).unwrap().file().set_modified(time).unwrap();
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

/// Every file of a folder with its time and content.
fn listing(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut open: Vec<PathBuf> = folder.is_dir().then(|| folder.to_owned()).into_iter().collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let modified = fs_err::metadata(&path).unwrap().modified().unwrap();
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), (modified, Vec::new()));
            open.extend(fs_err::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let modified = fs_err::metadata(&path).unwrap().modified().unwrap();
            let content = fs_err::read(&path).unwrap();
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), (modified, content));
        }
    }
    files
}

/// What the answer says is compiled: package and whether it is a library, a binary or a build script.
fn predicted(build: &Value) -> Vec<(String, String)> {
    let units = build["units"].as_array().unwrap().iter();
    let text = |unit: &Value, key: &str| unit[key].as_str().unwrap().to_owned();
    let mut all: Vec<_> = units
        .filter(|unit| !text(unit, "target").starts_with("run-"))
        .map(|unit| {
            let target = text(unit, "target");
            let kind = if target.starts_with("build-script") { "custom-build" } else { &target[..3] };
            (text(unit, "package").split(' ').next().unwrap().to_owned(), kind.to_owned())
        })
        .collect();
    all.sort();
    all
}

/// What cargo compiles in the same terms.
fn compiled(stage: &Stage, words: &[&str]) -> Vec<(String, String)> {
    let outcome = stage.build(&[words, &["--message-format=json-render-diagnostics"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let messages = outcome.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut all: Vec<_> = messages
        .filter(|message| message["reason"] == "compiler-artifact" && message["fresh"] == false)
        .map(|message| {
            let id = message["package_id"].as_str().unwrap();
            let name = id.rsplit(['/', '#']).next().unwrap().split('@').next().unwrap();
            let name = if name.starts_with(|char: char| char.is_ascii_digit()) {
                id.rsplit('#').nth(1).unwrap().rsplit('/').next().unwrap()
            } else {
                name
            };
            (name.to_owned(), message["target"]["kind"][0].as_str().unwrap().to_owned())
        })
        .collect();
    all.sort();
    all
}

/// One provoked rebuild.
struct Case {
    name: &'static str,
    /// What is done after a build.
    change: fn(&mut Stage),
    /// The causes, each up to its first variable part.
    causes: &'static [&'static str],
    /// From the first cause to the last package that follows.
    chain: &'static [&'static str],
}

impl Case {
    fn check(&self, layout: Layout) {
        let name = format!("{} ({layout:?} layout)", self.name);
        let mut stage = Stage { project: project(), layout, variables: Vec::new() };
        let release = ["--release"];
        assert_eq!(stage.build(&release).code, 0, "{name}");
        let is_new = listing(&stage.path("target")).keys().any(|path| path.ends_with("fingerprint"));
        assert_eq!(is_new, layout == Layout::New, "{name}");
        (self.change)(&mut stage);
        let before = listing(&stage.path("target"));
        let outcome = stage.with_variables(|vars| {
            Surroundings::get().larder_with(stage.project.path(), &["why", "--json", "--offline"], vars)
        });
        let answer: Value = serde_json::from_str(&outcome.clone().ok().stdout).unwrap();
        assert!(listing(&stage.path("target")) == before, "{name}: the target directory was touched");
        let build = &answer["builds"][0];
        let causes: Vec<&str> =
            build["causes"].as_array().unwrap().iter().map(|cause| cause["text"].as_str().unwrap()).collect();
        assert_eq!(causes.len(), self.causes.len(), "{name}: {causes:#?}");
        for (found, expected) in causes.iter().zip(self.causes) {
            assert!(found.starts_with(expected), "{name}: {found}, not {expected}");
        }
        if let Some(first) = build["causes"].get(0) {
            assert_eq!(first["chain"], serde_json::json!(self.chain), "{name}: {build:#}");
        }
        assert_eq!(predicted(build), compiled(&stage, &release), "{name}");
    }
}

fn check_all(test: &str, cases: &[Case]) {
    for layout in Layout::all(test) {
        cases.iter().for_each(|case| case.check(layout));
    }
}

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
                let hour = Duration::from_secs(3600);
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
                let is_library = |name: &str| name.starts_with("libnear-") && name.ends_with(".rlib");
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
            name: "dependency compiled by another build",
            change: |stage| {
                stage.append("mid/src/part.rs", "// more\n");
                assert_eq!(stage.build(&["--release", "-p", "mid"]).code, 0);
            },
            causes: &["mid was compiled again by another build"],
            chain: &["app"],
        },
    ];
    check_all("files", &cases);
}

fn switch_branch(stage: &mut Stage) {
    let nobody = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")];
    let git = |words: &[&str]| {
        let author = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
        let words = [&author[..], words].concat();
        Surroundings::get().run(Path::new("git"), stage.project.path(), &words, &nobody).ok();
    };
    stage.project.write(".gitignore", "target\n");
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=test"]);
    git(&["switch", "--quiet", "--create=other"]);
    stage.append("mid/src/part.rs", "// other\n");
    git(&["commit", "--quiet", "--all", "--message=other"]);
    assert_eq!(stage.build(&["--release"]).code, 0);
    git(&["switch", "--quiet", "main"]);
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
                stage.append(".cargo/config.toml", "\n[build]\nrustflags = [\"--cfg\", \"more\"]\n")
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
                stage.project.write("rustc.sh", &script);
                let script = stage.path("rustc.sh");
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
                fs_err::set_permissions(&script, mode).unwrap();
                stage.variables.push(("RUSTC", script.to_string_lossy().into_owned()));
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
                stage.edit("app/Cargo.toml", "\"../mid\" }", "\"../mid\", features = [\"more\"] }")
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
