//! The hooks for pre-commit, run by the real pre-commit on commits of a workspace.

use std::path::{Path, PathBuf};

use larder_tests::{GitRepository, Outcome, Project, Surroundings, package, skip};

/// Runs a program as somebody whose PATH has the Larder under test, with a cache of pre-commit's own.
fn run(project: &Project, program: &Path, args: &[&str]) -> Outcome {
    let surroundings = Surroundings::get();
    let path = surroundings.path_with_larder();
    let cache = project.path().join("target/pre-commit");
    let vars = [
        ("PATH", path.as_str()),
        ("PRE_COMMIT_HOME", cache.to_str().unwrap()),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_AUTHOR_NAME", "test"),
        ("GIT_AUTHOR_EMAIL", "test@localhost"),
        ("GIT_COMMITTER_NAME", "test"),
        ("GIT_COMMITTER_EMAIL", "test@localhost"),
    ];
    surroundings.run(program, project.path(), args, &vars)
}

fn manifest(itoa: &str) -> String {
    package("app", &format!("\n[dependencies]\nitoa = \"={itoa}\"\n"))
}

/// The hooks as pre-commit gets them: from a repository, at a commit.
fn hooks() -> (GitRepository, String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.pre-commit-hooks.yaml");
    let hooks = GitRepository::new(&[(".pre-commit-hooks.yaml", &fs_err::read_to_string(file).unwrap())]);
    let commit = hooks.commit_name();
    (hooks, commit)
}

#[test]
fn a_commit_that_bumps_a_dependency_is_stopped_until_the_recipes_are_in_it() {
    let find = |name: &str| -> Option<PathBuf> { Surroundings::get().env().find_program(name) };
    let Some(pre_commit) = find("pre-commit") else {
        return skip("pre-commit", "PATH has no pre-commit");
    };
    let (hooks, commit) = hooks();
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {commit}\n    hooks:\n      - id: larder-lock\n      - id: larder-lock-check\n",
        hooks.url()
    );
    let workspace = GitRepository::holding(Project::new(&[
        ("Cargo.toml", &manifest("1.0.14")),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "/target\n"),
        (".pre-commit-config.yaml", &config),
    ]));
    let project = workspace.project();
    project.larder(&["lock"]).ok();
    workspace.commit();
    run(project, &pre_commit, &["install"]).ok();

    project.write("src/main.rs", "fn main() { println!(); }\n");
    let unrelated = git(project, &["commit", "--quiet", "--all", "--message=unrelated"]).ok();
    assert_eq!(unrelated.stderr.matches("(no files to check)Skipped").count(), 2, "{unrelated:?}");

    project.write("Cargo.toml", &manifest("1.0.15"));
    project.cargo(&["generate-lockfile", "--quiet"]);
    let bump = ["commit", "--quiet", "--all", "--message=bump"];
    let stopped = git(project, &bump);
    assert!(stopped.code != 0 && stopped.stderr.contains("files were modified by this hook"), "{stopped:?}");
    git(project, &bump).ok();
    assert_eq!(
        git(project, &["show", "--format=", "--name-only"]).ok().stdout,
        "Cargo.lock\nCargo.toml\nlarder/larder.lock\n"
    );
    project.larder(&["lock", "--check"]).ok();
}

fn git(project: &Project, args: &[&str]) -> Outcome {
    run(project, Path::new("git"), args)
}
