//! The credentials that a remote knows its user by: values that the environment gave, and never a file of the
//! repository.
//!
//! Nothing here is printed: there is no text of a secret in an error, a log or JSON.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use larder::process::Environment;

/// A name, for servers that want one beside the secret.
const USER: &str = "LARDER_STORE_USER";
/// The secret itself.
const TOKEN: &str = "LARDER_STORE_TOKEN";

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

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials")
    }
}
