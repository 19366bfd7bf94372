//! The statement that a team signs: the units under a key are these, byte for byte.
//!
//! A [`Statement`] names a key, the namespace, and every unit by the digest of its record, which in turn names the
//! digest and size of every file. It travels as text beside signatures over that very text, so there is nothing to be
//! written in one canonical way twice. Public keys are committed as `name:base64`; a secret key never leaves its file.
//!
//! Nothing here reads a clock: the time comes in as a value.

use std::{
    collections::BTreeSet,
    fmt,
    io::Write as _,
    path::Path,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use larder::files::read::read_small;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    digest::Digest,
    error::named,
    record::{LARGEST, VERSION},
    rights,
};

/// Signed bytes begin with this, so that no other program's signature passes for one.
const DOMAIN: &[u8] = b"larder store statement 1\n";
/// How far the clock of another machine may be ahead.
const AHEAD: Duration = Duration::from_hours(24);
/// The most signatures that are tried.
const MOST_SIGNATURES: usize = 16;
/// The most units of a statement.
const MOST_UNITS: usize = 100_000;

/// The units under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Statement {
    /// [`VERSION`].
    pub version: u32,
    /// The name of the object that it is stored as, such as `snapshots/<digest>`.
    pub key: String,
    /// The team, or the part of it, that the units are for.
    pub namespace: String,
    /// The units, dependencies before dependents.
    pub units: Vec<SignedUnit>,
    /// The program that made it.
    pub tool: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// Until when it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// A unit of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignedUnit {
    /// Of its record.
    pub record: Digest,
    /// Of its pack.
    pub pack: Digest,
    /// The length of the pack in bytes.
    pub pack_size: u64,
    /// The length of all its files.
    pub size: u64,
}

/// A statement as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    statement: String,
    signatures: Vec<Signed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    key: String,
    signature: String,
}

/// The values that a reader asks of a statement.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// [`Statement::key`].
    pub key: &'a str,
    /// [`Statement::namespace`].
    pub namespace: &'a str,
    /// Now.
    pub now: SystemTime,
}

/// A key that statements are believed by.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: VerifyingKey,
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, STANDARD.encode(self.key.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, bytes) = named_bytes(text).ok_or("it is no public key, such as `team-1:BASE64`")?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| format!("`{name}` is no Ed25519 key"))?;
        if key.is_weak() {
            return Err(format!("`{name}` is a key that anybody can sign with"));
        }
        Ok(Self { name: name.to_owned(), key })
    }
}

/// A key to sign with. Its secret half is in no output.
pub struct SecretKey {
    name: String,
    key: SigningKey,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.name)
    }
}

/// The longest file of a key, in bytes.
const LONGEST_KEY: u64 = 1024;

impl SecretKey {
    /// A new key by chance.
    ///
    /// # Errors
    /// If the name is no plain word, or the system has no chance to give.
    pub fn generate(name: &str) -> Result<Self> {
        if !is_name(name) {
            return Err(Error::bad("the name of the key", format!("`{name}` is no plain word")));
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| Error::bad("a new key", error))?;
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// The half that is committed.
    pub fn public(&self) -> PublicKey {
        PublicKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Reads a key from its text, which an error does not repeat.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, seed) = named_bytes(text.trim()).ok_or("it holds no secret key")?;
        Ok(Self { name: name.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// Reads a key that [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// If it cannot be read or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = read_small(path, LONGEST_KEY)?;
        let text = String::from_utf8(bytes).unwrap_or_default();
        Self::parse(&text).map_err(|reason| Error::bad(path.display(), reason))
    }

    /// Writes the key into a new file that nobody else can read.
    ///
    /// # Errors
    /// If the file is there, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut file = rights::new_private().open(path).map_err(|error| named(path, &error))?;
        let text = format!("{}:{}\n", self.name, STANDARD.encode(self.key.as_bytes()));
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        Ok(written.map_err(|error| named(path, &error))?)
    }
}

fn named_bytes(text: &str) -> Option<(&str, [u8; 32])> {
    let (name, bytes) = text.split_once(':')?;
    let bytes = STANDARD.decode(bytes).ok()?.try_into().ok()?;
    is_name(name).then_some((name, bytes))
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 100 && name.bytes().all(is_plain)
}

/// A time in seconds since 1970.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Statement {
    /// The statement with a signature, as it travels.
    ///
    /// # Panics
    /// Never: a statement is plain data.
    pub fn sign(&self, key: &SecretKey) -> Vec<u8> {
        let statement = serde_json::to_string(self).expect("a statement is plain data");
        let signature = STANDARD.encode(key.key.sign(&message(&statement)).to_bytes());
        let signed = Signed { key: key.name.clone(), signature };
        serde_json::to_vec(&Envelope { statement, signatures: vec![signed] }).expect("text is plain data")
    }

    /// Reads a statement that a trusted key signed and that is about what was asked for.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub fn verify(bytes: &[u8], trusted: &[PublicKey], expected: Expected<'_>) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it has {} bytes", bytes.len()));
        }
        let envelope: Envelope =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no signed statement: {error}"))?;
        is_signed(&envelope, trusted)?;
        let statement: Self = serde_json::from_str(&envelope.statement).map_err(|error| error.to_string())?;
        statement.check(expected).map(|()| statement)
    }

    fn check(&self, expected: Expected<'_>) -> Result<(), String> {
        let now = seconds(expected.now);
        if self.version != VERSION {
            return Err(format!("its version is {}, and this Larder knows {VERSION}", self.version));
        }
        if self.key != expected.key {
            return Err("it was signed for another key".to_owned());
        }
        if self.namespace != expected.namespace {
            return Err(format!("it was signed for the namespace {:?}", self.namespace));
        }
        if self.created > now + AHEAD.as_secs() {
            return Err("it was signed in the future".to_owned());
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err("it has expired".to_owned());
        }
        let distinct: BTreeSet<Digest> = self.units.iter().map(|unit| unit.record).collect();
        if self.units.len() > MOST_UNITS || distinct.len() != self.units.len() {
            return Err("it names too many units, or one twice".to_owned());
        }
        Ok(())
    }
}

fn message(statement: &str) -> Vec<u8> {
    [DOMAIN, statement.as_bytes()].concat()
}

fn is_signed(envelope: &Envelope, trusted: &[PublicKey]) -> Result<(), String> {
    if envelope.signatures.is_empty() {
        return Err("it is not signed".to_owned());
    }
    let message = message(&envelope.statement);
    let mut reason = "no trusted key has the name of the one that signed it".to_owned();
    for signed in envelope.signatures.iter().take(MOST_SIGNATURES) {
        let bytes = STANDARD.decode(&signed.signature).ok();
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        for key in trusted.iter().filter(|key| key.name == signed.key) {
            // Strict: a signature has one form, and weak keys sign nothing.
            if signature.is_some_and(|signature| key.key.verify_strict(&message, &signature).is_ok()) {
                return Ok(());
            }
            reason = format!("its signature is not one of the key `{}`", key.name);
        }
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn statement() -> Statement {
        let (record, pack) = (Digest::hash(b"record"), Digest::hash(b"pack"));
        let unit = SignedUnit { record, pack, pack_size: 10, size: 20 };
        Statement {
            version: VERSION,
            key: "snapshots/one".to_owned(),
            namespace: "team".to_owned(),
            units: vec![unit],
            tool: "larder 0.0.0".to_owned(),
            created: NOW,
            expires: None,
        }
    }

    fn verify(bytes: &[u8], trusted: &[PublicKey]) -> Result<Statement, String> {
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        Statement::verify(bytes, trusted, Expected { key: "snapshots/one", namespace: "team", now })
    }

    /// The envelope with its statement changed after it was signed.
    fn changed(bytes: &[u8], change: impl Fn(&mut Envelope)) -> Vec<u8> {
        let mut envelope: Envelope = serde_json::from_slice(bytes).unwrap();
        change(&mut envelope);
        serde_json::to_vec(&envelope).unwrap()
    }

    #[test]
    fn whatever_is_tampered_with_is_refused_with_a_reason() {
        let key = SecretKey::generate("team-1").unwrap();
        let trusted = [key.public()];
        let good = statement().sign(&key);
        assert_eq!(verify(&good, &trusted), Ok(statement()));
        let unsigned = changed(&good, |envelope| envelope.signatures.clear());
        let flipped = changed(&good, |envelope| envelope.statement = envelope.statement.replace("20", "21"));
        let stranger = statement().sign(&SecretKey::generate("stranger").unwrap());
        let same_name = statement().sign(&SecretKey::generate("team-1").unwrap());
        let [old, new] = ["pack", "other"].map(|text| Digest::hash(text.as_bytes()).to_string());
        let swapped = changed(&good, |envelope| envelope.statement = envelope.statement.replace(&old, &new));
        let replayed = Statement { key: "snapshots/two".to_owned(), ..statement() }.sign(&key);
        let elsewhere = Statement { namespace: "others".to_owned(), ..statement() }.sign(&key);
        let expired = Statement { expires: Some(NOW), ..statement() }.sign(&key);
        let cases = [
            ("unsigned", unsigned, "it is not signed"),
            ("flipped byte", flipped, "its signature is not one of the key `team-1`"),
            ("wrong key", stranger, "no trusted key has the name of the one that signed it"),
            ("right name, wrong key", same_name, "its signature is not one of the key `team-1`"),
            ("swapped digest", swapped, "its signature is not one of the key `team-1`"),
            ("replay under another key", replayed, "it was signed for another key"),
            ("other namespace", elsewhere, "it was signed for the namespace \"others\""),
            ("expired", expired, "it has expired"),
        ];
        for (name, bytes, reason) in cases {
            assert_ne!(bytes, good, "{name}");
            assert_eq!(verify(&bytes, &trusted), Err(reason.to_owned()), "{name}");
        }
    }

    #[test]
    fn every_flipped_bit_is_refused_or_changes_nothing() {
        let key = SecretKey::generate("team-1").unwrap();
        let good = statement().sign(&key);
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            assert!(verify(&bytes, &[key.public()]).is_err(), "byte {place}");
        }
    }

    #[test]
    fn one_of_several_keys_is_enough() {
        let [old, new] = ["team-1", "team-2"].map(|name| SecretKey::generate(name).unwrap());
        let trusted = [old.public(), new.public()];
        assert!(verify(&statement().sign(&new), &trusted).is_ok());
        assert!(verify(&statement().sign(&new), &trusted[..1]).is_err());
    }

    #[test]
    fn keys_survive_their_files_and_say_nothing_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SecretKey::generate("team-1").unwrap();
        key.write(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let read = SecretKey::read(&path).unwrap();
        assert_eq!(read.public(), key.public());
        assert_eq!(read.public().to_string().parse(), Ok(key.public()));
        assert_eq!(format!("{read:?}"), "SecretKey(team-1)");
        let error = key.write(&path).unwrap_err().to_string();
        assert!(error.contains("key"), "{error}");
        assert!(SecretKey::generate("a:b").is_err());
        let secret = fs_err::read_to_string(&path).unwrap();
        fs_err::write(&path, secret.replace(':', "")).unwrap();
        let error = SecretKey::read(&path).unwrap_err().to_string();
        assert!(!error.contains(secret[7..].trim()), "{error}");
    }
}
