//! A bucket of S3 or a server that speaks as it does, of Google Cloud Storage, or of Azure.
//!
//! How each cloud is spoken to is [`object_store`]'s matter; it speaks through the [`service`], so that the limits of time
//! and size are those of all remotes. It must never look for credentials by itself: [`builders`] gives it all.

mod builders;
mod service;

use std::error::Error as _;

use object_store::{GetOptions, ObjectStore, PutMode, PutOptions, path::Path};

use self::service::Most;
use super::{
    contract::{PlainHttp, Put, Remote, Trouble, bad_address, trouble},
    credentials::Credentials,
};
use crate::{Result, inside::Inside};

/// A bucket.
pub(super) struct Cloud {
    store: Box<dyn ObjectStore>,
    /// Without a `/` at its end; empty for all of the bucket.
    prefix: String,
    address: String,
}

impl Cloud {
    /// The bucket at `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    ///
    /// # Errors
    /// If the address or the variables that credentials come from are not complete.
    pub(super) fn open(address: &str, plain: PlainHttp, user: &Credentials) -> Result<Self> {
        let (place, query) = address.split_once('?').unwrap_or((address, ""));
        let (scheme, place) = place.split_once("://").ok_or_else(|| bad_address("it names no bucket"))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_matches('/');
        if bucket.is_empty() || bucket.contains('@') {
            return Err(bad_address("it names no bucket"));
        }
        let store = builders::store(scheme, bucket, query, plain, user)?;
        let address = format!("{scheme}://{bucket}/{prefix}");
        Ok(Self { store, prefix: prefix.to_owned(), address: address.trim_end_matches('/').to_owned() })
    }

    fn path(&self, name: &Inside) -> Result<Path, Trouble> {
        let path = if self.prefix.is_empty() { name.to_string() } else { format!("{}/{name}", self.prefix) };
        Path::parse(path)
            .map_err(|_| Trouble::Lasting("no bucket can hold an object of this name".to_owned()))
    }

    fn read(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let path = self.path(name)?;
        let mut options = GetOptions::default();
        options.extensions.insert(Most(most));
        let bytes = async { self.store.get_opts(&path, options).await?.bytes().await };
        match wait(bytes)? {
            Ok(bytes) if bytes.len() as u64 <= most => Ok(Some(bytes.into())),
            Ok(_) => Err(Trouble::Lasting(format!("it has more than {most} bytes"))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    fn is_there(&self, name: &Inside) -> Result<bool, Trouble> {
        let path = self.path(name)?;
        match wait(self.store.get_opts(&path, GetOptions::default().with_head(true)))? {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(told(&error)),
        }
    }

    fn write(&self, name: &Inside, bytes: &[u8], mode: PutMode) -> Result<Put, Trouble> {
        let path = self.path(name)?;
        let options = PutOptions::from(mode);
        match wait(self.store.put_opts(&path, bytes.to_vec().into(), options))? {
            Ok(_) => Ok(Put::Written),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(Put::Present)
            }
            Err(error) => Err(told(&error)),
        }
    }
}

/// Runs something on this thread alone.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| Trouble::Passing(error.to_string()))?;
    Ok(runtime.block_on(work))
}

/// The trouble behind an error, in words that hold no address, no text of the server and no credential: that of
/// [`service`] if it was the one to see it.
fn told(error: &object_store::Error) -> Trouble {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(trouble) = inner.downcast_ref::<Trouble>() {
            return trouble.clone();
        }
        cause = inner.source();
    }
    let reason = match error {
        object_store::Error::NotFound { .. } => "the bucket is not there",
        object_store::Error::PermissionDenied { .. } => "status 403: the bucket does not let it be done",
        object_store::Error::Unauthenticated { .. } => "status 401: the bucket does not know the credentials",
        object_store::Error::NotModified { .. } => "status 304",
        _ => "the answer is none that this kind of bucket gives",
    };
    Trouble::Lasting(reason.to_owned())
}

impl Remote for Cloud {
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>> {
        self.read(name, most).map_err(|reason| trouble(self, name, reason))
    }

    fn has(&self, name: &Inside) -> Result<bool> {
        self.is_there(name).map_err(|reason| trouble(self, name, reason))
    }

    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        self.write(name, bytes, PutMode::Create).map_err(|reason| trouble(self, name, reason))
    }

    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        let put = self.write(name, bytes, PutMode::Overwrite);
        put.map(drop).map_err(|reason| trouble(self, name, reason))
    }

    fn describe(&self) -> String {
        self.address.clone()
    }
}

#[cfg(test)]
mod tests;
