//! SHA-256, by which everything in a store is called.

use std::{fmt, io, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of these bytes.
    pub fn hash(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of several texts under a domain, so that no two lists of texts have the same bytes.
    pub fn of_texts<T: AsRef<[u8]>>(domain: &str, texts: impl IntoIterator<Item = T>) -> Self {
        let mut hasher = Sha256::new();
        add_with_length(&mut hasher, domain.as_bytes());
        for text in texts {
            add_with_length(&mut hasher, text.as_ref());
        }
        Self(hasher.finalize().into())
    }
}

fn add_with_length(hasher: &mut Sha256, text: &[u8]) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 64 || !text.bytes().all(is_digit) {
            return Err(format!("{text:?} is no SHA-256 of 64 hexadecimal digits"));
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// Digest and size of a file, read in pieces.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn digest_of(path: &Path) -> io::Result<(Digest, u64)> {
    copy(fs_err::File::open(path)?, io::sink())
}

/// Digest and size of what is copied.
///
/// # Errors
/// If it cannot be read or written.
pub(crate) fn copy(mut from: impl io::Read, mut to: impl io::Write) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok((Digest(hasher.finalize().into()), size));
        }
        hasher.update(&piece[..read]);
        to.write_all(&piece[..read])?;
        size += read as u64;
    }
}
