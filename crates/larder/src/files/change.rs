//! A change of a file that a user owns: shown as a diff first, then written as a whole or not at all.
//!
//! It must never write what was not shown, so a file that changed since it was read is refused.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use toml_edit::DocumentMut;

use super::{read, temporary};
use crate::error::{Error, Result};

/// A file as it is and as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: Utf8PathBuf,
    /// Its text; `None` if there is no such file.
    pub old: Option<String>,
    /// The text to write.
    pub new: String,
}

impl Change {
    /// Compares the wanted text with what is on disk; `None` if they are equal.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn needed(path: Utf8PathBuf, new: String) -> Result<Option<Self>> {
        let old = found(&path)?;
        Ok((old.as_ref() != Some(&new)).then_some(Self { path, old, new }))
    }

    /// A unified diff, with the path below `root`.
    pub fn diff(&self, root: &Utf8Path) -> String {
        const CONTEXT: usize = 3;
        let name = self.path.strip_prefix(root).unwrap_or(&self.path);
        let old = if self.old.is_some() { format!("a/{name}") } else { "/dev/null".to_owned() };
        let texts = similar::TextDiff::from_lines(self.old.as_deref().unwrap_or_default(), &self.new);
        texts.unified_diff().context_radius(CONTEXT).header(&old, &format!("b/{name}")).to_string()
    }

    /// Writes the file of a workspace.
    ///
    /// # Errors
    /// [`Error::ChangedMeanwhile`] if somebody else wrote it since it was read; as [`write_in`].
    pub fn apply(&self, workspace: &Utf8Path) -> Result<()> {
        if found(&self.path)? != self.old {
            return Err(Error::ChangedMeanwhile { path: self.path.clone().into() });
        }
        write_in(workspace, &self.path, &self.new)
    }
}

/// Writes a file of a workspace, making its folders. Links may lead to another place in the workspace: a repository
/// can have them, and must not reach further into its user's files by them than a build of it does.
///
/// # Errors
/// [`Error::Link`] for one that leads out; as [`write()`].
pub fn write_in(workspace: &Utf8Path, path: &Utf8Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(workspace);
    let root = if path.starts_with(workspace) {
        workspace
    } else {
        // A generated file may belong above the workspace, in the folder that Docker is sent.
        folder.ancestors().find(|above| above.exists()).unwrap_or(folder)
    };
    let below = path.ancestors().take_while(|above| *above != root);
    for above in below {
        if leads_out(root, above)? {
            return Err(Error::Link { path: above.to_owned().into() });
        }
    }
    fs_err::create_dir_all(folder)?;
    write(path, text)
}

/// Whether a path that is there leads out of a folder.
///
/// # Errors
/// When the folder is not there.
pub fn leads_out(root: &Utf8Path, path: &Utf8Path) -> Result<bool> {
    let real_root = root.canonicalize_utf8()?;
    Ok(path.canonicalize_utf8().is_ok_and(|real| !real.starts_with(&real_root)))
}

/// Writes a file of Larder's own: a link in its place is replaced, and one in place of its folder is refused.
///
/// # Errors
/// [`Error::Link`]; when the folder cannot be written.
pub fn write_own(path: &Utf8Path, text: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        refuse_link(folder)?;
    }
    place(path, text)
}

/// Refuses a link in place of something of Larder's own.
///
/// # Errors
/// [`Error::Link`].
pub fn refuse_link(path: &Utf8Path) -> Result<()> {
    if path.is_symlink() { Err(Error::Link { path: path.to_owned().into() }) } else { Ok(()) }
}

/// A TOML document as text, with the line ends of the text that it was parsed from: the parser makes them all alike.
pub(crate) fn document_text(document: &DocumentMut, old: &str) -> String {
    let text = document.to_string();
    let (windows, all) = (old.matches("\r\n").count(), old.matches('\n').count());
    if windows > 0 && windows == all { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text }
}

fn found(path: &Utf8Path) -> Result<Option<String>> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    Ok(Some(read::text(path)?))
}

/// Writes a file as a whole or not at all. One that is there keeps its permissions, and a symbolic link stays one.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(path: &Utf8Path, text: &str) -> Result<()> {
    if path.is_symlink() { place(&path.canonicalize_utf8()?, text) } else { place(path, text) }
}

/// Puts a file where nothing, a file, a link or an empty folder is.
fn place(path: &Utf8Path, text: impl AsRef<[u8]>) -> Result<()> {
    if path.is_dir() && !path.is_symlink() {
        // The error names the folder that is not empty: what is in it is somebody's.
        fs_err::remove_dir(path)?;
    }
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    let temporary = temporary::written(folder, text.as_ref())?;
    if path.exists() && !path.is_symlink() {
        fs_err::set_permissions(temporary.path(), fs_err::metadata(path)?.permissions())?;
    } else {
        #[cfg(unix)]
        fs_err::set_permissions(temporary.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    }
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().to_owned()).unwrap();
        (dir, path)
    }

    #[test]
    fn a_diff_says_what_will_be_written() {
        let (_dir, root) = folder();
        let path = root.join("sub/a.txt");
        let change = Change::needed(path.clone(), "one\n".into()).unwrap().unwrap();
        assert_eq!(change.diff(&root), "--- /dev/null\n+++ b/sub/a.txt\n@@ -0,0 +1 @@\n+one\n");
        change.apply(&root).unwrap();
        assert_eq!(Change::needed(path.clone(), "one\n".into()).unwrap(), None);
        let change = Change::needed(path, "two\n".into()).unwrap().unwrap();
        assert_eq!(change.diff(&root), "--- a/sub/a.txt\n+++ b/sub/a.txt\n@@ -1 +1 @@\n-one\n+two\n");
    }

    #[test]
    fn what_was_not_shown_is_not_written_over() {
        let (_dir, root) = folder();
        let path = root.join("a.txt");
        let change = Change::needed(path.clone(), "one\n".into()).unwrap().unwrap();
        fs_err::write(&path, "mine\n").unwrap();
        assert!(matches!(change.apply(&root), Err(Error::ChangedMeanwhile { .. })));
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "mine\n");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out() {
        use std::os::unix::fs::symlink;
        let (_dir, outer) = folder();
        let (root, home) = (outer.join("work"), outer.join("home"));
        for folder in [&root, &home, &root.join("own")] {
            fs_err::create_dir(folder).unwrap();
        }
        for file in [home.join(".bashrc"), root.join("own/real")] {
            fs_err::write(file, "mine").unwrap();
        }
        symlink("own/real", root.join("inside")).unwrap();
        symlink("../home/.bashrc", root.join(".envrc")).unwrap();
        symlink("../home", root.join(".github")).unwrap();
        symlink("../home/new", root.join("flake.nix")).unwrap();
        write_in(&root, &root.join("inside"), "new").unwrap();
        assert_eq!(fs_err::read_to_string(root.join("own/real")).unwrap(), "new");
        for name in [".envrc", ".github/workflows/ci.yml", ".github/.bashrc", "flake.nix"] {
            assert!(write_in(&root, &root.join(name), "new").is_err(), "{name}");
        }
        // A file of Larder's own replaces a link.
        write_own(&root.join(".envrc"), "own").unwrap();
        assert!(!root.join(".envrc").is_symlink());
        let error = write_own(&root.join(".github/own"), "own").unwrap_err();
        assert!(matches!(error, Error::Link { .. }), "{error}");
        assert_eq!(fs_err::read_to_string(home.join(".bashrc")).unwrap(), "mine");
        assert_eq!(fs_err::read_dir(&home).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (_dir, root) = folder();
        let (real, link) = (root.join("real"), root.join("link"));
        fs_err::write(&real, "one").unwrap();
        fs_err::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        write(&link, "two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs_err::read_to_string(&real).unwrap(), "two");
        assert_eq!(fs_err::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
