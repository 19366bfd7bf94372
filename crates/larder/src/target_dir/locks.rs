//! cargo's own locks on a target folder, all of them, so that nothing is deleted beside a running build.
//!
//! cargo locks each `<profile>` and `<triple>/<profile>` folder by itself: up to 1.96 `.cargo-lock` exclusively,
//! since then `.cargo-build-lock` and `.cargo-artifact-lock` exclusively and `.cargo-lock` shared. Holding every
//! one of these exclusively keeps every cargo out. They are taken without waiting in line, all or none, so that
//! no two holders can wait for each other.
//!
//! A lock that cannot be held at all, such as another user's that may not even be read, guards its own folder: nothing
//! may be deleted from there, and the rest can be.

use std::{
    fs::TryLockError,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{FINGERPRINTS, LARDERS_LOCK, LOCKS};
use crate::{
    Report,
    error::{Error, Result},
};

/// Lock files lie no deeper than this: `front/<triple>/<profile>`, and one more for a folder of a tool's own.
const DEPTH: usize = 4;

/// The lock that every cargo takes in the folder of a profile.
const EVERY: &str = ".cargo-lock";

/// All locks of a target folder; released when dropped.
#[derive(Debug, Default)]
pub struct Locks {
    files: Vec<fs_err::File>,
    unheld: Vec<UnheldLock>,
}

/// A lock that this process cannot hold, whoever else does.
#[derive(Debug)]
pub struct UnheldLock {
    /// The lock file.
    pub path: PathBuf,
    /// Why.
    pub reason: io::Error,
}

impl Locks {
    /// The locks that are not among them: their folders may be in use.
    pub fn unheld(&self) -> &[UnheldLock] {
        &self.unheld
    }

    fn complete(mut self) -> Result<Self> {
        self.unheld.pop().map_or(Ok(self), |unheld| Err(unheld.reason.into()))
    }
}

/// Takes all locks of a folder; if cargo holds one, tries again for as long as `patience`. Those that cannot be held are
/// [named](Locks::unheld).
///
/// # Errors
/// [`Error::InUse`] if a build still holds one then, and if the folder cannot be read.
pub fn take(folder: &Path, patience: Duration, report: &dyn Report) -> Result<Locks> {
    take_some(|| lock_files(folder), patience, report)
}

/// Takes the locks of some profile folders alone, which are there, so that builds of other profiles go on.
///
/// # Errors
/// As [`take_all`].
pub fn take_profiles(folders: &[PathBuf], patience: Duration, report: &dyn Report) -> Result<Locks> {
    let locks = |folder: &PathBuf| LOCKS.map(|name| folder.join(name));
    let is_taken = |path: &PathBuf| path.ends_with(EVERY) || path.exists();
    take_all(|| Ok(folders.iter().flat_map(locks).filter(is_taken).collect()), patience, report)
}

/// The same for any lock files, listed anew at each attempt.
///
/// # Errors
/// [`Error::InUse`], and if they cannot be listed or one cannot be held at all.
pub fn take_all(
    list: impl Fn() -> Result<Vec<PathBuf>>,
    patience: Duration,
    report: &dyn Report,
) -> Result<Locks> {
    take_some(list, patience, report)?.complete()
}

fn take_some(
    list: impl Fn() -> Result<Vec<PathBuf>>,
    patience: Duration,
    report: &dyn Report,
) -> Result<Locks> {
    let start = Instant::now();
    let mut said = false;
    loop {
        match attempt(&list()?) {
            Ok(locks) => return Ok(locks),
            Err(held) if start.elapsed() >= patience => return Err(Error::InUse { path: held }),
            Err(held) => {
                if !std::mem::replace(&mut said, true) {
                    report.step("Waiting", &format!("for the build that locked {}", held.display()));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

/// The first of some lock files that another process holds; those that do not exist are held by nobody.
pub fn held(paths: &[PathBuf]) -> Option<PathBuf> {
    let existing: Vec<PathBuf> = paths.iter().filter(|path| path.exists()).cloned().collect();
    attempt(&existing).err()
}

/// All locks, or the path of one that another process holds.
fn attempt(paths: &[PathBuf]) -> std::result::Result<Locks, PathBuf> {
    let mut locks = Locks::default();
    for path in paths {
        let tried = open(path).map(|file| (file.file().try_lock(), file));
        let reason = match tried {
            Ok((Ok(()), file)) => {
                locks.files.push(file);
                continue;
            }
            Ok((Err(TryLockError::WouldBlock), _)) => return Err(path.clone()),
            Ok((Err(TryLockError::Error(error)), _)) => {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            }
            Err(error) => error,
        };
        locks.unheld.push(UnheldLock { path: path.clone(), reason });
    }
    Ok(locks)
}

/// Opens a lock file, making it if it is not there. One that may only be read, such as another user's, can be locked all
/// the same.
pub(crate) fn open(path: &Path) -> io::Result<fs_err::File> {
    let mut options = fs_err::OpenOptions::new();
    match options.read(true).write(true).create(true).truncate(false).open(path) {
        // Opening anything else might wait.
        Err(_) if path.is_file() => fs_err::File::open(path),
        opened => opened,
    }
}

/// Every lock file of a target folder. A folder with units that has none, left by a very old cargo or a copy,
/// gets `.cargo-lock`, which every cargo takes.
///
/// # Errors
/// If the folder cannot be read.
pub fn lock_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let before = found.len();
        found.extend(LOCKS.iter().map(|name| folder.join(name)).filter(|path| path.exists()));
        let has_units = [FINGERPRINTS, "incremental"].iter().any(|name| folder.join(name).is_dir());
        if has_units && found.len() == before {
            found.push(folder.join(EVERY));
        }
        // The root may have one too, for documentation.
        let is_locked_by_itself = depth > 0 && found.len() > before;
        if is_locked_by_itself || depth == DEPTH {
            continue;
        }
        let entries = match fs_err::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(error.into()),
            // No build can use what is in it, and nothing in it can be deleted.
            Err(_) => continue,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push((entry.path(), depth + 1));
            }
        }
    }
    // A run that works on recipes takes this lock, be it the first to do so.
    let larder = root.join("larder");
    if larder.symlink_metadata().is_ok_and(|facts| facts.is_dir()) && !root.join(LARDERS_LOCK).is_symlink() {
        found.push(root.join(LARDERS_LOCK));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;

    #[test]
    fn a_held_lock_is_named_and_a_free_one_is_taken() {
        let target = tempfile::tempdir().unwrap();
        let release = target.path().join("wasm32-unknown-unknown/release");
        fs_err::create_dir_all(release.join(".fingerprint")).unwrap();
        fs_err::create_dir_all(target.path().join("debug/incremental")).unwrap();
        fs_err::write(release.join(".cargo-build-lock"), "").unwrap();
        let locks = take(target.path(), Duration::ZERO, &Silent).unwrap();
        assert!(target.path().join("debug/.cargo-lock").exists());
        let error = take(target.path(), Duration::from_millis(60), &Silent).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "{error}");
        drop(locks);
        take(target.path(), Duration::ZERO, &Silent).unwrap();
    }

    /// A link to itself can be opened by nobody, not even root.
    #[cfg(unix)]
    #[test]
    fn a_lock_that_cannot_be_held_is_named_and_the_others_are_taken() {
        let target = tempfile::tempdir().unwrap();
        let (debug, release) = (target.path().join("debug"), target.path().join("release"));
        for folder in [&debug, &release] {
            fs_err::create_dir_all(folder.join(".fingerprint")).unwrap();
        }
        std::os::unix::fs::symlink(".cargo-lock", release.join(".cargo-lock")).unwrap();
        let locks = take(target.path(), Duration::ZERO, &Silent).unwrap();
        let unheld: Vec<&Path> = locks.unheld().iter().map(|lock| lock.path.as_path()).collect();
        assert_eq!(unheld, [release.join(".cargo-lock")]);
        assert_eq!(held(&[debug.join(".cargo-lock")]), Some(debug.join(".cargo-lock")));
        let both = [debug, release];
        assert!(take_profiles(&both, Duration::ZERO, &Silent).is_err());
        drop(locks);
        let error = take_profiles(&both, Duration::ZERO, &Silent).unwrap_err();
        assert!(!matches!(error, Error::InUse { .. }), "{error}");
    }
}
