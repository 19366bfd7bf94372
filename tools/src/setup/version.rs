//! Versions as the tools print them, and what of them is good enough.
//!
//! Pure: no file is read and no program is started here.

use std::fmt;

/// A version, as far as tools are compared: three numbers and what follows a hyphen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    numbers: [u64; 3],
    pre: String,
}

impl Version {
    /// A release version.
    pub(super) const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { numbers: [major, minor, patch], pre: String::new() }
    }

    /// The first word of `text` that looks like a version: `rustc 1.97.1 (8bab 2026-07-14)` holds 1.97.1,
    /// `wasm-opt version 131` holds 131.0.0.
    pub(super) fn find(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix('v').unwrap_or(word).trim_end_matches([',', ')']);
        let without_build = word.split('+').next()?;
        let (release, pre) = without_build.split_once('-').unwrap_or((without_build, ""));
        let mut numbers = [0; 3];
        for (index, part) in release.split('.').enumerate() {
            *numbers.get_mut(index)? = part.parse().ok()?;
        }
        Some(Self { numbers, pre: pre.to_owned() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if self.pre.is_empty() { Ok(()) } else { write!(f, "-{}", self.pre) }
    }
}

/// Which versions of a tool will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Every version.
    Any,
    /// This one or a newer one.
    AtLeast(Version),
    /// No other.
    Exactly(Version),
}

impl Need {
    /// Whether `version` will do. A nightly counts as the release that it leads to.
    pub(super) fn accepts(&self, version: &Version) -> bool {
        match self {
            Self::Any => true,
            Self::AtLeast(least) => version.numbers >= least.numbers,
            Self::Exactly(exact) => version == exact,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any version"),
            Self::AtLeast(least) => write!(f, "{least} or newer"),
            Self::Exactly(exact) => write!(f, "exactly {exact}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_the_tools_print() {
        for (text, expected) in [
            ("rustc 1.97.1 (8bab26f4f 2026-07-14)", Some("1.97.1")),
            ("rustc 1.99.0-nightly (aaaa 2026-07-14)", Some("1.99.0-nightly")),
            ("wasm-opt version 131 (version_131)", Some("131.0.0")),
            ("1.106.1 compiled with dart2js 3.9", Some("1.106.1")),
            ("mold 3.0.0 (compatible with GNU ld)", Some("3.0.0")),
            ("1.97.1+dfsg1", Some("1.97.1")),
            ("no number here", None),
            ("1.2.3.4", None),
        ] {
            let found = Version::find(text).map(|version| version.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn needs_compare_numbers_not_text() {
        let least = Need::AtLeast(Version::new(1, 96, 0));
        assert!(least.accepts(&Version::new(1, 100, 0)));
        assert!(least.accepts(&Version::new(1, 96, 0)));
        assert!(!least.accepts(&Version::new(1, 95, 9)));
    }

    #[test]
    fn an_exact_need_takes_no_neighbour() {
        let exact = Need::Exactly(Version::new(0, 2, 129));
        assert!(exact.accepts(&Version::new(0, 2, 129)));
        assert!(!exact.accepts(&Version::new(0, 2, 130)));
        assert!(!exact.accepts(&Version::find("0.2.129-rc.1").unwrap()));
    }
}
