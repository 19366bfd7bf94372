//! The hash of everything that is stored: the same bytes on every machine and with every compiler, which Rust's own
//! `Hash` does not promise.
//!
//! It is SHA-256 over a domain string, which ends in a version, and then the fields. Strings and lists carry their
//! length first (`u64`, little-endian); an optional value is one byte 0 or 1 and then the value; a JSON value is one tag
//! byte (0 null, 1 false, 2 true, 3 number as decimal text, 4 string, 5 list, 6 object with sorted keys).
//! Any change to this contract changes all domain strings.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 with the byte contract of this file, used for every stored hash.
pub(crate) struct ContentHasher(Sha256);

impl ContentHasher {
    pub(crate) fn new(domain: &str) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.string(domain);
        hasher
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.bytes(&(length as u64).to_le_bytes());
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    pub(crate) fn strings<S: AsRef<str>>(&mut self, list: &[S]) {
        self.length(list.len());
        list.iter().for_each(|text| self.string(text.as_ref()));
    }

    pub(crate) fn optional(&mut self, text: Option<&str>) {
        self.bytes(&[u8::from(text.is_some())]);
        if let Some(text) = text {
            self.string(text);
        }
    }

    pub(crate) fn json(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes(&[0]),
            Value::Bool(false) => self.bytes(&[1]),
            Value::Bool(true) => self.bytes(&[2]),
            Value::Number(number) => {
                self.bytes(&[3]);
                self.string(&number.to_string());
            }
            Value::String(text) => {
                self.bytes(&[4]);
                self.string(text);
            }
            Value::Array(list) => {
                self.bytes(&[5]);
                self.length(list.len());
                list.iter().for_each(|item| self.json(item));
            }
            Value::Object(object) => {
                self.bytes(&[6]);
                self.length(object.len());
                let sorted: BTreeMap<_, _> = object.iter().collect();
                for (name, value) in sorted {
                    self.string(name);
                    self.json(value);
                }
            }
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    pub(crate) fn finish_hex(self) -> String {
        hex(&self.finish())
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// SHA-256 of a file's bytes in hexadecimal.
pub(crate) fn content_digest(bytes: &[u8]) -> String {
    let mut hasher = ContentHasher::new("larder file 1");
    hasher.bytes(bytes);
    hasher.finish_hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_together() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(content_digest(b"").len(), 64);
    }

    fn hash(fields: &[&str]) -> String {
        let mut hasher = ContentHasher::new("test 1");
        fields.iter().for_each(|field| hasher.string(field));
        hasher.finish_hex()
    }
}
