//! Package id specifications, taken apart into what a dependency entry needs.
//!
//! Format: <https://doc.rust-lang.org/cargo/reference/pkgid-spec.html>.

/// An external package: `registry+URL#name@version` or `git+URL?branch=x#name@version`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package<'a> {
    pub(crate) name: &'a str,
    /// Without build metadata, which a version requirement ignores.
    pub(crate) version: &'a str,
    pub(crate) source: Source<'a>,
}

/// Where an external package comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source<'a> {
    CratesIo,
    /// The index address, with `sparse+` where it has it.
    Registry(&'a str),
    Git {
        url: &'a str,
        /// `branch`, `tag` or `rev` with its value.
        reference: Option<(&'a str, &'a str)>,
    },
}

/// The one name of crates.io in package ids, whichever protocol or mirror it is reached by.
pub(crate) const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

impl<'a> Package<'a> {
    /// `None` for a path package or something unheard of.
    pub(crate) fn parse(id: &'a str) -> Option<Self> {
        let (address, fragment) = id.split_once('#')?;
        let (kind, url) = address.split_once('+')?;
        let (bare_url, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
        let last_segment = || bare_url.trim_end_matches('/').rsplit('/').next().unwrap_or(bare_url);
        let (name, version) = fragment.split_once('@').unwrap_or_else(|| (last_segment(), fragment));
        let source = match kind {
            _ if address == CRATES_IO => Source::CratesIo,
            "registry" => Source::Registry(url),
            "sparse" => Source::Registry(address),
            "git" => Source::Git { url: bare_url, reference: query.and_then(|query| query.split_once('=')) },
            _ => return None,
        };
        Some(Self { name, version: version.split('+').next().unwrap_or(version), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_taken_apart() {
        let parse = |id| Package::parse(id).unwrap();
        let serde = parse("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.0");
        assert_eq!(serde, Package { name: "serde", version: "1.0.0", source: Source::CratesIo });
        let sys = parse("registry+https://github.com/rust-lang/crates.io-index#zstd-sys@2.0.1+zstd.1.5.2");
        assert_eq!(sys.version, "2.0.1");
        let git = parse("git+file:///srv/repo?branch=main#name@0.1.0");
        let reference = Some(("branch", "main"));
        assert_eq!(git.source, Source::Git { url: "file:///srv/repo", reference });
        assert_eq!(parse("git+file:///srv/tool#0.1.0").name, "tool");
        assert_eq!(
            parse("sparse+http://localhost/i/#a@1.0.0").source,
            Source::Registry("sparse+http://localhost/i/")
        );
        assert_eq!(Package::parse("path+file:///app#0.1.0"), None);
    }
}
