//! The two stores that units go between, and the names of objects.

use std::time::SystemTime;

use crate::{
    Error, Result,
    digest::Digest,
    inside::Inside,
    local::{Key, Store},
    record::LARGEST,
    remote::Remote,
    signature::{Expected, PublicKey, Statement},
};

/// Two stores that units go between.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    /// Of this machine.
    pub store: &'a Store,
    /// Of the team.
    pub remote: &'a dyn Remote,
    /// The name that keeps the team apart from others.
    pub namespace: &'a str,
    /// The keys that are believed.
    pub trusted: &'a [PublicKey],
    /// Now.
    pub now: SystemTime,
}

impl Exchange<'_> {
    pub(super) fn list(&self, kind: &str, key: Key) -> Result<Inside> {
        // A name that no namespace has, since a path has no empty parts.
        let namespace = if self.namespace.is_empty() { "~" } else { self.namespace };
        if namespace.contains('/') {
            return Err(Error::bad("the namespace of the store", format!("{namespace:?} holds a `/`")));
        }
        Inside::new(format!("v1/{kind}/{namespace}/{key}"))
            .map_err(|reason| Error::bad("the namespace of the store", reason))
    }

    /// A list of the remote, `None` if there is none.
    pub(super) fn read(&self, name: &Inside) -> Result<Option<Statement>> {
        let Some(bytes) = self.remote.get(name, LARGEST as u64)? else { return Ok(None) };
        let expected = Expected { key: name.as_str(), namespace: self.namespace, now: self.now };
        Statement::verify(&bytes, self.trusted, expected).map(Some).map_err(|reason| self.bad(name, reason))
    }

    pub(super) fn bad(&self, name: &Inside, reason: impl std::fmt::Display) -> Error {
        Error::bad(format!("{}: {name}", self.remote.describe()), reason)
    }
}

pub(super) fn pack_name(digest: Digest) -> Result<Inside> {
    Inside::new(format!("v1/packs/{digest}")).map_err(|reason| Error::bad("a pack", reason))
}
