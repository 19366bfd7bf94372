//! A registry of container images as a store of objects.
//!
//! An object is a blob under a tag of its own, with a manifest of one layer between them; without it a registry would take
//! the blob for garbage. A pack is named by its digest, so it is read as the blob that it is. Only the part of the
//! distribution interface that this takes is here.
//!
//! No registry creates a tag conditionally: of two writers at once the last one wins. Packs are the same whoever writes
//! them, and lists are written to replace.

mod manifest;
mod token;

use std::{fmt, sync::Mutex};

use ureq::http::{
    Method, Request, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};

use self::{manifest::EMPTY, token::Challenge};
use super::{
    contract::{PlainHttp, Put, Remote, Trouble, bad_address, trouble},
    credentials::Credentials,
    wire::{SHORT, Wire, WireAnswer, is_loopback, refused},
};
use crate::{Result, digest::Digest, inside::Inside};

/// A repository of a registry.
pub struct Oci {
    wire: Wire,
    /// The registry, without a `/` at its end.
    registry: String,
    repository: String,
    user: Credentials,
    /// The authorization that the registry gave for the credentials, or for nothing.
    authorization: Mutex<Option<String>>,
}

/// A request before it is known by whom.
#[derive(Debug, Clone, Copy)]
struct RegistryCall<'a> {
    method: &'a Method,
    address: &'a str,
    /// The kind of what is sent.
    kind: Option<&'a str>,
    bytes: &'a [u8],
    most: u64,
}

impl<'a> RegistryCall<'a> {
    fn get(address: &'a str, most: u64) -> Self {
        Self { method: &Method::GET, address, kind: None, bytes: &[], most }
    }
}

impl Oci {
    /// The repository at `oci://host/name`. A registry of this machine is asked by plain HTTP, all others by HTTPS.
    ///
    /// # Errors
    /// If the address is none.
    pub fn open(address: &str, plain: PlainHttp, user: &Credentials) -> Result<Self> {
        let uri: Uri = address.parse().map_err(|_| bad_address("it is no address"))?;
        let authority = uri.authority().ok_or_else(|| bad_address("it names no registry"))?;
        if authority.as_str().contains('@') {
            return Err(bad_address(
                "a name or password in it would be committed; set LARDER_STORE_TOKEN instead",
            ));
        }
        let repository = uri.path().trim_matches('/');
        let is_letter =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-/".contains(letter);
        if repository.is_empty() || uri.query().is_some() || !repository.chars().all(is_letter) {
            return Err(bad_address("it names no repository of images"));
        }
        let scheme = if is_loopback(authority.host()) { "http" } else { "https" };
        Ok(Self {
            wire: Wire::new(plain),
            registry: format!("{scheme}://{authority}"),
            repository: repository.to_owned(),
            user: user.clone(),
            authorization: Mutex::new(user.authorization()),
        })
    }

    fn address(&self, path: fmt::Arguments<'_>) -> String {
        format!("{}/v2/{}/{path}", self.registry, self.repository)
    }

    /// Asks, and asks again with what the registry wants to know the user by.
    fn send(&self, call: RegistryCall<'_>) -> Result<WireAnswer, Trouble> {
        let known = self.authorization.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let answer = self.once(call, known.as_deref())?;
        let challenge = answer.header(WWW_AUTHENTICATE.as_str()).and_then(Challenge::parse);
        let Some(challenge) = challenge.filter(|_| answer.status == StatusCode::UNAUTHORIZED) else {
            return Ok(answer);
        };
        let Some(given) = token::answer(&challenge, &self.wire, &self.user, &self.repository)? else {
            return Ok(answer);
        };
        let answer = self.once(call, Some(&given))?;
        *self.authorization.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(given);
        Ok(answer)
    }

    fn once(&self, call: RegistryCall<'_>, authorization: Option<&str>) -> Result<WireAnswer, Trouble> {
        let mut request = Request::builder().method(call.method).uri(call.address);
        // A registry may name another server for uploads, which is told nothing.
        let is_home = call.address.strip_prefix(&self.registry).is_some_and(|rest| rest.starts_with('/'));
        if let Some(authorization) = authorization.filter(|_| is_home) {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(kind) = call.kind {
            request = request.header(CONTENT_TYPE, kind);
        } else {
            request = request.header(ACCEPT, manifest::KIND).header(ACCEPT, "*/*");
        }
        let request = request.body(call.bytes);
        let reason = "its address or token is none for HTTP";
        self.wire.send(request.map_err(|_| Trouble::Lasting(reason.to_owned()))?, call.most)
    }

    fn blob(&self, digest: Digest, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        found(self.send(RegistryCall::get(&self.address(format_args!("blobs/sha256:{digest}")), most))?)
    }

    fn read(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        if let Some(digest) = pack(name) {
            return self.blob(digest, most);
        }
        let address = self.address(format_args!("manifests/{}", tag(name)));
        let Some(text) = found(self.send(RegistryCall::get(&address, SHORT))?)? else { return Ok(None) };
        let reason = "its manifest is none that this program wrote";
        let digest = manifest::layer(&text).ok_or_else(|| Trouble::Lasting(reason.to_owned()))?;
        self.blob(digest, most)
    }

    fn is_there(&self, path: fmt::Arguments<'_>) -> Result<bool, Trouble> {
        let address = self.address(path);
        let answer = self.send(RegistryCall { method: &Method::HEAD, ..RegistryCall::get(&address, 0) })?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            status => Err(refused(status)),
        }
    }

    /// A pack is read as its blob, and without its manifest the registry will delete that.
    fn holds(&self, name: &Inside) -> Result<bool, Trouble> {
        if !self.is_there(format_args!("manifests/{}", tag(name)))? {
            return Ok(false);
        }
        pack(name).map_or(Ok(true), |digest| self.is_there(format_args!("blobs/sha256:{digest}")))
    }

    fn write_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put, Trouble> {
        if self.holds(name)? {
            return Ok(Put::Present);
        }
        self.write(name, bytes).map(|()| Put::Written)
    }

    fn write(&self, name: &Inside, bytes: &[u8]) -> Result<(), Trouble> {
        let digest = Digest::hash(bytes);
        self.upload(digest, bytes)?;
        self.upload(Digest::hash(EMPTY), EMPTY)?;
        let text = manifest::json(name, digest, bytes.len());
        let address = self.address(format_args!("manifests/{}", tag(name)));
        let kind = Some(manifest::KIND);
        stored(&self.send(RegistryCall {
            method: &Method::PUT,
            address: &address,
            kind,
            bytes: text.as_bytes(),
            most: SHORT,
        })?)
    }

    fn upload(&self, digest: Digest, bytes: &[u8]) -> Result<(), Trouble> {
        if self.is_there(format_args!("blobs/sha256:{digest}"))? {
            return Ok(());
        }
        let begin = self.address(format_args!("blobs/uploads/"));
        let answer = self.send(RegistryCall { method: &Method::POST, ..RegistryCall::get(&begin, SHORT) })?;
        stored(&answer)?;
        let reason = "the registry does not say where to upload";
        let place = answer.header(LOCATION.as_str()).ok_or_else(|| Trouble::Lasting(reason.to_owned()))?;
        let place =
            if place.starts_with('/') { format!("{}{place}", self.registry) } else { place.to_owned() };
        let joint = if place.contains('?') { '&' } else { '?' };
        stored(&self.send(RegistryCall {
            method: &Method::PUT,
            address: &format!("{place}{joint}digest=sha256:{digest}"),
            kind: Some("application/octet-stream"),
            bytes,
            most: SHORT,
        })?)
    }
}

fn found(answer: WireAnswer) -> Result<Option<Vec<u8>>, Trouble> {
    match answer.status {
        StatusCode::OK => Ok(Some(answer.body)),
        StatusCode::NOT_FOUND => Ok(None),
        status => Err(refused(status)),
    }
}

fn stored(answer: &WireAnswer) -> Result<(), Trouble> {
    if answer.status.is_success() {
        return Ok(());
    }
    match refused(answer.status) {
        Trouble::Lasting(status) => {
            Err(Trouble::Lasting(format!("the registry does not let it be written: {status}")))
        }
        passing => Err(passing),
    }
}

/// The digest of a pack, by its name.
fn pack(name: &Inside) -> Option<Digest> {
    name.as_str().strip_prefix("v1/packs/")?.parse().ok()
}

/// A tag for an object: its kind for people, and its name as something that every tag can be.
fn tag(name: &Inside) -> String {
    let kind = name.as_str().split('/').nth(1).unwrap_or("object");
    let is_plain = kind.len() < 32 && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    format!("{}-{}", if is_plain { kind } else { "object" }, Digest::hash(name.as_str().as_bytes()))
}

impl Remote for Oci {
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>> {
        self.read(name, most).map_err(|reason| trouble(self, name, reason))
    }

    fn has(&self, name: &Inside) -> Result<bool> {
        self.holds(name).map_err(|reason| trouble(self, name, reason))
    }

    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        self.write_new(name, bytes).map_err(|reason| trouble(self, name, reason))
    }

    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        self.write(name, bytes).map_err(|reason| trouble(self, name, reason))
    }

    fn describe(&self) -> String {
        let host = self.registry.split_once("://").map_or("", |(_, host)| host);
        format!("oci://{host}/{}", self.repository)
    }
}

#[cfg(test)]
mod tests;
