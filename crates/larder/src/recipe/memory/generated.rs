//! What generated files such as a Dockerfile are made from, beside all that recipes are: `lock` brings them along, so it
//! counts if they are there.
//!
//! It must never be collected here: whoever generates the files knows.

use cargo_metadata::camino::Utf8PathBuf;

/// The files and folders of a project with generated files. Which files git tracks counts as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeneratedFrom {
    /// Files that are read.
    pub files: Vec<Utf8PathBuf>,
    /// Files and folders that count by being there.
    pub places: Vec<Utf8PathBuf>,
}
