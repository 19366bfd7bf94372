//! Generated files of a checkout in which there is more than git tracks: every clone has to find them fresh.

use larder_tests::{GitRepository, package};

/// Commits what somebody would who adds files by name, and checks that a clone generates the same.
fn is_fresh_in_a_clone(repository: &GitRepository) {
    let clone = repository.clone_of();
    clone.larder(&["dockerfile", "--check"]).ok();
    for file in ["Dockerfile", ".dockerignore"] {
        assert_eq!(clone.read(file), repository.project().read(file), "{file}");
    }
}

fn allowed(repository: &GitRepository) -> Vec<String> {
    let ignore = repository.project().read(".dockerignore");
    ignore.lines().filter_map(|line| line.strip_prefix('!')).map(str::to_owned).collect()
}

#[test]
fn what_git_does_not_track_changes_nothing() {
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.14\"\n")),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "/target\n/.sqlx\n/rust-toolchain.toml\n"),
    ]);
    let project = repository.project();
    // Found by their places: a program of the image, and folders of the root package.
    project.write("src/bin/scratch.rs", "fn main() {}\n");
    project.write("examples/try.rs", "fn main() {}\n");
    project.write("benches/slow.rs", "fn main() {}\n");
    project.write("migrations/1.sql", "");
    project.write(".sqlx/query.json", "{}");
    project.write("rust-toolchain.toml", "[toolchain]\nchannel = \"stable\"\n");
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    let said = project.larder(&["dockerfile"]).ok().stderr;
    for left_out in ["migrations", ".sqlx", "rust-toolchain.toml", "src/bin/scratch.rs"] {
        assert!(said.contains(&format!("git does not track {left_out}: it is left out")), "{said}");
    }
    assert!(!said.contains("track examples"), "{said}");
    assert_eq!(allowed(&repository), ["Cargo.lock", "Cargo.toml", "src", "larder"]);
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains("&& cp target/release/app /out/programs/app/ \\"), "{dockerfile}");
    assert!(!dockerfile.contains("rust-toolchain"), "{dockerfile}");
    repository.git(&["add", "Dockerfile", ".dockerignore", "larder", "Cargo.lock"]);
    repository.git(&["commit", "-qm", "larder"]);
    is_fresh_in_a_clone(&repository);

    // Tracked, all of it counts, and staged is enough.
    repository.git(&["add", "--force", "."]);
    project.larder(&["lock"]).ok();
    assert!(!project.larder(&["dockerfile"]).ok().stderr.contains("left out"));
    let all = [
        ".sqlx",
        "Cargo.lock",
        "Cargo.toml",
        "benches",
        "examples",
        "migrations",
        "rust-toolchain.toml",
        "src",
        "larder",
    ];
    assert_eq!(allowed(&repository), all);
    assert!(project.read("Dockerfile").contains("target/release/scratch"), "{}", project.read("Dockerfile"));
    repository.commit();
    is_fresh_in_a_clone(&repository);
}

/// Nothing is tracked in a project that was just begun, and all of it is about to be.
#[test]
fn a_project_that_is_about_to_be_committed() {
    let repository = GitRepository::new(&[("README.md", "")]);
    let project = repository.project();
    project.write("Cargo.toml", &package("app", ""));
    project.write("src/main.rs", "fn main() {}\n");
    project.write("migrations/1.sql", "");
    project.write(".sqlx/query.json", "{}");
    project.write(".gitignore", "/target\n.sqlx\n");
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    assert_eq!(allowed(&repository), ["Cargo.lock", "Cargo.toml", "migrations", "src", "larder"]);
    repository.commit();
    is_fresh_in_a_clone(&repository);
}

/// A folder that git ignores as a whole, as those of builds are, is no part of the repository around it.
#[test]
fn a_workspace_in_an_ignored_folder() {
    let repository = GitRepository::new(&[(".gitignore", "/scratch\n")]);
    let project = repository.project();
    project.write("scratch/Cargo.toml", &package("app", "\n[workspace]\n"));
    project.write("scratch/src/main.rs", "fn main() {}\n");
    project.write("scratch/migrations/1.sql", "");
    let manifest = ["--manifest-path", "scratch/Cargo.toml"];
    project.cargo(&[&["generate-lockfile", "--quiet"], &manifest[..]].concat());
    project.larder(&[&["lock"], &manifest[..]].concat()).ok();
    project.larder(&[&["dockerfile"], &manifest[..]].concat()).ok();
    assert!(project.read("scratch/.dockerignore").contains("\n!migrations\n"));
}

/// cargo-leptos copies folders that may be empty, which no clone has; the lock file may be ignored.
#[test]
fn empty_folders_and_an_ignored_lock_file() {
    let leptos = "[workspace]\nmembers = [\"front\", \"server\"]\nresolver = \"3\"\n\n\
                  [[workspace.metadata.leptos]]\nname = \"site\"\nlib-package = \"front\"\nbin-package = \"server\"\n\
                  assets-dir = \"public\"\nstyle-file = \"style/main.scss\"\n";
    let library = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n";
    let repository = GitRepository::new(&[
        ("Cargo.toml", leptos),
        ("front/Cargo.toml", &package("front", library)),
        ("front/src/lib.rs", ""),
        ("server/Cargo.toml", &package("server", "")),
        ("server/src/main.rs", "fn main() {}\n"),
        (".gitignore", "Cargo.lock\n"),
    ]);
    let project = repository.project();
    fs_err::create_dir_all(project.path().join("public")).unwrap();
    project.write("front/src/bin/scratch.rs", "fn main() {}\n");
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    let said = project.larder(&["dockerfile"]).ok().stderr;
    assert!(!said.contains("track public"), "an empty folder holds nothing that an image lacks: {said}");
    assert_eq!(allowed(&repository), ["Cargo.lock", "Cargo.toml", "front", "server", "larder"]);
    assert!(!project.read("Dockerfile").contains("scratch"), "{}", project.read("Dockerfile"));
    repository.git(&["add", "Dockerfile", ".dockerignore", "larder"]);
    repository.git(&["commit", "-qm", "larder"]);
    let clone = repository.clone_of();
    // A user who clones it lets cargo make the lock file.
    clone.cargo(&["generate-lockfile", "--quiet"]);
    clone.larder(&["dockerfile", "--check"]).ok();
}
