//! The inputs of generated files such as a Dockerfile, beside those of recipes: `lock` brings these files along, so
//! their inputs count if they are there.
//!
//! They must never be collected here: the generator of the files knows them.

use cargo_metadata::camino::Utf8PathBuf;

/// The files and folders of a project with generated files. Which files git tracks counts as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeneratedFrom {
    /// Files that are read.
    pub files: Vec<Utf8PathBuf>,
    /// Files and folders that count by being there.
    pub places: Vec<Utf8PathBuf>,
}
