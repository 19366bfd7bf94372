//! The workflow that locks the branches of bots: its steps run on branches of a local remote, and others who check
//! workflows read it.

use std::path::Path;

use larder_tests::{
    GitRepository, Outcome, Project, Surroundings,
    checkers::{Checkers, found_nothing},
    package,
};

const WORKFLOW: &str = ".github/workflows/larder-refresh.yml";
/// The steps that do the work.
const ALL: [&str; 2] = ["Lock", PUSH];
const PUSH: &str = "Commit and push";
const BRANCH: &str = "renovate/itoa-1.x";

/// With so much beside the crate that moves, a bump is worth a layer of its own.
fn manifest(itoa: &str) -> String {
    let others = "fnv = \"1\"\neither = \"1\"\nserde_json = \"=1.0.140\"\n";
    package("app", &format!("\n[dependencies]\nitoa = \"={itoa}\"\n{others}"))
}

/// A repository with the workflow, and a branch of a bot's with a bump; what is checked out is the branch `work`.
fn repository(parts: &str) -> GitRepository {
    let repository = GitRepository::holding(Project::new(&[
        ("Cargo.toml", &manifest("1.0.14")),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "/target\n"),
    ]));
    let project = repository.project();
    let source = ["--source", "https://git.example/larder"];
    project.larder(&[&["init", "--yes", "--only", parts], &source[..]].concat()).ok();
    repository.commit();
    repository.git(&["checkout", "--quiet", "-b", BRANCH]);
    project.write("Cargo.toml", &manifest("1.0.15"));
    project.cargo(&["generate-lockfile", "--quiet"]);
    repository.commit();
    repository.git(&["checkout", "--quiet", "-b", "work"]);
    repository
}

/// A clone as a runner has it.
fn checkout(repository: &GitRepository) -> Project {
    let clone = Project::without_lock(&[]);
    let from = repository.url();
    let folder = clone.path().to_string_lossy();
    repository.git(&["clone", "--quiet", "--depth=1", "--branch", BRANCH, &from, &folder]);
    clone
}

/// The script of a step.
fn script(workflow: &str, step: &str) -> String {
    let step = workflow.split(&format!("      - name: {step}\n")).nth(1).expect("the step is there");
    let run = step.split("        run: ").nth(1).expect("it runs something");
    let Some(lines) = run.strip_prefix("|\n") else {
        return run.lines().next().unwrap_or_default().to_owned();
    };
    let lines = lines.lines().map_while(|line| line.strip_prefix("          "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs steps in a checkout as GitHub runs them, and gives the last one's outcome.
fn run(clone: &Project, steps: &[&str]) -> Outcome {
    let workflow = clone.read(WORKFLOW);
    let message = workflow.split("MESSAGE: \"").nth(1).and_then(|rest| rest.split('"').next());
    let surroundings = Surroundings::get();
    let path = surroundings.path_with_larder();
    let vars = [
        ("PATH", path.as_str()),
        ("BRANCH", BRANCH),
        ("MESSAGE", message.expect("the commit has a message")),
        ("TOKEN", "none"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ];
    let mut last = None;
    for step in steps {
        let words = ["-e", "-o", "pipefail", "-c", &script(&workflow, step)];
        let outcome = surroundings.run(Path::new("bash"), clone.path(), &words, &vars);
        last.replace(outcome).map(Outcome::ok);
    }
    last.expect("there are steps")
}

/// The files that the last commit of the bot's branch touches.
fn touched(repository: &GitRepository) -> String {
    repository.git(&["show", "--format=", "--name-only", BRANCH])
}

#[test]
fn a_bots_branch_gets_one_commit_of_the_recipes_alone() {
    let repository = repository("recipes,refresh");
    let before = repository.git(&["rev-parse", BRANCH]);
    let first = checkout(&repository);
    assert_eq!(first.larder(&["lock", "--check"]).code, 3, "the bot left it stale");
    run(&first, &ALL).ok();
    assert_eq!(repository.git(&["rev-parse", &format!("{BRANCH}~1")]), before);
    assert_eq!(touched(&repository), "larder/larder.lock\n");
    let said = repository.git(&["log", "-1", "--format=%s", BRANCH]);
    assert!(said.contains("[dependabot skip]"), "{said}");
    let after = repository.git(&["rev-parse", BRANCH]);
    let second = checkout(&repository);
    second.larder(&["lock", "--check", "--locked"]).ok();

    // A push may start the workflow again: it finds nothing to commit.
    let again = run(&second, &ALL).ok();
    assert!(again.stdout.contains("The recipes are right."), "{again:?}");
    assert_eq!(repository.git(&["rev-parse", BRANCH]), after);

    // A bot that pushed meanwhile wins.
    let late = checkout(&repository);
    repository.git(&["checkout", "--quiet", BRANCH]);
    repository.write("Cargo.toml", &manifest("1.0.13"));
    repository.project().cargo(&["generate-lockfile", "--quiet"]);
    let newest = repository.commit();
    repository.git(&["checkout", "--quiet", "work"]);
    late.write("larder/larder.lock", &late.read("larder/larder.lock").replace("itoa 1.0.15", "itoa 1.0.99"));
    let refused = run(&late, &[PUSH]);
    assert!(refused.code != 0 && refused.stderr.contains("rejected"), "{refused:?}");
    assert_eq!(repository.git(&["rev-parse", BRANCH]).trim(), newest);
}

/// Files that are generated from the recipes follow them; the edits of others are left.
#[test]
fn a_generated_dockerfile_goes_with_the_recipes() {
    let repository = repository("recipes,docker,refresh");
    let clone = checkout(&repository);
    clone.write("src/main.rs", "fn main() { println!(); }\n");
    run(&clone, &ALL).ok();
    assert_eq!(touched(&repository), "Dockerfile\nlarder/larder.lock\n", "a layer more is a step more");
    checkout(&repository).larder(&["dockerfile", "--check"]).ok();
}

/// zizmor in its strictest persona, and actionlint.
#[test]
fn checkers_of_workflows_find_nothing() {
    let Some(checkers) = Checkers::find("checkers of the refresh") else { return };
    let repository = repository("recipes,docker,refresh");
    let project = repository.project();
    found_nothing(&checkers.zizmor(project.path(), &[WORKFLOW]));
    found_nothing(&checkers.actionlint(project.path(), &[WORKFLOW]));
    // They are asked in such a way that they find something.
    let text = project.read(WORKFLOW);
    project.write(WORKFLOW, &text.replace("permissions: {}", "permissions: write-all"));
    assert_ne!(checkers.zizmor(project.path(), &[WORKFLOW]).code, 0);
}

#[test]
fn it_is_written_on_demand_alone() {
    let repository = repository("recipes");
    let project = repository.project();
    project.write(".github/dependabot.yml", "version: 2\n");
    project.larder(&["init", "--yes"]).ok();
    assert!(!project.path().join(WORKFLOW).exists());
    project.larder(&["init", "--yes", "--with", "refresh"]).ok();
    project.larder(&["init", "--check", "--with", "refresh"]).ok();
    // It is the user's from then on.
    project.write(WORKFLOW, "name: mine\n");
    let outcome = project.larder(&["init", "--yes", "--with", "refresh"]).ok();
    assert!(outcome.stderr.contains("larder-refresh.yml is there already"), "{}", outcome.stderr);
    assert_eq!(project.read(WORKFLOW), "name: mine\n");
}
