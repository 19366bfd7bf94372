//! A server that keeps objects under their names, as any server of files does: read by GET, and written by PUT if it lets
//! whoever asks.
//!
//! An object is created with `If-None-Match: *`. Whether a server heeds that is tried before anything is written: with one
//! that does not, two writers could each believe that theirs is the one.

use std::{fmt, sync::Mutex};

use ureq::http::{
    Method, Request, StatusCode, Uri,
    header::{AUTHORIZATION, IF_NONE_MATCH},
};

use super::{
    contract::{PlainHttp, Put, Remote, Trouble, bad_address, trouble},
    credentials::Credentials,
    wire::{SHORT, Wire, WireAnswer, is_loopback, refused},
};
use crate::{Result, inside::Inside};

/// The object that a server is tried with.
const TRIED: &str = "v1/created-once";

/// A server.
pub struct Http {
    wire: Wire,
    /// Without a `/` at its end.
    base: String,
    query: Option<String>,
    authorization: Option<String>,
    /// Whether the server creates an object once; `None` before it was tried.
    creates_once: Mutex<Option<bool>>,
}

impl Http {
    /// The server at an address.
    ///
    /// # Errors
    /// If the address is none, holds a password, or is not encrypted and not allowed to be.
    pub fn open(address: &str, plain: PlainHttp, credentials: &Credentials) -> Result<Self> {
        let uri = checked(address, plain)?;
        let (scheme, authority) = (uri.scheme_str().unwrap_or_default(), uri.authority());
        let authority = authority.map(ToString::to_string).unwrap_or_default();
        Ok(Self {
            wire: Wire::new(plain),
            base: format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')),
            query: uri.query().map(str::to_owned),
            authorization: credentials.authorization(),
            creates_once: Mutex::new(None),
        })
    }

    fn send(
        &self,
        method: Method,
        name: &str,
        bytes: &[u8],
        once: Once,
        most: u64,
    ) -> Result<WireAnswer, Trouble> {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
        let mut request = Request::builder().method(method).uri(format!("{}/{name}{query}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if once == Once::Created {
            request = request.header(IF_NONE_MATCH, "*");
        }
        let request = request.body(bytes);
        // The error would hold what is wrong, and that may be a token.
        let request =
            request.map_err(|_| Trouble::Lasting("its address or token is none for HTTP".to_owned()))?;
        self.wire.send(request, most)
    }

    fn read(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let answer = self.send(Method::GET, name.as_str(), &[], Once::Replaced, most)?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status => Err(refused(status)),
        }
    }

    fn is_there(&self, name: &Inside) -> Result<bool, Trouble> {
        let answer = self.send(Method::HEAD, name.as_str(), &[], Once::Replaced, 0)?;
        match answer.status {
            StatusCode::OK => Ok(true),
            // A server that does not know the question says whether it has the object when it is to store it.
            StatusCode::NOT_FOUND
            | StatusCode::GONE
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED => Ok(false),
            status => Err(refused(status)),
        }
    }

    fn write(&self, name: &str, bytes: &[u8], once: Once) -> Result<Put, Trouble> {
        let answer = self.send(Method::PUT, name, bytes, once, SHORT)?;
        match answer.status {
            status if status.is_success() => Ok(Put::Written),
            StatusCode::PRECONDITION_FAILED if once == Once::Created => Ok(Put::Present),
            status => match refused(status) {
                Trouble::Lasting(status) => {
                    Err(Trouble::Lasting(format!("the server does not let it be written: {status}")))
                }
                passing => Err(passing),
            },
        }
    }

    /// Writes one object twice, unless it is there: the second time must be refused.
    fn is_able(&self) -> Result<(), Trouble> {
        let mut known = self.creates_once.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let creates_once = if let Some(known) = *known {
            known
        } else {
            self.write_trial()? == Put::Present || self.write_trial()? == Put::Present
        };
        *known = Some(creates_once);
        let reason = "the server ignores `If-None-Match`, so an object could be written twice";
        if creates_once { Ok(()) } else { Err(Trouble::Lasting(reason.to_owned())) }
    }

    fn write_trial(&self) -> Result<Put, Trouble> {
        self.write(TRIED, b"larder\n", Once::Created)
    }
}

/// The effect of a PUT on an object that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Once {
    /// It stays.
    Created,
    Replaced,
}

/// An address that may be asked.
pub(super) fn checked(address: &str, plain: PlainHttp) -> Result<Uri> {
    let uri: Uri = address.parse().map_err(|_| bad_address("it is no address"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(bad_address("it names no server"));
    };
    if authority.as_str().contains('@') {
        return Err(bad_address(
            "a name or password in it would be committed; set LARDER_STORE_TOKEN instead",
        ));
    }
    let is_safe = scheme == "https" || is_loopback(authority.host()) || plain == PlainHttp::Allowed;
    if !is_safe {
        return Err(bad_address("it is not encrypted; metadata.larder.store.allow-http = true allows that"));
    }
    Ok(uri)
}

impl fmt::Debug for Http {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.base)
    }
}

impl Remote for Http {
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>> {
        self.read(name, most).map_err(|reason| trouble(self, name, reason))
    }

    fn has(&self, name: &Inside) -> Result<bool> {
        self.is_there(name).map_err(|reason| trouble(self, name, reason))
    }

    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        let put = self.is_able().and_then(|()| self.write(name.as_str(), bytes, Once::Created));
        put.map_err(|reason| trouble(self, name, reason))
    }

    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        let put = self.write(name.as_str(), bytes, Once::Replaced);
        put.map(drop).map_err(|reason| trouble(self, name, reason))
    }

    fn describe(&self) -> String {
        self.base.clone()
    }
}

#[cfg(test)]
mod tests;
