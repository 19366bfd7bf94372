//! An image in the archive that an engine writes: an OCI layout since engine 25, whose blobs are read in place.
//!
//! Manifest, configuration and layers stay as they were to the byte, so that the image has the same id elsewhere. It must
//! never unpack anything.

use std::{
    collections::BTreeMap,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

/// The largest manifest that is read.
const LARGEST: u64 = 4 << 20;
/// Where blobs are in an OCI layout.
const BLOBS: &str = "blobs/sha256/";

/// An image in an archive.
#[derive(Debug)]
pub(super) struct Archive {
    file: PathBuf,
    blobs: BTreeMap<String, ArchiveSpan>,
    /// Its manifest's digest.
    pub(super) manifest: String,
    /// In the words of the manifest.
    pub(super) media_type: String,
}

/// Bytes of the archive.
#[derive(Debug, Clone, Copy)]
struct ArchiveSpan {
    offset: u64,
    length: u64,
}

/// The list of manifests in an OCI layout.
#[derive(Debug, Deserialize)]
struct Index {
    manifests: Vec<BlobDescriptor>,
}

/// A blob by its description.
#[derive(Debug, Deserialize)]
struct BlobDescriptor {
    digest: String,
}

impl Archive {
    /// Finds the image of an archive; the reason in words if it has none that could be handed on.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let (blobs, index) = contents(file).map_err(|error| unreadable(&error))?;
        let mut archive =
            Self { file: file.to_owned(), blobs, manifest: String::new(), media_type: String::new() };
        let index = index.ok_or("the engine of this machine is older than 25")?;
        let list = archive.bytes(index).map_err(|error| unreadable(&error))?;
        // A list that names a list stands for the platforms of one image.
        archive.find(&list, 2).ok_or("the image's archive has no manifest with all that it names")?;
        Ok(archive)
    }

    /// Looks for a manifest whose blobs are all there.
    fn find(&mut self, list: &[u8], depth: usize) -> Option<()> {
        let index: Index = serde_json::from_slice(list).ok()?;
        for BlobDescriptor { digest } in index.manifests {
            let Some(text) = self.blobs.get(&digest).and_then(|place| self.bytes(*place).ok()) else {
                continue;
            };
            if depth > 1 && self.find(&text, depth - 1).is_some() {
                return Some(());
            }
            let Some(media_type) = media_type(&text).filter(|_| self.has_all(&text)) else { continue };
            self.manifest = digest;
            self.media_type = media_type;
            return Some(());
        }
        None
    }

    /// Whether the configuration and the layers of a manifest are there.
    fn has_all(&self, manifest: &[u8]) -> bool {
        let Ok(value) = serde_json::from_slice::<Value>(manifest) else { return false };
        let layers = value["layers"].as_array().into_iter().flatten();
        let mut named = layers.chain([&value["config"]]);
        named.all(|blob| blob["digest"].as_str().is_some_and(|digest| self.blobs.contains_key(digest)))
    }

    fn bytes(&self, place: ArchiveSpan) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.at(place)?.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn at(&self, place: ArchiveSpan) -> std::io::Result<std::io::Take<fs_err::File>> {
        let mut file = fs_err::File::open(&self.file)?;
        file.seek(SeekFrom::Start(place.offset))?;
        Ok(file.take(place.length))
    }

    /// A blob and its length; `None` if there is none of this digest.
    pub(super) fn blob(&self, digest: &str) -> Option<(std::io::Take<fs_err::File>, u64)> {
        let place = self.blobs.get(digest)?;
        Some((self.at(*place).ok()?, place.length))
    }

    /// The size of all blobs.
    pub(super) fn size(&self) -> u64 {
        self.blobs.values().map(|place| place.length).sum()
    }
}

fn unreadable(error: &std::io::Error) -> String {
    format!("the image's archive cannot be read: {error}")
}

/// Where the blobs of an archive are, and its list of manifests.
fn contents(file: &Path) -> std::io::Result<(BTreeMap<String, ArchiveSpan>, Option<ArchiveSpan>)> {
    let (mut blobs, mut index) = (BTreeMap::new(), None);
    let mut archive = tar::Archive::new(fs_err::File::open(file)?);
    for entry in archive.entries_with_seek()? {
        let entry = entry?;
        let place = ArchiveSpan { offset: entry.raw_file_position(), length: entry.size() };
        let path = entry.path()?;
        let Some(path) = path.to_str().filter(|_| entry.header().entry_type().is_file()) else { continue };
        if path == "index.json" {
            index = Some(place);
        } else if let Some(digest) = path.strip_prefix(BLOBS) {
            blobs.insert(format!("sha256:{digest}"), place);
        }
    }
    Ok((blobs, index))
}

/// The kind of a manifest; `None` for everything else.
fn media_type(manifest: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(manifest).ok()?;
    value["layers"].as_array()?;
    Some(value["mediaType"].as_str().unwrap_or("application/vnd.oci.image.manifest.v1+json").to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An archive with these files.
    pub(in super::super) fn archive(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
        let path = folder.join("image.tar");
        let mut builder = tar::Builder::new(fs_err::File::create(&path).unwrap());
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        builder.finish().unwrap();
        path
    }

    /// An image of one layer.
    pub(in super::super) const IMAGE: [(&str, &str); 4] = [
        ("blobs/sha256/c", "{}"),
        ("blobs/sha256/l", "layer"),
        (
            "blobs/sha256/m",
            r#"{"mediaType": "m/t", "config": {"digest": "sha256:c"}, "layers": [{"digest": "sha256:l"}]}"#,
        ),
        ("index.json", r#"{"manifests": [{"digest": "sha256:m"}]}"#),
    ];

    #[test]
    fn an_image_is_found_and_its_blobs_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let image = Archive::read(&archive(folder.path(), &IMAGE)).unwrap();
        assert_eq!((image.manifest.as_str(), image.media_type.as_str()), ("sha256:m", "m/t"));
        let (mut blob, length) = image.blob("sha256:l").unwrap();
        let mut text = String::new();
        blob.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), length), ("layer", 5));
        assert!(image.blob("sha256:x").is_none());
    }

    #[test]
    fn a_list_of_platforms_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = IMAGE.to_vec();
        files[3] = ("blobs/sha256/i", files[3].1);
        files.push(("index.json", r#"{"manifests": [{"digest": "sha256:none"}, {"digest": "sha256:i"}]}"#));
        assert_eq!(Archive::read(&archive(folder.path(), &files)).unwrap().manifest, "sha256:m");
    }

    #[test]
    fn what_cannot_be_handed_on_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (files, reason) in [(&IMAGE[..3], "older than 25"), (&IMAGE[1..], "no manifest")] {
            let refusal = Archive::read(&archive(folder.path(), files)).unwrap_err();
            assert!(refusal.contains(reason), "{refusal}");
        }
        fs_err::write(
            folder.path().join("image.tar"),
            "no archive, and long enough for a header ".repeat(20),
        )
        .unwrap();
        assert!(Archive::read(&folder.path().join("image.tar")).unwrap_err().contains("cannot be read"));
    }
}
