//! Images whose recipes a stage of the build writes, and images of projects with a build directory: what the stages cook
//! is what the application's build finds. They are done in folders with the real cargo.

use larder_tests::{GitRepository, Project, Stages, Surroundings, package, write_program};

const ITOA: &str = "\n[dependencies]\nitoa = \"=1.0.14\"\n";
const MAIN: &str = "fn main() {\n    println!(\"{}\", itoa::Buffer::new().format(7));\n}\n";

/// Builds a generated Dockerfile; the dependency is cooked, and not compiled again.
fn assert_exact(context: &std::path::Path) -> Stages {
    let stages = Stages::build(context).unwrap_or_else(|said| panic!("{said}"));
    let (cooked, built) = (stages.compiled("cook-release"), stages.compiled("builder"));
    assert_eq!((cooked, built), (vec!["itoa", "larder-release"], vec!["app"]));
    assert_eq!(stages.run("app").stdout, "7\n");
    stages
}

/// The planner may change its own manifest alone, so recipes that a glob fits are taken away before the build.
#[test]
fn globs_of_members() {
    for (globs, folder) in [("\"*\"", "app"), ("\"*/*\"", "parts/app")] {
        let root = format!("[workspace]\nmembers = [{globs}]\nexclude = [\"target\"]\nresolver = \"2\"\n");
        let project = Project::new(&[
            ("Cargo.toml", &root),
            (&format!("{folder}/Cargo.toml"), &package("app", ITOA)),
            (&format!("{folder}/src/main.rs"), MAIN),
        ]);
        project.larder(&["dockerfile", "--no-committed-recipe"]).ok();
        assert_exact(project.path());
        assert_eq!(project.read("Cargo.toml"), root, "the user's manifest is left alone");
    }
}

/// The image has no repository by which the configuration above is known to be the project's.
#[test]
fn configuration_above_the_workspace() {
    let docker = "\n[workspace]\n\n[workspace.metadata.larder.docker]\ncontext = \"..\"\n";
    let repository = GitRepository::new(&[
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"above\"]\n"),
        ("site/Cargo.toml", &package("app", &format!("{ITOA}{docker}"))),
        ("site/src/main.rs", MAIN),
        (".gitignore", "target\n"),
    ]);
    let (top, site) = (repository.project().path().to_owned(), repository.project().path().join("site"));
    let surroundings = Surroundings::get();
    surroundings.run("cargo".as_ref(), &site, &["generate-lockfile", "--quiet"], &[]).ok();
    surroundings.larder(&site, &["dockerfile", "--no-committed-recipe"]).ok();
    assert_exact(&top);
}

/// rustup takes the toolchain from it, and so does the image; a bump of it reaches every layer.
#[test]
fn a_toolchain_file_above_the_workspace() {
    let repository = GitRepository::new(&[
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n"),
        ("site/Cargo.toml", &package("app", &format!("{ITOA}\n[workspace]\n"))),
        ("site/src/main.rs", MAIN),
        (".gitignore", "target\n"),
    ]);
    let project = repository.project();
    let (top, site) = (project.path().to_owned(), project.path().join("site"));
    let surroundings = Surroundings::get();
    surroundings.run("cargo".as_ref(), &site, &["generate-lockfile", "--quiet"], &[]).ok();
    surroundings.larder(&site, &["lock"]).ok();
    assert!(project.read("site/larder/larder.lock").contains("toolchain \"stable\""));
    let outside = surroundings.larder(&site, &["dockerfile"]);
    let named = "the file that pins the toolchain at ../rust-toolchain.toml lies outside of ";
    assert!(outside.code == 1 && outside.stderr.contains(named), "{}", outside.stderr);

    let docker = "\n[workspace.metadata.larder.docker]\ncontext = \"..\"\n";
    project.write("site/Cargo.toml", &(project.read("site/Cargo.toml") + docker));
    surroundings.larder(&site, &["dockerfile"]).ok();
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains("\nCOPY rust-toolchain.toml /app/\nRUN rustc --version\n"), "{dockerfile}");
    let stages = assert_exact(&top);
    assert!(stages.path("/app/rust-toolchain.toml").is_file());

    // The workspace's own wins, be it a link to another one.
    fs_err::rename(top.join("rust-toolchain.toml"), top.join("pinned.toml")).unwrap();
    fs_err::os::unix::fs::symlink("../pinned.toml", site.join("rust-toolchain.toml")).unwrap();
    project.git(&["add", "--all"]);
    surroundings.larder(&site, &["lock"]).ok();
    surroundings.larder(&site, &["dockerfile"]).ok();
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains("\nCOPY pinned.toml rust-toolchain.toml\n"), "{dockerfile}");
    assert!(Stages::sent(&top).contains(&"pinned.toml".to_owned()), "{:?}", Stages::sent(&top));
}

/// The files of an image's build are all below one target directory, wherever the configuration puts them elsewhere.
#[test]
fn a_configured_build_directory() {
    for recipes in [&["dockerfile"][..], &["dockerfile", "--no-committed-recipe"]] {
        let project = Project::new(&[("Cargo.toml", &package("app", ITOA)), ("src/main.rs", MAIN)]);
        project.write(".cargo/config.toml", "[build]\nbuild-dir = \"{workspace-root}/units\"\n");
        project.larder(&["lock"]).ok();
        project.larder(recipes).ok();
        assert_exact(project.path());
    }
}

/// The same with both halves of a Leptos project, which have a target directory each.
#[test]
fn a_configured_build_directory_with_leptos() {
    let manifest = package(
        "app",
        "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[features]\nhydrate = []\nssr = []\n\n[dependencies]\n\
         itoa = \"=1.0.14\"\n\n[package.metadata.leptos]\nbin-features = [\"ssr\"]\nlib-features = [\"hydrate\"]\n\n\
         [package.metadata.larder.docker]\ninclude = [\"tools\"]\n",
    );
    let host = Surroundings::get().host();
    // The calls of cargo-leptos, with WASM for this machine, and an empty site.
    let leptos = format!(
        "#!/bin/sh -e\ncargo build --locked --package=app --lib --no-default-features --features=hydrate \
         --target={host} --release --target-dir=target/front\ncargo build --locked --package=app --bin=app \
         --no-default-features --features=ssr --release\nmkdir -p target/site\n"
    );
    for recipes in [&["dockerfile"][..], &["dockerfile", "--no-committed-recipe"]] {
        let project = Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", ""), ("src/main.rs", MAIN)]);
        write_program(project.path().join("tools/cargo-leptos"), &leptos);
        project.write(".cargo/config.toml", "[build]\nbuild-dir = \"{workspace-root}/units\"\n");
        project.larder(&["lock"]).ok();
        project.larder(recipes).ok();
        project.write("Dockerfile", &project.read("Dockerfile").replace("wasm32-unknown-unknown", &host));
        let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
        assert_eq!(stages.compiled("builder"), ["app", "app"], "{recipes:?}");
        assert_eq!(stages.run("app").stdout, "7\n");
    }
}
