//! A team's remote as the settings and the environment name it.

use std::{path::Path, time::SystemTime};

use larder::settings::StoreSettings;

use crate::{
    Error, Result,
    exchange::{self, Exchange, Pulled},
    inside::Inside,
    local::Store,
    remote::{self, Credentials, PlainHttp, Remote},
    scope::Keys,
    signature::PublicKey,
};

/// A remote, and whose units are taken from it.
pub struct Team {
    remote: Box<dyn Remote>,
    namespace: String,
    trusted: Vec<PublicKey>,
}

impl Team {
    /// The remote at `address`, or else that of the settings; `None` if there is neither. A folder is relative to
    /// `root`.
    ///
    /// # Errors
    /// If the address or a key is none.
    pub fn new(
        settings: &StoreSettings,
        address: Option<&str>,
        root: &Path,
        user: &Credentials,
    ) -> Result<Option<Self>> {
        let Some(address) = address.or(settings.remote.as_deref()) else { return Ok(None) };
        let plain = if settings.allow_http { PlainHttp::Allowed } else { PlainHttp::Loopback };
        Ok(Some(Self {
            remote: remote::open(address, root, plain, user)?,
            namespace: settings.namespace.clone(),
            trusted: settings.keys.iter().map(|key| trusted_key(key)).collect::<Result<_>>()?,
        }))
    }

    /// Believes one more key: whoever pushes believes their own.
    pub fn trust(&mut self, key: PublicKey) {
        if !self.trusted.contains(&key) {
            self.trusted.push(key);
        }
    }

    /// Its address as it may be shown.
    pub fn describe(&self) -> String {
        self.remote.describe()
    }

    /// Asks the remote for something small that it need not have. A server that wants to know who asks answers, too.
    ///
    /// # Errors
    /// If it does not answer, or does not let itself be asked.
    pub fn answers(&self) -> Result<()> {
        let name = Inside::new("v1/snapshots/hello").map_err(|reason| Error::bad("an object", reason))?;
        match self.remote.get(&name, 1024) {
            Err(Error::Remote { trouble, .. }) if trouble.is_about_who_asks() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// The store and the remote, at a time.
    pub fn with<'a>(&'a self, store: &'a Store, now: SystemTime) -> Exchange<'a> {
        Exchange { store, remote: &*self.remote, namespace: &self.namespace, trusted: &self.trusted, now }
    }

    /// Gets the units of a recipe.
    ///
    /// # Errors
    /// As [`exchange::pull`].
    pub fn pull(&self, store: &Store, keys: Keys) -> Result<Pulled> {
        exchange::pull(self.with(store, SystemTime::now()), keys)
    }
}

fn trusted_key(text: &str) -> Result<PublicKey> {
    text.parse::<PublicKey>().map_err(|reason| Error::bad("metadata.larder.store.keys", reason))
}
