//! The reverse proxy, a Caddy: which of the two ports it sends requests to, read and changed by its administration.
//!
//! Its handlers are found by the ports, so its configuration needs no marks. It must never change anything but upstreams
//! and how long requests are held.

use std::time::Duration;

use serde_json::{Value, json};

use super::{address::Address, problem::Problem};
use crate::error::Result;

const PATIENCE: Duration = Duration::from_secs(15);
/// How long requests are held while a release takes over; Caddy's unit is the nanosecond.
const HELD: u64 = 60_000_000_000;
/// How often a held request is tried again.
const AGAIN: u64 = 25_000_000;
/// How soon a port that took no connection is tried again.
const FORGOTTEN: u64 = 100_000_000;

/// The proxy of one service.
#[derive(Debug)]
pub(super) struct Proxy {
    admin: Address,
    host: String,
    ports: [u16; 2],
    handlers: Vec<Handler>,
}

/// One place of the configuration that sends requests on.
#[derive(Debug, Clone, PartialEq)]
struct Handler {
    path: String,
    value: Value,
}

impl Proxy {
    /// Reads the configuration.
    pub(super) fn find(admin: Address, host: &str, ports: [u16; 2]) -> Result<Self> {
        let mut proxy = Self { admin, host: host.to_owned(), ports, handlers: Vec::new() };
        let text = proxy.ask("GET", "/config/", None)?;
        let config: Value =
            serde_json::from_slice(&text).map_err(|error| proxy.problem(&error.to_string()))?;
        collect(&config, "/config", ports, &mut proxy.handlers);
        if proxy.handlers.is_empty() {
            let what = format!("the proxy sends no requests to port {} or {}", ports[0], ports[1]);
            let hint =
                "give its site `reverse_proxy localhost:PORT localhost:PORT` with the two ports of `ports`";
            return Err(Problem::Server { host: host.to_owned(), what, hint }.into());
        }
        Ok(proxy)
    }

    /// The one port that requests go to, if all of them go to the same.
    pub(super) fn serving(&self) -> Option<u16> {
        let mut ports: Vec<u16> = self.handlers.iter().flat_map(|handler| ports_of(&handler.value)).collect();
        ports.sort_unstable();
        ports.dedup();
        match ports.as_slice() {
            [port] => Some(*port),
            _ => None,
        }
    }

    /// Sends requests to this port alone.
    pub(super) fn send_to(&self, port: u16) -> Result<()> {
        self.change(&[port], false)
    }

    /// Holds requests until one of both ports takes them, the new one first.
    ///
    /// A change of the configuration ends every request that waits, so this is the only one until a release takes them.
    pub(super) fn hold_for(&self, new: u16) -> Result<()> {
        let [first, second] = self.ports;
        self.change(&[new, if new == first { second } else { first }], true)
    }

    fn change(&self, ports: &[u16], is_held: bool) -> Result<()> {
        for Handler { path, value } in &self.handlers {
            let mut value = value.clone();
            let upstreams = ports.iter().map(|port| json!({ "dial": format!("127.0.0.1:{port}") }));
            value["upstreams"] = upstreams.collect();
            if is_held {
                value["load_balancing"] = json!({ "selection_policy": { "policy": "first" }, "try_duration": HELD, "try_interval": AGAIN });
                value["health_checks"] = json!({ "passive": { "fail_duration": FORGOTTEN, "max_fails": 1 } });
            }
            self.ask("PATCH", path, Some(&value.to_string()))?;
        }
        Ok(())
    }

    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Result<Vec<u8>> {
        match self.admin.ask(method, path, body, PATIENCE) {
            Ok(answer) if answer.status == 200 => Ok(answer.body),
            Ok(answer) => {
                let said = String::from_utf8_lossy(&answer.body).trim().chars().take(300).collect::<String>();
                Err(self.problem(&format!("{} {said}", answer.status)).into())
            }
            Err(reason) => Err(self.problem(&reason).into()),
        }
    }

    fn problem(&self, reason: &str) -> Problem {
        let what = format!("no proxy answers on port {} ({reason})", self.admin.port);
        let hint = "start Caddy there with its administration on loopback, or set `proxy` to its port";
        Problem::Server { host: self.host.clone(), what, hint }
    }
}

/// Every handler that sends requests to one of the ports. Configurations are trees of a few levels.
fn collect(value: &Value, path: &str, ports: [u16; 2], found: &mut Vec<Handler>) {
    const DEEPEST: usize = 64;
    if path.matches('/').count() > DEEPEST {
        return;
    }
    if value["handler"] == "reverse_proxy" && ports_of(value).iter().any(|port| ports.contains(port)) {
        found.push(Handler { path: path.to_owned(), value: value.clone() });
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| is_plain(name)) {
                collect(value, &format!("{path}/{name}"), ports, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(value, &format!("{path}/{index}"), ports, found);
            }
        }
        _ => {}
    }
}

/// Names of servers are the user's; one that would be another path is left alone.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The ports that a handler sends requests to.
fn ports_of(handler: &Value) -> Vec<u16> {
    let upstreams = handler["upstreams"].as_array().into_iter().flatten();
    upstreams.filter_map(port_here).collect()
}

fn port_here(upstream: &Value) -> Option<u16> {
    let (host, port) = upstream["dial"].as_str()?.rsplit_once(':')?;
    // The same port of another machine is somebody else's.
    let is_here = ["", "localhost", "127.0.0.1", "[::1]"].contains(&host);
    port.parse::<u16>().ok().filter(|_| is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_found_by_their_ports() {
        let config = json!({ "apps": { "http": { "servers": {
            "srv0": { "routes": [site("localhost:8101"), site(":9000"), site("10.0.0.1:8101")] },
            "a/b": { "routes": [site(":8101")] } }}}});
        let mut found = Vec::new();
        collect(&config, "/config", [8101, 8102], &mut found);
        let paths: Vec<&str> = found.iter().map(|handler| handler.path.as_str()).collect();
        assert_eq!(paths, ["/config/apps/http/servers/srv0/routes/0/handle/0/routes/0/handle/0"]);
    }

    fn site(dial: &str) -> Value {
        json!({ "handle": [{ "handler": "subroute", "routes": [{ "handle": [
            { "handler": "reverse_proxy", "upstreams": [{ "dial": dial }] } ]}]}]})
    }
}
