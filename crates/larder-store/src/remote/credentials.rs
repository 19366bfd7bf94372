//! The credentials that a remote knows its user by: values that the environment gave, and never a file of the
//! repository.
//!
//! Nothing here is printed: there is no text of a secret in an error, a log or JSON.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use larder::process::Environment;
use ureq::http::{Uri, uri::Authority};

use super::wire::is_loopback;

/// A name, for servers that want one beside the secret.
const USER: &str = "LARDER_STORE_USER";
/// The secret itself.
const TOKEN: &str = "LARDER_STORE_TOKEN";
/// The host that may get them if a repository names it.
const HOST: &str = "LARDER_STORE_HOST";

/// Names and secrets of whoever asks.
#[derive(Clone, Default)]
pub struct Credentials {
    env: Environment,
}

impl Credentials {
    /// Those of an environment.
    pub fn read(env: &Environment) -> Self {
        Self { env: env.clone() }
    }

    /// Those for a remote that a repository names. A server gets name and secret as they are, so somebody other than the
    /// repository has to allow it: the user, who names its host, or a CI system, which gives secrets to chosen
    /// pipelines alone. Buckets get signatures, or the tokens of their cloud, which hosts of that cloud alone see.
    pub fn for_repository(env: &Environment, address: &str) -> Self {
        let named = env.get_str(HOST).filter(|host| !host.is_empty());
        if named.map_or(env.is_ci(), |named| is_at(address, named)) {
            return Self::read(env);
        }
        Self::read(env).without_secret()
    }

    /// The same for a question that any server may see: without name and secret.
    #[must_use]
    pub fn without_secret(mut self) -> Self {
        [USER, TOKEN].into_iter().for_each(|name| self.env.unset(name));
        self
    }

    /// The host of a repository's remote, as `LARDER_STORE_HOST` would name it, if a secret of this environment is kept
    /// from it.
    pub fn kept_from(env: &Environment, address: &str) -> Option<String> {
        let uri = server(address).filter(|_| Self::read(env).set(TOKEN).is_some())?;
        let host = uri.host().filter(|_| Self::for_repository(env, address).set(TOKEN).is_none())?;
        Some(if is_in_clear(&uri) { format!("http://{host}") } else { host.to_owned() })
    }

    /// Nobody's.
    pub fn none() -> Self {
        Self::default()
    }

    /// The value of `Authorization`: by name and secret, or by the secret alone.
    pub(super) fn authorization(&self) -> Option<String> {
        self.basic().or_else(|| Some(format!("Bearer {}", self.set(TOKEN)?)))
    }

    /// The value of `Authorization` by name and secret.
    pub(super) fn basic(&self) -> Option<String> {
        let (user, token) = (self.set(USER)?, self.set(TOKEN)?);
        Some(format!("Basic {}", STANDARD.encode(format!("{user}:{token}"))))
    }

    /// A variable that is set to something.
    pub(super) fn set(&self, name: &str) -> Option<&str> {
        self.env.get_str(name).filter(|value| !value.is_empty())
    }

    /// All variables with one of these beginnings.
    #[cfg(feature = "clouds")]
    pub(super) fn starting(&self, beginnings: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let text = self.env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        text.filter(move |(name, value)| {
            !value.is_empty() && beginnings.iter().any(|beginning| name.starts_with(beginning))
        })
    }
}

/// The address of a server that name and secret are for; `None` for folders and buckets.
fn server(address: &str) -> Option<Uri> {
    let uri: Uri = address.parse().ok()?;
    ["http", "https", "oci"].contains(&uri.scheme_str()?).then_some(uri)
}

/// Whether an address is of a host, which may be named with its port. Only a host that is named with `http://` is sent
/// anything in clear.
fn is_at(address: &str, host: &str) -> bool {
    let Some(uri) = server(address) else { return false };
    let host = match host.strip_prefix("http://") {
        Some(plain) => plain,
        None if is_in_clear(&uri) => return false,
        None => host,
    };
    let names = [uri.host(), uri.authority().map(Authority::as_str)];
    names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(host))
}

/// Whether a server is asked over a network without encryption.
fn is_in_clear(uri: &Uri) -> bool {
    uri.scheme_str() == Some("http") && !uri.host().is_some_and(is_loopback)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "https://units.example:8443/team";

    fn authorization(address: &str, vars: &[(&str, &str)]) -> Option<String> {
        let env = Environment::new([(TOKEN, "canary")].iter().chain(vars).copied());
        let credentials = Credentials::for_repository(&env, address);
        let is_kept = Credentials::kept_from(&env, address).is_some();
        assert_eq!(
            is_kept,
            server(address).is_some() && credentials.set(TOKEN).is_none(),
            "{address} {vars:?}"
        );
        credentials.authorization()
    }

    #[test]
    fn a_repository_alone_does_not_say_who_gets_a_secret() {
        for vars in
            [&[][..], &[(HOST, "")], &[(HOST, "other.example")], &[(HOST, "example")], &[(USER, "me")]]
        {
            assert_eq!(authorization(SERVER, vars), None, "{vars:?}");
        }
        for host in ["units.example", "units.example:8443", "UNITS.example"] {
            assert_eq!(authorization(SERVER, &[(HOST, host)]).as_deref(), Some("Bearer canary"), "{host}");
        }
        assert!(authorization("oci://units.example/a", &[(HOST, "units.example")]).is_some());
        for address in [
            "https://units.example.evil/x",
            "https://evil/units.example",
            "https://evil?units.example",
            "https://units.example@evil/x",
            "nonsense",
        ] {
            assert_eq!(authorization(address, &[(HOST, "units.example")]), None, "{address}");
        }
        let in_clear = "http://units.example/team";
        assert_eq!(authorization(in_clear, &[(HOST, "units.example")]), None);
        assert!(authorization(in_clear, &[(HOST, "http://units.example")]).is_some());
        assert!(authorization("http://127.0.0.1:1/team", &[(HOST, "127.0.0.1")]).is_some());
        // A pipeline's author chose it; a host that is named counts there, too.
        assert!(authorization(SERVER, &[("CI", "true")]).is_some());
        assert_eq!(authorization(SERVER, &[("CI", "true"), (HOST, "other.example")]), None);
    }

    #[test]
    fn buckets_get_the_variables_of_their_cloud() {
        let env = Environment::new([("AWS_ACCESS_KEY_ID", "me"), (TOKEN, "canary")]);
        let credentials = Credentials::for_repository(&env, "s3://units/a");
        assert_eq!(credentials.set("AWS_ACCESS_KEY_ID"), Some("me"));
        assert_eq!(Credentials::kept_from(&env, "s3://units/a"), None);
    }
}
