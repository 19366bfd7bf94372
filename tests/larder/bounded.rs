//! Work that somebody made up, without end or by the hundred: every verb ends soon, with its work done or with one error.

use std::{fmt::Write as _, path::Path};

use larder_tests::{Outcome, Project, Surroundings, package, write_program};

use crate::damaged::Thing;

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
    write_program(&program, script);
    program.to_string_lossy().into_owned()
}

#[test]
fn graphs_that_never_end_are_refused() {
    let project = project();
    let folder = tempfile::tempdir().unwrap();
    let chain: Vec<_> = (1..50_000).map(|next| unit(&[next])).chain([unit(&[])]).collect();
    let graphs = [
        ("itself", graph(&[unit(&[0])]), "in a circle"),
        ("a circle", graph(&[unit(&[1]), unit(&[2]), unit(&[0])]), "in a circle"),
        ("a chain", graph(&chain), "without end"),
        ("brackets", "[".repeat(1_000_000), "cannot read the answer"),
        ("nothing there", graph(&[unit(&[7])]), "cannot read the answer"),
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

fn unit(edges: &[usize]) -> serde_json::Value {
    let edges: Vec<_> = edges.iter().map(|index| serde_json::json!({ "index": index })).collect();
    serde_json::json!({
        "pkg_id": "registry+x#a@1.0.0", "mode": "build", "features": [], "platform": null, "profile": {},
        "target": { "kind": [], "crate_types": [], "name": "t" }, "dependencies": edges,
    })
}

fn graph(units: &[serde_json::Value]) -> String {
    serde_json::json!({ "version": 1, "units": units, "roots": [0] }).to_string()
}

#[test]
fn odd_things_in_a_target_directory_are_passed_by() {
    let project = project();
    for line in ["lock", "cook", "build"] {
        run(&project, line, &[]).ok();
    }
    let target = project.path().join("target/release");
    for (index, folder) in [".fingerprint", "deps", "build", "incremental", "odd"].into_iter().enumerate() {
        let names = ["odd-0123456789abcdef", "libodd-0123456789abcdef.rlib", "odd-0123456789abcdef.d"];
        for (at, thing) in [Thing::Pipe, Thing::Socket, Thing::Link].into_iter().enumerate() {
            thing.put(&target.join(folder).join(names[(index + at) % names.len()]));
        }
        let hole = fs_err::File::create(target.join(folder).join("hole-0123456789abcdef.d")).unwrap();
        hole.set_len(1 << 40).unwrap();
    }
    for line in ["usage", "usage --json", "why", "why --last", "doctor", "plan", "gc", "build", "dockerfile"]
    {
        run(&project, line, &[]);
    }
    run(&project, "clean dependencies --yes", &[]).ok();
    assert!(!target.join("deps").exists());
}

#[test]
fn texts_in_texts_are_no_end() {
    let open = 100_000;
    for (path, text) in [
        (".cargo/config.toml", format!("a = {}", "[".repeat(open))),
        (".cargo/config.toml", format!("a{} = 1\n", ".a".repeat(open))),
        (
            "Cargo.toml",
            format!("{}\n[package.metadata.larder]\na = {}", package("app", ""), "{a=".repeat(open)),
        ),
        ("Cargo.lock", format!("version = {}", "[".repeat(open))),
        (".github/workflows/ci.yml", "[".repeat(open)),
        ("larder/larder.lock", format!("larder 2\nslice a b 1 rlib {}", "[".repeat(open))),
        ("target/larder/locked.json", "[".repeat(open)),
        ("target/larder/last-build.json", "{\"a\":".repeat(open)),
        ("src/main.rs", format!("fn main() {{ {} }}", "(".repeat(open))),
    ] {
        let project = project();
        run(&project, "lock", &[]).ok();
        project.write(path, &text);
        for line in ["plan", "lock", "doctor", "dockerfile", "why --last"] {
            run(&project, line, &[]);
        }
    }
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
