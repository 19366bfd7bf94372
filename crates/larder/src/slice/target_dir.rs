//! The target directory of a slice, written so that the same text is right on every machine.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::{text::slashes::forward, workspace::Workspace};

/// A target directory. In text, `target/front` is the folder `front` of the project's target directory,
/// wherever that is on this machine, and `./front` a folder of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum TargetDir {
    /// A folder in the project's target directory; empty for the directory itself.
    InTarget(Utf8PathBuf),
    /// A folder relative to the workspace root.
    InWorkspace(Utf8PathBuf),
}

impl Default for TargetDir {
    fn default() -> Self {
        Self::InTarget(Utf8PathBuf::new())
    }
}

impl TargetDir {
    /// The absolute path for this run.
    pub fn resolve(&self, workspace: &Workspace) -> Utf8PathBuf {
        match self {
            Self::InTarget(folder) => join(workspace.target_directory(), folder),
            Self::InWorkspace(folder) => workspace.root().join(folder),
        }
    }

    /// The path relative to the workspace root that the committed files give.
    pub fn committed(&self, workspace: &Workspace) -> Utf8PathBuf {
        match self {
            Self::InTarget(folder) => join(&workspace.committed_target_directory(), folder),
            Self::InWorkspace(folder) => folder.clone(),
        }
    }
}

/// `Utf8Path::join` with an empty path would add a trailing slash.
fn join(base: &Utf8Path, folder: &Utf8Path) -> Utf8PathBuf {
    if folder.as_str().is_empty() { base.to_owned() } else { base.join(folder) }
}

impl From<TargetDir> for String {
    fn from(dir: TargetDir) -> Self {
        match dir {
            TargetDir::InTarget(folder) => forward(join(Utf8Path::new("target"), &folder)).into_string(),
            TargetDir::InWorkspace(folder) => format!("./{folder}"),
        }
    }
}

impl From<String> for TargetDir {
    fn from(text: String) -> Self {
        match Utf8Path::new(&text).strip_prefix("target") {
            Ok(folder) => Self::InTarget(folder.to_owned()),
            Err(_) => Self::InWorkspace(text.strip_prefix("./").unwrap_or(&text).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in ["target", "target/front", "./out/front"] {
            let dir: TargetDir = text.to_owned().into();
            assert_eq!(String::from(dir), text);
        }
    }
}
