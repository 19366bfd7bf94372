//! Where a team keeps units: a folder, or a server that is asked by HTTP.
//!
//! A remote holds named objects and is believed nothing: whatever it gives is held against signatures and digests by
//! whoever asked. It must never fail a build or hold it up for long; [`Patient`] sees to that.

#[cfg(test)]
mod conformance;
mod contract;
pub mod folder;
pub mod http;
mod patient;

use std::path::Path;

#[cfg(test)]
pub(crate) use self::contract::trouble;
pub use self::{
    contract::{PlainHttp, Put, Remote, Trouble},
    patient::Patient,
};
use crate::{Error, Result};

/// The remote of an address: `https://…`, `http://…`, or a folder, relative to `root`. `token` is what servers know
/// the reader by.
///
/// # Errors
/// If there is no such kind of address, or it is not to be used.
pub fn open(address: &str, root: &Path, plain: PlainHttp, token: Option<&str>) -> Result<Box<dyn Remote>> {
    let folder = match address.split_once("://") {
        Some(("http" | "https", _)) => {
            return Ok(Box::new(Patient::new(http::Http::open(address, plain, token)?)));
        }
        Some(("file", path)) => path,
        Some((scheme, _)) => {
            return Err(Error::bad("the remote of the store", format!("`{scheme}` is no known kind")));
        }
        None => address,
    };
    Ok(Box::new(Patient::new(folder::Folder::new(root.join(folder)))))
}
