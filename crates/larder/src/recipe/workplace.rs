//! The folders below `target/larder/` in which cargo runs: each is held for as long as it does.
//!
//! A cargo whose working directory goes away cannot ask its compiler anything, and writes *that* down in the target
//! directory: from then on every build fails. So a lock on the whole tree keeps the care of caches out, a lock on each
//! folder keeps its files as they are, and if somebody else deleted the folder, such as `cargo clean`, the failure that
//! cargo wrote down goes too. It must never wait for a cargo while it holds a folder that the cargo could need.

use std::{collections::BTreeMap, fs::File};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{folder, placed};
use crate::{
    error::{Error, Result},
    files::{change, folder::Folder, read},
    slice::Slice,
    target_dir::{ANSWERS, LARDERS_LOCK, locks},
    workspace::Workspace,
};

/// The words of a compiler that has no working directory.
const NOWHERE: &str = "Current directory is invalid";
/// Far more than those answers take.
const LARGEST: u64 = 16 << 20;
/// How often a folder may be deleted or rewritten by others before it is ours.
const ATTEMPTS: usize = 1000;

/// A folder that stays where it is, with the files that it has, until this is dropped.
#[derive(Debug)]
pub struct Workplace {
    dir: Utf8PathBuf,
    /// The files in which cargo keeps the compiler's answers meanwhile.
    answers: Vec<Utf8PathBuf>,
    folder: Folder,
    _all: File,
}

impl Workplace {
    /// A folder with these files in it, shared with others who need the same.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn with(
        workspace: &Workspace,
        slice: &Slice,
        dir: Utf8PathBuf,
        files: &BTreeMap<Utf8PathBuf, String>,
    ) -> Result<Self> {
        let mut place = Self::open(workspace, slice, dir)?;
        for _ in 0..ATTEMPTS {
            place.lock(File::lock_shared);
            if place.is_there() && placed::has(&place.dir, files) {
                break;
            }
            place.lock(File::lock);
            if place.is_there() {
                placed::write(workspace, &place.dir, files)?;
            } else {
                place = Self::open(workspace, slice, place.dir.clone())?;
            }
        }
        Ok(place)
    }

    /// A folder for one run alone, which may change what is in it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn alone(workspace: &Workspace, slice: &Slice, dir: Utf8PathBuf) -> Result<Self> {
        let mut place = Self::open(workspace, slice, dir)?;
        for _ in 0..ATTEMPTS {
            place.lock(File::lock);
            if place.is_there() {
                break;
            }
            place = Self::open(workspace, slice, place.dir.clone())?;
        }
        Ok(place)
    }

    /// Makes a folder and holds what it is in.
    fn open(workspace: &Workspace, slice: &Slice, dir: Utf8PathBuf) -> Result<Self> {
        let root = workspace.root();
        let target = root.join("target");
        dir.ancestors().take_while(|folder| *folder != root).try_for_each(change::refuse_link)?;
        let mut attempts = 0..ATTEMPTS;
        let (all, folder) = loop {
            let opened = folder::make(workspace).and_then(|()| hold(&target.join(LARDERS_LOCK), &dir));
            match opened {
                Ok(opened) => break opened,
                // Somebody deletes the whole of it right now.
                Err(error) if attempts.next().is_none() || !is_missing(&error) => return Err(error),
                Err(_) => {}
            }
        };
        let target_dir = slice.target_dir.resolve(workspace);
        let answers = vec![workspace.build_directory(&target_dir), target_dir, target];
        let place = Self { dir, answers, folder, _all: all };
        place.heal();
        Ok(place)
    }

    /// Its path.
    pub fn dir(&self) -> &Utf8Path {
        &self.dir
    }

    /// If folders cannot be locked, nobody else can lock this one either.
    fn lock(&self, lock: fn(&File) -> std::io::Result<()>) {
        let _ = self.folder.file().unlock();
        let _ = lock(self.folder.file());
    }

    /// Whether the folder is still the one that was opened.
    fn is_there(&self) -> bool {
        self.folder.is_at(&self.dir)
    }

    /// Deletes answers of a compiler that had no working directory: cargo asks again.
    fn heal(&self) {
        let files = self.answers.iter().flat_map(|folder| ANSWERS.map(|name| folder.join(name)));
        for file in files.filter(|file| !file.is_symlink()) {
            let text = read::read_small(file.as_std_path(), LARGEST).unwrap_or_default();
            if String::from_utf8_lossy(&text).contains(NOWHERE) {
                let _ = fs_err::remove_file(file);
            }
        }
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if !self.is_there() {
            self.heal();
        }
    }
}

/// Opens a folder, and the lock of what it is in.
fn hold(lock: &Utf8Path, dir: &Utf8Path) -> Result<(File, Folder)> {
    change::refuse_link(lock)?;
    let lock = locks::open(lock.as_std_path())?.into_file();
    let _ = lock.lock_shared();
    fs_err::create_dir_all(dir)?;
    Ok((lock, Folder::open(dir)?))
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == std::io::ErrorKind::NotFound)
}
