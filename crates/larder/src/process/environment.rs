//! An environment as a value: the library never reads that of its own process.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    env::consts::EXE_SUFFIX,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// The environment variables a command runs with: a snapshot, taken once by the binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    pub(super) vars: BTreeMap<OsString, OsString>,
    launcher: Option<PathBuf>,
}

impl Environment {
    /// Takes the variables as given, the last one of a name winning.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        let vars =
            vars.into_iter().map(|(name, value)| (key(&name.into()).into_owned(), value.into())).collect();
        Self { vars, launcher: None }
    }

    /// The same, with every command ended when this process ends, if the system can do it. `program` is the binary that
    /// calls [`launched`](super::launched).
    #[must_use]
    pub fn with_launcher(mut self, program: &Path) -> Self {
        self.launcher = Some(program.to_owned());
        self
    }

    /// The binary that commands are started by.
    pub(super) fn launcher(&self) -> Option<&Path> {
        self.launcher.as_deref()
    }

    /// The variable's value if it is set.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.vars.get(&*key(name.as_ref())).map(OsString::as_os_str)
    }

    /// The variable's value if it is set and is UTF-8.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.vars.insert(key(&name.into()).into_owned(), value.into());
    }

    /// Puts folders in front of those of `PATH`.
    ///
    /// # Errors
    /// If the name of one has the character that stands between folders.
    pub fn put_first(
        &mut self,
        folders: impl IntoIterator<Item = PathBuf>,
    ) -> Result<(), std::env::JoinPathsError> {
        let others = self.get("PATH").unwrap_or_default().to_owned();
        let all = folders.into_iter().chain(std::env::split_paths(&others));
        self.set("PATH", std::env::join_paths(all)?);
        Ok(())
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: impl AsRef<OsStr>) {
        self.vars.remove(&*key(name.as_ref()));
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(key, value)| (key.as_os_str(), value.as_os_str()))
    }

    /// The folder in which programs keep caches of a user: `XDG_CACHE_HOME`, whose specification has relative paths
    /// ignored, else the platform's folder.
    pub fn cache_home(&self) -> Option<PathBuf> {
        let set = self.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        if cfg!(windows) {
            return set.or_else(|| self.get("LOCALAPPDATA").map(PathBuf::from));
        }
        let own = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        let home = self.get("HOME").filter(|home| !home.is_empty());
        set.or_else(|| home.map(|home| Path::new(home).join(own)))
    }

    /// Whether this is a CI system, whose machine is mostly thrown away with all that would be stored on it.
    pub fn is_ci(&self) -> bool {
        self.get_str("CI").is_some_and(|value| !["", "0", "false"].contains(&value))
    }

    /// The user's own folder.
    pub fn home(&self) -> Option<&Path> {
        self.get(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(Path::new)
    }

    /// The first file called `program` in the folders of `PATH`, or `program` itself if it names a folder.
    pub fn find_program(&self, program: &str) -> Option<PathBuf> {
        if program.contains(std::path::is_separator) {
            return Some(PathBuf::from(program));
        }
        self.find_programs(program).into_iter().next()
    }

    /// Every file called `program` in the folders of `PATH`, in that order.
    pub fn find_programs(&self, program: &str) -> Vec<PathBuf> {
        let folders = std::env::split_paths(self.get("PATH").unwrap_or_default());
        let bare = program.strip_suffix(EXE_SUFFIX).unwrap_or(program);
        let mut files: Vec<PathBuf> = Vec::new();
        for file in folders.map(|dir| dir.join(format!("{bare}{EXE_SUFFIX}"))).filter(|file| file.is_file()) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }
}

/// A variable's name as the system compares it: for Windows, `Path` is `PATH`.
fn key(name: &OsStr) -> Cow<'_, OsStr> {
    if cfg!(windows) { Cow::Owned(name.to_ascii_uppercase()) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_are_compared_as_the_system_does() {
        let mut env = Environment::new([("Path", "one")]);
        env.set("PATH", "two");
        assert_eq!(env.get_str("Path"), Some(if cfg!(windows) { "two" } else { "one" }));
        env.unset("path");
        assert_eq!(env.get_str("PATH").is_none(), cfg!(windows));
    }

    #[test]
    fn ci_says_so_by_a_variable_that_may_also_say_no() {
        for (value, is_ci) in [("true", true), ("1", true), ("", false), ("0", false), ("false", false)] {
            assert_eq!(Environment::new([("CI", value)]).is_ci(), is_ci, "{value}");
        }
        assert!(!Environment::default().is_ci());
    }

    #[test]
    fn a_program_has_the_ending_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("cc{EXE_SUFFIX}"));
        fs_err::write(&file, "").unwrap();
        let env = Environment::new([("PATH", folder.path())]);
        assert_eq!(env.find_program("cc"), Some(file.clone()));
        assert_eq!(env.find_program(&format!("cc{EXE_SUFFIX}")), Some(file));
        assert_eq!(env.find_program("c"), None);
    }
}
