//! HTTP as all remotes speak it: one request, one answer, with a limit of time and size for every step.
//!
//! A server may be anything: gone, slow, broken, somebody else. The worst is trouble after seconds. Trouble names neither
//! an address nor a credential, and no credential follows a redirect.

use std::{
    io::Read,
    net::IpAddr,
    time::{Duration, Instant},
};

use ureq::{
    Agent,
    config::{ConfigBuilder, RedirectAuthHeaders},
    http::{HeaderMap, Method, Request, Response, StatusCode, Uri},
    typestate::AgentScope,
};

use super::contract::{PlainHttp, Trouble};

/// How long a server may take to be found, to be reached, to begin its answer, and for each piece of it.
const STEP: Duration = Duration::from_millis(1200);
/// How long a server may take to say that it stored something. No build waits for it.
const STORING: Duration = Duration::from_secs(30);
/// From then on a body must come and go at [`SLOWEST`].
const GRACE: Duration = Duration::from_millis(1200);
/// Bytes in a second.
const SLOWEST: u64 = 64 << 10;
/// How many redirects are followed, between encrypted addresses.
const REDIRECTS: u32 = 5;

/// How much of an answer that is no object is read.
pub(super) const SHORT: u64 = 1 << 20;

/// The clients that servers are asked through.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    /// For this machine's own servers, which no proxy reaches.
    local: Agent,
    encrypted: Agent,
    plain: Option<Agent>,
}

/// The answer of a server.
#[derive(Debug)]
pub(super) struct WireAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Wire {
    pub(super) fn new(plain: PlainHttp) -> Self {
        Self {
            local: config().proxy(None).build().new_agent(),
            encrypted: config().https_only(true).max_redirects(REDIRECTS).build().new_agent(),
            plain: (plain == PlainHttp::Allowed).then(|| config().build().new_agent()),
        }
    }

    /// Sends a request, and takes at most `most` bytes of the body of its answer.
    pub(super) fn send(&self, request: Request<&[u8]>, most: u64) -> Result<WireAnswer, Trouble> {
        let agent = self.agent(request.uri())?;
        let mut response = call(agent, request).map_err(|error| told(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.body_mut();
        // The text of a refusal may be as long as it likes.
        let is_read = status.is_success();
        if is_read && body.content_length().is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let body = match whole(body.as_reader(), if is_read { most } else { most.max(SLOWEST) }) {
            Err(_) if !is_read => Vec::new(),
            other => other?,
        };
        Ok(WireAnswer { status, headers, body })
    }

    fn agent(&self, uri: &Uri) -> Result<&Agent, Trouble> {
        if uri.host().is_some_and(is_loopback) {
            return Ok(&self.local);
        }
        if uri.scheme_str() == Some("https") {
            return Ok(&self.encrypted);
        }
        self.plain.as_ref().ok_or_else(|| Trouble::Lasting("its address is not encrypted".to_owned()))
    }

    /// Follows redirects between servers of this machine, as between encrypted addresses.
    #[cfg(test)]
    pub(super) fn following(plain: PlainHttp) -> Self {
        let wire = Self::new(plain);
        let config = Agent::config_builder().redirect_auth_headers(RedirectAuthHeaders::Never);
        Self { local: config.proxy(None).build().new_agent(), ..wire }
    }
}

fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .redirect_auth_headers(RedirectAuthHeaders::Never)
        .user_agent(concat!("larder/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(STEP))
        .timeout_connect(Some(STEP))
        .timeout_send_request(Some(STEP))
        .timeout_recv_response(Some(STEP))
        .timeout_per_read(Some(STEP))
}

impl WireAnswer {
    /// A header, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn call(agent: &Agent, request: Request<&[u8]>) -> Result<Response<ureq::Body>, ureq::Error> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return agent.run(request.map(|_| ()));
    }
    let bytes = request.body().len() as u64;
    let sending = GRACE + Duration::from_secs(bytes / SLOWEST);
    let request = agent.configure_request(request).timeout_send_body(Some(sending));
    agent.run(request.timeout_recv_response(Some(STORING)).build())
}

/// Why a server did not do what was asked, by its status.
pub(super) fn refused(status: StatusCode) -> Trouble {
    let reason = format!("status {}", status.as_u16());
    if passes(status) { Trouble::Passing(reason) } else { Trouble::Lasting(reason) }
}

/// An answer that may be another one soon.
fn passes(status: StatusCode) -> bool {
    let is_soon = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    is_soon || status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn too_large(most: u64) -> Trouble {
    Trouble::Lasting(format!("it has more than {most} bytes"))
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
            return Err(too_large(most));
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

/// The trouble behind an error, in words that hold no address: it may have a token in its query.
fn told(error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::Timeout(_) => Trouble::Passing("no answer in time".to_owned()),
        ureq::Error::Io(error) => Trouble::Passing(error.to_string()),
        ureq::Error::HostNotFound => Trouble::Passing("the host is not known".to_owned()),
        ureq::Error::ConnectionFailed => Trouble::Passing("no connection".to_owned()),
        ureq::Error::Rustls(error) => Trouble::Lasting(format!("TLS: {error}")),
        ureq::Error::RequireHttpsOnly(_) => {
            Trouble::Lasting("it redirects to an address that is not encrypted".to_owned())
        }
        _ => Trouble::Passing("the answer is no HTTP".to_owned()),
    }
}
