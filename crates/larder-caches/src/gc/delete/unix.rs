//! Every step goes through an open folder, so that a name that becomes another thing meanwhile is at worst a failure.
//!
//! It must never look a name up by more than one step.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Component, Path, PathBuf},
};

use larder::{
    error::Result,
    files::disk::{EntryKind, FileFacts},
};
use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags, fstat, openat, renameat, statat, unlinkat},
    io::Errno,
};

use super::outcome::{Deleted, Failure, Left};

/// A folder that entries are deleted from.
#[derive(Debug)]
pub struct Deleter {
    root: PathBuf,
    folder: OwnedFd,
    device: u64,
    failures: Vec<Failure>,
    /// How many folders are open below each other.
    depth: usize,
    /// A folder in an open one that is too deep.
    too_deep: Option<(OwnedFd, OsString)>,
    /// How many were moved.
    moved: usize,
}

/// Folders below each other that are open at once; each takes room on the stack and a descriptor.
const DEEPEST: usize = 64;

impl Deleter {
    /// Opens the folder, which must not be a symlink.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(root: &Path) -> Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(root, flags, Mode::empty()).map_err(|errno| with_path(root, errno))?;
        let device = fstat(&folder).map_err(|errno| with_path(root, errno))?.st_dev;
        let failures = Vec::new();
        Ok(Self { root: root.to_owned(), folder, device, failures, depth: 0, too_deep: None, moved: 0 })
    }

    /// Deletes a file or a whole folder by its path relative to the root.
    pub fn remove(&mut self, path: &Path) -> Deleted {
        let mut deleted = Deleted { bytes: 0, left: Left::Nothing };
        match self.parent_of(path) {
            Ok(Some((parent, name))) => {
                self.entry(parent.as_fd(), &name, path, &mut deleted);
                self.deep(parent.as_fd(), &name, path, &mut deleted);
            }
            Ok(None) => {}
            Err(errno) => self.fail(path, errno, &mut deleted),
        }
        deleted
    }

    /// The failed deletions so far.
    pub fn into_failures(self) -> Vec<Failure> {
        self.failures
    }

    /// Opens the folder that holds an entry, one component at a time; `None` if it is not there.
    fn parent_of(&self, path: &Path) -> Result<Option<(OwnedFd, OsString)>, Errno> {
        let mut names = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => names.push(name),
                _ => return Err(Errno::INVAL),
            }
        }
        let name = names.pop().ok_or(Errno::INVAL)?.to_owned();
        let mut folder = self.folder.try_clone().map_err(|_| Errno::MFILE)?;
        for name in names {
            folder = match self.enter(folder.as_fd(), name) {
                Ok(folder) => folder,
                Err(Errno::NOENT) => return Ok(None),
                Err(errno) => return Err(errno),
            };
        }
        Ok(Some((folder, name)))
    }

    /// Opens a folder in a folder, on the same mount and not through a symlink.
    fn enter(&self, parent: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::ResolveFlags;
            // Finds mounts of the same device too, which a comparison of devices does not.
            let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
            match rustix::fs::openat2(parent, name, flags, Mode::empty(), resolve) {
                Err(Errno::NOSYS | Errno::PERM) => {}
                answer => return answer,
            }
        }
        let folder = openat(parent, name, flags, Mode::empty())?;
        if fstat(&folder)?.st_dev == self.device { Ok(folder) } else { Err(Errno::XDEV) }
    }

    fn entry(&mut self, parent: BorrowedFd<'_>, name: &OsStr, path: &Path, deleted: &mut Deleted) {
        let facts = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => FileFacts::from(stat),
            Err(Errno::NOENT) => return,
            Err(errno) => return self.fail(path, errno, deleted),
        };
        let is_folder = facts.kind == EntryKind::Folder;
        if is_folder && self.content(parent, name, path, deleted) == Left::Something {
            return;
        }
        let flags = if is_folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        match unlinkat(parent, name, flags) {
            Ok(()) if facts.links == 1 => deleted.bytes += facts.size.on_disk,
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => self.fail(path, errno, deleted),
        }
    }

    /// Deletes what was too deep: it is moved up into the folder that goes anyway, and there it is deep no more.
    fn deep(&mut self, parent: BorrowedFd<'_>, name: &OsStr, path: &Path, deleted: &mut Deleted) {
        while let Some((folder, inner)) = self.too_deep.take() {
            let moved = format!(".larder-deep-{}", self.moved);
            self.moved += 1;
            let top = self.enter(parent, name);
            if let Err(errno) = top.and_then(|top| renameat(&folder, &inner, &top, &moved)) {
                return self.fail(path, errno, deleted);
            }
            self.entry(parent, name, path, deleted);
        }
    }

    /// Deletes what is in a folder.
    fn content(&mut self, parent: BorrowedFd<'_>, name: &OsStr, path: &Path, deleted: &mut Deleted) -> Left {
        let listed = self.enter(parent, name).and_then(|folder| Ok((names_in(&folder)?, folder)));
        let (names, folder) = match listed {
            Ok(listed) => listed,
            Err(Errno::NOENT) => return Left::Nothing,
            Err(errno) => {
                self.fail(path, errno, deleted);
                return Left::Something;
            }
        };
        let before = self.failures.len();
        self.depth += 1;
        for inner in names {
            if self.depth >= DEEPEST && is_folder(folder.as_fd(), &inner) {
                // One of them is enough: the others come when it is gone.
                self.too_deep = folder.try_clone().ok().map(|folder| (folder, inner));
                break;
            }
            self.entry(folder.as_fd(), &inner, &path.join(&inner), deleted);
            if self.too_deep.is_some() {
                break;
            }
        }
        self.depth -= 1;
        let is_done = self.failures.len() == before && self.too_deep.is_none();
        if is_done { Left::Nothing } else { Left::Something }
    }

    fn fail(&mut self, path: &Path, errno: Errno, deleted: &mut Deleted) {
        deleted.left = Left::Something;
        let reason = match errno {
            Errno::XDEV => "it is on another mount, and mounts are not crossed".to_owned(),
            Errno::LOOP | Errno::NOTDIR => "a symlink or file is in the way, and none is followed".to_owned(),
            other => io::Error::from(other).to_string(),
        };
        self.failures.push(Failure { path: self.root.join(path), reason });
    }
}

fn with_path(path: &Path, errno: Errno) -> io::Error {
    io::Error::new(errno.kind(), format!("{}: {errno}", path.display()))
}

fn is_folder(parent: BorrowedFd<'_>, name: &OsStr) -> bool {
    let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| FileFacts::from(stat).kind == EntryKind::Folder)
}

/// The names in a folder, read before any of them is deleted.
fn names_in(folder: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::measure::DeletionTally;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, vec![b'x'; 10_000]).unwrap();
        }
        folder
    }

    #[test]
    fn what_is_named_goes_and_the_rest_stays() {
        let folder = folder(&["a/b/c", "a/d", "e"]);
        let mut deleter = Deleter::open(folder.path()).unwrap();
        let deleted = deleter.remove(Path::new("a/b"));
        assert_eq!((deleted.left, deleted.bytes >= 10_000), (Left::Nothing, true));
        assert!(!folder.path().join("a/b").exists() && folder.path().join("a/d").exists());
        let again = Deleted { bytes: 0, left: Left::Nothing };
        assert_eq!(deleter.remove(Path::new("a/b")), again);
        assert_eq!(deleter.remove(Path::new("no/such/entry")), again);
        assert!(deleter.into_failures().is_empty());
    }

    #[test]
    fn symlinks_go_and_what_they_point_to_stays() {
        let outside = folder(&["precious/file"]);
        let folder = folder(&["a/file"]);
        std::os::unix::fs::symlink(outside.path().join("precious"), folder.path().join("a/link")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("way")).unwrap();
        let mut deleter = Deleter::open(folder.path()).unwrap();
        assert_eq!(deleter.remove(Path::new("a")).left, Left::Nothing);
        assert_eq!(deleter.remove(Path::new("way/precious")).left, Left::Something);
        assert!(outside.path().join("precious/file").exists() && !folder.path().join("a").exists());
        let failures = deleter.into_failures();
        assert_eq!(failures[0].reason, "a symlink or file is in the way, and none is followed");
    }

    /// Each step is taken from an open folder: no path is as long as this.
    #[test]
    fn folders_go_however_deep_they_are() {
        let folder = folder(&["a/file", "stays"]);
        for (name, depth) in [("one", 1500), ("other", 200)] {
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
            let mut inner = rustix::fs::open(folder.path().join("a"), flags, Mode::empty()).unwrap();
            for _ in 0..depth {
                rustix::fs::mkdirat(&inner, name, Mode::RWXU).unwrap();
                inner = openat(&inner, name, flags, Mode::empty()).unwrap();
            }
            let file = openat(&inner, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
            io::Write::write_all(&mut std::fs::File::from(file), &[b'x'; 10_000]).unwrap();
        }
        let planned = DeletionTally::default().add(&folder.path().join("a"));
        let mut deleter = Deleter::open(folder.path()).unwrap();
        let deleted = deleter.remove(Path::new("a"));
        assert_eq!(deleted.left, Left::Nothing, "{:?}", deleter.into_failures());
        assert_eq!(deleted.bytes, planned);
        assert!(!folder.path().join("a").exists() && folder.path().join("stays").exists());
    }

    #[test]
    fn no_path_leads_out() {
        let folder = folder(&["in/a", "out"]);
        let mut deleter = Deleter::open(&folder.path().join("in")).unwrap();
        for path in ["../out", "/etc/hostname", "", "."] {
            assert_eq!(deleter.remove(Path::new(path)).left, Left::Something, "{path}");
        }
        assert!(folder.path().join("out").exists());
    }

    #[test]
    fn a_file_with_another_link_gives_no_space() {
        let folder = folder(&["a"]);
        fs_err::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
        let mut deleter = Deleter::open(folder.path()).unwrap();
        assert_eq!(deleter.remove(Path::new("a")).bytes, 0);
        assert!(deleter.remove(Path::new("b")).bytes >= 10_000);
    }
}
