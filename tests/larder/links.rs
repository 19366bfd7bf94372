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

/// Recipes in the form before the table, which a `lock` removes.
const OLD: &str =
    "version = 1\nconfig = \"0\"\n\n[[slice]]\nname = \"release\"\n\n[[slice.layer]]\ndigest = \"0\"\n";

#[test]
fn recipes_that_are_links_are_refused_by_every_verb() {
    let all: [(&str, &str, &[&str]); 7] = [
        ("larder", "", &VERBS),
        ("larder/larder.lock", "", &VERBS),
        ("larder/expand.awk", "", &["lock"]),
        ("larder/.gitattributes", "", &["lock"]),
        ("larder/release", OLD, &VERBS),
        ("larder/release/0", OLD, &["lock"]),
        ("larder/config.toml", OLD, &["lock"]),
    ];
    for (link, lock, verbs) in all {
        let cloned = Cloned::new();
        let path = cloned.work().join(link);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        if !lock.is_empty() {
            fs_err::write(cloned.work().join("larder/larder.lock"), lock).unwrap();
        }
        let is_file = [".lock", ".awk", "attributes", ".toml"].iter().any(|end| link.ends_with(end));
        let target = if is_file { "home/.bashrc" } else { "home" };
        symlink(cloned.scratch.path().join(target), &path).unwrap();
        for verb in verbs {
            let outcome = cloned.run(verb);
            let told = format!("{link} is a symbolic link, and is not followed");
            assert_eq!(outcome.code, 1, "{verb}: {}", outcome.stderr);
            assert!(outcome.stderr.contains(&told), "{verb}: {}", outcome.stderr);
            assert!(path.is_symlink(), "{verb}");
        }
    }
}

/// Such as the licence of a member that lies there.
#[test]
fn links_of_the_users_in_the_folder_stop_nothing() {
    let project = Project::without_lock(&[
        ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"larder\"]\n"),
        ("LICENSE", "free\n"),
        ("docs/a.md", "text\n"),
        ("larder/Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")),
        ("larder/src/main.rs", "fn main() {}\n"),
        ("larder/release/notes.md", "mine\n"),
    ]);
    project.cargo(&["generate-lockfile", "--quiet"]);
    for (target, link) in [("../LICENSE", "LICENSE"), ("../docs", "docs"), ("../../docs", "release/0")] {
        symlink(target, project.path().join("larder").join(link)).unwrap();
    }
    for verb in ["lock", "lock --check", "plan", "cook", "lock"] {
        project.larder(&verb.split(' ').collect::<Vec<_>>()).ok();
    }
    for (link, text) in [("LICENSE", "free\n"), ("docs/a.md", "text\n"), ("release/0/a.md", "text\n")] {
        assert_eq!(project.read(&format!("larder/{link}")), text);
    }
    assert!(project.path().join("larder/release/0").is_symlink());
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

/// As cargo does, which follows a link to a faster disk, say. Folders of recipes see the workspace's configuration all
/// the same, and a link that comes with the repository is nobody's wish.
#[test]
fn a_target_directory_that_is_a_link_is_the_users() {
    let fast = Project::without_lock(&[]);
    let project = Project::new(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")),
        ("src/main.rs", "fn main() {}\n"),
        (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"here\"]\n"),
        (".gitignore", "/target\n"),
    ]);
    let target = project.path().join("target");
    symlink(fast.path(), &target).unwrap();
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    for line in ["lock", "lock --check", "cook"] {
        project.larder(&line.split(' ').collect::<Vec<_>>()).ok();
    }
    let counts = Surroundings::get().cargo_counts(project.path(), &["build", "--release"], &[]);
    assert_eq!((counts.compiled, counts.fresh), (1, 1), "{counts:?}");
    for line in ["build", "why", "usage", "gc", "clean"] {
        project.larder(&[line]).ok();
    }
    assert!(target.is_symlink() && fast.path().join("release/deps").is_dir());
    assert!(project.path().join(".larder/work/recipes/release/0/Cargo.toml").is_file());
    let status = project.git(&["status", "--porcelain"]).stdout;
    assert!(status.contains("larder/") && !status.contains(".larder"), "{status}");
    project.larder(&["clean", "dependencies", "--yes"]).ok();
    assert!(target.is_symlink() && !fast.path().join("release/deps").exists());
    project.git(&["add", "--force", "target"]);
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"there\"]\n");
    for (line, told) in [
        ("lock", "target is a symbolic link, and is not followed"),
        ("cook", "target is a symbolic link, and is not followed"),
        ("clean dependencies", "was not named with --target-dir"),
    ] {
        let outcome = project.larder(&line.split(' ').collect::<Vec<_>>());
        assert!(outcome.code == 1 && outcome.stderr.contains(told), "{line}: {}", outcome.stderr);
    }
    assert!(!fast.path().join("release/deps").exists());
}
