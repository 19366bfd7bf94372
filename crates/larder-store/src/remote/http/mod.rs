//! A server that is asked by HTTP, for reading alone.
//!
//! A server may be anything: gone, slow, broken, somebody else. Every step has a limit of time and size, so that the
//! worst is a miss after seconds. An error names neither a query nor a credential, and no credential follows a redirect.

use std::{
    io::Read,
    net::IpAddr,
    time::{Duration, Instant},
};

use ureq::{
    Agent,
    config::RedirectAuthHeaders,
    http::{StatusCode, Uri},
};

use super::contract::{PlainHttp, Put, Remote, Trouble, trouble};
use crate::{Error, Result, inside::Inside};

/// How long a server may take to be found, to be reached, to begin its answer, and for each piece of it.
const STEP: Duration = Duration::from_millis(1200);
/// From then on an answer must come at [`SLOWEST`].
const GRACE: Duration = Duration::from_millis(1200);
/// Bytes in a second.
const SLOWEST: u64 = 64 << 10;
/// How many redirects are followed, between encrypted addresses.
const REDIRECTS: u32 = 5;

/// A server.
#[derive(Debug, Clone)]
pub struct Http {
    agent: Agent,
    /// Without a `/` at its end.
    base: String,
    query: Option<String>,
    authorization: Option<String>,
}

impl Http {
    /// The server at an address. `token` is what it knows the reader by.
    ///
    /// # Errors
    /// If the address is none, holds a password, or is not encrypted and not allowed to be.
    pub fn open(address: &str, plain: PlainHttp, token: Option<&str>) -> Result<Self> {
        let bad = |reason: &str| Error::bad("the address of the store's remote", reason);
        let uri: Uri = address.parse().map_err(|_| bad("it is no address"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad("it names no server"));
        };
        if authority.as_str().contains('@') {
            return Err(bad("a name or password in it would be committed; set LARDER_STORE_TOKEN instead"));
        }
        let is_local = is_loopback(authority.host());
        let is_encrypted = scheme == "https";
        if !is_encrypted && !is_local && plain == PlainHttp::Loopback {
            return Err(bad("it is not encrypted; metadata.larder.store.allow-http = true allows that"));
        }
        let redirects = if is_encrypted { REDIRECTS } else { 0 };
        Ok(Self {
            agent: agent(is_encrypted, is_local, redirects),
            base: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')),
            query: uri.query().map(str::to_owned),
            authorization: token.map(|token| format!("Bearer {token}")),
        })
    }

    fn ask(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        let mut request = self.agent.get(format!("{}/{name}{query}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let mut response = request.call().map_err(|error| told(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            status if passes(status) => return Err(Trouble::Passing(format!("status {}", status.as_u16()))),
            status => return Err(Trouble::Lasting(format!("status {}", status.as_u16()))),
        }
        let body = response.body_mut();
        if body.content_length().is_some_and(|length| length > most) {
            return Err(Trouble::Lasting(format!("it has more than {most} bytes")));
        }
        whole(body.as_reader(), most).map(Some)
    }
}

/// An answer that may be another one soon.
fn passes(status: StatusCode) -> bool {
    status.is_server_error() || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status)
}

fn agent(is_encrypted: bool, is_local: bool, redirects: u32) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(is_encrypted)
        .max_redirects(redirects)
        .max_redirects_will_error(false)
        .redirect_auth_headers(RedirectAuthHeaders::Never)
        .user_agent(concat!("larder/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(STEP))
        .timeout_connect(Some(STEP))
        .timeout_send_request(Some(STEP))
        .timeout_recv_response(Some(STEP))
        .timeout_per_read(Some(STEP));
    // No proxy reaches this machine's own addresses.
    let config = if is_local { config.proxy(None) } else { config };
    config.build().new_agent()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// All of an answer, unless it is larger or slower than it may be.
fn whole(mut body: impl Read, most: u64) -> Result<Vec<u8>, Trouble> {
    let start = Instant::now();
    let mut bytes = Vec::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = body.read(&mut piece).map_err(|error| cut(&error))?;
        if read == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&piece[..read]);
        if bytes.len() as u64 > most {
            return Err(Trouble::Lasting(format!("it has more than {most} bytes")));
        }
        let time = start.elapsed();
        if time > GRACE && (bytes.len() as u128) * 1000 < u128::from(SLOWEST) * time.as_millis() {
            return Err(Trouble::Passing("it is too slow".to_owned()));
        }
    }
}

fn cut(error: &std::io::Error) -> Trouble {
    Trouble::Passing(format!("the answer broke off: {error}"))
}

/// What went wrong, in words that hold no address: it may have a token in its query.
fn told(error: &ureq::Error) -> Trouble {
    let passing = |what: &str| Trouble::Passing(what.to_owned());
    match error {
        ureq::Error::Timeout(_) => passing("no answer in time"),
        ureq::Error::Io(error) => passing(&error.to_string()),
        ureq::Error::HostNotFound => passing("the host is not known"),
        ureq::Error::ConnectionFailed => passing("no connection"),
        ureq::Error::Rustls(error) => Trouble::Lasting(format!("TLS: {error}")),
        ureq::Error::RequireHttpsOnly(_) => {
            Trouble::Lasting("it redirects to an address that is not encrypted".to_owned())
        }
        _ => passing("the answer is no HTTP"),
    }
}

impl Remote for Http {
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>> {
        self.ask(name, most).map_err(|reason| trouble(self, name, reason))
    }

    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        self.put(name, bytes).map(|()| Put::Written)
    }

    fn put(&self, name: &Inside, _: &[u8]) -> Result<()> {
        let reason = "units are not written by HTTP: push to the folder that is served".to_owned();
        Err(trouble(self, name, Trouble::Lasting(reason)))
    }

    fn describe(&self) -> String {
        self.base.clone()
    }
}

#[cfg(test)]
mod tests;
