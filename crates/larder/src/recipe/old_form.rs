//! The form of recipes before the table: `larder.lock` as TOML, and a folder for each slice and layer. It is recognised,
//! and its folders are removed once the table is there; a file in them that somebody changed stays.

use std::{collections::BTreeMap, io};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{lock_file::LockFile, table};
use crate::{files::read, hash::content_digest};

#[derive(Deserialize)]
struct OldLockFile {
    config: Option<String>,
    #[serde(default)]
    slice: Vec<OldSlice>,
}

#[derive(Deserialize)]
struct OldSlice {
    name: String,
    #[serde(default)]
    layer: Vec<OldLayer>,
}

#[derive(Deserialize)]
struct OldLayer {
    #[serde(default)]
    files: BTreeMap<Utf8PathBuf, String>,
}

/// Whether a lock file is in that form.
pub(super) fn is_old(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().take(8).any(|line| line.trim_end() == "version = 1")
}

/// The folders' files that are as they were written. One that cannot be read is somebody's.
pub(super) fn files(larder_dir: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Some(file) = parsed(larder_dir) else { return Vec::new() };
    let written = file.named(larder_dir).into_iter().filter(|(path, digest)| is_as_written(path, digest));
    written.map(|(path, _)| path).collect()
}

/// The layers' folders and all files that a lock file in that form names, there or not; none for another form.
pub(super) fn places(larder_dir: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Some(file) = parsed(larder_dir) else { return Vec::new() };
    let layers = file.layers(larder_dir).into_iter().map(|(dir, _)| dir);
    layers.chain(file.named(larder_dir).into_iter().map(|(path, _)| path)).collect()
}

fn parsed(larder_dir: &Utf8Path) -> Option<OldLockFile> {
    let text = read::text(LockFile::path(larder_dir)).ok()?;
    if is_old(text.as_bytes()) { toml_edit::de::from_str(&text).ok() } else { None }
}

impl OldLockFile {
    /// The layers with their folders.
    fn layers(&self, larder_dir: &Utf8Path) -> Vec<(Utf8PathBuf, &OldLayer)> {
        let slices = self.slice.iter().filter(|slice| table::is_name(&slice.name));
        let layers = slices.flat_map(|slice| slice.layer.iter().enumerate().map(move |layer| (slice, layer)));
        layers
            .map(|(slice, (index, layer))| (larder_dir.join(&slice.name).join(index.to_string()), layer))
            .collect()
    }

    /// The files with their digests; none that leads out of its folder.
    fn named(&self, larder_dir: &Utf8Path) -> Vec<(Utf8PathBuf, &str)> {
        // It was made of .cargo/config.toml, and the table has what it says.
        let config = self.config.iter().map(|digest| (larder_dir.join("config.toml"), digest.as_str()));
        let mut all: Vec<(Utf8PathBuf, &str)> = config.collect();
        for (dir, layer) in self.layers(larder_dir) {
            let inside = layer.files.iter().filter(|(path, _)| stays_inside(path));
            all.extend(inside.map(|(path, digest)| (dir.join(path), digest.as_str())));
        }
        all
    }
}

fn stays_inside(path: &Utf8Path) -> bool {
    path.components().all(|part| part.as_str() != ".." && part.as_str() != "/")
}

fn is_as_written(path: &Utf8Path, digest: &str) -> bool {
    read::bytes(path).is_ok_and(|found| content_digest(&found) == digest)
}

/// Removes files, and then the folders that are empty. The table is there by now, so a folder that nothing can be
/// removed from is no reason to fail: what stays is given back, with the reason.
pub(super) fn remove(larder_dir: &Utf8Path, files: &[Utf8PathBuf]) -> Vec<io::Error> {
    let mut stays = Vec::new();
    for file in files {
        if let Err(error) = fs_err::remove_file(file) {
            stays.push(error);
            continue;
        }
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != larder_dir) {
            // One that is not empty is somebody's.
            if fs_err::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    stays
}
