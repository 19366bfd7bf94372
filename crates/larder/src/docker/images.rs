//! Which images of an engine are this project's: the ids of those that were built here, written down by each build.
//! An image itself says nothing of the folder it was built in, and must not.

use cargo_metadata::camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    files::{own_folder::IMAGES, records},
    workspace::Workspace,
};

/// The format of the record.
const VERSION: u64 = 1;

/// How many ids are kept; older images are mostly long gone.
const KEPT: usize = 100;

#[derive(Debug, Default, Serialize, Deserialize)]
struct BuiltImages {
    version: u64,
    /// The youngest last.
    images: Vec<String>,
}

impl BuiltImages {
    /// The same with an id as its youngest.
    fn with(mut self, id: &str) -> Self {
        self.images.retain(|known| known != id);
        self.images.push(id.to_owned());
        self.images.drain(..self.images.len().saturating_sub(KEPT));
        Self { version: VERSION, images: self.images }
    }
}

fn path(workspace: &Workspace) -> Utf8PathBuf {
    records::path(workspace.target_directory(), IMAGES)
}

/// The ids of images that were built here, the youngest last. If there is no record, none.
///
/// # Errors
/// When something is in the place of the record that cannot be read. It counts as absent.
pub fn read(workspace: &Workspace) -> Result<Vec<String>> {
    let record: BuiltImages = records::read(&path(workspace))?.unwrap_or_default();
    Ok(if record.version == VERSION { record.images } else { Vec::new() })
}

/// Writes an image down.
///
/// # Errors
/// When the record cannot be written.
pub fn add(workspace: &Workspace, id: &str) -> Result<()> {
    let record = BuiltImages { version: VERSION, images: read(workspace).unwrap_or_default() };
    records::write(&path(workspace), &record.with(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_youngest_is_last_and_the_oldest_go() {
        let many = (0..KEPT + 20).fold(BuiltImages::default(), |record, id| record.with(&id.to_string()));
        assert_eq!((many.images.len(), many.images[0].as_str()), (KEPT, "20"));
        let again = many.with("50");
        assert_eq!((again.images.len(), again.images.last().map(String::as_str)), (KEPT, Some("50")));
    }
}
