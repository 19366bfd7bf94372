//! Versions as programs print them: three numbers somewhere in a line, the last one optional.
//!
//! The crate `semver` reads packages' versions. It takes neither `0.2` nor Nix's `2.35.0pre20260601`, and finds nothing
//! inside a line.

use std::fmt;

/// Three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64, pub u64, pub u64);

impl Version {
    /// The first version in a text, such as `nix (Nix) 2.34.7` or `v0.12.5`.
    pub fn find(text: &str) -> Option<Self> {
        let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
        words.map(|word| word.trim_matches('.')).find_map(Self::of_word)
    }

    /// Major and minor: the line of releases that it belongs to.
    pub fn line(self) -> (u64, u64) {
        (self.0, self.1)
    }

    fn of_word(word: &str) -> Option<Self> {
        let mut numbers = word.split('.').map(str::parse);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return None };
        let patch = numbers.next().map_or(Some(0), Result::ok)?;
        Some(Self(major, minor, patch))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_found_where_programs_put_them() {
        let cases = [
            ("nix (Nix) 2.34.7", Some(Version(2, 34, 7))),
            ("nix (Nix) 2.35.0pre20260601_abc", Some(Version(2, 35, 0))),
            ("Docker version 20.10.24+dfsg1, build 297e128", Some(Version(20, 10, 24))),
            ("github.com/docker/buildx v0.13.1 788433953", Some(Version(0, 13, 1))),
            ("BuildKit version: v0.12.5", Some(Version(0, 12, 5))),
            ("rustc 1.97.1 (8bab26f4f 2026-07-14)", Some(Version(1, 97, 1))),
            ("wasm-bindgen 0.2", Some(Version(0, 2, 0))),
            ("nothing", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Version::find(text), expected, "{text}");
        }
    }
}
