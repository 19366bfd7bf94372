//! `init --with deploy`: the server's address, and a proxy whose configuration a real Caddy reads as it is meant.

use insta::assert_snapshot;
use larder::process::Cmd;
use larder_tests::{Project, deploy, redact, skip};
use serde_json::Value;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\" # the newest\n";
const SERVER: [&str; 3] = ["init", "--only=deploy", "--server=ssh://deploy@server.example"];

fn app(settings: &str) -> Project {
    Project::new(&[("Cargo.toml", &format!("{MANIFEST}{settings}")), ("src/main.rs", "fn main() {}\n")])
}

#[test]
fn the_address_and_the_proxy_are_shown_then_written_and_nothing_is_replaced() {
    let project = app("");
    let shown = project.larder(&[&SERVER[..], &["--check"]].concat());
    assert_eq!(shown.code, 3);
    assert_snapshot!(redact(&shown.stdout, project.path()));
    assert_eq!(project.read("Cargo.toml"), MANIFEST, "nothing is written unasked");

    let written = project.larder(&[&SERVER[..], &["--yes"]].concat()).ok();
    assert!(
        written.stderr.contains("docker --host ssh://deploy@server.example compose up"),
        "{}",
        written.stderr
    );
    project.larder(&[&SERVER[..], &["--check"]].concat()).ok();

    // Another address does not take the place of the one that is there, nor a file that of the user's own.
    project.write("deploy/Caddyfile", "mine\n");
    let before = project.read("Cargo.toml");
    let again = ["init", "--with=deploy", "--only=deploy", "--server=ssh://other.example", "--yes"];
    let again = project.larder(&again).ok();
    assert_eq!((project.read("Cargo.toml"), project.read("deploy/Caddyfile")), (before, "mine\n".into()));
    assert!(again.stderr.contains("Skipped deploy: ") && again.stderr.contains("yours"), "{}", again.stderr);
    let left_out =
        "ssh://other.example is not written: deployment `web` goes to ssh://deploy@server.example already";
    assert!(again.stderr.contains(left_out), "{}", again.stderr);
}

#[test]
fn a_docker_context_is_a_server() {
    let project = app("");
    let run = project.larder(&["init", "--only=deploy", "--server=production", "--yes"]).ok();
    assert!(run.stderr.contains("docker --context production compose up"), "{}", run.stderr);
    assert!(project.read("Cargo.toml").contains("to = \"production\""));
}

#[test]
fn a_server_that_is_an_option_of_ssh_is_refused() {
    let project = app("");
    let run = project.larder(&["init", "--only=deploy", "--server=ssh://-oProxyCommand=x", "--yes"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(!project.path().join("deploy").exists());
}

#[test]
fn a_real_caddy_sends_requests_to_the_two_ports() {
    let env = &deploy::programs();
    let Some(caddy) = env.find_program("caddy") else {
        return skip("deploy_init", "PATH has no caddy: `cargo xtask test` gets it");
    };
    let project = app(
        "\n[package.metadata.larder.deploy.web]\nto = \"ssh://server.example\"\nports = [3001, 3002]\nproxy = 3019\n",
    );
    project.larder(&["init", "--only=deploy", "--yes"]).ok();
    let text = Cmd::new(caddy, project.path(), env)
        .env("SITE", "site.example")
        .args(["adapt", "--config", "deploy/Caddyfile"])
        .output()
        .expect("Caddy reads it");
    let config: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(config["admin"]["listen"], "localhost:3019");
    let route = &config["apps"]["http"]["servers"]["srv0"]["routes"][0];
    assert_eq!(route["match"][0]["host"][0], "site.example");
    let proxy = &route["handle"][0]["routes"][0]["handle"][0];
    assert_eq!(proxy["handler"], "reverse_proxy");
    let ports: Vec<_> =
        proxy["upstreams"].as_array().expect("upstreams").iter().map(|up| &up["dial"]).collect();
    assert_eq!(ports, ["localhost:3001", "localhost:3002"]);
    // Until a deployment tells which port serves, a request that meets the other one is tried again; and that one
    // request fails makes no others wait.
    let balancing = &proxy["load_balancing"];
    assert_eq!(balancing["selection_policy"]["policy"], "round_robin");
    assert!(proxy["health_checks"].is_null(), "{proxy:#}");
    // A deployment that was interrupted while requests are held is undone to just this.
    let pace = (&balancing["try_duration"], &balancing["try_interval"]);
    assert_eq!(pace, (&5_000_000_000_u64.into(), &50_000_000_u64.into()));
}

#[test]
fn a_real_compose_reads_the_file() {
    let env = &deploy::programs();
    let Some(compose) = env.find_program("docker-compose") else {
        return skip("deploy_init", "PATH has no docker-compose: `cargo xtask test` gets it");
    };
    let project = app("");
    project.larder(&["init", "--only=deploy", "--yes"]).ok();
    let folder = project.path().join("deploy");
    let call = Cmd::new(compose, folder, env).args(["config", "--format=json"]);
    assert!(call.output().is_err(), "the site must be named");
    let text = call.env("SITE", "site.example").output().expect("compose reads it");
    let config: Value = serde_json::from_str(&text).expect("JSON");
    let proxy = &config["services"]["proxy"];
    assert_eq!(
        (&proxy["network_mode"], &proxy["environment"]["SITE"]),
        (&"host".into(), &"site.example".into())
    );
}
