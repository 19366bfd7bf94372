//! Generated Dockerfiles of workspaces that are not like others: what they let in, what they tell the server, and
//! what they say on a base image that lacks something.

use insta::assert_snapshot;
use larder_tests::{Project, package};

#[test]
fn packages_that_are_no_members_are_let_in() {
    let more = "\n[dependencies]\nitoa = \"=1.0.14\"\nhelper = { path = \"vendor/helper\" }\n\n\
                [workspace]\nexclude = [\"vendor\"]\n\n[patch.crates-io]\nitoa = { path = \"./patched/itoa\" }\n\n\
                [package.metadata.larder.docker]\ninclude = [\"assets/*.css\", \"generated\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", more)),
        ("src/main.rs", "fn main() {}\n"),
        ("assets/page.css", ""),
        ("patched/itoa/Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.14")),
        ("patched/itoa/src/lib.rs", ""),
        ("vendor/helper/Cargo.toml", &package("helper", "")),
        ("vendor/helper/src/lib.rs", ""),
    ]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let ignore = project.read(".dockerignore");
    let listed: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "assets/*.css",
        "generated",
        "patched/itoa",
        "src",
        "vendor/helper",
        "larder",
    ];
    assert_eq!(listed, expected);
}

#[test]
fn a_site_of_other_names_than_leptos_assumes() {
    let more = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n\
                [package.metadata.leptos]\nsite-pkg-dir = \"assets\"\nhash-files = true\n\n\
                [package.metadata.larder.docker]\nenv = { GREETING = \"5 $ \\\"each\\\"\" }\n\
                health-check = [\"site\", \"café\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("site", more)),
        ("src/lib.rs", ""),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.larder(&["lock"]).ok();
    let dockerfile = project.larder(&["dockerfile", "--print"]).ok().stdout;
    for line in [
        "&& cp target/release/site target/release/hash.txt /out/programs/app/ \\",
        "ENV LEPTOS_SITE_PKG_DIR=\"assets\"",
        "ENV LEPTOS_HASH_FILES=\"true\"",
        // A variable of that name would take its place, and what is no JSON would go to a shell.
        r#"ENV GREETING="5 \$ \"each\"""#,
        r#"HEALTHCHECK --interval=10s --start-period=5s --timeout=3s CMD ["/app/site", "café"]"#,
    ] {
        assert!(dockerfile.lines().any(|found| found.trim() == line), "{line}: {dockerfile}");
    }
    assert!(!dockerfile.contains("LEPTOS_HASH_FILE_NAME"), "{dockerfile}");

    let empty = project.path().join("empty");
    fs_err::create_dir(&empty).unwrap();
    // They start side by side, so that either may be the first to fail.
    for stage in ["tools", "deps"] {
        let said = sh(&first_step(&dockerfile, stage), &empty);
        assert_eq!(
            said,
            "error: BUILD_BASE has no cargo; pass --build-arg BUILD_BASE=IMAGE with one that has\n"
        );
    }
    let (_, target) = dockerfile.split_once("RUN test -d ").unwrap();
    let (step, _) = target.split_once("exit 1; }").unwrap();
    let said = sh(&format!("test -d {step}exit 1; }}"), &empty);
    let last = said.lines().last();
    assert_eq!(
        last,
        Some("error: BUILD_BASE has no target wasm32-unknown-unknown, and rustup cannot add it")
    );
}

/// The first command of a stage, up to the end with which it fails.
fn first_step(dockerfile: &str, stage: &str) -> String {
    let (_, stage) = dockerfile.split_once(&format!("FROM ${{BUILD_BASE}} AS {stage}\n")).unwrap();
    let (step, _) = stage.strip_prefix("RUN ").unwrap().split_once("exit 1; }").unwrap();
    format!("{step}exit 1; }}")
}

/// Nothing here is shipped, and what somebody wrote by hand is no business of `lock`.
#[test]
fn recipes_beside_a_dockerfile_of_ones_own() {
    let more = "\n[dependencies]\nitoa = \"=1.0.14\"\n\n[package.metadata.larder.slices.release]\nargs = [\"check\"]\nvariant = \"dev\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", more)),
        ("src/main.rs", "fn main() {}\n"),
        ("Dockerfile", "FROM scratch\n"),
    ]);
    project.larder(&["lock"]).ok();
    assert_eq!(project.read("Dockerfile"), "FROM scratch\n");
    assert!(!project.path().join(".dockerignore").exists());
}

/// Runs a step as a build does, with nothing on PATH; it has to fail, and what it says is given.
fn sh(step: &str, path: &std::path::Path) -> String {
    let outcome = larder_tests::Surroundings::get().run(
        std::path::Path::new("/bin/sh"),
        path,
        &["-c", step],
        &[("PATH", &path.to_string_lossy())],
    );
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    outcome.stderr
}

#[test]
fn a_patch_that_no_stage_can_follow() {
    let project = Project::new(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.14\"\n\n[workspace]\n")),
        (".cargo/config.toml", "[patch.crates-io]\nitoa = { path = \"patched/itoa\" }\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("patched/itoa/Cargo.toml", &package("itoa", "").replace("0.1.0", "1.0.14")),
        ("patched/itoa/src/lib.rs", ""),
    ]);
    project.larder(&["lock"]).ok();
    assert_snapshot!(project.larder(&["dockerfile"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/.cargo/config.toml: a stage that cooks has no folder that a `[patch]` here names: move the patch to Cargo.toml
    ");
}

/// A tree cannot be copied over a link, which these may be.
#[test]
fn certificates_and_volumes_that_may_be_behind_a_link_are_copied_to_their_place() {
    let fedora = dockerfile_with("runtime-base = \"registry.example/fedora:44\"\nvolume = \"/var/run/app\"");
    let copied: Vec<&str> = fedora.lines().filter(|line| line.starts_with("COPY --from=")).collect();
    assert!(
        copied.contains(&"COPY --from=deps /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/"),
        "{fedora}"
    );
    let volume = "COPY --from=builder --chown=65532:65532 /out/data/var/run/app/ /var/run/app/";
    assert!(copied.contains(&volume), "{fedora}");
    let debian = dockerfile_with("runtime-base = \"gcr.example/distroless/cc-debian13\"\nvolume = \"/data\"");
    assert!(debian.contains("COPY --from=builder /out/certificates/ /\n"), "{debian}");
    assert!(debian.contains("COPY --from=builder /out/data/ /\n"), "{debian}");
}

fn dockerfile_with(settings: &str) -> String {
    locked_with(settings).larder(&["dockerfile", "--print"]).ok().stdout
}

fn locked_with(settings: &str) -> Project {
    let more = format!("\n[package.metadata.larder.docker]\n{settings}\n");
    let project = Project::new(&[("Cargo.toml", &package("app", &more)), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project
}

/// What these have no program for is not asked of them.
#[test]
fn bases_of_other_kinds_than_debian() {
    let there = "RUN test -e /etc/ssl/certs/ca-certificates.crt \\\n    || ";
    let debian = dockerfile_with("");
    assert!(debian.contains(&format!("{there}(apt-get update && ")), "{debian}");
    let alpine = dockerfile_with("build-base = \"rust:1-alpine\"\nruntime-base = \"alpine:3\"");
    let without = format!(
        "{there}{{ echo 'error: BUILD_BASE has no /etc/ssl/certs/ca-certificates.crt; pass --build-arg \
         BUILD_BASE=IMAGE with one that has' >&2; exit 1; }}\n"
    );
    assert!(alpine.contains(&without) && !alpine.contains("apt-get"), "{alpine}");

    let project = locked_with("build-base = \"rust:1-alpine\"\nbuild-packages = [\"pkg-config\"]");
    assert_snapshot!(project.larder(&["dockerfile"]).failure(project.path()), @r#"
    exit code 1
    error: [ROOT]/Cargo.toml: docker: build-packages: "rust:1-alpine" has no apt-get to install them: name a base image that has them already
    "#);
    let project =
        locked_with("runtime-base = \"gcr.example/distroless/cc\"\nruntime-packages = [\"libssl3t64\"]");
    let said = project.larder(&["dockerfile"]).failure(project.path());
    assert!(said.contains("runtime-packages: \"gcr.example/distroless/cc\" has no apt-get"), "{said}");
}

const TESTS: &str = "\n[dependencies]\nitoa = \"=1.0.14\"\n\n[dev-dependencies]\nfnv = \"=1.0.7\"\n\n\
    [package.metadata.larder.slices.lints]\nargs = [\"clippy\", \"--release\"]\n\n\
    [package.metadata.larder.slices.tests]\nargs = [\"test\", \"--profile=ci\"]\n\n\
    [profile.ci]\ninherits = \"release\"\n";

/// They are of the release variant, since they name a profile, and ship nothing all the same.
#[test]
fn tests_and_lints_are_in_no_image() {
    let project = Project::new(&[("Cargo.toml", &package("app", TESTS)), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    for words in [&["dockerfile", "--print"][..], &["dockerfile", "--no-committed-recipe", "--print"]] {
        let dockerfile = project.larder(words).ok().stdout;
        assert!(dockerfile.contains("    cargo build --release --locked\n"), "{dockerfile}");
        for other in ["cargo test", "cargo clippy", "cargo check", "recipes/tests", "recipes/lints"] {
            assert!(!dockerfile.contains(other), "{other}: {dockerfile}");
        }
    }
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n[package.metadata.larder]\nfind = false\n"));
    project.larder(&["lock"]).ok();
    assert_snapshot!(project.larder(&["dockerfile"]).failure(project.path()), @"
    exit code 1
    error: no slice named `(any that builds the release)`; there are: lints, tests
    ");
}
