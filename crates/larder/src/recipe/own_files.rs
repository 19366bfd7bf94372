//! The files in `larder/` that are Larder's own. Whatever else lies there is the user's and stays.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{attributes, expand, lock_file::LockFile};
use crate::{
    error::Result,
    files::{change, read},
    git::Git,
    project::Project,
    workspace::Workspace,
};

/// Git tracks the files, whatever it ignores elsewhere.
const TRACKED: &str = "!*\n";

/// The text of each file.
///
/// # Errors
/// If one in which the user may have lines cannot be read.
fn texts(workspace: &Workspace, file: &LockFile) -> Result<[(Utf8PathBuf, String); 3]> {
    let dir = workspace.larder_dir();
    let attributes = dir.join(".gitattributes");
    let completed = attributes::completed(&lines_of_users(&attributes)?);
    Ok([
        (attributes, completed),
        (dir.join("expand.awk"), expand::PROGRAM.to_owned()),
        // The last one: the others mean nothing without it.
        (LockFile::path(&dir), file.text()),
    ])
}

/// The text of a file that may have lines of the user's; git reads none through a link, and no line is without UTF-8.
fn lines_of_users(path: &Utf8Path) -> Result<String> {
    if path.is_symlink() || !path.is_file() {
        return Ok(String::new());
    }
    Ok(String::from_utf8(read::bytes(path)?).unwrap_or_default())
}

/// The first file that is not as it should be.
///
/// # Errors
/// If one cannot be read.
pub(super) fn first_wrong(workspace: &Workspace, file: &LockFile) -> Result<Option<Utf8PathBuf>> {
    for (path, wanted) in texts(workspace, file)? {
        let found = if path.is_file() { Some(read::bytes(&path)?) } else { None };
        if found.as_deref() != Some(wanted.as_bytes()) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Writes what is not there yet, each file as a whole.
///
/// # Errors
/// If one cannot be written.
pub(super) fn write(project: &Project, file: &LockFile) -> Result<()> {
    let workspace = &project.workspace;
    fs_err::create_dir_all(workspace.larder_dir())?;
    sweep(&workspace.larder_dir())?;
    for (path, text) in texts(workspace, file)? {
        if !path.is_file() || !read::bytes(&path).is_ok_and(|found| found == text.as_bytes()) {
            change::write_own(&path, &text)?;
        }
    }
    track(project, &workspace.larder_dir())
}

/// Removes what a run that was killed has left behind.
fn sweep(dir: &Utf8Path) -> Result<()> {
    for entry in dir.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_name().starts_with(change::TEMPORARY) && entry.file_type()?.is_file() {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Has git track the files if a pattern such as `*.lock` hides them.
fn track(project: &Project, dir: &Utf8Path) -> Result<()> {
    let Ok(Some(git)) = Git::find(project.cargo.env(), project.workspace.root()) else { return Ok(()) };
    let paths = ["larder/.gitattributes", "larder/expand.awk", "larder/larder.lock"];
    let ignore = dir.join(".gitignore");
    if !git.ignored(&paths).is_empty() && !ignore.exists() {
        change::write_own(&ignore, TRACKED)?;
    }
    Ok(())
}
