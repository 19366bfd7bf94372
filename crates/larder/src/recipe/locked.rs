//! The outcome of locking one slice.

use std::collections::BTreeMap;

use crate::cargo::platform::Platform;

/// The outcome for one slice.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The slice's name.
    pub slice: String,
    /// Whether its recipe was written or kept.
    pub change: RecipeChange,
    /// How many external units it has on each platform, all of them proven.
    pub units: BTreeMap<Platform, usize>,
    /// Packages that are built with the application because they reach a path package.
    pub tainted: Vec<String>,
}

impl Locked {
    /// Whether there is nothing to cook for it.
    pub fn is_empty(&self) -> bool {
        self.units.values().all(|units| *units == 0)
    }
}

/// Whether a recipe was touched, or should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipeChange {
    /// The set of unit keys is the same; no file was touched.
    Kept,
    /// Written anew.
    Written,
    /// Only checked, and not right.
    Needed,
}
