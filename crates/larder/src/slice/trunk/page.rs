//! The page that trunk builds: its `<link data-trunk rel="rust">` elements, each of which is a call of cargo. Must never
//! take an element from a comment or a script for one.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// The build that a link asks trunk for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// A manifest or its folder, relative to the page's folder; the page's own if it is not given.
    pub(super) href: Option<String>,
    pub(super) kind: LinkKind,
    pub(super) bin: Option<String>,
    pub(super) features: Option<String>,
    pub(super) all_features: bool,
    pub(super) no_default_features: bool,
    /// The profile of every build, and those of one kind of build alone.
    profile: Option<String>,
    profile_release: Option<String>,
    profile_dev: Option<String>,
    /// Somebody else compiles it.
    pub(super) is_skipped: bool,
}

/// The use that the page makes of the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum LinkKind {
    #[default]
    Main,
    Worker,
}

impl Link {
    /// The profile that the page names for a build that is `--release` or not.
    pub(super) fn profile(&self, is_release: bool) -> Option<&String> {
        let own = if is_release { &self.profile_release } else { &self.profile_dev };
        own.as_ref().or(self.profile.as_ref())
    }

    /// Whether it names features, so that those of the configuration do not count.
    pub(super) fn has_features(&self) -> bool {
        self.all_features || self.no_default_features || self.features.is_some()
    }

    fn read(attributes: &BTreeMap<String, String>) -> Result<Self, String> {
        let kind = match attributes.get("data-type").map(String::as_str) {
            None | Some("main") => LinkKind::Main,
            Some("worker") => LinkKind::Worker,
            Some(other) => return Err(format!("data-type=\"{other}\" is neither `main` nor `worker`")),
        };
        let link = Self {
            href: attributes.get("href").cloned(),
            kind,
            bin: attributes.get("data-bin").cloned(),
            features: attributes.get("data-cargo-features").cloned(),
            all_features: attributes.contains_key("data-cargo-all-features"),
            no_default_features: attributes.contains_key("data-cargo-no-default-features"),
            profile: attributes.get("data-cargo-profile").cloned(),
            profile_release: attributes.get("data-cargo-profile-release").cloned(),
            profile_dev: attributes.get("data-cargo-profile-dev").cloned(),
            is_skipped: attributes.contains_key("data-trunk-skip"),
        };
        if link.all_features && (link.no_default_features || link.features.is_some()) {
            return Err("data-cargo-all-features excludes other features".to_owned());
        }
        Ok(link)
    }
}

/// The links of a page; if none of them is the application, then the package beside the page is.
///
/// # Errors
/// Combinations that trunk refuses as well.
pub(super) fn links(html: &str) -> Result<Vec<Link>, String> {
    let mut links: Vec<Link> = elements(html)
        .iter()
        .filter(|attributes| attributes.get("rel").is_some_and(|rel| rel == "rust"))
        .map(Link::read)
        .collect::<Result<_, _>>()?;
    match links.iter().filter(|link| link.kind == LinkKind::Main).count() {
        0 => links.push(Link::default()),
        1 => {}
        _ => return Err("more than one <link data-trunk rel=\"rust\"> is the application".to_owned()),
    }
    Ok(links)
}

/// Whether a page has anything for trunk to do.
pub(super) fn is_trunks(html: &str) -> bool {
    !elements(html).is_empty()
}

/// The attributes of every `<link data-trunk>`.
fn elements(html: &str) -> Vec<BTreeMap<String, String>> {
    let mut found = Vec::new();
    let mut emitter = DefaultEmitter::default();
    // The text of a script is no element.
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        let Token::StartTag(tag) = token else { continue };
        let attributes: BTreeMap<String, String> =
            tag.attributes.iter().map(|(name, value)| (lossy_text(name), lossy_text(value))).collect();
        if tag.name.as_slice() == b"link" && attributes.contains_key("data-trunk") {
            found.push(attributes);
        }
    }
    found
}

fn lossy_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_say_what_is_built() {
        let page = r#"<!doctype html><head>
            <!-- <link data-trunk rel="rust" data-bin="old"> -->
            <script>const text = '<link data-trunk rel="rust" data-bin="text">';</script>
            <link data-trunk rel="css" href="a.css">
            <LINK Data-Trunk REL=rust href='../app' data-cargo-features="a,b" data-cargo-no-default-features
                data-cargo-profile-release=small>
            <link data-trunk rel="rust" data-type="worker" data-bin="w" data-cargo-profile="small" /></head>"#;
        let links = links(page).unwrap();
        assert_eq!(links.len(), 2);
        let [app, worker] = &links[..] else { panic!("{links:?}") };
        assert_eq!((app.href.as_deref(), app.kind), (Some("../app"), LinkKind::Main));
        assert!(app.features.as_deref() == Some("a,b") && app.no_default_features && app.bin.is_none());
        assert_eq!((app.profile(true).map(String::as_str), app.profile(false)), (Some("small"), None));
        assert_eq!((worker.kind, worker.bin.as_deref()), (LinkKind::Worker, Some("w")));
        assert_eq!(worker.profile(false).map(String::as_str), Some("small"));
    }

    #[test]
    fn a_page_without_an_application_builds_the_package_beside_it() {
        assert_eq!(links("<link data-trunk rel=css>").unwrap(), [Link::default()]);
        let worker = links("<link data-trunk rel=rust data-type=worker>").unwrap();
        assert_eq!((worker.len(), worker[1].clone()), (2, Link::default()));
    }

    #[test]
    fn pages_that_trunk_refuses_are_refused() {
        for (page, named) in [
            ("<link data-trunk rel=rust><link data-trunk rel=rust data-bin=b>", "more than one"),
            ("<link data-trunk rel=rust data-type=Main>", "neither"),
            ("<link data-trunk rel=rust data-cargo-all-features data-cargo-features=a>", "excludes"),
        ] {
            let reason = links(page).unwrap_err();
            assert!(reason.contains(named), "{reason}");
        }
    }
}
