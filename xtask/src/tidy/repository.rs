//! The repository's files, read once, as the rules see them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use xshell::Shell;

use crate::git::list_files;

/// Every file that git tracks or would track, by its path from the root.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// The text; `None` for a file that is not UTF-8, such as an image.
    files: BTreeMap<String, Option<String>>,
}

impl Repository {
    /// Asks git for the files and reads them; `sh` is in the root.
    pub(super) fn read(sh: &Shell) -> anyhow::Result<Self> {
        let list = list_files(sh, &["-z"]).read()?;
        let root = sh.current_dir();
        let mut files = BTreeMap::new();
        for path in list.split('\0').filter(|path| !path.is_empty()) {
            let file = root.join(path);
            // A symbolic link's target is a file of its own; what was just deleted is still in git's index.
            let is_file = fs_err::symlink_metadata(&file).is_ok_and(|data| data.is_file());
            if is_file {
                let bytes = fs_err::read(&file)?;
                files.insert(path.to_owned(), String::from_utf8(bytes).ok());
            }
        }
        let repository = Self { files };
        anyhow::ensure!(repository.has("Cargo.toml"), "git lists no Cargo.toml in {}", root.display());
        Ok(repository)
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Every path, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every text file with its path, sorted.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text files whose names end in one of these, such as `.rs`.
    pub(super) fn ending(&self, ends: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| ends.iter().any(|end| path.ends_with(end)))
    }

    /// The text of a file; `None` if there is no such text file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether there is such a file or folder.
    pub(super) fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(name, _)| name.starts_with(&folder))
    }

    /// A file parsed as TOML.
    pub(super) fn toml(&self, path: &str) -> anyhow::Result<toml_edit::DocumentMut> {
        let text = self.text(path).with_context(|| format!("{path} does not exist"))?;
        text.parse().with_context(|| format!("{path} is not TOML"))
    }
}

/// Files for a test.
#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Repository {
    fn from(files: [(&str, &str); N]) -> Self {
        let own = |(path, text): (&str, &str)| (path.to_owned(), Some(text.to_owned()));
        Self { files: files.into_iter().map(own).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_there_as_well() {
        let repository = Repository::from([("a/b/c.rs", ""), ("a.rs", "")]);
        assert!(repository.has("a/b") && repository.has("a/b/") && repository.has("a/b/c.rs"));
        assert!(!repository.has("a/c") && !repository.has("a/b/c"));
    }
}
