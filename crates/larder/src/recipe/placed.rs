//! The files of a recipe in their folder.

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::folder;
use crate::{
    error::Result,
    files::{change, read},
    workspace::Workspace,
};

/// Writes files into a folder in which cargo runs; what else lies there stays.
pub(super) fn write(
    workspace: &Workspace,
    dir: &Utf8Path,
    files: &BTreeMap<Utf8PathBuf, String>,
) -> Result<()> {
    let root = workspace.root();
    dir.ancestors().take_while(|folder| *folder != root).try_for_each(change::refuse_link)?;
    folder::make(workspace)?;
    put(dir, files)?;
    // A script that an earlier recipe had in this place, and that cargo would find by itself.
    if has_other_script(dir, files) {
        fs_err::remove_file(dir.join("build.rs"))?;
    }
    Ok(())
}

/// Whether a folder has these files, as cargo sees them.
pub(super) fn has(dir: &Utf8Path, files: &BTreeMap<Utf8PathBuf, String>) -> bool {
    files.iter().all(|(path, text)| is_written(&dir.join(path), text)) && !has_other_script(dir, files)
}

fn has_other_script(dir: &Utf8Path, files: &BTreeMap<Utf8PathBuf, String>) -> bool {
    !files.contains_key(Utf8Path::new("build.rs")) && dir.join("build.rs").exists()
}

fn is_written(path: &Utf8Path, text: &str) -> bool {
    read::text(path).is_ok_and(|found| found == *text)
}

/// Writes files into a folder.
///
/// # Errors
/// If it cannot be written.
pub fn put(dir: &Utf8Path, files: &BTreeMap<Utf8PathBuf, String>) -> Result<()> {
    for (path, text) in files {
        let path = dir.join(path);
        if is_written(&path, text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        change::write_own(&path, text)?;
    }
    Ok(())
}
