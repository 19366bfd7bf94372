//! The manifest between a tag and its blob.

use serde::Deserialize;
use serde_json::json;

use crate::{digest::Digest, inside::Inside};

/// The kind of a manifest.
pub(super) const KIND: &str = "application/vnd.oci.image.manifest.v1+json";
/// The configuration of something that is no image.
pub(super) const EMPTY: &[u8] = b"{}";

/// The manifest of an object.
pub(super) fn json(name: &Inside, digest: Digest, size: usize) -> String {
    let config = json!({
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": format!("sha256:{}", Digest::hash(EMPTY)),
        "size": EMPTY.len(),
    });
    let layer = json!({
        "mediaType": "application/octet-stream",
        "digest": format!("sha256:{digest}"),
        "size": size,
        "annotations": { "org.opencontainers.image.title": name.as_str() },
    });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": KIND,
        "artifactType": "application/vnd.larder.object.v1",
        "config": config,
        "layers": [layer],
    });
    manifest.to_string()
}

/// The blob that a manifest is of.
pub(super) fn layer(text: &[u8]) -> Option<Digest> {
    #[derive(Deserialize)]
    struct BlobManifest {
        layers: Vec<BlobLayer>,
    }
    #[derive(Deserialize)]
    struct BlobLayer {
        digest: String,
    }
    let manifest: BlobManifest = serde_json::from_slice(text).ok()?;
    match &manifest.layers[..] {
        [layer] => layer.digest.strip_prefix("sha256:")?.parse().ok(),
        _ => None,
    }
}
