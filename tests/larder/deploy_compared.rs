//! The release that serves is compared with the next one: the same costs one look, and whatever decides a release makes it
//! another one.

use larder_tests::{
    Project,
    deploy::{Bench, halves_project},
};

/// An argument that the image tells of.
const ARGUMENT: &str = "ARG NOTE=none\nLABEL note=$NOTE\n";
const SETTINGS: &str = "update = \"stop\"\nproxy = 2020\nenv-file = \"web.env\"\n";

fn append(project: &Project, file: &str, text: &str) {
    project.write(file, &(project.read(file) + text));
}

/// Deploys, which brings another release, and asserts that the next time nothing does.
fn changes(bench: &Bench, project: &Project, words: &[&str]) {
    assert_eq!(bench.deployed(project, words)["changed"], true);
    let (moment, connections) = (bench.now(), bench.connections());
    let run = bench.deploy(project, words).ok();
    assert!(run.stdout.contains("serves already, nothing changed"), "{}", run.stdout);
    assert!(!run.stderr.contains("Building"), "{}", run.stderr);
    assert_eq!(bench.events_since(&moment), Vec::<String>::new());
    assert_eq!(bench.connections() - connections, 1);
}

#[test]
fn the_same_costs_one_look_and_all_that_decides_a_release_makes_another_one() {
    let Some(bench) = Bench::start("compared") else { return };
    let project = halves_project();
    // Every release has the first port.
    append(&project, "Cargo.toml", SETTINGS);
    append(&project, "Dockerfile", ARGUMENT);
    project.write("web.env", "NAME=one\n");
    changes(&bench, &project, &[]);

    project.write("web.env", "NAME=two\n");
    changes(&bench, &project, &[]);
    changes(&bench, &project, &["--build-arg", "NOTE=one"]);
    changes(&bench, &project, &["--build-arg", "NOTE=two"]);
    append(&project, "Cargo.toml", "ports = [8103, 8104]\n");
    changes(&bench, &project, &["--build-arg", "NOTE=two"]);
    let published = bench.docker(&["ps", "--format", "{{.Ports}}"]);
    assert_eq!(published.trim(), "127.0.0.1:8103->8080/tcp");
}
