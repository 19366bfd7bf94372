//! Programs that change a repository by themselves, and checkouts made in another way than their author's: the folder of
//! recipes is none of theirs, and builds go on.

use std::path::Path;

use larder_tests::{GitRepository, Outcome, Project, Surroundings, not_everywhere, package};

const MAIN: &str = "fn main() {}\n";

fn manifest(itoa: &str) -> String {
    package("app", &format!("\n[dependencies]\nitoa = \"={itoa}\"\n"))
}

/// A repository of a workspace with recipes.
fn repository() -> GitRepository {
    let repository = GitRepository::new(&[
        ("Cargo.toml", &manifest("1.0.14")),
        ("src/main.rs", MAIN),
        (".cargo/config.toml", "[build]\nrustflags = [\n    \"--cfg\",\n    \"x\",\n]\n"),
        (".gitignore", "/target\n"),
    ]);
    repository.project().cargo(&["generate-lockfile", "--quiet"]);
    repository.project().larder(&["lock"]).ok();
    repository.commit();
    repository
}

fn in_github(project: &Project, args: &[&str]) -> Outcome {
    let folder = project.path().to_str().unwrap();
    let vars = [("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", folder)];
    Surroundings::get().larder_with(project.path(), args, &vars)
}

/// git for Windows is set so.
#[test]
fn a_checkout_with_the_line_ends_of_windows_cooks() {
    let repository = repository();
    let clone = Project::without_lock(&[]);
    let folder = clone.path().to_string_lossy();
    repository.git(&["-c", "core.autocrlf=true", "clone", "--quiet", ".", &folder]);
    for path in ["Cargo.toml", "Cargo.lock", "src/main.rs", ".cargo/config.toml"] {
        assert!(clone.read(path).contains("\r\n"), "{path}");
    }
    for path in ["larder/larder.lock", "larder/expand.awk", "larder/.gitattributes"] {
        assert!(!clone.read(path).contains("\r\n"), "{path}");
    }
    clone.larder(&["lock", "--check"]).ok();
    clone.larder(&["cook"]).ok();
    clone.larder(&["lock"]).ok();
    assert_eq!(clone.recipes(), repository.project().recipes());
    clone.assert_exact(&["build", "--release"]);
}

/// A branch of a bot's, whose build is right and only slower.
#[test]
fn a_stale_recipe_may_be_a_warning() {
    let project = Project::new(&[("Cargo.toml", &manifest("1.0.14")), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    let fresh = in_github(&project, &["lock", "--check", "--warn"]).ok();
    assert!(!fresh.stderr.contains("::warning"), "{}", fresh.stderr);
    project.write("Cargo.toml", &manifest("1.0.15"));
    project.cargo(&["generate-lockfile", "--quiet"]);
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);

    let plain = project.larder(&["lock", "--check", "--warn"]).ok();
    let warning = "warning: stale: slice `release`: its external units changed (itoa)\n";
    assert!(plain.stderr.contains(warning) && !plain.stderr.contains("::"), "{}", plain.stderr);

    let annotated = in_github(&project, &["lock", "--check", "--warn"]).ok();
    let annotation = "::warning file=larder/larder.lock,title=Stale recipes::stale: slice `release`: its \
        external units changed (itoa)%0Arun `cargo larder lock` and commit larder/\n";
    assert!(annotated.stderr.contains(annotation), "{}", annotated.stderr);
    assert!(!annotated.stderr.contains("warning: "), "{}", annotated.stderr);
    let json = in_github(&project, &["lock", "--check", "--warn", "--json"]).ok();
    assert!(json.stdout.contains("\"kind\": \"stale\""), "{}", json.stdout);
    assert!(serde_json::from_str::<serde_json::Value>(&json.stdout).is_ok(), "{}", json.stdout);

    // Without the word it is an error in the log as everywhere.
    let strict = in_github(&project, &["lock", "--check"]);
    assert!(strict.code == 3 && strict.stderr.contains(warning), "{strict:?}");
    // Nothing is known of these.
    project.write("larder/larder.lock", &(project.read("larder/larder.lock") + "<<<<<<< HEAD\n"));
    assert_eq!(project.larder(&["lock", "--check", "--warn"]).code, 1);
    assert_eq!(project.larder(&["lock", "--warn"]).code, 2);
}

/// The pipeline that `init` writes goes red for stale recipes, but not on branches of bots.
#[test]
fn a_bots_branch_does_not_fail_for_stale_recipes() {
    let git = GitRepository::new(&[("Cargo.toml", &manifest("1.0.14")), ("src/main.rs", MAIN)]);
    let project = git.project();
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["init", "--yes", "--only", "recipes", "--with", "ci"]).ok();
    let workflow = project.read(".github/workflows/larder.yml");
    let lines = workflow.lines().map(str::trim);
    let check: Vec<&str> = lines.skip_while(|line| !line.starts_with("case ")).take(2).collect();
    assert!(check[1].starts_with("cargo larder lock --check"), "{check:?}");
    let script = check.join("\n");
    for (branch, actor) in [("", ""), ("feature", "me"), ("renovate/serde", "renovate[bot]")] {
        assert_eq!(exit_code(&script, project, branch, actor), 0, "{branch}");
    }
    project.write("Cargo.toml", &manifest("1.0.15"));
    project.cargo(&["generate-lockfile", "--quiet"]);
    for (branch, actor, code) in [
        ("", "me", 3),
        ("feature", "renovate[bot]", 3),
        ("my-renovate/x", "renovate[bot]", 3),
        ("renovate/serde", "renovate[bot]", 0),
        ("dependabot/cargo/serde-1", "dependabot[bot]", 0),
        // A fork calls its branches as it likes.
        ("renovate/serde", "me", 3),
        ("dependabot/cargo/serde-1", "dependabotb", 3),
        ("renovate/serde", "dependabot[bot]", 3),
    ] {
        assert_eq!(exit_code(&script, project, branch, actor), code, "{branch} by {actor}");
    }
    // What is not only stale fails there, too.
    project.write("larder/larder.lock", &(project.read("larder/larder.lock") + "<<<<<<< HEAD\n"));
    assert_eq!(exit_code(&script, project, "renovate/serde", "renovate[bot]"), 1);
}

/// The code with which a pipeline's script ends on a branch.
fn exit_code(script: &str, project: &Project, branch: &str, actor: &str) -> i32 {
    let path = Surroundings::get().path_with_larder();
    let vars = [("PATH", path.as_str()), ("GITHUB_HEAD_REF", branch), ("GITHUB_ACTOR", actor)];
    Surroundings::get().run(Path::new("sh"), project.path(), &["-euc", script], &vars).code
}

/// The files in which Renovate finds something to update, as its log has them.
fn found_by_renovate(renovate: &Path, project: &Project) -> Vec<String> {
    let args = ["--platform=local", "--dry-run=extract", "--onboarding=false", "--require-config=ignored"];
    let vars = [("LOG_LEVEL", "debug"), ("LOG_FORMAT", "json")];
    let outcome = Surroundings::get().run(renovate, project.path(), &args, &vars).ok();
    let mut files: Vec<String> = outcome
        .stdout
        .split("\"packageFile\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    files.sort();
    for (path, _) in project.recipes() {
        // The log has paths of Renovate's own, in any folder.
        let name = path.to_string_lossy().into_owned();
        assert!(!outcome.stdout.contains(&name), "{name}: {}", outcome.stdout);
    }
    files
}

/// Renovate reads every manifest that it finds, also one that others forgot.
#[test]
fn renovate_finds_nothing_in_the_recipes() {
    let Some(renovate) = Surroundings::get().env().find_program("renovate") else {
        return not_everywhere("renovate", "PATH has no renovate, and nor has npm");
    };
    let repository = repository();
    assert_eq!(found_by_renovate(&renovate, repository.project()), ["Cargo.toml"]);
    repository.write("notes/Cargo.toml", &manifest("1.0.14"));
    repository.commit();
    assert_eq!(found_by_renovate(&renovate, repository.project()), ["Cargo.toml", "notes/Cargo.toml"]);
}
