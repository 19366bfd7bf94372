//! The duties of a remote, whatever it is, and how it says that it did not do them.

use crate::{Error, Result, inside::Inside};

/// Objects by their names.
pub trait Remote: Send + Sync {
    /// An object; `None` if it is not there.
    ///
    /// # Errors
    /// [`Error::Remote`], also if it has more than `most` bytes.
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>>;

    /// Whether an object is there. None of it comes.
    ///
    /// # Errors
    /// [`Error::Remote`].
    fn has(&self, name: &Inside) -> Result<bool>;

    /// Stores an object unless there is one of the name: the first writer wins.
    ///
    /// # Errors
    /// [`Error::Remote`].
    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put>;

    /// Stores an object in the place of what was there.
    ///
    /// # Errors
    /// [`Error::Remote`].
    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()>;

    /// Its address as it may be shown: without a query and without credentials.
    fn describe(&self) -> String;
}

/// The outcome of putting an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Written,
    /// There was one of its name.
    Present,
}

/// An address that is none, or is not to be used.
pub(super) fn bad_address(reason: &str) -> Error {
    Error::bad("the address of the store's remote", reason)
}

/// Why a remote did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It may do it when asked again.
    #[error("{0}")]
    Passing(String),
    /// It will not.
    #[error("{0}")]
    Lasting(String),
    /// It was not asked, since it failed too often.
    #[error("not asked any more, after {0} failures")]
    LeftAlone(u32),
}

impl Trouble {
    /// Whether a server answered, and wants to know who asks. Buckets say more than the status.
    pub(crate) fn is_about_who_asks(&self) -> bool {
        let Self::Lasting(reason) = self else { return false };
        ["status 401", "status 403"].iter().any(|end| reason.ends_with(end))
    }
}

/// Whether names and passwords may travel unencrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlainHttp {
    /// To this machine alone.
    Loopback,
    /// To any.
    Allowed,
}

pub(crate) fn trouble(remote: &dyn Remote, name: &Inside, trouble: Trouble) -> Error {
    Error::Remote { remote: remote.describe(), object: name.to_string(), trouble }
}
