//! The pipelines that `init` writes for services other than GitHub; that for GitLab is run on this machine.

use std::path::{Path, PathBuf};

use larder_tests::{GitRepository, Project, Surroundings, cargo_home_of_user, not_everywhere};
use yaml_rust2::{Yaml, YamlLoader};

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"=1.0.0\"\n";
const TESTS: &str = "\n[package.metadata.larder.slices.tests]\nargs = [\"test\"]\n";
const MAIN: &str = "fn main() {}\n\n#[test]\nfn it_holds() {}\n";

fn project(more: &str) -> Project {
    Project::new(&[("Cargo.toml", &format!("{MANIFEST}{more}")), ("src/main.rs", MAIN)])
}

fn init(project: &Project, parts: &str) {
    let source = ["--source", "https://git.example/larder"];
    project.larder(&[&["init", "--yes", "--only", parts], &source[..]].concat()).ok();
}

fn yaml(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).expect("it is YAML").remove(0)
}

fn words(list: &Yaml) -> Vec<String> {
    list.as_vec().expect("a list").iter().filter_map(Yaml::as_str).map(str::to_owned).collect()
}

#[test]
fn an_existing_service_is_found_and_its_own_pipeline_is_left_alone() {
    let project = project("");
    let own = "stages: [build]\n";
    project.write(".gitlab-ci.yml", own);
    project.write(".forgejo/workflows/own.yml", "on: push\n");
    project.write(".buildkite/pipeline.yml", "steps: []\n");
    project.larder(&["init", "--yes"]).ok();
    assert_eq!(project.read(".gitlab-ci.yml"), own);
    let included = yaml(&project.read(".gitlab/larder.gitlab-ci.yml"));
    // A key outside of jobs would change the jobs of the pipeline that includes it.
    let keys: Vec<&str> = included.as_hash().unwrap().keys().filter_map(Yaml::as_str).collect();
    assert_eq!(keys, [".larder", "larder recipes", "larder release"]);
    yaml(&project.read(".forgejo/workflows/larder.yml"));
    yaml(&project.read(".buildkite/larder.yml"));
    assert!(!project.path().join(".github").exists());
}

#[test]
fn forgejo_and_buildkite_cook_each_group_and_share_nothing_from_a_pull_request() {
    let project = project(TESTS);
    init(&project, "recipes,forgejo,buildkite");
    let text = project.read(".forgejo/workflows/larder.yml");
    let forgejo = yaml(&text);
    assert_eq!(words(&forgejo["jobs"]["larder"]["strategy"]["matrix"]["slices"]), ["release", "tests"]);
    assert!(!text.contains("actions/cache"), "{text}");
    assert!(text.contains("github.event_name == 'pull_request' && 'read' || 'write'"), "{text}");
    let buildkite = yaml(&project.read(".buildkite/larder.yml"));
    let steps = buildkite["steps"].as_vec().unwrap();
    let labels: Vec<&str> = steps.iter().filter_map(|step| step["label"].as_str()).collect();
    assert_eq!(labels, ["larder recipes", "larder release", "larder tests"]);
    let commands = words(&steps[2]["commands"]);
    assert!(commands.iter().any(|line| line == "cargo larder build --locked tests"), "{commands:?}");
    assert!(commands.iter().any(|line| line.contains("gc --only target --max-size")), "{commands:?}");
    // `pipeline upload` takes a single one for a variable of its own.
    let single = commands.iter().find(|line| line.replace("$$", "").contains('$'));
    assert!(single.is_none(), "{single:?}");
}

/// Each service says in its own way which builds may push, and a bucket takes a Larder with the feature for it.
#[test]
fn units_of_a_team_are_pushed_and_buckets_can_be_asked() {
    for (remote, is_bucket) in [("https://units.example/x", false), ("s3://units/x", true)] {
        let project = project(&format!("\n[package.metadata.larder.store]\nremote = \"{remote}\"\n"));
        init(&project, "recipes,ci,gitlab,forgejo,buildkite");
        for (file, push) in [
            (".github/workflows/larder.yml", "|| cargo larder store push\n"),
            (".gitlab-ci.yml", "test \"$CI_COMMIT_REF_PROTECTED\" != true || test -z"),
            (".forgejo/workflows/larder.yml", "|| cargo larder store push --allow-untrusted\n"),
            (".buildkite/larder.yml", "test \"$$LARDER_STORE\" = read || cargo larder store push"),
        ] {
            let text = project.read(file);
            assert!(text.contains(push), "{file}: {text}");
            assert_eq!(text.contains("cargo-larder --features store-clouds"), is_bucket, "{file}: {text}");
        }
    }
}

const PIPELINES: [&str; 4] = [
    ".github/workflows/larder.yml",
    ".gitlab-ci.yml",
    ".forgejo/workflows/larder.yml",
    ".buildkite/larder.yml",
];

/// Every job would fail without it, or none would start.
#[test]
fn submodules_packages_of_the_system_and_the_default_branch_are_the_repositorys() {
    let settings = "\n[package.metadata.larder.docker]\nbuild-packages = [\"libudev-dev\", \"pkg-config\"]\n";
    let repository = GitRepository::holding(project(settings));
    repository.git(&["branch", "--move", "develop"]);
    repository.write(".gitmodules", "[submodule \"a\"]\n\tpath = a\n\turl = ../a\n");
    repository.commit();
    let clone = repository.clone_of();
    init(&clone, "recipes,ci,gitlab,forgejo,buildkite,refresh");
    let [github, gitlab, forgejo, buildkite] = PIPELINES.map(|file| clone.read(file));
    [&github, &gitlab, &forgejo, &buildkite].into_iter().for_each(|text| drop(yaml(text)));
    let branches = yaml(&github)["on"]["push"]["branches"].clone();
    assert_eq!(words(&branches), ["main", "master", "develop"]);
    let refresh = clone.read(".github/workflows/larder-refresh.yml");
    for text in [&github, &refresh] {
        assert_eq!(text.matches("actions/checkout@").count(), text.matches("submodules: recursive").count());
    }
    assert!(yaml(&gitlab)[".larder"]["variables"]["GIT_SUBMODULE_STRATEGY"].as_str() == Some("recursive"));
    assert!(forgejo.contains("submodule --quiet update --init --recursive\n"), "{forgejo}");
    let install = "apt-get install --yes --no-install-recommends libudev-dev pkg-config";
    assert!(github.contains(&format!("(sudo apt-get update && sudo {install})")), "{github}");
    for text in [&gitlab, &forgejo] {
        assert!(text.contains(&format!("(apt-get update && {install})")), "{text}");
    }
    // Its agents are somebody's own machines, and get submodules by themselves.
    assert!(!buildkite.contains("apt-get") && !buildkite.contains("submodule"), "{buildkite}");
}

/// Runs the pipeline of a project in git: on the default branch, or on a merge request's.
fn run(program: &Path, project: &Project, branch: Option<&str>) -> String {
    let mut args = vec!["--force-shell-executor", "--shell-isolation"];
    let branch = branch.map(|branch| format!("CI_COMMIT_BRANCH={branch}"));
    if let Some(branch) = &branch {
        args.extend(["--variable", "CI_PIPELINE_SOURCE=merge_request_event", "--variable", branch]);
    }
    Surroundings::get().run(program, project.path(), &args, &[("LARDER_STORE", "")]).ok().stdout
}

/// The units that `cook` and `build` compiled of external packages.
fn external(said: &str) -> usize {
    let rows = said.lines().filter_map(|line| line.split_once(" > ")).filter_map(|(_, row)| {
        let words: Vec<&str> = row.split_whitespace().rev().collect();
        let is_row = row.starts_with("cook ") || row.starts_with("cargo ");
        is_row.then(|| words.get(1)?.parse::<usize>().ok()).flatten()
    });
    let rows: Vec<usize> = rows.collect();
    assert_eq!(rows.len(), 6, "{said}");
    rows.iter().sum()
}

fn caches(project: &Project) -> Vec<PathBuf> {
    let folder = project.path().join(".gitlab-ci-local/cache");
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn that_for_gitlab_compiles_nothing_external_twice_and_a_merge_request_saves_nothing() {
    let surroundings = Surroundings::get();
    let env = surroundings.env();
    let (Some(program), Some(_)) = (env.find_program("gitlab-ci-local"), env.find_program("rsync")) else {
        return not_everywhere("pipelines for GitLab", "PATH has no gitlab-ci-local or no rsync");
    };
    let project = project(TESTS);
    init(&project, "recipes,gitlab");
    project.write(".gitignore", "/target\n/.gitlab-ci-local\n");
    // Jobs run here and not in containers, whose folders they would take for their own.
    let text = project.read(".gitlab-ci.yml");
    assert_eq!(text.matches("  image: rust:1\n").count(), 1, "{text}");
    project.write(".gitlab-ci.yml", &text.replace("  image: rust:1\n", ""));
    let tools = project.path().join(".larder-tools/bin");
    fs_err::create_dir_all(&tools).unwrap();
    fs_err::os::unix::fs::symlink(surroundings.binary(), tools.join("cargo-larder")).unwrap();
    let config = cargo_home_of_user(env).map(|home| home.join("config.toml"));
    if let Some(config) = config.filter(|config| config.is_file()) {
        project.write(".cargo-home/config.toml", &fs_err::read_to_string(config).unwrap());
    }
    let repository = GitRepository::holding(project);
    repository.git(&["remote", "add", "origin", "https://git.example/team/app.git"]);
    let project = repository.project();
    let request = run(&program, project, Some("feature"));
    assert_eq!((external(&request), caches(project)), (2, Vec::new()), "{request}");
    let first = run(&program, project, None);
    assert_eq!(external(&first), 2, "{first}");
    assert!(first.contains("test it_holds ... ok"), "{first}");
    assert!(caches(project).len() >= 3, "{:?}", caches(project));
    let second = run(&program, project, None);
    assert_eq!(external(&second), 0, "{second}");
}
