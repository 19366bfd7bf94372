//! Base images by the digest that their tags have now, so that every build starts from the same bytes until somebody
//! asks again.
//!
//! Docker's client asks the registry. The tag stays in the setting, beside the digest: it is what is asked for the next
//! time, and it tells a reader which release that is.

use toml_edit::Value;

use super::{client::Client, settings::DockerSettings};
use crate::{
    error::{Error, Result},
    files::{change, read},
    settings::Settings,
    toml_text,
    workspace::Workspace,
};

/// A base image with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The setting that names it.
    pub setting: &'static str,
    /// Its name as it is used so far, in the settings or by default.
    pub before: String,
    /// `name:tag@sha256:…`.
    pub now: String,
}

/// Asks for the digests of both base images; `scratch`, which no registry has, is left out.
///
/// # Errors
/// If the client has no buildx, or the registry does not know an image or cannot be reached.
pub fn ask(settings: &DockerSettings, client: &Client) -> Result<Vec<Pinned>> {
    let bases = [("build-base", settings.build_base()), ("runtime-base", settings.runtime_base())];
    let pinned = bases.into_iter().filter(|(_, image)| *image != "scratch").map(|(setting, before)| {
        let tagged = without_digest(before);
        let now = format!("{tagged}@{}", client.digest(tagged)?);
        Ok(Pinned { setting, before: before.to_owned(), now })
    });
    pinned.collect()
}

/// Writes them into the settings; every other byte of the manifest stays as it is.
///
/// # Errors
/// If the manifest cannot be read or written, or its settings are no tables.
pub fn write(workspace: &Workspace, pinned: &[Pinned]) -> Result<()> {
    let path = workspace.root().join("Cargo.toml");
    let owner = Settings::owner(workspace.manifest());
    let mut text = read::text(&path)?;
    for Pinned { setting, now, .. } in pinned {
        let key: Vec<String> =
            Settings::path(owner, &["docker", setting]).into_iter().map(str::to_owned).collect();
        text = toml_text::set(&text, &key, &Value::from(now), "")
            .map_err(|reason| Error::Toml { path: path.clone().into(), reason })?;
    }
    change::write_in(workspace.root(), &path, &text)
}

/// An image's name as its registry is asked for it: an older digest would be the answer to itself. A name without a tag
/// keeps its digest, since nothing else tells which image that is.
fn without_digest(image: &str) -> &str {
    match image.split_once('@') {
        Some((name, _)) if name.rsplit('/').next().is_some_and(|last| last.contains(':')) => name,
        _ => image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_asked_for_and_not_the_digest() {
        assert_eq!(without_digest("rust:1-slim-trixie"), "rust:1-slim-trixie");
        assert_eq!(without_digest("rust:1-slim-trixie@sha256:12"), "rust:1-slim-trixie");
        assert_eq!(without_digest("host:5000/rust:1@sha256:12"), "host:5000/rust:1");
        // The port is no tag.
        assert_eq!(without_digest("host:5000/rust@sha256:12"), "host:5000/rust@sha256:12");
    }
}
