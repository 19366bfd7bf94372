//! The reverse proxy, a Caddy: which of the two ports it sends requests to, read and changed by its administration.
//!
//! Its handlers are found by the ports, so its configuration needs no marks. It must never change anything but upstreams
//! and how long requests are held.

#[cfg(all(test, unix))]
mod fake;

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    address::{Address, HttpAnswer, HttpRequest},
    problem::Problem,
};
use crate::error::Result;

const PATIENCE: Duration = Duration::from_secs(15);
/// How often a held request is tried again; Caddy's unit is the nanosecond.
const AGAIN: u64 = 25_000_000;
/// How soon a port that took no connection is tried again.
const FORGOTTEN: u64 = 100_000_000;
/// How often a change is tried that others come in between of.
const ATTEMPTS: usize = 5;
/// How a server answers if what is there is not what the request is meant for.
const CHANGED_MEANWHILE: u16 = 412;
/// The fields of a handler that hold requests.
const PACE: [&str; 2] = ["load_balancing", "health_checks"];
const UPSTREAMS: &str = "upstreams";

/// The proxy of one service.
#[derive(Debug)]
pub(super) struct Proxy {
    admin: Address,
    host: String,
    ports: [u16; 2],
    /// As they were found: of them their pace alone is ever written, since others may have changed the rest.
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
        proxy.handlers = proxy.read()?;
        Ok(proxy)
    }

    /// The handlers as they are now, one at least.
    fn read(&self) -> Result<Vec<Handler>> {
        let answer = self.answer(&HttpRequest::get("/config/"))?;
        let config = self.value(&answer)?;
        let mut handlers = Vec::new();
        collect(&config, "/config", self.ports, &mut handlers);
        if handlers.is_empty() {
            let [first, second] = self.ports;
            let what = format!("the proxy sends no requests to port {first} or {second}");
            let hint =
                "give its site `reverse_proxy localhost:PORT localhost:PORT` with the two ports of `ports`";
            return Err(Problem::Server { host: self.host.clone(), what, hint }.into());
        }
        Ok(handlers)
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

    /// Whether requests are held, for a run that was interrupted.
    pub(super) fn is_held(&self) -> bool {
        self.handlers.iter().any(|handler| is_holding(&pace_of(&handler.value)))
    }

    /// Sends requests to this port alone.
    pub(super) fn send_to(&self, port: u16) -> Result<()> {
        self.change(&[port], None)
    }

    /// Holds requests until one of both ports takes them, the new one first, and for so long at most.
    ///
    /// A change of the configuration ends every request that waits, so this is the only one until a release takes them.
    pub(super) fn hold_for(&self, new: u16, longest: Duration) -> Result<()> {
        let [first, second] = self.ports;
        self.change(&[new, if new == first { second } else { first }], Some(longest))
    }

    /// Changes all handlers, wherever they are by now. They hold requests for so long if it is told.
    fn change(&self, ports: &[u16], held: Option<Duration>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            if self.try_change(ports, held)? {
                return Ok(());
            }
        }
        let what = "the proxy's configuration changes all the time".to_owned();
        let hint = "run this again once nothing else changes it";
        Err(Problem::Server { host: self.host.clone(), what, hint }.into())
    }

    /// The same, unless something else changes them meanwhile.
    fn try_change(&self, ports: &[u16], held: Option<Duration>) -> Result<bool> {
        for handler in self.read()? {
            let wanted = self.changed(&handler.value, ports, held);
            if wanted != handler.value && !self.replace(&handler, &wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts a value in the place of a handler, if it is still there.
    fn replace(&self, handler: &Handler, value: &Value) -> Result<bool> {
        let there = self.ask(&HttpRequest::get(&handler.path))?;
        // If nothing is there any more, the answer is not 200.
        if there.status != 200 || self.value(&there)? != handler.value {
            return Ok(false);
        }
        let (if_match, body) = (there.etag.as_deref(), value.to_string());
        let request = HttpRequest { method: "PATCH", path: &handler.path, if_match, body: &body };
        let answer = self.ask(&request)?;
        if answer.status == CHANGED_MEANWHILE {
            return Ok(false);
        }
        self.accepted(answer).map(|_| true)
    }

    /// A handler for these ports.
    fn changed(&self, handler: &Value, ports: &[u16], held: Option<Duration>) -> Value {
        let mut value = rest(handler);
        let upstreams = ports.iter().map(|port| json!({ "dial": format!("127.0.0.1:{port}") }));
        value[UPSTREAMS] = upstreams.collect();
        let pace = held.map_or_else(|| self.own_pace(handler), |longest| holding(longest).map(Some));
        for (field, pace) in PACE.into_iter().zip(pace) {
            if let Some(pace) = pace {
                value[field] = pace;
            }
        }
        value
    }

    /// The pace that a handler has, or had before it was told to hold requests. One that an interrupted run has told so
    /// gets that of our Caddyfile: nobody knows its own any more.
    fn own_pace(&self, handler: &Value) -> [Option<Value>; 2] {
        let pace = pace_of(handler);
        if !is_holding(&pace) {
            return pace;
        }
        let found = self.handlers.iter().find(|found| rest(&found.value) == rest(handler));
        let found = found.map(|found| pace_of(&found.value)).filter(|pace| !is_holding(pace));
        found.unwrap_or_else(|| [Some(usual_balancing()), None])
    }

    fn value(&self, answer: &HttpAnswer) -> Result<Value> {
        Ok(serde_json::from_slice(&answer.body).map_err(|error| self.problem(&error.to_string()))?)
    }

    /// The answer to a request that must be accepted.
    fn answer(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer> {
        self.accepted(self.ask(request)?)
    }

    fn accepted(&self, answer: HttpAnswer) -> Result<HttpAnswer> {
        if answer.status == 200 {
            return Ok(answer);
        }
        let said = String::from_utf8_lossy(&answer.body).trim().chars().take(300).collect::<String>();
        Err(self.problem(&format!("{} {said}", answer.status)).into())
    }

    fn ask(&self, request: &HttpRequest<'_>) -> Result<HttpAnswer> {
        Ok(self.admin.ask(request, PATIENCE).map_err(|reason| self.problem(&reason))?)
    }

    fn problem(&self, reason: &str) -> Problem {
        let what = format!("no proxy answers on port {} ({reason})", self.admin.port);
        let hint = "start Caddy there with its administration on loopback, or set `proxy` to its port";
        Problem::Server { host: self.host.clone(), what, hint }
    }
}

/// The pace of a handler that holds requests for so long at most.
fn holding(longest: Duration) -> [Value; 2] {
    let first = json!({ "policy": "first" });
    // An hour or two are far from the end of the numbers.
    let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    [
        json!({ "selection_policy": first, "try_duration": nanos, "try_interval": AGAIN }),
        json!({ "passive": { "fail_duration": FORGOTTEN, "max_fails": 1 } }),
    ]
}

/// Whether this is a pace of [`holding`], for however long.
fn is_holding(pace: &[Option<Value>; 2]) -> bool {
    let longest = pace[0].as_ref().and_then(|balancing| balancing["try_duration"].as_u64());
    longest.is_some_and(|nanos| *pace == holding(Duration::from_nanos(nanos)).map(Some))
}

fn pace_of(handler: &Value) -> [Option<Value>; 2] {
    PACE.map(|field| handler.get(field).cloned())
}

/// How the Caddyfile of `init` has requests balanced.
fn usual_balancing() -> Value {
    let policy = json!({ "policy": "round_robin" });
    json!({ "selection_policy": policy, "try_duration": 5_000_000_000_u64, "try_interval": 50_000_000 })
}

/// Everything of a handler that is never changed.
fn rest(handler: &Value) -> Value {
    let fields = handler.as_object().into_iter().flatten();
    let rest = fields.filter(|(name, _)| *name != UPSTREAMS && !PACE.contains(&name.as_str()));
    rest.map(|(name, value)| (name.clone(), value.clone())).collect()
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
    #[cfg(unix)]
    use super::fake::FakeAdmin;
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

    fn configuration(sites: &[Value]) -> Value {
        json!({ "apps": { "http": { "servers": { "srv0": { "routes": sites } } } } })
    }

    /// With a pace of its own.
    fn own_site(dials: &[&str], pace: &Value) -> Value {
        let mut site = site("");
        let handler = &mut site["handle"][0]["routes"][0]["handle"][0];
        handler["upstreams"] = dials.iter().map(|dial| json!({ "dial": dial })).collect();
        handler["load_balancing"] = pace.clone();
        site
    }

    #[cfg(unix)]
    #[test]
    fn a_handler_is_found_again_where_it_is_by_now() {
        let pace = json!({ "try_duration": 5 });
        let both = own_site(&["localhost:8101", "localhost:8102"], &pace);
        let admin = FakeAdmin::start(configuration(&[both]));
        let proxy = Proxy::find(admin.address(), "h", [8101, 8102]).unwrap();
        assert_eq!(proxy.serving(), None);
        // Somebody adds a site before ours.
        let other = site("localhost:9000");
        admin.set(configuration(&[other.clone(), own_site(&["localhost:8101"], &pace)]));
        proxy.send_to(8102).unwrap();
        let ours = own_site(&["127.0.0.1:8102"], &pace);
        assert_eq!(admin.get(), configuration(&[other.clone(), ours.clone()]));
        // The same once more, while requests are held.
        proxy.hold_for(8101, Duration::from_secs(95)).unwrap();
        let held = admin.get()["apps"]["http"]["servers"]["srv0"]["routes"][1].clone();
        assert!(held.to_string().contains("\"try_duration\":95000000000"), "{held}");
        admin.set(configuration(&[held]));
        proxy.send_to(8102).unwrap();
        assert_eq!(admin.get(), configuration(&[ours]));
    }

    #[cfg(unix)]
    #[test]
    fn a_pace_that_an_interrupted_run_has_left_is_nobodys_own() {
        let admin = FakeAdmin::start(configuration(&[site("localhost:8101")]));
        let killed = Proxy::find(admin.address(), "h", [8101, 8102]).unwrap();
        assert!(!killed.is_held());
        killed.hold_for(8102, Duration::from_mins(1)).unwrap();
        let proxy = Proxy::find(admin.address(), "h", [8101, 8102]).unwrap();
        assert!(proxy.is_held() && proxy.serving().is_none());
        // By settings that ask for more time.
        proxy.hold_for(8102, Duration::from_secs(95)).unwrap();
        proxy.send_to(8101).unwrap();
        assert_eq!(admin.get(), configuration(&[own_site(&["127.0.0.1:8101"], &usual_balancing())]));
        assert!(!Proxy::find(admin.address(), "h", [8101, 8102]).unwrap().is_held());
    }

    #[cfg(unix)]
    #[test]
    fn a_change_that_another_one_comes_before_is_made_anew() {
        let admin = FakeAdmin::start(configuration(&[site("localhost:8101")]));
        let proxy = Proxy::find(admin.address(), "h", [8101, 8102]).unwrap();
        let others = configuration(&[site("localhost:9000"), site("localhost:8101")]);
        admin.set_before_change(others);
        proxy.send_to(8102).unwrap();
        assert_eq!(admin.get(), configuration(&[site("localhost:9000"), site("127.0.0.1:8102")]));
        admin.set(configuration(&[site("localhost:9000")]));
        let refusal = proxy.send_to(8101).unwrap_err().to_string();
        assert_eq!(refusal, "h: the proxy sends no requests to port 8101 or 8102");
    }
}
