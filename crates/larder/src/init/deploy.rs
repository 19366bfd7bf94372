//! The needs of `cargo larder deploy`: the address in `Cargo.toml`, and a Caddy as a container
//! that sends requests to the two ports that releases take turns on.
//!
//! Both files lie in a folder of their own: the one at the root would be taken for what runs on a developer's machine,
//! and `.dockerignore` would keep the proxy's configuration out of its image. It must never replace an address.

use std::collections::BTreeMap;

use super::{files::new_file, proposal::Proposal};
use crate::{
    Report,
    deploy::settings::DeploySettings,
    error::Result,
    project::Project,
    settings::Settings,
    tuning::{self, Setting},
};

const COMPOSE: &str = include_str!("template/compose.yaml");
const CADDYFILE: &str = include_str!("template/Caddyfile");
const FOLDER: &str = "deploy";
/// The name of a deployment that nobody has named.
const NAME: &str = "web";

const WHY: &str = "\
The server that `cargo larder deploy` brings the image to.";

/// Proposes what is missing; `to` is the server, if it was given.
pub(super) fn propose(project: &Project, to: Option<&str>, report: &dyn Report) -> Result<Proposal> {
    let (mut changes, mut own) = (Vec::new(), None);
    let known = &project.settings.deploy;
    if let Some(why) = to.and_then(|to| left_out(to, known)) {
        report.warn(&why);
    }
    if let (Some(to), true) = (to, known.is_empty()) {
        let manifest = project.workspace.manifest();
        let path = Settings::path(Settings::owner(manifest), &["deploy", NAME, "to"]);
        let setting = Setting::new(&path, to, WHY);
        changes.extend(tuning::change(project.workspace.manifest_path(), &[setting])?);
    }
    let mut ports = known.values().map(|settings| (settings.ports, settings.proxy));
    let first = ports.next().unwrap_or((DeploySettings::PORTS, DeploySettings::PROXY));
    if ports.any(|others| others != first) {
        return Ok(Proposal::skipped(
            "deployments have different ports; write a Caddyfile for each server, as the book shows one",
        ));
    }
    let folder = project.workspace.root().join(FOLDER);
    for (name, text) in [("compose.yaml", COMPOSE.to_owned()), ("Caddyfile", caddyfile(first))] {
        match new_file(folder.join(name), &text)? {
            Proposal::Files(new) => changes.extend(new),
            Proposal::Skipped(why) => own = Some(why),
            Proposal::Fresh | Proposal::Recipes(_) => {}
        }
    }
    match own {
        Some(why) if changes.is_empty() => Ok(Proposal::Skipped(why)),
        _ => Ok(Proposal::new(changes)),
    }
}

/// Why a server is not written, if other ones are there.
fn left_out(to: &str, known: &BTreeMap<String, DeploySettings>) -> Option<String> {
    let (name, first) = known.first_key_value()?;
    let is_there = known.values().any(|settings| settings.to == to);
    let there = format!("{to} is not written: deployment `{name}` goes to {} already", first.to);
    let hint = "add a table of its own for it, `[workspace.metadata.larder.deploy.NAME]`";
    (!is_there).then(|| format!("{there}; {hint}"))
}

/// The proxy's configuration for these ports of releases, and for that of its administration.
fn caddyfile((ports, admin): ([u16; 2], u16)) -> String {
    let [first, second] = ports.map(|port| format!("localhost:{port}"));
    CADDYFILE
        .replace("localhost:8101 localhost:8102", &format!("{first} {second}"))
        .replace("localhost:2019", &format!("localhost:{admin}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_the_default_ports() {
        assert_eq!(caddyfile((DeploySettings::PORTS, DeploySettings::PROXY)), CADDYFILE);
        let other = caddyfile(([3001, 3002], 3019));
        assert!(other.contains("reverse_proxy localhost:3001 localhost:3002 {"), "{other}");
        assert!(other.contains("admin localhost:3019\n"), "{other}");
    }
}
