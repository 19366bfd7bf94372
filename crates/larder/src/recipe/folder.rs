//! The folder of a workspace's recipes.

/// From a recipe's folder, `target/larder/recipes/<slice>/<layer>`, to the workspace's.
pub(super) const UP: &str = "../../../../..";
