//! The name of a slice. It becomes a folder, a package and a stage of a Dockerfile, so it is checked when it is made,
//! wherever it comes from: nothing that has one needs to check it again.

use std::{ffi::OsStr, fmt, ops::Deref, path::Path};

use cargo_metadata::camino::Utf8Path;
use serde::{Deserialize, Serialize};

/// A checked name: letters, digits, `-` and `_`, and on every system a file's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Folders of that length are possible everywhere, with what is added to them.
const LONGEST: usize = 100;

/// Files that Windows takes for devices, in any folder.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(name: impl Into<String>) -> Result<Self, String> {
        let name = name.into();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(word) {
            return Err("a slice's name holds only letters, digits, `-` and `_`".into());
        }
        if name.len() > LONGEST {
            return Err(format!("a slice's name has at most {LONGEST} characters"));
        }
        let upper = name.to_ascii_uppercase();
        if DEVICES.iter().any(|device| names_device(&upper, device)) {
            return Err(format!("`{name}` is the name of a device on Windows"));
        }
        Ok(Self(name))
    }

    /// A name that is written in the source.
    pub(super) fn known(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name in upper case stands for a device, which may have a number.
fn names_device(upper: &str, device: &str) -> bool {
    let number = upper.strip_prefix(device);
    let numbered = device.starts_with("COM") || device.starts_with("LPT");
    number.is_some_and(|rest| if numbered { rest.len() == 1 && rest < ":" } else { rest.is_empty() })
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::new(name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl From<&Name> for String {
    fn from(name: &Name) -> Self {
        name.0.clone()
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<Path> for Name {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl AsRef<Utf8Path> for Name {
    fn as_ref(&self) -> &Utf8Path {
        Utf8Path::new(&self.0)
    }
}

impl AsRef<OsStr> for Name {
    fn as_ref(&self) -> &OsStr {
        self.0.as_ref()
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<Name> for String {
    fn eq(&self, other: &Name) -> bool {
        *self == other.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<String> for Name {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_folder_on_every_system() {
        for name in ["front", "server-dev", "my_app-2", "console", "com", "nul0", "a"] {
            assert_eq!(Name::new(name).unwrap(), name);
        }
        let long = "a".repeat(LONGEST + 1);
        for name in [
            "", ".", "..", "../x", "/x", "a/b", "a\\b", "a b", "a\n", "a\0", "ä", "a.b", "C:", "nul", "COM1",
            "lpt9", &long,
        ] {
            assert!(Name::new(name).is_err(), "{name:?}");
        }
        assert!(serde_json::from_str::<Name>("\"../x\"").is_err());
        assert_eq!(serde_json::to_string(&Name::known("a")).unwrap(), "\"a\"");
    }
}
