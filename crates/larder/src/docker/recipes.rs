//! Where the recipes of an image come from.

/// Where the recipes of an image come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recipes {
    /// From `larder/`, which is committed: nothing of Larder is needed where the image is built.
    #[default]
    Committed,
    /// From a stage that writes them, for workspaces that commit none. Larder has to be in that stage.
    Planned,
}
