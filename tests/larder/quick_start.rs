//! The quick starts of the book, as they are printed there: each block is run by a shell in a new repository.
//!
//! Lines that take an engine, Nix or cargo-leptos are left to the steps of `cargo xtask test` that have these.

use std::path::Path;

use larder_tests::{GitRepository, Project, Surroundings};

/// Programs whose calls are left out, and the step that makes them.
const LEFT: [(&str, &str); 4] = [
    ("docker build", "images"),
    ("nix build", "nix"),
    ("cargo leptos", "release"),
    ("cargo larder cook --dev", "dev"),
];

/// The blocks of the page, by their headings.
fn blocks() -> Vec<(String, Vec<String>)> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/quick-start.md");
    let page = fs_err::read_to_string(page).expect("the page");
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            all.push((heading.to_owned(), Vec::new()));
        } else if line.starts_with("```") {
            is_inside = line == "```sh";
        } else if let (true, Some((_, lines))) = (is_inside, all.last_mut()) {
            lines.push(line.to_owned());
        }
    }
    all
}

/// Runs a block in a new application; gives what the last command printed.
fn run(heading: &str) -> (GitRepository, String) {
    let all = blocks();
    let (_, lines) = all.iter().find(|(known, _)| known == heading).expect("the heading");
    assert!((1..=10).contains(&lines.len()), "{heading} has {} lines", lines.len());
    let project = GitRepository::holding(Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nitoa = \"1\"\n",
        ),
        ("src/main.rs", "fn main() {\n    println!(\"{}\", itoa::Buffer::new().format(1));\n}\n"),
        (".gitignore", "target\n"),
    ]));
    let surroundings = Surroundings::get();
    let here = project.project().path().to_owned();
    let path = surroundings.path_with_larder();
    let mut last = String::new();
    for line in lines {
        if let Some((_, step)) = LEFT.iter().find(|(program, _)| line.starts_with(program)) {
            println!("left to the step {step}: {line}");
            continue;
        }
        let script = format!("git config user.name x; git config user.email x@localhost; {line}");
        let run = surroundings.run(Path::new("sh"), &here, &["-c", &script], &[("PATH", &path)]).ok();
        last = run.stdout + &run.stderr;
    }
    (project, last)
}

#[test]
fn any_workspace() {
    let (project, said) = run("Any workspace");
    assert!(said.contains("nothing"), "{said}");
    assert_eq!(project.git(&["status", "--porcelain"]), "", "all of it is committed");
}

#[test]
fn a_leptos_site() {
    let (project, _) = run("A Leptos site");
    assert!(project.project().path().join("larder/larder.lock").exists());
}

#[test]
fn docker_alone() {
    let (project, _) = run("Docker alone");
    let staged = project.git(&["diff", "--cached", "--name-only"]);
    for name in ["Dockerfile", ".dockerignore", "larder/larder.lock", "larder/expand.awk"] {
        assert!(staged.lines().any(|line| line == name), "{name}: {staged}");
    }
}

#[test]
fn nix_and_ci() {
    for (heading, wanted) in [("Nix", "flake.nix"), ("CI alone", ".github/workflows/larder.yml")] {
        let (project, _) = run(heading);
        let staged = project.git(&["diff", "--cached", "--name-only"]);
        assert!(staged.lines().any(|line| line == wanted), "{heading}: {staged}");
    }
}
