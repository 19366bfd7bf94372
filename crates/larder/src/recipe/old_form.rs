//! The form of recipes before the table: `larder.lock` as TOML, and a folder for each slice and layer. It is recognised,
//! and its folders are removed once the table is there; a file in them that somebody changed stays.

use std::{collections::BTreeMap, io};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{lock_file::LockFile, table};
use crate::{files::read, plan::key::content_digest};

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
    let Ok(text) = read::text(LockFile::path(larder_dir)) else { return Vec::new() };
    let Ok(file) = toml_edit::de::from_str::<OldLockFile>(&text) else { return Vec::new() };
    // It was made of .cargo/config.toml, and the table has what it says.
    let mut found: Vec<Utf8PathBuf> = Vec::new();
    let config = larder_dir.join("config.toml");
    if let Some(digest) = &file.config
        && is_as_written(&config, digest)
    {
        found.push(config);
    }
    for slice in file.slice.iter().filter(|slice| table::is_name(&slice.name)) {
        for (index, layer) in slice.layer.iter().enumerate() {
            let dir = larder_dir.join(&slice.name).join(index.to_string());
            for (path, digest) in &layer.files {
                let stays_inside = path
                    .components()
                    .all(|part| matches!(part.as_str(), name if name != ".." && name != "/"));
                let path = dir.join(path);
                if stays_inside && is_as_written(&path, digest) {
                    found.push(path);
                }
            }
        }
    }
    found
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
