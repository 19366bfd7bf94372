//! Which layers of a recipe the workspace's `Cargo.lock` has moved on from, and by which line.
//!
//! Reads two lock files and plans nothing, so it is quick; whether a recipe is right is `lock --check`'s to say.

use serde::Serialize;

use super::lock_lines::LockLines;
use crate::{error::Result, project::Project, recipe::lock_file::LockedSlice};

/// A package that a layer builds in another version than the one that is locked now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Moved {
    /// The slice.
    pub slice: String,
    /// The layers of its recipe that build the package, the oldest being 0.
    pub layers: Vec<usize>,
    /// The package.
    pub package: String,
    /// The version in the layers.
    pub old: String,
    /// The versions in `Cargo.lock`; empty if the package is locked no more.
    pub new: Vec<String>,
    /// The line of the newest of them in `Cargo.lock`.
    pub line: Option<usize>,
}

impl Moved {
    /// In words.
    pub fn words(&self) -> String {
        let layers: Vec<String> = self.layers.iter().map(usize::to_string).collect();
        let Self { package, old, .. } = self;
        let layers = format!("in layer {}", layers.join(" and "));
        match (self.new.is_empty(), self.line) {
            (true, _) => format!("{package} {old} {layers} is locked no more"),
            (false, Some(line)) => {
                format!("{package} {old} {layers} became {} (Cargo.lock line {line})", self.new.join(" and "))
            }
            (false, None) => format!("{package} {old} {layers} became {}", self.new.join(" and ")),
        }
    }
}

/// The packages that the current layers of all slices build otherwise than the workspace's `Cargo.lock` says; none if
/// there is no recipe.
///
/// # Errors
/// When a newer Larder wrote the recipes.
pub fn moved(project: &Project, slices: &[&str]) -> Result<Vec<Moved>> {
    let Some(file) = project.recorded()? else { return Ok(Vec::new()) };
    let lock = LockLines::read(project.workspace.lock_path().as_ref());
    let chosen = file.slices.iter().filter(|slice| slices.contains(&slice.slice.name.as_str()));
    Ok(chosen.flat_map(|slice| moved_in_slice(slice, &lock)).collect())
}

fn moved_in_slice(locked: &LockedSlice, lock: &LockLines) -> Vec<Moved> {
    let layers: Vec<Vec<(&str, String)>> =
        locked.layers.iter().map(|layer| layer.locked().collect()).collect();
    let Some(current) = layers.last() else { return Vec::new() };
    let gone = current.iter().filter(|(name, version)| lock.line(name, version).is_none());
    gone.map(|(name, version)| {
        // A version that the layer has as well is not what this one became.
        let is_new = |new: &&str| !builds(current, name, new);
        let new: Vec<String> = lock.versions(name).into_iter().filter(is_new).map(str::to_owned).collect();
        Moved {
            slice: locked.slice.name.to_string(),
            layers: (0..layers.len()).filter(|layer| builds(&layers[*layer], name, version)).collect(),
            package: (*name).to_owned(),
            old: version.clone(),
            line: new.last().and_then(|new| lock.line(name, new)),
            new,
        }
    })
    .collect()
}

fn builds(layer: &[(&str, String)], name: &str, version: &str) -> bool {
    layer.iter().any(|(known, of)| *known == name && of == version)
}
