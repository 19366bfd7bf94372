//! A server without a proxy that Larder could tell what to do: the old release ends, and the new one starts on its port.

use larder::process::Cmd;
use larder_tests::{
    Project,
    deploy::{Bench, Fault, page_project, set_fault, set_page, set_patience},
};

#[test]
fn releases_take_turns_on_one_port_and_a_docker_context_leads_there() {
    let Some(bench) = Bench::start("stop") else { return };
    let docker = bench.env().find_program("docker").expect("docker");
    for (name, host) in [("server", "ssh://root@127.0.0.1:2222"), ("here", "unix:///var/run/docker.sock")] {
        let words = ["context", "create", name, "--docker", &format!("host={host}")];
        Cmd::new(&docker, "/", bench.env()).args(words).output().expect("a context");
    }
    // Nothing listens on the port of the proxy's administration.
    let project = page_project("update = \"stop\"\nproxy = 2020");
    let manifest = project.read("Cargo.toml");
    for (to, why) in [
        ("here", "Docker context `here`: \"unix:///var/run/docker.sock\" is no server"),
        ("nowhere", "the Docker client has no context `nowhere`"),
    ] {
        lead_to(to, &project, &manifest);
        let refused = bench.deploy(&project, &[]);
        assert!(refused.code == 1 && refused.stderr.contains(why), "{}", refused.stderr);
    }
    lead_to("server", &project, &manifest);
    let moment = bench.now();
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "one");
    set_page(&project, "two");
    let plan = bench.deploy(&project, &["--plan"]).ok().stdout;
    let verbs: Vec<&str> =
        plan.lines().filter_map(|line| line.split_once(". ")?.1.split_whitespace().next()).collect();
    let expected = ["building", "creating", "draining", "starting", "waiting", "watching", "confirming"];
    assert_eq!(verbs, expected, "{plan}");
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "two");

    // One that is not well, and one whose deployment is killed.
    set_fault(&project, Fault::Answers500);
    set_patience(&project, Some(8));
    let refused = bench.deploy(&project, &[]);
    set_patience(&project, None);
    assert!(refused.code == 1 && refused.stderr.contains("serves on"), "{}", refused.stderr);
    assert_eq!(bench.page(), "two");
    set_page(&project, "three");
    bench.kill_at(&project, "Waiting");
    bench.time_to_free_lock();
    bench.wait_for_page(&["two"]);

    bench.deploy(&project, &["--rollback"]).ok();
    assert_eq!(bench.page(), "one");
    bench.assert_one_at_once(&moment, 0);
}

fn lead_to(context: &str, project: &Project, manifest: &str) {
    project.write("Cargo.toml", &manifest.replace("ssh://root@127.0.0.1:2222", context));
}
