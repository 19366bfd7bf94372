//! `larder/larder.lock`: every slice with its layers. Committed; [`table`](super::table) has its form.

use std::collections::BTreeSet;

use super::{layer::Layer, stub::Shape};
use crate::{cargo::platform::Platform, slice::Slice};

/// The newest format this version reads, and the one it writes.
pub const VERSION: u64 = 2;

/// The files in `larder/` that `lock` writes whatever git ignores.
pub(crate) const OWN_FILES: [&str; 3] = [".gitattributes", "expand.awk", "larder.lock"];

/// The lock file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    /// The pinned toolchain channel, if the workspace pins one.
    pub toolchain: Option<String>,
    /// The platforms that the recipes serve, in the project's order.
    pub platforms: Vec<Platform>,
    /// Keys of cargo's configuration that reach dependencies, beside those of the slices.
    pub(super) shared: BTreeSet<String>,
    /// Every slice, sorted by name.
    pub slices: Vec<LockedSlice>,
}

/// A slice as it was when its recipe was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedSlice {
    /// The slice itself.
    pub slice: Slice,
    /// cargo's arguments that cook a layer in its folder.
    pub cook: Vec<String>,
    /// The letter that stands for it in the table.
    pub(super) letter: char,
    /// The packages that its recipes consist of.
    pub(super) stubs: Vec<Shape>,
    /// Keys of its recipes' cargo configuration, beside the slice's environment.
    pub(super) config: BTreeSet<String>,
    /// How many layers there may be.
    pub(super) most: usize,
    /// The layers, oldest first; the last one is the current recipe.
    pub layers: Vec<Layer>,
}
