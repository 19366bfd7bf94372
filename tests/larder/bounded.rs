//! Work that somebody made up, without end or by the hundred: every verb ends soon, with its work done or with one error.

use std::{fmt::Write as _, os::unix::fs::PermissionsExt as _, path::Path};

use larder_tests::{Outcome, Project, Surroundings, package};

fn project() -> Project {
    let manifest = package("app", "") + "\n[dependencies]\nitoa = \"=1.0.15\"\n";
    Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")])
}

/// Runs a verb that has a minute.
fn run(project: &Project, line: &str, vars: &[(&str, &str)]) -> Outcome {
    let surroundings = Surroundings::get();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let mut words = vec!["60", &binary, "larder"];
    words.extend(line.split(' '));
    let outcome = surroundings.run("timeout".as_ref(), project.path(), &words, vars);
    assert!([0, 1, 3, 4].contains(&outcome.code), "{line}: {outcome:?}");
    outcome
}

/// A cargo that answers questions for a unit graph with a text of its own.
fn lying_cargo(folder: &Path, graph: &str) -> String {
    let (program, answer) = (folder.join("cargo"), folder.join("graph.json"));
    fs_err::write(&answer, graph).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' --unit-graph '*) exec cat '{}';; esac\nunset CARGO\nexec cargo \"$@\"\n",
        answer.display()
    );
    fs_err::write(&program, script).unwrap();
    fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program.to_string_lossy().into_owned()
}

#[test]
fn graphs_that_never_end_are_refused() {
    let project = project();
    let folder = tempfile::tempdir().unwrap();
    let unit = |edges: &[usize]| {
        let edges: Vec<_> = edges.iter().map(|index| serde_json::json!({ "index": index })).collect();
        serde_json::json!({
            "pkg_id": "registry+x#a@1.0.0", "mode": "build", "features": [], "platform": null, "profile": {},
            "target": { "kind": [], "crate_types": [], "name": "t" }, "dependencies": edges,
        })
    };
    let graph = |units: Vec<serde_json::Value>| {
        serde_json::json!({ "version": 1, "units": units, "roots": [0] }).to_string()
    };
    let graphs = [
        ("itself", graph(vec![unit(&[0])]), "in a circle"),
        ("a circle", graph(vec![unit(&[1]), unit(&[2]), unit(&[0])]), "in a circle"),
        ("a chain", graph((1..50_000).map(|next| unit(&[next])).chain([unit(&[])]).collect()), "without end"),
        ("brackets", "[".repeat(1_000_000), "cannot read the answer"),
        ("nothing there", graph(vec![unit(&[7])]), "cannot read the answer"),
    ];
    for (what, text, words) in graphs {
        let cargo = lying_cargo(folder.path(), &text);
        for line in ["plan", "lock"] {
            let outcome = run(&project, line, &[("CARGO", &cargo)]);
            assert!(outcome.code == 1 && outcome.stderr.contains(words), "{what}: {line}: {outcome:?}");
        }
        assert!(!project.path().join("larder/larder.lock").exists(), "{what}");
    }
    run(&project, "lock", &[]).ok();
}

#[test]
fn platforms_by_the_hundred_are_refused() {
    let project = project();
    run(&project, "lock", &[]).ok();
    let table = project.read("larder/larder.lock");
    let mut all = String::new();
    let mut names = Vec::new();
    for number in 0..300 {
        let _ = write!(all, " made-up-{number:03}");
        names.push(format!("\"made-up-{number:03}\""));
    }
    let many = table.replacen("platforms x86_64", &format!("platforms{all} x86_64"), 1);
    assert_ne!(many, table);
    project.write("larder/larder.lock", &many);
    for line in ["lock --check", "plan", "cook"] {
        let outcome = run(&project, line, &[]);
        assert!(
            outcome.code == 1 && outcome.stderr.contains("more than 32 platforms"),
            "{line}: {outcome:?}"
        );
    }
    run(&project, "lock", &[]).ok();
    assert_eq!(project.read("larder/larder.lock"), table);
    let settings = format!("\n[package.metadata.larder]\nplatforms = [{}]\n", names.join(", "));
    project.write("Cargo.toml", &(project.read("Cargo.toml") + &settings));
    let outcome = run(&project, "lock", &[]);
    assert!(outcome.code == 1 && outcome.stderr.contains("name at most 32"), "{outcome:?}");
}
