//! Where the recipes of a workspace lie.

/// From a recipe's folder, `target/larder/recipes/<slice>/<layer>`, to the workspace's.
pub(super) const UP: &str = "../../../../..";
