//! `cargo larder why --json`.

use larder::{
    docker::explain::Miss,
    why::{Explained, layers::Moved, nix::ChangedDerivation},
};
use serde::Serialize;

use super::Format;

/// The units that would be compiled, or were, and why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CompileReasons<'a> {
    pub(crate) asked: WhenAsked,
    pub(crate) builds: &'a [Explained],
    pub(crate) layers: &'a [Moved],
    pub(crate) docker: Option<&'a ImageMisses>,
    pub(crate) nix: Option<&'a [ChangedDerivation]>,
}

impl Format for CompileReasons<'_> {
    const VERSION: u32 = 1;
}

/// When the question came.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhenAsked {
    /// Before the build.
    Before,
    /// After it.
    After,
}

/// The steps of the next build of the image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ImageMisses {
    pub(crate) misses: Vec<Miss>,
    /// Whether the engine has nothing cached at all; unknown without one.
    pub(crate) cache_empty: Option<bool>,
}
