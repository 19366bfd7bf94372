//! `build.build-dir`: recipes are cooked into the very folder that the application's build keeps its units in.

use larder_tests::{GitRepository, Project, Surroundings, package, skip};

const DOCKER: &str = "\n[package.metadata.larder.docker]\nbuild-base = \"rust\"\n";

/// An application on a package from git, which needs no network and no folder of cargo's that others use.
fn project(build_dir: &str) -> (Project, GitRepository) {
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("far", "")),
        ("build.rs", "fn main() {}\n"),
        ("src/lib.rs", ""),
    ]);
    let manifest =
        format!("{}\n[dependencies]\nfar = {{ git = {:?} }}\n", package("app", ""), repository.url());
    let project = Project::without_lock(&[
        ("Cargo.toml", &manifest),
        ("src/main.rs", "fn main() {}\n"),
        (".cargo/config.toml", &format!("[build]\nbuild-dir = {build_dir:?}\n")),
    ]);
    (project, repository)
}

#[test]
fn templates_mean_the_folder_of_the_application() {
    let surroundings = Surroundings::get();
    let home = tempfile::tempdir().unwrap();
    let vars = [("CARGO_HOME", home.path().to_str().unwrap())];
    for dir in [
        "{cargo-cache-home}/build/{workspace-path-hash}",
        "{workspace-root}/units",
        "{workspace-root}/target",
        "units/in",
    ] {
        let (project, _repository) = project(dir);
        surroundings.run("cargo".as_ref(), project.path(), &["generate-lockfile", "--quiet"], &vars).ok();
        for words in [&["lock"][..], &["lock", "--check"], &["cook"]] {
            surroundings.larder_with(project.path(), words, &vars).ok();
        }
        if dir == "units/in" && !project.path().join(dir).is_dir() {
            return skip(
                "templates_mean_the_folder_of_the_application",
                "this cargo has no `build.build-dir`",
            );
        }
        let counts = surroundings.cargo_counts(project.path(), &["build", "--release"], &vars);
        assert_eq!((counts.compiled, counts.fresh), (1, 2), "{dir}: {counts:?}");
        let why = surroundings.larder_with(project.path(), &["why", "--quiet"], &vars).ok().stdout;
        assert!(why.contains("nothing"), "{dir}: {why}");
    }
}

/// A person's own setting is where their build looks as well.
#[test]
fn a_variable_counts_like_the_configuration() {
    let surroundings = Surroundings::get();
    let (project, _repository) = project("target");
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    let vars = [("CARGO_BUILD_BUILD_DIR", "own/{workspace-path-hash}")];
    surroundings.larder_with(project.path(), &["cook"], &vars).ok();
    let counts = surroundings.cargo_counts(project.path(), &["build", "--release"], &vars);
    assert_eq!((counts.compiled, counts.fresh), (1, 2), "{counts:?}");
}

/// An image builds where its own lines look.
#[test]
fn an_image_has_one_build_directory() {
    let (project, _repository) = project("{cargo-cache-home}/build/{workspace-path-hash}");
    project.write("Cargo.toml", &(project.read("Cargo.toml") + DOCKER));
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains("CARGO_BUILD_BUILD_DIR=\"/app/target\""), "{dockerfile}");
}
