//! The form of recipes before the table: `larder.lock` as TOML, and a folder for each slice and layer. It is recognised,
//! and its folders are removed once the table is there; a file in them that somebody changed stays.

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::table;
use crate::{error::Result, plan::key::content_digest};

#[derive(Deserialize)]
struct File {
    config: Option<String>,
    #[serde(default)]
    slice: Vec<Slice>,
}

#[derive(Deserialize)]
struct Slice {
    name: String,
    #[serde(default)]
    layer: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    #[serde(default)]
    files: BTreeMap<Utf8PathBuf, String>,
}

/// Whether a lock file is in that form.
pub(super) fn is_old(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().take(8).any(|line| line.trim_end() == "version = 1")
}

/// The folders' files that are as they were written.
///
/// # Errors
/// If one cannot be read.
pub(super) fn files(larder_dir: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    let path = larder_dir.join("larder.lock");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let Ok(text) = fs_err::read_to_string(path) else { return Ok(Vec::new()) };
    let Ok(file) = toml_edit::de::from_str::<File>(&text) else { return Ok(Vec::new()) };
    // It was made of .cargo/config.toml, and the table has what it says.
    let mut found: Vec<Utf8PathBuf> = Vec::new();
    let config = larder_dir.join("config.toml");
    if let Some(digest) = &file.config
        && config.is_file()
        && content_digest(&fs_err::read(&config)?) == *digest
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
                if stays_inside && path.is_file() && content_digest(&fs_err::read(&path)?) == *digest {
                    found.push(path);
                }
            }
        }
    }
    Ok(found)
}

/// Removes files, and then the folders that are empty.
///
/// # Errors
/// If a file cannot be removed.
pub(super) fn remove(larder_dir: &Utf8Path, files: &[Utf8PathBuf]) -> Result<()> {
    for file in files {
        fs_err::remove_file(file)?;
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != larder_dir) {
            // One that is not empty is somebody's.
            if fs_err::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    Ok(())
}
