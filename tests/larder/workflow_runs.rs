//! The workflow that `init` writes, run from an empty cache on.

use larder_tests::{GitRepository, Project, act::Runners, skip};

/// A program, and a slice of its tests.
const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
    itoa = \"=1.0.0\"\nryu = \"=1.0.18\"\n";
const TESTS: &str = "\n[package.metadata.larder.slices.tests]\nargs = [\"test\"]\n";
const MAIN: &str =
    "fn main() {\n    println!(\"{}\", ryu::Buffer::new().format(1.0));\n}\n\n#[test]\nfn it_holds() {}\n";

/// A project in git with the workflow.
fn repository(more: &str) -> GitRepository {
    let project = Project::new(&[
        ("Cargo.toml", &format!("{MANIFEST}{more}")),
        ("src/main.rs", MAIN),
        (".gitignore", "/target\n"),
    ]);
    let source = ["--source", "https://git.example/larder"];
    project.larder(&[&["init", "--yes", "--only", "recipes,ci", "--with", "ci"], &source[..]].concat()).ok();
    GitRepository::holding(project)
}

fn runners() -> Option<Runners> {
    let runners = Runners::new();
    if runners.is_none() {
        skip("workflows that run", "PATH has no act");
    }
    runners
}

#[test]
fn a_second_run_compiles_nothing_external_and_a_pull_request_saves_nothing() {
    let Some(runners) = runners() else { return };
    let repository = repository(TESTS);
    let project = repository.project();
    // The pull request finds an empty cache, so that it would have most to save.
    let of_request = runners.run(project, "pull_request").ok();
    assert!(of_request.saved.is_empty(), "{:?}", of_request.saved);
    assert_eq!(of_request.external(), 4, "{:?}", of_request.lines());

    let first = runners.run(project, "push").ok();
    assert_eq!(first.external(), 4, "{:?}", first.lines());
    assert_eq!(first.saved.len(), 4, "tools, downloads, and the units of two jobs: {:?}", first.saved);
    assert!(first.outcome.stdout.contains("test it_holds ... ok"), "{}", first.outcome.stdout);
    assert!(!first.outcome.stdout.contains("cannot write the summary"), "{}", first.outcome.stdout);

    let second = runners.run(project, "push").ok();
    let lines = second.lines();
    assert_eq!(second.external(), 0, "{lines:?}");
    assert!(lines.len() == 6 && lines.iter().all(|line| line.counts[2] >= 2), "{lines:?}");
    assert!(second.saved.is_empty(), "{:?}", second.saved);
}

#[test]
fn bumps_leave_a_cache_as_small_as_a_fresh_one() {
    let Some(runners) = runners() else { return };
    let repository = repository("");
    let project = repository.project();
    let mut saved = runners.run(project, "push").ok().saved;
    // Each of them takes a quarter of a minute.
    let bumps = if larder_tests::is_full() { 10 } else { 3 };
    for patch in 1..=bumps {
        project
            .write("Cargo.toml", &MANIFEST.replace("itoa = \"=1.0.0\"", &format!("itoa = \"=1.0.{patch}\"")));
        project.cargo(&["update", "--quiet", "--workspace"]);
        project.larder(&["lock"]).ok();
        let run = runners.run(project, "push").ok();
        assert_eq!(run.external(), 1, "only the unit that moved: {:?}", run.lines());
        saved = run.saved;
    }
    let fresh = Runners::new().unwrap();
    let of_fresh = fresh.run(project, "push").ok().saved;
    let [grown, fresh] = [runners.bytes(&saved), fresh.bytes(&of_fresh[1..])];
    println!("caches after {bumps} bumps: {grown} bytes, a fresh one {fresh}");
    assert!(grown * 10 <= fresh * 13, "{grown} bytes after {bumps} bumps, {fresh} fresh");
}
