//! The source of an image's recipes.

/// The source of an image's recipes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recipes {
    /// From `larder/`, which is committed: the image's build needs nothing of Larder.
    #[default]
    Committed,
    /// From a stage that writes them, for workspaces that commit none. Larder has to be in that stage.
    Planned,
}
