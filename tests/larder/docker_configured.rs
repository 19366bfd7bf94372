//! Files that cargo's configuration points at: they are sent, they are there while dependencies are cooked, and a
//! change of them is noticed. The stages of generated Dockerfiles are done in folders with the real cargo.

use insta::assert_snapshot;
use larder_tests::{Project, Stages, Surroundings, package, write_program};

const ITOA: &str = "\n[dependencies]\nitoa = \"=1.0.14\"\n";
const MAIN: &str = "fn main() {\n    println!(\"{}\", itoa::Buffer::new().format(7));\n}\n";
const WRAPPER: &str = "#!/bin/sh\necho \"$*\" | grep -o 'crate-name [a-z]*' >> \"$0.log\"\nexec \"$@\"\n";

/// A project with a program and a configuration, locked.
fn project(config: &str, more: &[(&str, &str)]) -> Project {
    let project = Project::new(&[("Cargo.toml", &package("app", ITOA)), ("src/main.rs", MAIN)]);
    project.write(".cargo/config.toml", config);
    for (path, text) in more {
        if text.starts_with("#!") {
            write_program(project.path().join(path), text);
        } else {
            project.write(path, text);
        }
    }
    project
}

/// Locks, generates and builds; the dependency is cooked and not compiled again.
fn built(project: &Project) -> Stages {
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(
        (stages.compiled("cook-release"), stages.compiled("builder")),
        (vec!["itoa", "larder-release"], vec!["app"])
    );
    assert_eq!(stages.run("app").stdout, "7\n");
    stages
}

/// The copies of a stage from what is sent.
fn copies(project: &Project, stage: &str) -> Vec<String> {
    let dockerfile = project.read("Dockerfile");
    let lines = dockerfile.lines().skip_while(|line| !line.ends_with(&format!(" AS {stage}")));
    let lines = lines.skip(1).take_while(|line| !line.starts_with("FROM "));
    lines.filter_map(|line| line.strip_prefix("COPY ")).map(str::to_owned).collect()
}

#[test]
fn vendored_sources() {
    let project = Project::new(&[("Cargo.toml", &package("app", ITOA)), ("src/main.rs", MAIN)]);
    let config = project.cargo(&["vendor", "third/crates"]).stdout;
    project.write(".cargo/config.toml", &config);
    // A checksum names each file, whatever folder it is in.
    let folder = project.path().join("third/crates/itoa");
    let sums = fs_err::read_to_string(folder.join(".cargo-checksum.json")).unwrap();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let sums = sums.replace("{\"files\":{", &format!("{{\"files\":{{\"src/target/.env\":\"{empty}\","));
    project.write("third/crates/itoa/.cargo-checksum.json", &sums);
    project.write("third/crates/itoa/src/target/.env", "");
    built(&project);
    assert_eq!(
        copies(&project, "cook-release"),
        [
            "--from=recipes /app/target/larder/recipes/config.toml .cargo/config.toml",
            "third/crates/ third/crates/",
            "--from=recipes /app/target/larder/recipes/release/0/ target/larder/recipes/release/0/"
        ]
    );
    project.larder(&["dockerfile", "--no-committed-recipe"]).ok();
    assert_eq!(copies(&project, "cook-release")[1], "third/crates/ third/crates/");
}

#[test]
fn wrappers_files_and_folders() {
    let config = "[build]\nrustc-wrapper = \"tools/wrap\"\nrustflags = [\"-Clink-arg=-Wl,--version-script=own.map\"]\n\n\
                  [target.'cfg(all())']\nlinker = \"./tools/own-cc\"\n\n\
                  [env]\nDATA = { value = \"data\", relative = true }\nGONE = { value = \"gone\", relative = true }\n";
    let project = project(
        &config.replace("rustflags", "rustdocflags"),
        &[
            ("tools/wrap", WRAPPER),
            ("tools/own-cc", "#!/bin/sh\nexec cc \"$@\"\n"),
            ("data/x", ""),
            ("own.map", ""),
        ],
    );
    let stages = built(&project);
    let wrapped = fs_err::read_to_string(stages.path("/app/tools/wrap.log")).unwrap();
    assert!(wrapped.contains("itoa") && wrapped.contains("app"), "{wrapped}");
    assert_eq!(
        copies(&project, "cook-release"),
        [
            "--from=recipes /app/target/larder/recipes/config.toml .cargo/config.toml",
            "data/ data/",
            "tools/own-cc tools/own-cc",
            "tools/wrap tools/wrap",
            "--from=recipes /app/target/larder/recipes/release/0/ target/larder/recipes/release/0/"
        ]
    );
    // Flags that name a file are of the application's build alone.
    project.write(".cargo/config.toml", config);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    assert!(project.read(".dockerignore").lines().any(|line| line == "!own.map"));
}

#[test]
fn path_overrides() {
    let manifest = package("itoa", "").replace("0.1.0", "1.0.14");
    let project = project(
        "paths = [\"over/itoa\"]\n",
        &[
            ("over/itoa/Cargo.toml", &manifest),
            (
                "over/itoa/src/lib.rs",
                "pub struct Buffer;\nimpl Buffer {\n    pub fn new() -> Self {\n        Self\n    }\n    pub fn format(&self, n: u32) -> u32 {\n        n + 1\n    }\n}\n",
            ),
        ],
    );
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.run("app").stdout, "8\n");
}

#[test]
fn included_files() {
    let project = project(
        "include = [\"more.toml\"]\n\n[build]\nrustflags = [\"--cfg\", \"own\"]\n",
        &[
            (
                ".cargo/more.toml",
                "include = [\"../conf/in/x.toml\"]\n\n[build]\nrustflags = [\"--cfg\", \"more\"]\n",
            ),
            (
                "conf/in/x.toml",
                "[build]\nrustc-wrapper = \"tools/wrap\"\n\n[registries.own]\nindex = \"sparse+http://127.0.0.1:1/\"\ntoken = \"canary\"\n",
            ),
            ("conf/tools/wrap", WRAPPER),
        ],
    );
    let stages = built(&project);
    let wrapped = fs_err::read_to_string(stages.path("/app/conf/tools/wrap.log")).unwrap();
    assert!(wrapped.contains("itoa"), "{wrapped}");
    let table = project.read("larder/larder.lock");
    assert!(!table.contains("canary") && !table.contains("shared include"), "{table}");
    let config = Surroundings::get().run(
        std::path::Path::new("grep"),
        &stages.path("/app"),
        &["-c", "more", ".cargo/config.toml"],
        &[],
    );
    assert_eq!(config.stdout, "1\n");

    // The host's build has the same units.
    project.assert_exact(&["build", "--release"]);
    project.larder(&["lock", "--check"]).ok();
    let included = project.read("conf/in/x.toml");
    project
        .write("conf/in/x.toml", &included.replace("[build]", "[build]\nrustflags = [\"--cfg\", \"new\"]"));
    let check = project.larder(&["lock", "--check"]);
    assert_eq!(check.code, 3, "{}", check.stderr);

    project.write("conf/in/x.toml", &included);
    project.larder(&["lock"]).ok();
    assert_snapshot!(
        project.larder(&["dockerfile", "--no-committed-recipe"]).failure(project.path()),
        @"
    exit code 1
    error: [ROOT]/.cargo/config.toml: it holds a token, and the planner's stage would keep it: move the token to $CARGO_HOME/credentials.toml
    "
    );
    project.write("conf/in/x.toml", "[build]\nrustc-wrapper = \"tools/wrap\"\n");
    project.larder(&["dockerfile", "--no-committed-recipe"]).ok();
    let ignore = project.read(".dockerignore");
    let listed: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let expected = [
        ".cargo/config.toml",
        ".cargo/more.toml",
        "Cargo.lock",
        "Cargo.toml",
        "conf/in/x.toml",
        "conf/tools/wrap",
        "src",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn what_lies_elsewhere_is_named() {
    let project = project(
        "[build]\nrustc-wrapper = \"../wrap\"\n",
        &[("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n")],
    );
    let outer = Project::copy_of(project.path());
    let inner = outer.path().join("inner");
    for (path, text) in [
        ("inner/Cargo.toml", package("app", &format!("{ITOA}\n[workspace]\n"))),
        ("inner/src/main.rs", MAIN.into()),
        ("inner/.cargo/config.toml", project.read(".cargo/config.toml")),
    ] {
        outer.write(path, &text);
    }
    write_program(outer.path().join("wrap"), WRAPPER);
    fs_err::copy(outer.path().join("Cargo.lock"), inner.join("Cargo.lock")).unwrap();
    let surroundings = Surroundings::get();
    surroundings.larder(&inner, &["lock"]).ok();
    assert_snapshot!(surroundings.larder(&inner, &["dockerfile"]).failure(outer.path()), @r#"
    exit code 1
    error: `build.rustc-wrapper` of .cargo/config.toml at ../wrap lies outside of [ROOT]/inner, the folder that is sent to Docker

    help: set `context = ".."` in [workspace.metadata.larder.docker], or move it into the workspace
    "#);

    let vendored =
        "[source.crates-io]\nreplace-with = \"here\"\n\n[source.here]\ndirectory = \"/nowhere/crates\"\n";
    project.larder(&["lock"]);
    project.write(".cargo/config.toml", "");
    project.larder(&["lock"]).ok();
    project.write(".cargo/config.toml", vendored);
    assert_snapshot!(project.larder(&["dockerfile"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/.cargo/config.toml: source.here.directory: no image has /nowhere/crates: name it relative to the folder above .cargo
    ");
}
