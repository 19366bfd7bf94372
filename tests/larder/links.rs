//! A repository may have symbolic links in the places of Larder's own files, and reaches nothing by them.

use std::{os::unix::fs::symlink, path::Path};

use larder_tests::{Project, Surroundings, package};

/// A workspace in `work`, beside a folder `home` that is somebody's.
struct Cloned {
    scratch: Project,
}

impl Cloned {
    fn new() -> Self {
        let scratch = Project::without_lock(&[
            ("work/Cargo.toml", &package("app", "")),
            ("work/src/main.rs", "fn main() {}\n"),
            ("home/.bashrc", "mine\n"),
            ("home/photos/a.jpg", "mine too\n"),
        ]);
        let cloned = Self { scratch };
        Surroundings::get().run(Path::new("cargo"), &cloned.work(), &["generate-lockfile", "-q"], &[]).ok();
        cloned
    }

    fn work(&self) -> std::path::PathBuf {
        self.scratch.path().join("work")
    }

    /// Runs a verb, and looks whether anything at home is another than before.
    #[track_caller]
    fn run(&self, line: &str) -> larder_tests::Outcome {
        let words: Vec<&str> = line.split(' ').collect();
        let outcome = Surroundings::get().larder(&self.work(), &words);
        assert_eq!(self.scratch.read("home/.bashrc"), "mine\n", "{line}");
        assert_eq!(self.scratch.read("home/photos/a.jpg"), "mine too\n", "{line}");
        let home = self.scratch.path().join("home");
        assert_eq!(fs_err::read_dir(home).unwrap().count(), 2, "{line}");
        outcome
    }
}

const VERBS: [&str; 12] = [
    "plan",
    "lock",
    "lock --check",
    "cook",
    "build",
    "why",
    "usage",
    "doctor --fix",
    "clean everything",
    "gc --only target",
    "dockerfile",
    "init --yes",
];

#[test]
fn recipes_that_are_links_are_refused_by_every_verb() {
    for link in ["larder", "larder/larder.lock", "larder/release"] {
        let cloned = Cloned::new();
        let path = cloned.work().join(link);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        let target = if link.ends_with("lock") { "home/.bashrc" } else { "home" };
        symlink(cloned.scratch.path().join(target), &path).unwrap();
        for verb in VERBS {
            let outcome = cloned.run(verb);
            let told = format!("{link} is a symbolic link, and is not followed");
            assert_eq!(outcome.code, 1, "{verb}: {}", outcome.stderr);
            assert!(outcome.stderr.contains(&told), "{verb}: {}", outcome.stderr);
            assert!(path.is_symlink(), "{verb}");
        }
    }
}

/// Globs of members that take `larder/` for one have `lock` write the root manifest.
#[test]
fn the_root_manifest_is_written_inside_alone() {
    let cloned = Cloned::new();
    let (work, home) = (cloned.work(), cloned.scratch.path().join("home"));
    let manifest =
        format!("{}\n[workspace]\nmembers = [\"*\"]\nexclude = [\"src\", \"target\"]\n", package("app", ""));
    fs_err::remove_file(work.join("Cargo.toml")).unwrap();
    fs_err::write(home.join(".bashrc"), &manifest).unwrap();
    symlink(home.join(".bashrc"), work.join("Cargo.toml")).unwrap();
    let outcome = Surroundings::get().larder(&work, &["lock"]);
    assert_eq!(fs_err::read_to_string(home.join(".bashrc")).unwrap(), manifest);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("Cargo.toml is a symbolic link, and is not followed"),
        "{}",
        outcome.stderr
    );
    assert!(!work.join("larder").exists());
    // One that stays in the workspace is followed, and stays a link.
    fs_err::remove_file(work.join("Cargo.toml")).unwrap();
    fs_err::write(work.join("src/root.toml"), &manifest).unwrap();
    symlink("src/root.toml", work.join("Cargo.toml")).unwrap();
    Surroundings::get().larder(&work, &["lock"]).ok();
    assert!(work.join("Cargo.toml").is_symlink());
    assert!(fs_err::read_to_string(work.join("src/root.toml")).unwrap().contains("\"larder\""));
}

#[test]
fn records_and_generated_files_go_through_no_link() {
    let records = ["last-build.json", "docker-images.json", "docker-build.json"];
    let cloned = Cloned::new();
    let (work, home) = (cloned.work(), cloned.scratch.path().join("home"));
    fs_err::create_dir_all(work.join("target/larder")).unwrap();
    for name in records {
        symlink(home.join(".bashrc"), work.join("target/larder").join(name)).unwrap();
    }
    cloned.run("lock").ok();
    for verb in ["build", "why --last", "usage", "why -- cargo build"] {
        cloned.run(verb);
    }
    assert!(!work.join("target/larder/last-build.json").is_symlink());
    // Generated files, and those of the user's that `init` would change, existing and to be made.
    for (name, target) in [
        ("Dockerfile", "../home/Dockerfile"),
        (".dockerignore", "../home/.dockerignore"),
        (".envrc", "../home/.bashrc"),
        ("flake.nix", "../home/flake.nix"),
        (".github", "../home"),
        (".cargo", "../home"),
        (".gitignore", "../home/.bashrc"),
    ] {
        symlink(target, work.join(name)).unwrap();
    }
    for verb in ["dockerfile", "init --yes --nix", "doctor --fix"] {
        cloned.run(verb);
    }
    // Without a link in its place what is generated is written.
    assert!(!work.join("Dockerfile").is_symlink());
}
