//! The proof that a registry wants of its user: a name and a secret, or a token that another server gives for them.

use std::collections::BTreeMap;

use serde::Deserialize;
use ureq::http::{Method, Request, header::AUTHORIZATION};

use super::super::{
    contract::Trouble,
    credentials::Credentials,
    wire::{SHORT, Wire, refused},
};

/// The credentials that a registry asks for in `WWW-Authenticate`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        /// Further parameters, which are passed on.
        more: BTreeMap<String, String>,
    },
}

impl Challenge {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        if kind.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !kind.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut more = parameters(rest);
        Some(Self::Bearer { realm: more.remove("realm")?, more })
    }
}

/// `name="value"`, with commas between them and in them.
fn parameters(mut text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    while let Some((name, rest)) = text.split_once('=') {
        let (value, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        found.insert(name.trim_matches([' ', ',']).to_ascii_lowercase(), value.to_owned());
        text = after;
    }
    found
}

/// The value of `Authorization` that answers a challenge; `None` if there is nothing to answer with.
pub(super) fn answer(
    challenge: &Challenge,
    wire: &Wire,
    user: &Credentials,
    repository: &str,
) -> Result<Option<String>, Trouble> {
    let Challenge::Bearer { realm, more } = challenge else { return Ok(user.basic()) };
    let service = more.get("service").map_or("", String::as_str);
    let whole = format!("repository:{repository}:pull");
    let scope = more.get("scope").unwrap_or(&whole);
    let joint = if realm.contains('?') { '&' } else { '?' };
    let uri = format!("{realm}{joint}service={}&scope={}", escaped(service), escaped(scope));
    let mut request = Request::builder().method(Method::GET).uri(uri);
    if let Some(basic) = user.basic() {
        request = request.header(AUTHORIZATION, basic);
    }
    let reason = "the registry names no server for tokens";
    let request = request.body([].as_slice()).map_err(|_| Trouble::Lasting(reason.to_owned()))?;
    let answer = wire.send(request, SHORT)?;
    if !answer.status.is_success() {
        return match refused(answer.status) {
            Trouble::Lasting(status) => {
                Err(Trouble::Lasting(format!("the registry gives no token for these credentials: {status}")))
            }
            passing => Err(passing),
        };
    }
    let given: TokenAnswer = serde_json::from_slice(&answer.body)
        .map_err(|_| Trouble::Lasting("the registry's token is none".to_owned()))?;
    Ok(given.token.or(given.access_token).map(|token| format!("Bearer {token}")))
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let text = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        let Some(Challenge::Bearer { realm, more }) = Challenge::parse(text) else { panic!("{text}") };
        assert_eq!(realm, "https://auth.example/token");
        assert_eq!(more["scope"], "repository:a/b:pull,push");
        assert_eq!(more["service"], "registry.example");
        assert_eq!(Challenge::parse("Basic realm=\"Registry\""), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Bearer service=x"), None);
        assert_eq!(Challenge::parse("Negotiate"), None);
    }
}
