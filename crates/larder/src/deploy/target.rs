//! Where a deployment goes, as written in the settings. It must never take a word that `ssh` would take for an option.

use std::fmt;

use super::problem::Problem;
use crate::{
    docker::client::Client,
    error::{Error, Result},
    process::Environment,
};

/// A server that is reached by SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SshServer {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

/// Whether the text can be the name of a Docker context.
pub(super) fn is_context(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain)
}

/// Whether both ways lead to the same server, as far as their texts tell.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (SshServer::parse(one), SshServer::parse(other)) {
        (Ok(one), Ok(other)) => one.is_same_machine(&other),
        _ => one == other,
    }
}

impl SshServer {
    /// Whether another one differs in its user at most.
    fn is_same_machine(&self, other: &Self) -> bool {
        const USUAL: u16 = 22;
        self.host.eq_ignore_ascii_case(&other.host)
            && self.port.unwrap_or(USUAL) == other.port.unwrap_or(USUAL)
    }

    /// A server that is named, or that a Docker context leads to.
    pub(super) fn find(env: &Environment, to: &str) -> Result<Self> {
        let (address, hint) = if is_context(to) {
            (endpoint(env, to)?, "name a context that leads to a server by `ssh://`")
        } else {
            (to.to_owned(), "correct `to`")
        };
        Self::parse(&address).map_err(|what| {
            let what = if is_context(to) { format!("Docker context `{to}`: {what}") } else { what };
            Problem::Image { what, hint }.into()
        })
    }

    /// Reads `ssh://[USER@]HOST[:PORT]`.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        let rest = text.strip_prefix("ssh://").ok_or_else(|| no_server(text))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, address) = match rest.rsplit_once('@') {
            Some((user, address)) => (Some(user.to_owned()), address),
            None => (None, rest),
        };
        let (host, port) = split_port(address).ok_or_else(|| no_server(text))?;
        if !is_host(host) || !user.as_deref().is_none_or(is_user) {
            return Err(no_server(text));
        }
        Ok(Self { user, host: host.to_owned(), port })
    }

    /// The words of a call of `ssh` that name it.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(port) = self.port {
            words.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &self.user {
            words.extend(["-l".to_owned(), user.clone()]);
        }
        words.extend(["--".to_owned(), self.host.clone()]);
        words
    }
}

fn no_server(text: &str) -> String {
    format!("{text:?} is no server: write `ssh://USER@HOST` or `ssh://USER@HOST:PORT`")
}

fn is_host(host: &str) -> bool {
    is_argument(host) && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:%".contains(c))
}

fn is_user(user: &str) -> bool {
    is_argument(user) && user.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

/// Whether `ssh` would not take the word for an option.
fn is_argument(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('-')
}

/// The address of the engine that a context of the Docker client leads to.
fn endpoint(env: &Environment, context: &str) -> Result<String> {
    const FORMAT: &str = "{{.Endpoints.docker.Host}}";
    let answer = Client::any(env)?.cmd().args(["context", "inspect", "--format", FORMAT, context]).output();
    let address = answer.map_err(|error| match error {
        Error::Failed { .. } => Error::from(Problem::Image {
            what: format!("the Docker client has no context `{context}`"),
            hint: "`docker context ls` lists them; or write `ssh://USER@HOST`",
        }),
        other => other,
    })?;
    Ok(address.trim().to_owned())
}

/// A host, or one in brackets if it is an address with colons, and its port.
fn split_port(address: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match address.split_once(':') {
        Some((host, port)) => Some((host, Some(port.parse().ok().filter(|port| *port > 0)?))),
        None => Some((address, None)),
    }
}

impl fmt::Display for SshServer {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        for (text, words) in [
            ("ssh://me@a.example:22", "-p 22 -l me -- a.example"),
            ("ssh://server/", "-- server"),
            ("ssh://me@[::1]:2222", "-p 2222 -l me -- ::1"),
        ] {
            assert_eq!(SshServer::parse(text).unwrap().words().join(" "), words);
        }
    }

    #[test]
    fn contexts_are_told_from_servers() {
        assert!(is_context("production") && is_context("a.b-c_d"));
        assert!(!is_context("ssh://host") && !is_context("-a") && !is_context("") && !is_context("a b"));
    }

    #[test]
    fn options_and_shell_words_are_no_servers() {
        for text in [
            "host",
            "ssh://",
            "ssh://-oA=b",
            "ssh://a b",
            "ssh://me;x@h",
            "ssh://-l@h",
            "ssh://h:0",
            "ssh://h:x",
        ] {
            assert!(SshServer::parse(text).is_err(), "{text}");
        }
    }
}
