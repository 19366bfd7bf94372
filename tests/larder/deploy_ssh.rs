//! Configurations of ssh and sshd in the way of a deployment: what can be is set aside, the rest is one clear error.

use larder_tests::{
    Project,
    deploy::{Bench, Server, page_project},
};

/// Deploys with this line before the configuration of ssh, which has to fail with one error.
fn refused(bench: &Bench, project: &Project, line: &str) -> String {
    let path = bench.path("ssh_config");
    let config = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, format!("{line}\n{config}")).unwrap();
    let run = bench.deploy(project, &[]);
    fs_err::write(&path, config).unwrap();
    assert_eq!(run.code, 1, "{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    run.stderr.split("error: ").nth(1).unwrap_or_default().to_owned()
}

#[test]
fn forwarding_that_sshd_forbids_is_named_before_anything_is_started() {
    let closed = Server { sshd_options: "AllowTcpForwarding no", ..Server::default() };
    let Some(bench) = Bench::start_with("closed sshd", &closed) else { return };
    // A command of the user's own, and a port that is taken, here by sshd itself.
    for (line, why) in [
        ("", "sshd forbids forwarding\n"),
        ("RemoteCommand cat", "sshd forbids forwarding\n"),
        ("LocalForward 127.0.0.1:2222 localhost:80", "a port that your SSH configuration forwards"),
    ] {
        let said = refused(&bench, &page_project(""), line);
        assert!(said.starts_with(&format!("cannot connect to 127.0.0.1: {why}")), "{line}: {said}");
        assert!(said.contains("Forward"), "{said}");
    }
    assert_eq!(bench.docker(&["ps", "--all", "--quiet"]), "");
}

/// sshd refuses the engine's socket then, in the words of one at which nothing listens.
#[test]
fn a_list_of_ports_that_sshd_opens_is_named() {
    let closed = Server { sshd_options: "PermitOpen localhost:2019 localhost:8101", ..Server::default() };
    let Some(bench) = Bench::start_with("closed ports", &closed) else { return };
    let said = refused(&bench, &page_project(""), "");
    assert!(said.starts_with("cannot connect to 127.0.0.1: sshd forbids forwarding\n"), "{said}");
    assert!(said.contains("without a `PermitOpen`"), "{said}");
}
