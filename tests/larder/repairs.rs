//! `doctor --fix`: each safe repair is shown, made once, and leaves everything else in a user's file as it was.

use insta::assert_snapshot;
use larder_tests::{Project, redact};
use serde_json::Value;

use crate::doctor::{MANIFEST, committed};

pub(crate) const BY_GIT: &str = "\
# Settings of everybody.
[registries.crates-io]
# Older than the other protocol.
protocol = \"git\" # really
";

#[test]
fn safe_repairs_are_shown_and_made_once() {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["init", "--yes", "--only", "recipes,docker"]).ok();
    project.write("Cargo.toml", &MANIFEST.replace("\"=1.4.2\"", "\"=1.5.0\""));
    let checks = ["recipes", "dockerfile", "incremental", "dev-profile", "dev-optimised", "cargo-lock"];
    let before = project.larder(&[&["doctor"], &checks[..]].concat());
    assert_eq!(before.code, 4);
    assert!(project.read("Cargo.toml").contains("incremental = false"), "nothing is repaired unasked");
    let fixed = project.larder(&[&["doctor", "--fix"], &checks[..]].concat()).ok();
    let diffs: Vec<&str> =
        fixed.stdout.split_inclusive('\n').take_while(|line| !line.starts_with("ok ")).collect();
    assert_snapshot!(redact(&diffs.concat(), project.path()), @r#"
    --- a/Cargo.toml
    +++ b/Cargo.toml
    @@ -11,5 +11,17 @@
     [profile.dev] # hands off
     overflow-checks = true
     # Quick and dirty.
    -incremental = false # since last year
    +incremental = true # since last year
     odd-key = 1
    +# Line tables give backtraces with file and line; full debug info slows down linking after every
    +# edit.
    +debug = "line-tables-only"
    +
    +# Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
    +# first build and gains little.
    +[profile.dev.package."*"]
    +debug = false
    +
    +# CPU-heavy crates: cheap to compile, many times faster when optimised.
    +[profile.dev.package.crc32fast]
    +opt-level = 3
    larder/: [ROOT]/Cargo.lock is not what the manifests ask for
    --- a/Dockerfile
    +++ b/Dockerfile
    @@ -31,6 +31,11 @@
         --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
         cd target/larder/recipes/release/0 \
         && cargo build --locked --release
    +COPY --from=recipes /app/target/larder/recipes/release/1/ target/larder/recipes/release/1/
    +RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
    +    --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
    +    cd target/larder/recipes/release/1 \
    +    && cargo build --locked --release

     # --- builder: the application ---
     FROM cook-release AS builder
    "#);
    assert_snapshot!(project.read("Cargo.toml"), @r#"
    # The application.
    [package]
    name = "app" # for now
    version = "0.1.0"
    edition = "2021"

    [dependencies]
    itoa = "1"
    crc32fast = "=1.5.0"

    [profile.dev] # hands off
    overflow-checks = true
    # Quick and dirty.
    incremental = true # since last year
    odd-key = 1
    # Line tables give backtraces with file and line; full debug info slows down linking after every
    # edit.
    debug = "line-tables-only"

    # Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
    # first build and gains little.
    [profile.dev.package."*"]
    debug = false

    # CPU-heavy crates: cheap to compile, many times faster when optimised.
    [profile.dev.package.crc32fast]
    opt-level = 3
    "#);
    let again = project.larder(&[&["doctor", "--fix", "--json"], &checks[..]].concat()).ok();
    let value: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(value["repaired"], serde_json::json!([]), "{value:#}");
    let verdicts = value["checks"].as_array().unwrap().iter().map(|check| &check["verdict"]);
    assert!(verdicts.into_iter().all(|verdict| verdict == "ok"), "{value:#}");
    project.larder(&["lock", "--check"]).ok();
    project.larder(&["dockerfile", "--check"]).ok();
}

#[test]
fn a_value_that_is_repaired_keeps_its_comments() {
    let project = committed();
    project.write(".cargo/config.toml", BY_GIT);
    fs_err::remove_dir_all(project.path().join("larder")).unwrap();
    let fixed = project.larder(&["doctor", "--fix", "registry"]).ok();
    assert_snapshot!(fixed.stdout, @r#"
    --- a/.cargo/config.toml
    +++ b/.cargo/config.toml
    @@ -1,4 +1,4 @@
     # Settings of everybody.
     [registries.crates-io]
     # Older than the other protocol.
    -protocol = "git" # really
    +protocol = "sparse" # really
    ok       registry           none is fetched with git

    1 checks: 1 ok, 0 warnings, 0 problems, 0 skipped
    "#);
    assert_eq!(project.read(".cargo/config.toml"), BY_GIT.replace("\"git\"", "\"sparse\""));
}
