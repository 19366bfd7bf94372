//! Paths of files in a build directory, as records name them. A record may come from somebody else, so a path is checked
//! when it is read: it must not lead anywhere else, on any file system.

use std::{collections::BTreeSet, fmt, path::Path};

use serde::{Deserialize, Serialize};

/// A path below a folder: plain names with `/` between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Inside(String);

/// The most folders that a path goes through.
const DEEPEST: usize = 64;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 255;
/// The longest path, in bytes.
const LONGEST: usize = 4096;

impl Inside {
    /// The path, if it stays inside.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(path: impl Into<String>) -> Result<Self, String> {
        let path = path.into();
        match fault(&path) {
            Some(fault) => Err(format!("the path {path:?} {fault}")),
            None => Ok(Self(path)),
        }
    }

    /// Of a path that a target directory was read with.
    pub fn from_path(path: &Path) -> Option<Self> {
        let names: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
        Self::new(names?.join("/")).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is in a folder, or deeper.
    pub fn is_below(&self, folder: &str) -> bool {
        self.0.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Everything before the last name; empty if there is nothing.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// A fault of a path, in words that follow it.
fn fault(path: &str) -> Option<&'static str> {
    if path.len() > LONGEST || path.split('/').count() > DEEPEST {
        return Some("is too long");
    }
    for name in path.split('/') {
        match name {
            "" | "." | ".." => return Some("does not stay inside"),
            _ if name.len() > LONGEST_NAME => return Some("has a name that is too long"),
            // Drives, streams and separators of other systems, and what acts on terminals.
            _ if name.contains(['\\', ':']) || name.chars().any(char::is_control) => {
                return Some("holds a character that no file of cargo's has");
            }
            _ => {}
        }
    }
    None
}

/// Whether some paths can be files of one folder: none twice, in whatever case, and none below another.
pub fn is_a_tree<'a>(paths: impl Iterator<Item = &'a Inside>) -> bool {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for path in paths {
        if !seen.insert(path.0.to_lowercase()) {
            return false;
        }
    }
    let is_below_a_file = |path: &String| path.match_indices('/').any(|(end, _)| seen.contains(&path[..end]));
    !seen.iter().any(is_below_a_file)
}

impl TryFrom<String> for Inside {
    type Error = String;
    fn try_from(path: String) -> Result<Self, String> {
        Self::new(path)
    }
}

impl From<Inside> for String {
    fn from(path: Inside) -> Self {
        path.0
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        let long = "x".repeat(256);
        let deep = ["d"; 65].join("/");
        let endless = ["abcdefghij"; 400].join("/");
        let bad = [
            "",
            "/etc/passwd",
            "..",
            "a/../b",
            "../a",
            "a//b",
            "./a",
            "a/",
            "C:/x",
            "C:\\x",
            "\\\\host\\share",
            "a\0b",
            "a\nb",
            "a/..",
            "a\\..\\b",
            "file:stream",
            "\u{1b}[2J",
            &long,
            &deep,
            &endless,
        ];
        for path in bad {
            assert!(Inside::new(path).is_err(), "{path:?}");
            let json = serde_json::to_string(path).unwrap();
            assert!(serde_json::from_str::<Inside>(&json).is_err(), "{path:?}");
        }
        for path in ["debug/deps/liba-0123.rlib", "debug/build/a-1/out/..data", "x", "ä/ö"] {
            assert!(Inside::new(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn files_are_there_once_and_not_below_each_other() {
        assert!(are_a_tree(&["a/b", "a/c", "ab"]));
        assert!(!are_a_tree(&["a/b", "a/b"]) && !are_a_tree(&["a/B", "A/b"]) && !are_a_tree(&["a", "a/b"]));
    }

    fn are_a_tree(paths: &[&str]) -> bool {
        let paths: Vec<_> = paths.iter().map(|path| Inside::new(*path).unwrap()).collect();
        is_a_tree(paths.iter())
    }
}
