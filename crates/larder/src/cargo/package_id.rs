//! Packages as cargo names them: by specifications, in its messages, graphs and manifests, and by words, in its logs.
//!
//! Format of the first: <https://doc.rust-lang.org/cargo/reference/pkgid-spec.html>. It must never ask whether there is
//! such a package.

use std::path::PathBuf;

/// A package id specification, whole or in one of the short forms that manifests may hold: `registry+URL#name@version`,
/// `path+file:///name#version`, `URL`, `name@version`, `name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageSpec<'a> {
    /// The address of the package's source, with its kind; empty in a short form.
    pub(crate) address: &'a str,
    /// The package's name.
    pub name: &'a str,
    /// Without build metadata, which a version requirement ignores; a short form may have none, or the start of one.
    pub version: Option<&'a str>,
}

/// The source of an external package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source<'a> {
    CratesIo,
    /// The index address, with `sparse+` if it has it.
    Registry(&'a str),
    Git {
        url: &'a str,
        /// `branch`, `tag` or `rev` with its value.
        reference: Option<(&'a str, &'a str)>,
    },
}

/// The one name of crates.io in package ids, whichever protocol or mirror it is reached by.
pub(crate) const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

impl<'a> PackageSpec<'a> {
    /// Reads any text: what is none of these forms is a name.
    pub fn parse(text: &'a str) -> Self {
        let (address, tail) = match text.split_once('#') {
            Some(parts) => parts,
            None if text.contains("://") => (text, ""),
            None => ("", text),
        };
        let (name, version) = match tail.split_once(['@', ':']) {
            Some((name, version)) => (name, Some(version)),
            // The name is left out if the address ends in it.
            None if !address.is_empty() && !tail.starts_with(|c: char| !c.is_ascii_digit()) => {
                (last_segment(address), (!tail.is_empty()).then_some(tail))
            }
            None => (tail, None),
        };
        Self { address, name, version: version.map(|version| version.split('+').next().unwrap_or(version)) }
    }

    /// Whether the package comes from a path.
    pub(crate) fn is_path(&self) -> bool {
        self.address.starts_with("path+")
    }

    /// `None` for a path package or something unheard of.
    pub(crate) fn source(&self) -> Option<Source<'a>> {
        let (kind, url) = self.address.split_once('+')?;
        match kind {
            _ if self.address == CRATES_IO => Some(Source::CratesIo),
            "registry" => Some(Source::Registry(url)),
            "sparse" => Some(Source::Registry(self.address)),
            "git" => {
                let (url, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
                Some(Source::Git { url, reference: query.and_then(|query| query.split_once('=')) })
            }
            _ => None,
        }
    }
}

fn last_segment(address: &str) -> &str {
    let address = address.split('?').next().unwrap_or(address).trim_end_matches('/');
    address.rsplit('/').next().unwrap_or(address)
}

/// A package as cargo's logs name it: `name v1.0.0 (source)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggedPackage {
    pub(crate) name: String,
    pub(crate) version: String,
    source: String,
}

impl LoggedPackage {
    pub(crate) fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (version, source) = rest.split_once(' ').unwrap_or((rest, ""));
        let source = source.trim_start_matches('(').trim_end_matches(')');
        Self {
            name: name.to_owned(),
            version: version.trim_start_matches('v').to_owned(),
            source: source.to_owned(),
        }
    }

    /// The commit of a package from git.
    pub(crate) fn revision(&self) -> Option<&str> {
        self.source.contains("://").then(|| self.source.rsplit_once('#'))?.map(|(_, commit)| commit)
    }

    /// The folder of a path package.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.source.starts_with('/').then(|| PathBuf::from(&self.source))
    }
}

impl std::fmt::Display for LoggedPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_taken_apart() {
        let serde = format!("{CRATES_IO}#serde@1.0.0");
        let reference = Some(("branch", "main"));
        for (id, source) in [
            (serde.as_str(), Some(Source::CratesIo)),
            (
                "git+file:///srv/repo?branch=main#name@0.1.0",
                Some(Source::Git { url: "file:///srv/repo", reference }),
            ),
            ("sparse+http://localhost/i/#a@1.0.0", Some(Source::Registry("sparse+http://localhost/i/"))),
            ("path+file:///app#0.1.0", None),
        ] {
            assert_eq!(PackageSpec::parse(id).source(), source, "{id}");
        }
    }

    #[test]
    fn names_and_versions_are_read_from_every_form() {
        for (text, name, version) in [
            ("registry+https://x/index#serde@1.0.0", "serde", Some("1.0.0")),
            ("registry+https://x/index#zstd-sys@2.0.1+zstd.1.5.2", "zstd-sys", Some("2.0.1")),
            ("path+file:///srv/app#0.1.0", "app", Some("0.1.0")),
            ("path+file:///srv/app#other@0.1.0", "other", Some("0.1.0")),
            ("git+https://x/repo?branch=main#0.2.0+b", "repo", Some("0.2.0")),
            ("https://x/serde#2.0.0", "serde", Some("2.0.0")),
            ("https://x/serde/", "serde", None),
            ("https://x/y#serde", "serde", None),
            ("serde:1.0", "serde", Some("1.0")),
            ("serde", "serde", None),
        ] {
            let spec = PackageSpec::parse(text);
            assert_eq!((spec.name, spec.version), (name, version), "{text}");
        }
    }

    #[test]
    fn packages_as_the_log_names_them() {
        let id = LoggedPackage::parse("lib v0.1.0 (/w/lib)");
        assert_eq!((id.name.as_str(), id.version.as_str()), ("lib", "0.1.0"));
        assert_eq!(id.folder(), Some("/w/lib".into()));
        let id = LoggedPackage::parse("a v1.0.0 (https://host/a?branch=x#0a1b2c3d)");
        assert_eq!((id.revision(), id.folder()), (Some("0a1b2c3d"), None));
        assert_eq!(LoggedPackage::parse("a v1.0.0").to_string(), "a 1.0.0");
    }
}
