//! The remotes that a team keeps units in: a folder, a server that is asked by HTTP, a registry of images, or a bucket
//! of a cloud.
//!
//! A remote holds named objects and is believed nothing: whatever it gives is held against signatures and digests by
//! whoever asked. It must never fail a build or hold it up for long; [`Patient`] sees to that.

#[cfg(feature = "clouds")]
mod cloud;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod contract;
mod credentials;
pub mod folder;
pub mod http;
pub mod oci;
mod patient;
#[cfg(test)]
mod stub;
mod wire;

use std::path::Path;

#[cfg(test)]
pub(crate) use self::contract::trouble;
pub use self::{
    contract::{PlainHttp, Put, Remote, Trouble},
    credentials::Credentials,
    patient::Patient,
};
use crate::{Error, Result};

/// The remote of an address: `s3://…`, `gs://…`, `az://…`, `oci://…`, `https://…`, `http://…`, or a folder, relative to
/// `root`.
///
/// # Errors
/// If there is no such kind of address, or it is not to be used.
pub fn open(address: &str, root: &Path, plain: PlainHttp, user: &Credentials) -> Result<Box<dyn Remote>> {
    let folder = match address.split_once("://") {
        Some(("http" | "https", _)) => {
            return Ok(Box::new(Patient::new(http::Http::open(address, plain, user)?)));
        }
        Some(("oci", _)) => {
            return Ok(Box::new(Patient::new(oci::Oci::open(address, plain, user)?)));
        }
        #[cfg(feature = "clouds")]
        Some(("s3" | "gs" | "az", _)) => {
            return Ok(Box::new(Patient::new(cloud::Cloud::open(address, plain, user)?)));
        }
        #[cfg(not(feature = "clouds"))]
        Some(("s3" | "gs" | "az", _)) => {
            let reason = "this Larder was built without the feature `store-clouds`";
            return Err(Error::bad("the remote of the store", reason));
        }
        Some(("file", path)) => path,
        Some((scheme, _)) => {
            return Err(Error::bad("the remote of the store", format!("`{scheme}` is no known kind")));
        }
        None => address,
    };
    Ok(Box::new(Patient::new(folder::RemoteFolder::new(root.join(folder)))))
}
