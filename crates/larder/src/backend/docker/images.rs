//! Which images of an engine are this project's: the ids of those that were built here, written down by each build.
//! An image itself says nothing of the folder it was built in, and must not.

use cargo_metadata::camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    workspace::Workspace,
};

/// The format of the record.
const VERSION: u64 = 1;

/// How many ids are kept; older images are mostly long gone.
const KEPT: usize = 100;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    version: u64,
    /// The youngest last.
    images: Vec<String>,
}

fn path(workspace: &Workspace) -> Utf8PathBuf {
    workspace.target_directory().join("larder/docker-images.json")
}

/// The ids of images that were built here, the youngest last. Where there is no record that can be read, none.
pub fn read(workspace: &Workspace) -> Vec<String> {
    let text = fs_err::read_to_string(path(workspace)).unwrap_or_default();
    let record: Record = serde_json::from_str(&text).unwrap_or_default();
    if record.version == VERSION { record.images } else { Vec::new() }
}

/// Writes an image down.
///
/// # Errors
/// When the record cannot be written.
pub fn add(workspace: &Workspace, id: &str) -> Result<()> {
    let mut images = read(workspace);
    images.retain(|known| known != id);
    images.push(id.to_owned());
    images.drain(..images.len().saturating_sub(KEPT));
    let text = serde_json::to_string(&Record { version: VERSION, images });
    let path = path(workspace);
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    super::write(&path, &text.map_err(|error| Error::Io(error.into()))?)
}
