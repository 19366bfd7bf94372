//! `[workspace.metadata.larder.deploy.<name>]`: the server of an application, and its way there. Only `to` is needed.
//!
//! Its words end up on command lines and in a shell of another machine, so it must never let one through that could be
//! taken for something else.

use std::{collections::BTreeMap, time::Duration};

use cargo_metadata::camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::target::{self, SshServer};

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeploySettings {
    /// The server: `ssh://USER@HOST[:PORT]`, or the name of a Docker context that leads to one.
    pub to: String,
    /// The machine that builds the image.
    #[serde(default)]
    pub build: BuildPlace,
    /// The name of its containers; the deployment's own by default.
    pub service: Option<String>,
    /// The path that answers with 200 to 399 if a release is well; by default the image's health check decides, or else
    /// whether it listens.
    pub health: Option<String>,
    /// How releases take turns.
    #[serde(default)]
    pub update: Update,
    /// How many releases are kept, the serving one included.
    #[serde(default = "three")]
    pub keep: usize,
    /// The two ports of the server's loopback that releases take turns on; the proxy sends requests to them.
    #[serde(default = "ports")]
    pub ports: [u16; 2],
    /// The loopback port of the proxy's administration.
    #[serde(default = "proxy")]
    pub proxy: u16,
    /// The engine's socket on the server.
    #[serde(default = "socket")]
    pub socket: String,
    /// A file of this machine with the container's environment, one `NAME=VALUE` a line; relative to the workspace.
    pub env_file: Option<Utf8PathBuf>,
    /// The most memory that a release may take, in Docker's words.
    pub memory: Option<String>,
    /// How many seconds a release may take until it is well.
    #[serde(default = "thirty")]
    pub patience: u64,
    /// How many seconds a release that is replaced may take for its last requests.
    #[serde(default = "thirty")]
    pub drain: u64,
}

/// The machine that builds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildPlace {
    /// The server, whose cache then has the dependencies.
    #[default]
    Server,
    /// This machine, which sends the layers that the server lacks.
    Local,
}

/// How releases take turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    /// `hold` with a volume, else `overlap`.
    #[default]
    Auto,
    /// The new release is started beside the old one, and gets the requests once it is well.
    Overlap,
    /// The old release is stopped first, while the proxy holds the requests: two would write to one volume.
    Hold,
    /// The old release is stopped first, and requests fail until the new one listens on the same port: for a server
    /// without a proxy that Larder can tell what to do.
    Stop,
}

impl Update {
    /// Whether two releases never run at once, for an application with this volume if it has one.
    pub(super) fn is_alone(self, volume: Option<&str>) -> bool {
        match self {
            Self::Auto => volume.is_some(),
            Self::Hold | Self::Stop => true,
            Self::Overlap => false,
        }
    }
}

fn three() -> usize {
    3
}

fn ports() -> [u16; 2] {
    DeploySettings::PORTS
}

fn proxy() -> u16 {
    DeploySettings::PROXY
}

fn socket() -> String {
    "/var/run/docker.sock".into()
}

fn thirty() -> u64 {
    30
}

impl DeploySettings {
    /// The ports of releases if none are named.
    pub(crate) const PORTS: [u16; 2] = [8101, 8102];
    /// The port of the proxy's administration if none is named.
    pub(crate) const PROXY: u16 = 2019;

    /// Whether this is a server, as `to` takes it: an address, or what can be a Docker context's name.
    ///
    /// # Errors
    /// The problem in a sentence.
    pub fn check_server(to: &str) -> Result<(), String> {
        if target::is_context(to) { Ok(()) } else { SshServer::parse(to).map(drop) }
    }

    /// The option of Docker's client for a server of `to`.
    pub fn option(to: &str) -> String {
        if target::is_context(to) { format!("--context {to}") } else { format!("--host {to}") }
    }

    /// The problem with all tables, if any, after the name of the one that has it.
    pub(crate) fn check_all(all: &BTreeMap<String, Self>) -> Result<(), String> {
        for (index, (name, settings)) in all.iter().enumerate() {
            settings.check(name).map_err(|reason| format!("{name}: {reason}"))?;
            let mut before = all.iter().take(index);
            let shared =
                before.find_map(|(other, its)| Some((other, settings.shared_port(name, its, other)?)));
            if let Some((other, port)) = shared {
                return Err(format!("{name}: ports: `{other}` has {port} on the same server"));
            }
        }
        Ok(())
    }

    /// The port that two services of one server share, if any: its proxy tells them apart by their ports alone.
    fn shared_port(&self, name: &str, other: &Self, others_name: &str) -> Option<u16> {
        if !target::is_same(&self.to, &other.to) || self.service(name) == other.service(others_name) {
            return None;
        }
        self.used_ports().iter().copied().find(|port| other.used_ports().contains(port))
    }

    /// The name of its containers, if this is the name of its table.
    pub(super) fn service<'a>(&'a self, name: &'a str) -> &'a str {
        self.service.as_deref().unwrap_or(name)
    }

    /// How long nothing may serve while one release takes the place of another: until the old one has ended, the new one
    /// is well, or the old one runs again.
    pub(super) fn longest_gap(&self) -> Duration {
        /// For the engine, which is slow on a busy machine.
        const BESIDES: u64 = 30;
        Duration::from_secs(self.drain + self.patience + BESIDES)
    }

    /// The ports that releases come to have.
    pub(super) fn used_ports(&self) -> &[u16] {
        if self.update == Update::Stop { &self.ports[..1] } else { &self.ports }
    }

    /// The problem with the table of this name, if any.
    fn check(&self, name: &str) -> Result<(), String> {
        Self::check_server(&self.to).map_err(|reason| format!("to: {reason}"))?;
        for (key, name) in [("name", Some(name)), ("service", self.service.as_deref())] {
            if let Some(name) = name.filter(|name| !is_name(name)) {
                return Err(format!(
                    "{key}: {name:?} is no name: lower-case letters, digits and `-`, and a letter first"
                ));
            }
        }
        if let Some(path) = self.health.as_deref().filter(|path| !is_path(path)) {
            return Err(format!("health: {path:?} is no path of a page, such as `/health`"));
        }
        if !is_path(&self.socket) {
            return Err(format!("socket: {:?} is no absolute path", self.socket));
        }
        if let Some(memory) = self.memory.as_deref().filter(|memory| !is_memory(memory)) {
            return Err(format!("memory: {memory:?} is no size, such as `512m`"));
        }
        let [first, second] = self.ports;
        if first == second || [first, second, self.proxy].contains(&0) || self.ports.contains(&self.proxy) {
            return Err("ports: name two different ones, which are not the proxy's own".into());
        }
        if self.keep < 2 {
            return Err("keep: the serving release and the one before it always stay, so 2 at least".into());
        }
        if !(1..=3600).contains(&self.patience) || self.drain > 3600 {
            return Err("patience, drain: seconds, an hour at most".into());
        }
        Ok(())
    }
}

/// Names of containers take more; these are names of hosts and of images too.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 40 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain)
}

fn is_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?=&%+".contains(c);
    path.len() <= 200 && path.starts_with('/') && path.chars().all(plain)
}

fn is_memory(memory: &str) -> bool {
    let digits = memory.trim_end_matches(['b', 'k', 'm', 'g']);
    memory.len() <= digits.len() + 1 && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(toml: &str) -> DeploySettings {
        toml_edit::de::from_str(&format!("to = \"ssh://host\"\n{toml}")).unwrap()
    }

    fn check(toml: &str) -> Result<(), String> {
        toml_edit::de::from_str::<DeploySettings>(toml).map_err(|error| error.to_string())?.check("web")
    }

    #[test]
    fn a_server_is_enough() {
        assert_eq!(check("to = \"ssh://deploy@example.org:2222\""), Ok(()));
        assert_eq!(check("to = \"production\""), Ok(()));
    }

    #[test]
    fn requests_are_held_for_as_long_as_the_settings_let_a_release_take() {
        assert_eq!(settings("").longest_gap(), Duration::from_secs(90));
        assert_eq!(settings("drain = 3600\npatience = 600").longest_gap(), Duration::from_secs(4230));
    }

    fn check_all(toml: &str) -> Result<(), String> {
        DeploySettings::check_all(&toml_edit::de::from_str(toml).unwrap())
    }

    /// Two deployments to one server.
    fn two(more: &str) -> Result<(), String> {
        check_all(&format!("a.to = \"ssh://one@host\"\nb.to = \"ssh://two@HOST:22\"\n{more}"))
    }

    #[test]
    fn two_services_of_one_server_share_no_port() {
        assert_eq!(two("").unwrap_err(), "b: ports: `a` has 8101 on the same server");
        let refusal = two("a.ports = [1, 2]\nb.ports = [3, 2]").unwrap_err();
        assert_eq!(refusal, "b: ports: `a` has 2 on the same server");
        assert_eq!(two("b.ports = [3, 4]"), Ok(()));
        // The same service twice, built on the server or here; and a port that no release gets.
        assert_eq!(two("b.service = \"a\"\nb.build = \"local\""), Ok(()));
        assert_eq!(two("b.ports = [8103, 8101]\nb.update = \"stop\""), Ok(()));
        assert_eq!(check_all("a.to = \"ssh://host\"\nb.to = \"ssh://other\"\nc.to = \"context\""), Ok(()));
        assert!(check_all("a.to = \"context\"\nb.to = \"context\"").is_err());
    }

    #[test]
    fn words_that_a_shell_or_a_program_would_take_for_something_else_are_refused() {
        assert!(check("to = \"ssh://-oProxyCommand=x\"").unwrap_err().starts_with("to: "));
        for (line, reason) in [
            ("service = \"a b\"", "service"),
            ("service = \"-v\"", "service"),
            ("health = \"/a b\"", "health"),
            ("health = \"a\\r\\nHost: x\"", "health"),
            ("socket = \"/a:b\"", "socket"),
            ("memory = \"1 --privileged\"", "memory"),
            ("ports = [80, 80]", "ports"),
            ("keep = 1", "keep"),
            ("sevice = \"x\"", "unknown field"),
        ] {
            let refusal = check(&format!("to = \"ssh://host\"\n{line}")).unwrap_err();
            assert!(refusal.contains(reason), "{line}: {refusal}");
        }
    }
}
