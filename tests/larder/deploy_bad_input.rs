//! Servers that are not as they must be: one clear error each, and the release that serves goes on.

use larder_tests::{
    Project,
    deploy::{Bench, Fault, Server, page_project, set_fault, set_page},
};
use serde_json::Value;

/// Deploys with another line in the place of one of the manifest.
fn with(bench: &Bench, project: &Project, old: &str, new: &str) -> String {
    let manifest = project.read("Cargo.toml");
    assert!(manifest.contains(old), "{manifest}");
    project.write("Cargo.toml", &manifest.replace(old, new));
    let said = refused(bench, project);
    project.write("Cargo.toml", &manifest);
    said
}

/// Deploys, which has to fail with one error while the first release serves on.
fn refused(bench: &Bench, project: &Project) -> String {
    let run = bench.deploy(project, &[]);
    assert_eq!(run.code, 1, "{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    assert_eq!(bench.page(), "one");
    run.stderr.split("error: ").nth(1).unwrap_or_default().to_owned()
}

#[test]
fn every_trouble_is_one_error_and_the_old_release_serves_on() {
    let small = Server { disk: "900m", ..Server::default() };
    let Some(bench) = Bench::start_with("bad input", &small) else { return };
    let project = page_project("");
    bench.deploy(&project, &[]).ok();
    set_page(&project, "two");
    let to = "ssh://root@127.0.0.1:2222";
    let said = with(&bench, &project, to, "ssh://root@127.0.0.1:1");
    assert!(said.starts_with("cannot connect to 127.0.0.1: connection refused\n"), "{said}");
    let said = with(&bench, &project, to, "ssh://nobody-here@127.0.0.1:2222");
    assert!(said.contains("the server takes none of the keys"), "{said}");
    let said = with(&bench, &project, to, "ssh://guest@127.0.0.1:2222");
    assert!(said.starts_with("127.0.0.1: the engine's socket is denied to guest\n"), "{said}");
    let said = with(&bench, &project, "health = \"/\"", "health = \"/\"\nsocket = \"/run/none.sock\"");
    assert!(said.contains("there is no Docker engine"), "{said}");
    let said = with(&bench, &project, "health = \"/\"", "health = \"/\"\nproxy = 2020");
    assert!(said.contains("no proxy answers on port 2020"), "{said}");
    let said = with(&bench, &project, "health = \"/\"", "health = \"/\"\nports = [9001, 9002]");
    assert!(said.contains("sends no requests to port 9001 or 9002"), "{said}");
    let said = with(&bench, &project, "health = \"/\"", "health = \"/\"\nenv-file = \"none.env\"");
    assert!(said.contains("none.env"), "{said}");
    assert!(with(&bench, &project, to, "ssh://-oProxyCommand=x").contains("deploy.web: to: "));

    let known = fs_err::read_to_string(bench.path("known_hosts")).unwrap();
    fs_err::write(bench.path("known_hosts"), "").unwrap();
    assert!(refused(&bench, &project).contains("the server's host key is not known"));
    let other = fs_err::read_to_string(bench.path("user_key.pub")).unwrap();
    fs_err::write(bench.path("known_hosts"), format!("[127.0.0.1]:2222 {other}")).unwrap();
    assert!(refused(&bench, &project).contains("the server's host key is not the one in known_hosts"));
    fs_err::write(bench.path("known_hosts"), known).unwrap();

    // A program for another processor, by the number in its head.
    let server = project.path().join("server");
    let program = fs_err::read(&server).unwrap();
    let mut foreign = program.clone();
    foreign[18..20].copy_from_slice(&[22, 0]);
    fs_err::write(&server, &foreign).unwrap();
    let said = refused(&bench, &project);
    assert!(
        said.contains("is refused: it ended with exit code") && said.contains("exec format error"),
        "{said}"
    );
    fs_err::write(&server, &program).unwrap();

    // The port of the next release.
    let image = bench.docker(&["images", "-q", "larder/web"]);
    let image = image.lines().next().unwrap();
    bench.docker(&["run", "--detach", "--name", "other", "--publish=127.0.0.1:8102:8080", image]);
    assert!(refused(&bench, &project).contains("127.0.0.1: port 8102 is taken by something else"));
    bench.docker(&["rm", "--force", "other"]);
    // Another service's releases take turns on it, whether they run at the moment or not.
    let labels = ["--label=larder.service=blog", "--label=larder.port=8102"];
    bench.docker(&["create", "--name", "blog", labels[0], labels[1], image]);
    let said = refused(&bench, &project);
    assert!(said.starts_with("127.0.0.1: port 8102 is one of another service's, `blog`\n"), "{said}");
    bench.docker(&["rm", "--force", "blog"]);

    bench.fill_disk();
    let said = refused(&bench, &project);
    assert!(said.contains("left on the disk of the engine"), "{said}");
}

#[test]
fn a_secret_is_nowhere_but_in_the_container() {
    let Some(bench) = Bench::start("secrets") else { return };
    let project = page_project("env-file = \"secret.env\"");
    project.write("secret.env", "API_TOKEN=planted-a1b2c3\n");
    let seen = bench.watch_for("planted-a1b2c3", || {
        let mut runs = vec![bench.deploy(&project, &["--json"]).ok()];
        for page in ["two", "three"] {
            set_page(&project, page);
            runs.push(bench.deploy(&project, &[]).ok());
        }
        // One that is refused, with the last lines of its log.
        set_page(&project, "four");
        set_fault(&project, Fault::Exits);
        let refused = bench.deploy(&project, &[]);
        assert!(refused.code == 1 && refused.stderr.contains("is refused: "), "{}", refused.stderr);
        let status = bench.deploy(&project, &["--status", "--json"]).ok();
        let all: Value = serde_json::from_str(&status.stdout).unwrap();
        let first = all["releases"][2]["release"].as_str().unwrap();
        // Made anew from a kept container, with its environment.
        runs.push(bench.deploy(&project, &[&format!("--rollback={first}")]).ok());
        runs.push(bench.deploy(&project, &["--plan", "--json"]).ok());
        runs.push(bench.deploy(&project, &["--logs"]).ok());
        runs.extend([refused, status]);
        runs.into_iter().flat_map(|run| [run.stdout, run.stderr]).collect()
    });
    assert_eq!(seen, Vec::<String>::new());
    let containers = bench.docker(&["ps", "-aq"]);
    let count = containers.lines().count();
    for container in containers.lines() {
        let told =
            bench.docker(&["inspect", "--format", "{{json .Config.Env}} {{json .Config.Labels}}", container]);
        assert!(told.contains("API_TOKEN=planted-a1b2c3") && told.matches("planted").count() == 1, "{told}");
    }
    assert_eq!(count, 3);
    for image in bench.docker(&["images", "-q"]).lines() {
        let history = bench.docker(&["history", "--no-trunc", image]);
        assert!(!history.contains("planted"), "{history}");
    }
}
