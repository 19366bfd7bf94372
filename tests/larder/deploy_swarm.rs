//! A server that manages a Swarm: its rollout is Swarm's own, and so is the way back. Other programs get a file.

use larder::process::Cmd;
use larder_tests::{
    deploy::{Bench, Fault, page_project, set_fault, set_page, wait_for},
    skip,
};

#[test]
fn swarm_does_the_rollout_and_takes_a_bad_release_back() {
    const TEST: &str = "swarm";
    let Some(bench) = Bench::start(TEST) else { return };
    let Some(_) = bench.try_docker(&["swarm", "init", "--advertise-addr", "127.0.0.1"]) else {
        return skip(TEST, "this kernel has no Swarm");
    };
    let project = page_project("proxy = 2020\n[package.metadata.larder.docker]\nport = 8080");
    let connections = bench.connections();
    let first = bench.deployed(&project, &[]);
    assert_eq!(bench.connections() - connections, 1);
    wait_until_alone(&bench, "one");
    set_page(&project, "two");
    let plan = bench.deploy(&project, &["--plan"]).ok().stdout;
    assert_eq!(plan.lines().count(), 3, "{plan}");
    assert!(plan.contains("2. rolling the release out on port 8101"), "{plan}");
    let second = bench.deployed(&project, &[]);
    wait_until_alone(&bench, "two");
    assert_eq!(bench.deployed(&project, &[])["changed"], false);

    bench.deploy(&project, &["--rollback"]).ok();
    wait_until_alone(&bench, "one");
    let status = bench.deployed(&project, &["--status"]);
    assert_eq!(status["live"], first["release"]);
    assert_ne!(first["release"], second["release"]);

    set_page(&project, "three");
    set_fault(&project, Fault::Exits);
    let refused = bench.deploy(&project, &[]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    for told in ["is refused: task: non-zero exit (7)", "serves on", "cannot start: no configuration"] {
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
    wait_until_alone(&bench, "one");
}

/// Waits until this release runs and no other does: Swarm does not wait for the end of the one before.
fn wait_until_alone(bench: &Bench, page: &str) {
    wait_for(|| {
        let pages = running(bench);
        if pages == [page] { Ok(()) } else { Err(format!("{page} does not run alone: {pages:?}")) }
    });
}

/// The pages of the releases that run. Swarm's own port needs a module that not every kernel has.
fn running(bench: &Bench) -> Vec<String> {
    let containers = bench.docker(&["ps", "-q", "--filter", "label=larder.service=web"]);
    // One may end between the two calls.
    let logs = containers.lines().filter_map(|container| bench.try_docker(&["logs", container]));
    logs.map(|log| {
        log.lines().find_map(|line| line.strip_prefix("release starts: ")).unwrap_or_default().to_owned()
    })
    .collect()
}

#[test]
fn the_file_for_others_is_one_that_docker_reads() {
    let project = page_project(
        "memory = \"64m\"\nenv-file = \"a.env\"\n[package.metadata.larder.docker]\nport = 8080\nvolume = \"/data\"",
    );
    project.write("a.env", "A=b\n");
    let compose = project.larder(&["deploy", "--print", "compose"]).ok().stdout;
    assert!(compose.contains("    build: \".\"\n"), "{compose}");
    let swarm = project.larder(&["deploy", "--print", "swarm"]).ok().stdout;
    assert!(swarm.contains("order: stop-first, failure_action: rollback"), "{swarm}");
    let Some(bench) = Bench::start("files for others") else { return };
    let docker = bench.env().find_program("docker").expect("docker");
    for text in [&compose, &swarm] {
        project.write("stack.yaml", text);
        let cmd = Cmd::new(&docker, project.path(), bench.env()).env("IMAGE", "registry/page:1");
        let read =
            cmd.args(["stack", "config", "--compose-file", "stack.yaml"]).output().expect("it is read");
        assert!(read.contains("published: 8101") && read.contains("A: b"), "{read}");
    }
}
