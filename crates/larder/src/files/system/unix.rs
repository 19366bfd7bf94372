//! Linux and macOS: folders are read through an open descriptor, so that no name in them is looked up by its whole path.
//!
//! Opening must never wait for somebody at the other end of a pipe.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, SystemTime},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use crate::files::facts::{EntryKind, FileFacts, FileId, Seen, Size, named};

const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);
/// A folder, and no link to one.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// The length of ways that are looked up in one step; with a name behind it, every system takes one.
const STEP: usize = 512;

/// The state of a path.
pub(in crate::files) fn facts(path: &Path) -> io::Result<FileFacts> {
    rustix::fs::lstat(path).map(FileFacts::from).map_err(|error| named(path, error))
}

/// Opens a file to read it.
pub(in crate::files) fn open(path: &Path) -> io::Result<File> {
    rustix::fs::open(path, READ, Mode::empty()).map(File::from).map_err(|error| named(path, error))
}

/// Opens a file to read it without a trace in its time of last access. Only its owner may ask for this, and only Linux
/// has it.
pub(in crate::files) fn open_untouched(path: &Path) -> Option<File> {
    #[cfg(target_os = "linux")]
    return rustix::fs::open(path, READ | OFlags::NOATIME, Mode::empty()).map(File::from).ok();
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// Hands on what is in a folder, unless it is on another device. Entries that vanish while being read are skipped: builds go on beside us.
///
/// The folder is held open, so that no name in it is looked up by its whole path, and nothing that takes the place
/// of a folder meanwhile, such as a link, is followed.
pub(in crate::files) fn list(folder: &Path, device: u64, mut each: impl FnMut(Seen<'_>)) -> io::Result<()> {
    let open = match rustix::fs::open(folder, FOLDER, Mode::empty()) {
        Ok(open) => open,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
        Err(error) => {
            // Its content is not known, but it takes room itself.
            each(Seen::Itself(facts(folder)?));
            return Err(named(folder, error));
        }
    };
    let own = FileFacts::from(rustix::fs::fstat(&open).map_err(|error| named(folder, error))?);
    if own.id.device != device {
        return Ok(());
    }
    each(Seen::Itself(own));
    let mut entries = Dir::new(open).map_err(|error| named(folder, error))?;
    while let Some(entry) = entries.read() {
        let entry = entry.map_err(|error| named(folder, error))?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        if entry.file_type() == FileType::Directory {
            each(Seen::Folder(name));
            continue;
        }
        let within = entries.fd().map_err(|error| named(folder, error))?;
        match rustix::fs::statat(within, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).map(FileFacts::from) {
            // A file system that does not say in its listings what is a folder.
            Ok(facts) if facts.kind == EntryKind::Folder => each(Seen::Folder(name)),
            Ok(facts) => each(Seen::Inside(name, facts)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(named(&folder.join(name), error)),
        }
    }
    Ok(())
}

/// Hands on the state of what a path leads to that is too long for the system, and of all that is in it on the same
/// device; nothing of any other path. Entries that cannot be looked at are passed over.
pub(in crate::files) fn too_deep(path: &Path, mut each: impl FnMut(FileFacts)) {
    if rustix::fs::lstat(path).err() != Some(Errno::NAMETOOLONG) {
        return;
    }
    let (Ok(parent), Some(name)) = (parent_of(path), path.file_name()) else { return };
    let Ok(device) = rustix::fs::fstat(&parent).map(|stat| FileFacts::from(stat).id.device) else { return };
    let mut open = vec![DeepPath { start: Rc::new(parent), path: name.into() }];
    while let Some(way) = open.pop() {
        let facts =
            rustix::fs::statat(&*way.start, &way.path, AtFlags::SYMLINK_NOFOLLOW).map(FileFacts::from);
        let Ok(facts) = facts else { continue };
        if facts.id.device != device {
            continue;
        }
        each(facts);
        if facts.kind == EntryKind::Folder {
            // A folder that vanishes, or may not be read, adds nothing.
            let _ = way.add_entries(&mut open);
        }
    }
}

/// A way from an open folder, short enough to be looked up.
struct DeepPath {
    start: Rc<OwnedFd>,
    path: PathBuf,
}

impl DeepPath {
    /// Adds the ways to all that is in the folder at its end.
    fn add_entries(&self, open: &mut Vec<Self>) -> Result<(), Errno> {
        let folder = rustix::fs::openat(&*self.start, &self.path, FOLDER, Mode::empty())?;
        let entries = Dir::read_from(&folder)?;
        let (start, path) = if self.path.as_os_str().len() < STEP {
            (self.start.clone(), self.path.clone())
        } else {
            (Rc::new(folder), PathBuf::new())
        };
        for entry in entries {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                open.push(Self { start: Rc::clone(&start), path: path.join(name) });
            }
        }
        Ok(())
    }
}

/// Opens the folder that a path ends in, step by step.
fn parent_of(path: &Path) -> Result<OwnedFd, Errno> {
    let mut open = None;
    let mut step = PathBuf::new();
    for part in path.parent().ok_or(Errno::INVAL)?.components() {
        step.push(part);
        if step.as_os_str().len() >= STEP {
            open = Some(entered(open.as_ref(), &step)?);
            step = PathBuf::new();
        }
    }
    step.push(".");
    entered(open.as_ref(), &step)
}

fn entered(start: Option<&OwnedFd>, step: &Path) -> Result<OwnedFd, Errno> {
    match start {
        Some(start) => rustix::fs::openat(start, step, FOLDER, Mode::empty()),
        None => rustix::fs::open(step, FOLDER, Mode::empty()),
    }
}

impl From<Stat> for FileFacts {
    fn from(stat: Stat) -> Self {
        /// The unit of `st_blocks`, whatever the block size of the file system.
        const BLOCK: u64 = 512;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => EntryKind::Link,
            FileType::Directory => EntryKind::Folder,
            _ => EntryKind::File,
        };
        Self {
            kind,
            size: Size { on_disk: number(stat.st_blocks) * BLOCK, apparent: number(stat.st_size) },
            modified: time(stat.st_mtime, stat.st_mtime_nsec),
            accessed: time(stat.st_atime, stat.st_atime_nsec),
            id: FileId { device: number(stat.st_dev), inode: number(stat.st_ino) },
            links: if kind == EntryKind::Folder { 1 } else { number(stat.st_nlink) },
        }
    }
}

/// The numbers of a `stat` have other types on each platform.
fn number(value: impl TryInto<u64>) -> u64 {
    value.try_into().unwrap_or_default()
}

fn time(seconds: impl TryInto<u64>, nanoseconds: impl TryInto<u64>) -> SystemTime {
    let since = Duration::from_secs(number(seconds)) + Duration::from_nanos(number(nanoseconds));
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}
