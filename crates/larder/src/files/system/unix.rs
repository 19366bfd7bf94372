//! Linux and macOS: folders are read through an open descriptor, so that no name in them is looked up by its whole path.
//!
//! Opening must never wait for somebody at the other end of a pipe.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::ffi::OsStrExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use crate::files::facts::{EntryKind, FileFacts, FileId, Seen, Size, named};

const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

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
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = match rustix::fs::open(folder, flags, Mode::empty()) {
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
