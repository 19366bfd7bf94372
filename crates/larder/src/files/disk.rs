//! How much room files take: the walk and the counting that every view of a cache shares.
//!
//! Directories are read by several threads. A file with several names (hard links) is counted once, symbolic
//! links are counted and never followed, and what is mounted from another file system takes no room here.
//! It must never change anything, the times of last access of files included.

use std::{
    collections::HashSet,
    ffi::OsStr,
    io,
    iter::Sum,
    ops::{Add, AddAssign},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};
use serde::Serialize;

use super::read::{READ, named, read_at_most, read_small};
use crate::side_by_side::joined;

/// Identifies a file across hard links: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
}

/// Room that is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Size {
    /// Bytes in blocks of the file system, as `du` counts them.
    pub on_disk: u64,
    /// Bytes that a reader sees, as `du --apparent-size` counts them.
    pub apparent: u64,
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // The sizes that other programs tell of their caches may be anything.
        let [on_disk, apparent] = [(self.on_disk, other.on_disk), (self.apparent, other.apparent)]
            .map(|(one, other)| u64::saturating_add(one, other));
        Self { on_disk, apparent }
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}

/// The kind of entry that a name in a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file, or something else that is no folder and no link.
    File,
    /// A folder.
    Folder,
    /// A symbolic link; what it points to is not looked at.
    Link,
}

/// The file system's facts about one name.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Its kind.
    pub kind: Kind,
    /// The room it takes by itself; a folder without what is in it.
    pub size: Size,
    /// When its content last changed.
    pub modified: SystemTime,
    /// When it was last read, as far as the file system keeps book.
    pub accessed: SystemTime,
    /// Device and inode.
    pub id: FileId,
    /// How many names the file has.
    pub links: u64,
}

impl Facts {
    /// The state of a path; a symbolic link stands for itself.
    ///
    /// # Errors
    /// When the path does not exist or cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        rustix::fs::lstat(path).map(Self::from).map_err(|error| named(path, error))
    }
}

impl From<rustix::fs::Stat> for Facts {
    fn from(stat: rustix::fs::Stat) -> Self {
        /// The unit of `st_blocks`, whatever the block size of the file system.
        const BLOCK: u64 = 512;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => Kind::Link,
            FileType::Directory => Kind::Folder,
            _ => Kind::File,
        };
        Self {
            kind,
            size: Size { on_disk: number(stat.st_blocks) * BLOCK, apparent: number(stat.st_size) },
            modified: time(stat.st_mtime, stat.st_mtime_nsec),
            accessed: time(stat.st_atime, stat.st_atime_nsec),
            id: FileId { device: number(stat.st_dev), inode: number(stat.st_ino) },
            links: if kind == Kind::Folder { 1 } else { number(stat.st_nlink) },
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

/// Adds up sizes so that each file counts once, however many of its names are added.
#[derive(Debug, Default)]
pub struct Tally {
    seen: HashSet<FileId>,
    total: Size,
}

impl Tally {
    /// Adds a name and returns by how much the total grew: nothing if the file was there already.
    pub fn add(&mut self, size: Size, id: FileId, links: u64) -> Size {
        if links > 1 && !self.seen.insert(id) {
            return Size::default();
        }
        self.total += size;
        size
    }

    /// Everything added so far.
    pub fn total(&self) -> Size {
        self.total
    }
}

/// One name that a walk came by.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Which of the roots it is below.
    pub root: usize,
    /// The folder that it is in.
    pub folder: &'a Path,
    /// Its name.
    pub name: &'a OsStr,
    /// Its state.
    pub facts: Facts,
}

impl<'a> Entry<'a> {
    fn of(root: usize, path: &'a Path, facts: Facts) -> Self {
        let folder = path.parent().unwrap_or(path);
        Self { root, folder, name: path.file_name().unwrap_or_default(), facts }
    }
}

/// Walks everything below the roots, the roots included, on several threads. Each thread has a state of its own,
/// made by `state` and fed by `visit`; the states come back in no particular order, with a line for each folder
/// that could not be read. A root that does not exist is passed over.
pub fn walk<S: Send>(
    roots: &[PathBuf],
    state: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, Entry<'_>) + Sync,
) -> (Vec<S>, Vec<String>) {
    let queue = Queue::default();
    let mut first = state();
    for (root, path) in roots.iter().enumerate() {
        let Ok(facts) = Facts::of(path) else { continue };
        if facts.kind == Kind::Folder {
            queue.push([Pending { root, device: facts.id.device, path: path.clone() }]);
        } else {
            visit(&mut first, Entry::of(root, path, facts));
        }
    }
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let (queue, visit, state) = (&queue, &visit, &state);
    let results = std::thread::scope(|scope| {
        let mut first = Some(first);
        let handles: Vec<_> = (0..threads)
            .map(|_| {
                let mut own = first.take().unwrap_or_else(state);
                scope.spawn(move || {
                    let problems = queue.work(&mut own, visit);
                    (own, problems)
                })
            })
            .collect();
        handles.into_iter().map(joined).collect::<Vec<_>>()
    });
    let (states, problems): (Vec<S>, Vec<Vec<String>>) = results.into_iter().unzip();
    let mut problems: Vec<String> = problems.into_iter().flatten().collect();
    problems.sort();
    (states, problems)
}

/// Folders that are still to be read, each with its root.
#[derive(Default)]
struct Queue {
    state: Mutex<Open>,
    changed: Condvar,
}

/// A folder that is still to be read.
struct Pending {
    root: usize,
    /// The root's device.
    device: u64,
    path: PathBuf,
}

#[derive(Default)]
struct Open {
    folders: Vec<Pending>,
    /// Folders that a thread is reading, and that may yet have folders in them.
    reading: usize,
}

impl Queue {
    fn open(&self) -> MutexGuard<'_, Open> {
        // The list stays whole whatever a thread does: entries are pushed and popped, no more.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, folders: impl IntoIterator<Item = Pending>) {
        self.open().folders.extend(folders);
        self.changed.notify_all();
    }

    /// The next folder; `None` when all have been read.
    fn next(&self) -> Option<Pending> {
        let mut open = self.open();
        loop {
            if let Some(folder) = open.folders.pop() {
                open.reading += 1;
                return Some(folder);
            }
            if open.reading == 0 {
                return None;
            }
            open = self.changed.wait(open).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work<S>(&self, state: &mut S, visit: &(impl Fn(&mut S, Entry<'_>) + Sync)) -> Vec<String> {
        let mut problems = Vec::new();
        while let Some(Pending { root, device, path: folder }) = self.next() {
            let done = Reading(self);
            let mut found = Vec::new();
            let read = read_folder(&folder, device, |seen| match seen {
                Seen::Itself(facts) => visit(state, Entry::of(root, &folder, facts)),
                Seen::Inside(name, facts) => visit(state, Entry { root, folder: &folder, name, facts }),
                Seen::Folder(name) => {
                    found.push(Pending { root, device, path: folder.join(name) });
                }
            });
            if let Err(error) = read {
                problems.push(error.to_string());
            }
            if !found.is_empty() {
                self.push(found);
            }
            drop(done);
        }
        problems
    }
}

/// Takes the folder back from those being read, even if the thread panics, so that nobody waits for it.
struct Reading<'a>(&'a Queue);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut open = self.0.open();
        open.reading -= 1;
        let done = open.reading == 0 && open.folders.is_empty();
        drop(open);
        if done {
            self.0.changed.notify_all();
        }
    }
}

/// One thing that reading a folder comes by.
enum Seen<'a> {
    /// The folder that is read.
    Itself(Facts),
    /// A name in it.
    Inside(&'a OsStr, Facts),
    /// A folder in it, which is still to be read and tells of itself then.
    Folder(&'a OsStr),
}

/// Hands on what is in a folder, unless it is on another device. Entries that vanish while being read are skipped: builds go on beside us.
///
/// The folder is held open, so that no name in it is looked up by its whole path, and nothing that takes the place
/// of a folder meanwhile, such as a link, is followed.
fn read_folder(folder: &Path, device: u64, mut each: impl FnMut(Seen<'_>)) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = match rustix::fs::open(folder, flags, Mode::empty()) {
        Ok(open) => open,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
        Err(error) => {
            // Its content is not known, but it takes room itself.
            each(Seen::Itself(Facts::of(folder)?));
            return Err(named(folder, error));
        }
    };
    let failed = |error| named(folder, error);
    let facts = Facts::from(rustix::fs::fstat(&open).map_err(failed)?);
    if facts.id.device != device {
        return Ok(());
    }
    each(Seen::Itself(facts));
    let mut entries = Dir::new(open).map_err(failed)?;
    while let Some(entry) = entries.read() {
        let entry = entry.map_err(failed)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        if entry.file_type() == FileType::Directory {
            each(Seen::Folder(name));
            continue;
        }
        let within = entries.fd().map_err(failed)?;
        match rustix::fs::statat(within, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).map(Facts::from) {
            // A file system that does not say in its listings what is a folder.
            Ok(facts) if facts.kind == Kind::Folder => each(Seen::Folder(name)),
            Ok(facts) => each(Seen::Inside(name, facts)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(named(&folder.join(name), error)),
        }
    }
    Ok(())
}

/// The most that is read of a record of cargo's: those of the largest builds take a hundredth of it.
const RECORD: u64 = 64 << 20;

/// Reads a record without leaving a trace in its time of last access, which tells when cargo last looked at it.
///
/// # Errors
/// As [`read_small`].
pub fn read_untouched(path: &Path) -> io::Result<Vec<u8>> {
    #[cfg(target_os = "linux")]
    // Only the owner of a file may ask for this; others read it plainly.
    if let Ok(file) = rustix::fs::open(path, READ | OFlags::NOATIME, Mode::empty()) {
        return read_at_most(path, file.into(), RECORD);
    }
    read_small(path, RECORD)
}

/// The folders in a folder, symbolic links not followed; none if it cannot be read.
pub(crate) fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(root: &Path) -> (Size, usize) {
        let (states, problems) = walk(&[root.to_owned()], Vec::new, |all, entry| all.push(entry.facts));
        assert!(problems.is_empty(), "{problems:?}");
        let mut tally = Tally::default();
        let all: Vec<Facts> = states.into_iter().flatten().collect();
        all.iter().for_each(|facts| {
            tally.add(facts.size, facts.id, facts.links);
        });
        (tally.total(), all.len())
    }

    #[test]
    fn hard_links_count_once_and_symbolic_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let big = tempfile::tempdir().unwrap();
        fs_err::write(big.path().join("big"), vec![1; 1 << 20]).unwrap();
        fs_err::create_dir_all(dir.path().join("a/b")).unwrap();
        fs_err::write(dir.path().join("a/file"), vec![1; 100_000]).unwrap();
        let (before, names) = total(dir.path());
        fs_err::hard_link(dir.path().join("a/file"), dir.path().join("a/b/again")).unwrap();
        assert_eq!(total(dir.path()), (before, names + 1));
        std::os::unix::fs::symlink(big.path(), dir.path().join("link")).unwrap();
        let (after, _) = total(dir.path());
        assert!(after.on_disk - before.on_disk < 8192, "{after:?}");
    }

    #[test]
    fn what_is_not_there_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let (states, problems) = walk(&[dir.path().join("none")], || 0, |count, _| *count += 1);
        assert_eq!((states.iter().sum::<i32>(), problems.len()), (0, 0));
    }

    #[test]
    fn pipes_devices_and_holes_are_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        fs_err::File::create(path("hole")).unwrap().set_len(1 << 40).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("device")).unwrap();
        for name in ["pipe", "hole", "device", "none"] {
            assert!(read_untouched(&path(name)).is_err() && read_small(&path(name), 10).is_err(), "{name}");
        }
        fs_err::write(path("small"), "0123456789").unwrap();
        assert_eq!(read_small(&path("small"), 10).unwrap(), b"0123456789");
        assert!(read_small(&path("small"), 9).is_err());
    }

    #[test]
    fn reading_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs_err::write(&path, "text").unwrap();
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let times = std::fs::FileTimes::new().set_accessed(old).set_modified(old);
        fs_err::OpenOptions::new().write(true).open(&path).unwrap().file().set_times(times).unwrap();
        assert_eq!(read_untouched(&path).unwrap(), b"text");
        assert_eq!(Facts::of(&path).unwrap().accessed, old);
    }
}
