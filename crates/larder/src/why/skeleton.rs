//! A skeleton of a build directory: everything that cargo looks at to tell whether a unit is fresh, and nothing
//! else. A file that cargo reads is copied, one that it only asks for a time is an empty file with that time.
//!
//! cargo marks a unit as unfinished in the very step that finds it dirty, so the question "what would be
//! compiled" must never be put to the real folder. Nothing in a skeleton leads back to it: no link of any kind.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::recorded::RecordedUnits;
use crate::{
    error::{Error, Result},
    files::{disk, scratch::Scratch},
    shim::pretend,
    target_dir::{
        LOCKS,
        layout::{BUILD, DEPS, FINGERPRINTS, profile_folders},
    },
};

/// Files with content that cargo reads, apart from those beside fingerprints: what build scripts printed.
const READ: [&str; 5] = ["output", "stdout", "stderr", "root-output", "invoked.timestamp"];
/// The folders of a profile that hold units and their output.
const FOLDERS: [&str; 4] = [FINGERPRINTS, BUILD, DEPS, "examples"];

/// The basis of a skeleton, in memory: cheap enough to take before every build, in case it compiles something.
#[derive(Debug)]
pub struct Snapshot {
    real: PathBuf,
    files: Vec<Kept>,
}

/// A file of a build directory.
#[derive(Debug)]
struct Kept {
    /// Below the build directory.
    path: PathBuf,
    modified: SystemTime,
    content: SkeletonContent,
}

#[derive(Debug)]
enum SkeletonContent {
    Read(Vec<u8>),
    /// Only its time matters.
    Nothing,
    /// cargo may run it.
    BuildScript,
}

impl Snapshot {
    /// Reads a build directory, which need not exist; `profile` is the name of the folder of the one profile that
    /// matters, if that is known.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn take(build_dir: &Path, profile: Option<&str>) -> Result<Self> {
        let mut snapshot = Self { real: build_dir.to_owned(), files: Vec::new() };
        for folder in profile_folders(build_dir) {
            if profile.is_some_and(|profile| !folder.ends_with(profile)) {
                continue;
            }
            for kind in FOLDERS.map(|kind| folder.join(kind)).iter().filter(|kind| kind.is_dir()) {
                snapshot.add(kind)?;
            }
        }
        Ok(snapshot)
    }

    /// Whether a build is going on in the directory, by the locks that cargo holds meanwhile.
    pub fn is_in_use(&self) -> bool {
        let locks =
            profile_folders(&self.real).into_iter().flat_map(|folder| LOCKS.map(|lock| folder.join(lock)));
        locks.filter_map(|lock| fs_err::File::open(lock).ok()).any(|lock| {
            // The lock is let go at once, with the file.
            matches!(lock.file().try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
        })
    }

    fn add(&mut self, folder: &Path) -> Result<()> {
        let is_fingerprint = folder.parent().is_some_and(|parent| parent.ends_with(FINGERPRINTS))
            || folder.ends_with("fingerprint");
        // Compilers make folders for a moment; what goes away meanwhile is not there.
        let Some(entries) = unless_gone(fs_err::read_dir(folder))? else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if unless_gone(entry.file_type())?.is_some_and(|kind| kind.is_dir()) {
                self.add(&path)?;
                continue;
            }
            // Lists of sources are the compiler's, cargo has its own beside the fingerprint; the rest is the linker's.
            let is_of_compiler =
                ["d", "o", "dwo"].iter().any(|no| path.extension().is_some_and(|kind| kind == *no));
            let (false, Ok(metadata)) = (is_of_compiler && !is_fingerprint, fs_err::metadata(&path)) else {
                continue;
            };
            let name = entry.file_name();
            let is_read = is_fingerprint || READ.iter().any(|read| name == *read);
            let content = if is_read && metadata.is_file() {
                let Some(content) = unless_gone(disk::read_untouched(&path))? else { continue };
                SkeletonContent::Read(content)
            } else if pretend::is_build_script(&name.to_string_lossy()) {
                SkeletonContent::BuildScript
            } else {
                SkeletonContent::Nothing
            };
            let path = path.strip_prefix(&self.real).unwrap_or(&path).to_owned();
            self.files.push(Kept { path, modified: metadata.modified()?, content });
        }
        Ok(())
    }
}

/// `None` for what is there no longer.
fn unless_gone<T>(found: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// A skeleton in a temporary folder; gone when dropped.
#[derive(Debug)]
pub struct Skeleton {
    dir: Scratch,
    real: PathBuf,
    before: RecordedUnits,
}

impl Skeleton {
    /// Writes a skeleton.
    ///
    /// # Errors
    /// When a file cannot be written, or the temporary folder cannot keep its time.
    pub fn write(snapshot: &Snapshot) -> Result<Self> {
        let dir = Scratch::new()?;
        keeps_times(dir.path())?;
        let mut last: Option<&Path> = None;
        for Kept { path, modified, content } in &snapshot.files {
            let folder = path.parent();
            if folder != last {
                fs_err::create_dir_all(dir.path().join(folder.unwrap_or(Path::new(""))))?;
                last = folder;
            }
            let path = dir.path().join(path);
            let file = match content {
                SkeletonContent::BuildScript => pretend::build_script(&path)?,
                SkeletonContent::Read(_) | SkeletonContent::Nothing => {
                    fs_err::File::create(&path)?.into_file()
                }
            };
            if let SkeletonContent::Read(content) = content {
                (&file).write_all(content)?;
            }
            file.set_modified(*modified)?;
        }
        let before = RecordedUnits::read(dir.path(), &profile_folders(dir.path()))?;
        Ok(Self { dir, real: snapshot.real.clone(), before })
    }

    /// The skeleton's folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The build directory it was taken of.
    pub fn real(&self) -> &Path {
        &self.real
    }

    /// The units of the build directory when the snapshot was taken.
    pub(super) fn before(&self) -> &RecordedUnits {
        &self.before
    }

    /// The path in the build directory that a path in the skeleton stands for.
    pub(super) fn real_path(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.path()).map_or_else(|_| path.to_owned(), |name| self.real.join(name))
    }
}

/// cargo compares times to the nanosecond; a file system that rounds them would make everything look changed.
fn keeps_times(folder: &Path) -> Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    let file = tempfile::tempfile_in(folder)?;
    file.set_modified(time)?;
    if file.metadata()?.modified()? == time {
        return Ok(());
    }
    let reason = format!("{} is on a file system that does not keep exact times", folder.display());
    Err(Error::Io(std::io::Error::other(reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_copied_and_the_rest_is_empty_and_all_times_are_kept() {
        let real = tempfile::tempdir().unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
        let files = [
            ("debug/.fingerprint/a-1/lib-a", "hash"),
            ("debug/build/a-1/output", "cargo:x"),
            ("debug/deps/liba-1.rlib", ""),
            ("t/release/build/a/1/fingerprint/lib-a", "hash"),
            ("t/release/build/a/1/out/liba.rlib", ""),
        ];
        for (name, content) in files {
            let path = real.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(&path, if content.is_empty() { "code" } else { content }).unwrap();
            fs_err::File::open(&path).unwrap().file().set_modified(time).unwrap();
        }
        fs_err::create_dir_all(real.path().join("debug/incremental/a")).unwrap();
        let skeleton = Skeleton::write(&Snapshot::take(real.path(), None).unwrap()).unwrap();
        for (name, content) in files {
            let path = skeleton.path().join(name);
            assert_eq!(fs_err::read_to_string(&path).unwrap(), content, "{name}");
            assert_eq!(fs_err::metadata(&path).unwrap().modified().unwrap(), time, "{name}");
        }
        assert!(!skeleton.path().join("debug/incremental").exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_gone_or_no_file_stops_nothing() {
        let real = tempfile::tempdir().unwrap();
        let out = real.path().join("debug/build/a-1/out");
        fs_err::create_dir_all(&out).unwrap();
        // A build script's own folder may hold anything, under cargo's names as well.
        std::os::unix::fs::symlink("..", out.join("output")).unwrap();
        let mut snapshot = Snapshot::take(real.path(), None).unwrap();
        assert_eq!(snapshot.files.len(), 1);
        snapshot.add(&real.path().join("debug/deps/rmeta-gone")).unwrap();
    }
}
