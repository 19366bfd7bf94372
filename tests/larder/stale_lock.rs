//! A `Cargo.lock` that does not fit the manifests: `lock` brings it up to date and says so, and no other verb touches
//! it. And what git ignores, which other clones do without.

use larder_tests::{Project, package, redact};

fn manifest(rest: &str) -> String {
    format!("{}\n[dependencies]\nitoa = \"1\"\n{rest}", package("app", ""))
}

fn project() -> Project {
    Project::new(&[("Cargo.toml", &manifest("")), ("src/main.rs", "fn main() {}\n")])
}

/// One that has recipes, and then a dependency that `Cargo.lock` lacks.
fn stale() -> (Project, String) {
    let project = project();
    project.larder(&["init", "--yes", "--only", "recipes,docker"]).ok();
    let lock = project.read("Cargo.lock");
    project.write("Cargo.toml", &manifest("cfg-if = \"1\"\n"));
    (project, lock)
}

#[test]
fn no_verb_but_lock_changes_it() {
    let (project, lock) = stale();
    let verbs: [&[&str]; 12] = [
        &["plan"],
        &["plan", "release", "--units"],
        &["lock", "--check"],
        &["lock", "--locked"],
        &["init", "--check"],
        &["init", "--yes", "--locked"],
        &["doctor", "cargo-lock", "recipes", "dockerfile", "targets"],
        &["dockerfile", "--print"],
        &["dockerfile", "--print", "--no-committed-recipe"],
        &["why"],
        &["gc"],
        &["cook"],
    ];
    for verb in verbs {
        let outcome = project.larder(verb);
        assert_eq!(project.read("Cargo.lock"), lock, "{verb:?}: {}", outcome.stderr);
    }
    let outcome = project.larder(&["plan"]);
    assert_eq!(
        outcome.failure(project.path()),
        "exit code 1\n\
         error: [ROOT]/Cargo.lock is not what the manifests ask for\n\n\
         help: Cargo.lock is out of date: run `cargo larder lock`, without --locked, and commit the file"
    );
    let refused = project.larder(&["lock", "--locked"]);
    assert!(refused.code == 1 && refused.stderr.contains("is not what the manifests ask for"), "{refused:?}");
}

#[test]
fn lock_says_that_it_changes_it() {
    let (project, lock) = stale();
    let outcome = project.larder(&["lock"]).ok();
    let said = redact(&outcome.stderr, project.path());
    assert!(said.contains("Updated [ROOT]/Cargo.lock, which was not what the manifests asked for"), "{said}");
    assert_ne!(project.read("Cargo.lock"), lock);
    project.larder(&["plan", "--locked"]).ok();
    let again = project.larder(&["lock"]).ok();
    assert!(!again.stderr.contains("Updated"), "{}", again.stderr);
}

/// `init` asks before it does what `lock` does.
#[test]
fn init_shows_it_first() {
    let project = project();
    project.write("Cargo.toml", &manifest("cfg-if = \"1\"\n"));
    let lock = project.read("Cargo.lock");
    let outcome = project.larder(&["init", "--check", "--only", "recipes"]);
    let said = redact(&outcome.stdout, project.path());
    assert!(said.contains("larder/: [ROOT]/Cargo.lock is not what the manifests ask for"), "{said}");
    assert_eq!(project.read("Cargo.lock"), lock);
    let outcome = project.larder(&["init", "--yes", "--only", "recipes"]).ok();
    assert!(outcome.stderr.contains("Updated"), "{}", outcome.stderr);
}

#[test]
fn what_git_ignores_is_told_by_every_verb_that_makes_recipes() {
    let project = project();
    project.git(&["init", "--quiet"]);
    let verbs: [&[&str]; 4] =
        [&["lock"], &["lock", "--check"], &["plan"], &["init", "--yes", "--only", "profile"]];
    for verb in verbs {
        let outcome = project.larder(verb).ok();
        assert!(!outcome.stderr.contains("git ignores"), "{}", outcome.stderr);
    }
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n");
    project.larder(&["lock"]).ok();
    for (ignored, named) in [
        ("/Cargo.lock\n", "Cargo.lock"),
        (".cargo\n", ".cargo/config.toml"),
        ("/.cargo/\n/Cargo.lock\n", "Cargo.lock and .cargo/config.toml"),
        ("/larder/\n", "larder"),
        ("Cargo.lock\nlarder\n", "Cargo.lock and larder"),
    ] {
        project.write(".gitignore", ignored);
        for verb in verbs {
            let outcome = project.larder(verb).ok();
            let warned = format!("git ignores {named}: other clones do without");
            assert_eq!(outcome.stderr.matches(&warned).count(), 1, "{verb:?}: {}", outcome.stderr);
        }
    }
    let check = project.larder(&["doctor", "config-committed"]).ok();
    assert!(check.stdout.contains("git does not have .cargo/config.toml"), "{}", check.stdout);
    project.write(".gitignore", ".cargo\n");
    let check = project.larder(&["doctor", "config-committed"]);
    assert!(check.code == 4 && check.stdout.contains("git ignores .cargo/config.toml"), "{}", check.stdout);
    project.git(&["add", "--force", "--all"]);
    for verb in verbs {
        let outcome = project.larder(verb).ok();
        assert!(!outcome.stderr.contains("git ignores"), "{}", outcome.stderr);
    }
}
