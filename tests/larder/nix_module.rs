//! The NixOS module: the service that it makes, held by systemd's own checker, and what it refuses.

use std::path::Path;

use insta::assert_snapshot;
use larder::process::Cmd;
use larder_tests::{Outcome, Surroundings, nix::evaluate, skip};
use serde_json::{Map, Value};

const SITE: &str = r#"
    package = "/usr";
    program = "true";
    site = "/srv/site";
    port = 3001;
    environment.GREETING = "100% of $5";
    environmentFile = "/run/keys/web";
    health = "/health?a=b";
"#;

/// The configuration that a machine with this service has.
fn evaluated(site: &str) -> Option<Outcome> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("nix");
    let expression = format!(
        "let
           nixpkgs = import {tests}/nixpkgs {{ }};
           inherit (nixpkgs) lib;
           any = lib.mkOption {{ type = lib.types.attrsOf lib.types.anything; default = {{ }}; }};
         in
         (lib.evalModules {{
           modules = [
             (import {module} {{ }})
             {{ options = {{ systemd.services = any; users.users = any; users.groups = any; }}; }}
             {{ services.larder.web = {{ {site} }}; }}
           ];
           specialArgs.pkgs = nixpkgs.legacyPackages.x86_64-linux // {{ curl = \"/usr\"; }};
         }}).config",
        tests = tests.display(),
        module = tests.join("../../nix/nixosModule.nix").display(),
    );
    evaluate("the NixOS module", &expression)
}

fn service(config: &Value) -> &Value {
    &config["systemd"]["services"]["web"]
}

#[test]
fn systemd_finds_nothing_wrong_with_the_service() {
    let Some(outcome) = evaluated(SITE) else { return };
    let config: Value = serde_json::from_str(&outcome.ok().stdout).expect("nix prints JSON");
    assert_eq!(config["users"]["users"]["web"]["group"], "web");
    let unit = unit(service(&config));
    assert_snapshot!(unit);

    let Some(analyze) = Surroundings::get().env().find_program("systemd-analyze") else {
        return skip("nix_module", "PATH has no systemd-analyze");
    };
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(complaints(&analyze, folder.path(), &unit), "");
    let misspelt = unit.replace("User=", "Usr=");
    assert!(complaints(&analyze, folder.path(), &misspelt).contains("Usr"), "it would notice");
}

fn complaints(analyze: &Path, folder: &Path, unit: &str) -> String {
    let file = folder.join("web.service");
    fs_err::write(&file, unit).expect("a file");
    let mut found = Vec::new();
    Cmd::new(analyze, folder, Surroundings::get().env())
        .args(["verify", "--man=no"])
        .arg(file)
        .each_error_line(|line| found.extend(line.contains("web.service").then(|| line.to_owned())))
        .expect("it starts");
    found.join("\n")
}

#[test]
fn a_page_is_waited_for_only_if_there_is_one() {
    let Some(outcome) = evaluated("package = \"/usr\"; program = \"true\"; health = null;") else { return };
    let config: Value = serde_json::from_str(&outcome.ok().stdout).expect("nix prints JSON");
    assert_eq!(service(&config)["serviceConfig"].get("ExecStartPost"), None);
}

#[test]
fn a_wrong_setting_is_named() {
    for (site, named) in [
        ("package = \"/usr\"; program = \"true\"; prot = 1;", "prot"),
        ("package = \"/usr\"; program = \"true\"; port = 70000;", "port"),
        ("program = \"true\";", "package"),
    ] {
        let Some(outcome) = evaluated(site) else { return };
        assert!(outcome.code != 0 && outcome.stderr.contains(named), "{site}: {}", outcome.stderr);
    }
}

/// The text that NixOS writes for a service.
fn unit(service: &Value) -> String {
    let mut own = service["serviceConfig"].as_object().expect("settings").clone();
    let variables = service["environment"].as_object().expect("variables").iter();
    let variables = variables
        .map(|(name, value)| Value::String(format!("\"{name}={}\"", text(value).replace('%', "%%"))));
    own.insert("Environment".to_owned(), variables.collect());
    section("Unit", &renamed(service, &[("Description", "description"), ("After", "after")]))
        + &section("Service", &own)
        + &section("Install", &renamed(service, &[("WantedBy", "wantedBy")]))
}

fn section(name: &str, settings: &Map<String, Value>) -> String {
    let lines = settings
        .iter()
        .flat_map(|(key, value)| values(value).into_iter().map(move |value| format!("{key}={value}\n")));
    format!("[{name}]\n{}", lines.collect::<String>())
}

/// A setting's value for each of its lines.
fn values(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// Settings of a service under the names of systemd, each given with that of NixOS.
fn renamed(service: &Value, names: &[(&str, &str)]) -> Map<String, Value> {
    names.iter().map(|(key, name)| ((*key).to_owned(), service[*name].clone())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
