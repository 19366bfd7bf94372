//! The files in `larder/` that are Larder's own. Whatever else lies there is the user's and stays.

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    attributes, expand,
    lock_file::{LockFile, OWN_FILES},
};
use crate::{
    error::{Error, Result},
    files::{change, read, temporary},
    git::Git,
    hash::content_digest,
    project::Project,
    workspace::{RECIPES, Workspace},
};

/// The first words of every version of the program that expands recipes.
const PROGRAM: &str = "# Makes plain cargo of larder.lock";
/// Git tracks the files, whatever it ignores elsewhere.
const TRACKED: &str = "!*\n";
/// So much of a line of the table is shown in an error.
const LONGEST_SHOWN: usize = 120;

/// The text of each file.
///
/// # Errors
/// If one in which the user may have lines cannot be read.
fn texts(workspace: &Workspace, file: &LockFile) -> Result<[(Utf8PathBuf, Vec<u8>); 3]> {
    let dir = workspace.larder_dir();
    let attributes = dir.join(".gitattributes");
    let completed = attributes::completed(&lines_of_users(&attributes)?);
    Ok([
        (attributes, completed),
        (dir.join("expand.awk"), expand::PROGRAM.into()),
        // The last one: the others mean nothing without it.
        (LockFile::path(&dir), file.text().into_bytes()),
    ])
}

/// The text of a file that may have lines of the user's; git reads none through a link. Paths in it may be any bytes.
fn lines_of_users(path: &Utf8Path) -> Result<Vec<u8>> {
    if path.is_symlink() || !path.is_file() { Ok(Vec::new()) } else { Ok(read::bytes(path)?) }
}

/// The first file that is not as it should be.
///
/// # Errors
/// If one cannot be read.
pub(super) fn first_wrong(workspace: &Workspace, file: &LockFile) -> Result<Option<Utf8PathBuf>> {
    for (path, wanted) in texts(workspace, file)? {
        let found = if path.is_file() { Some(read::bytes(&path)?) } else { None };
        if found.as_ref() != Some(&wanted) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The digest of each file as it should be.
///
/// # Errors
/// If one in which the user may have lines cannot be read.
pub(super) fn digests(workspace: &Workspace, file: &LockFile) -> Result<BTreeMap<Utf8PathBuf, String>> {
    Ok(texts(workspace, file)?.into_iter().map(|(path, text)| (path, content_digest(&text))).collect())
}

/// Writes what is not there yet, each file as a whole.
///
/// # Errors
/// [`Error::Unwritable`] if the table would not be read again as these recipes; if a file cannot be written.
pub(super) fn write(project: &Project, file: &LockFile) -> Result<()> {
    let workspace = &project.workspace;
    check(&LockFile::path(&workspace.larder_dir()), file)?;
    fs_err::create_dir_all(workspace.larder_dir())?;
    temporary::sweep(&workspace.larder_dir());
    for (path, text) in texts(workspace, file)? {
        if !path.is_file() || !read::bytes(&path).is_ok_and(|found| found == text) {
            change::write_own(&path, &text)?;
        }
    }
    track(project, &workspace.larder_dir())
}

/// Refuses recipes that nobody could read again, before anything is written.
///
/// # Errors
/// [`Error::Unwritable`].
pub(super) fn check(path: &Utf8Path, file: &LockFile) -> Result<()> {
    let text = file.text();
    match LockFile::parse(path, text.as_bytes()) {
        Ok(_) => Ok(()),
        Err(Error::Table { line, reason, .. }) => {
            let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            let start: String = line.chars().take(LONGEST_SHOWN).collect();
            Err(Error::Unwritable { path: path.into(), reason: format!("{reason}: {start}") })
        }
        Err(error) => Err(error),
    }
}

/// Refuses a program of the user's in the place of Larder's. Beside a table it is Larder's, whatever somebody did to it.
///
/// # Errors
/// [`Error::Settings`].
pub(super) fn refuse_foreign(dir: &Utf8Path) -> Result<()> {
    let path = dir.join("expand.awk");
    if LockFile::path(dir).is_file() || !path.is_file() {
        return Ok(());
    }
    let text = read::bytes(&path)?;
    if text.is_empty() || text.starts_with(PROGRAM.as_bytes()) {
        return Ok(());
    }
    let reason = "this file is not Larder's, and the program that expands recipes would take its place";
    Err(Error::Settings { path: path.into(), reason: reason.into() })
}

/// Has git track the files if a pattern such as `*.lock` or `.*` hides one of them.
fn track(project: &Project, dir: &Utf8Path) -> Result<()> {
    let Ok(Some(git)) = Git::find(project.cargo.env(), project.workspace.root()) else { return Ok(()) };
    let paths = OWN_FILES.map(|name| format!("{RECIPES}/{name}"));
    let ignore = dir.join(".gitignore");
    // A link of the user's is theirs, wherever it leads.
    if !git.ignored(&paths.each_ref().map(String::as_str)).is_empty() && ignore.symlink_metadata().is_err() {
        change::write_own(&ignore, TRACKED)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_users_is_not_replaced() {
        let scratch = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(scratch.path()).unwrap();
        refuse_foreign(dir).unwrap();
        for (text, is_refused) in [
            ("{ print }\n", true),
            ("", false),
            (expand::PROGRAM, false),
            ("# Makes plain cargo of larder.lock, as another version says it\n", false),
        ] {
            fs_err::write(dir.join("expand.awk"), text).unwrap();
            let refused = refuse_foreign(dir).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), is_refused, "{text}");
            assert!(refused.is_none_or(|error| error.contains("expand.awk: ")), "{text}");
        }
        fs_err::write(dir.join("expand.awk"), "{ print }\n").unwrap();
        fs_err::write(LockFile::path(dir), "").unwrap();
        refuse_foreign(dir).unwrap();
    }
}
