//! How much room files take: the walk and the counting that every view of a cache shares.
//!
//! Directories are read by several threads. A file with several names (hard links) is counted once, symbolic
//! links are counted and never followed, and what is mounted from another file system takes no room here.
//! It must never change anything, the times of last access of files included.

use std::{
    collections::HashSet,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

pub use super::facts::{EntryKind, FileFacts, FileId, Size};
use super::{
    facts::Seen,
    read::{read_at_most, read_small},
    system,
};
use crate::side_by_side::joined;

impl FileFacts {
    /// The state of a path; a symbolic link stands for itself.
    ///
    /// # Errors
    /// When the path does not exist or cannot be looked at.
    pub fn read(path: &Path) -> io::Result<Self> {
        system::facts(path)
    }
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
    pub facts: FileFacts,
}

impl<'a> Entry<'a> {
    fn new(root: usize, path: &'a Path, facts: FileFacts) -> Self {
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
        let Ok(facts) = FileFacts::read(path) else { continue };
        if facts.kind == EntryKind::Folder {
            queue.push([Pending { root, device: facts.id.device, path: path.clone() }]);
        } else {
            visit(&mut first, Entry::new(root, path, facts));
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
            let read = system::list(&folder, device, |seen| match seen {
                Seen::Itself(facts) => visit(state, Entry::new(root, &folder, facts)),
                Seen::Inside(name, facts) => visit(state, Entry { root, folder: &folder, name, facts }),
                Seen::Folder(name) => {
                    found.push(Pending { root, device, path: folder.join(name) });
                }
            });
            if let Err(error) = read {
                match deep(&folder) {
                    Some(facts) => visit(state, Entry::new(root, &folder, facts)),
                    None => problems.push(error.to_string()),
                }
            }
            if !found.is_empty() {
                self.push(found);
            }
            drop(done);
        }
        problems
    }
}

/// Hands on the state of what a path leads to that is too long for the system to look it up, and of everything in it;
/// nothing of any other path.
pub fn too_deep(path: &Path, each: impl FnMut(FileFacts)) {
    system::too_deep(path, each);
}

/// All of a folder that is too deep, as one: nobody tells apart what is in it.
fn deep(folder: &Path) -> Option<FileFacts> {
    let mut whole: Option<FileFacts> = None;
    let mut tally = Tally::default();
    too_deep(folder, |facts| {
        tally.add(facts.size, facts.id, facts.links);
        let first = whole.unwrap_or(facts);
        whole = Some(FileFacts { modified: first.modified.max(facts.modified), ..first });
    });
    whole.map(|whole| FileFacts { size: tally.total(), ..whole })
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

/// The most that is read of a record of cargo's: those of the largest builds take a hundredth of it.
const RECORD: u64 = 64 << 20;

/// Reads a record without leaving a trace in its time of last access, which tells when cargo last looked at it.
///
/// # Errors
/// As [`read_small`].
pub fn read_untouched(path: &Path) -> io::Result<Vec<u8>> {
    match system::open_untouched(path) {
        Some(file) => read_at_most(path, file, RECORD),
        None => read_small(path, RECORD),
    }
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
        let all: Vec<FileFacts> = states.into_iter().flatten().collect();
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
        #[cfg(unix)]
        std::os::unix::fs::symlink(big.path(), dir.path().join("link")).unwrap();
        let (after, _) = total(dir.path());
        assert!(after.on_disk - before.on_disk < 8192, "{after:?}");
    }

    /// No system takes so long a path; what is in such a folder takes room all the same.
    #[cfg(unix)]
    #[test]
    fn folders_count_however_deep_they_are() {
        use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
        let dir = tempfile::tempdir().unwrap();
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut inner = open(dir.path(), flags, Mode::empty()).unwrap();
        let (name, depth) = ("x".repeat(100), 90);
        for _ in 0..depth {
            mkdirat(&inner, &name, Mode::RWXU).unwrap();
            inner = openat(&inner, &name, flags, Mode::empty()).unwrap();
        }
        let (before, _) = total(dir.path());
        let file = openat(&inner, "file", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
        std::io::Write::write_all(&mut std::fs::File::from(file), &vec![b'x'; 1 << 20]).unwrap();
        let (after, _) = total(dir.path());
        assert!(after.on_disk - before.on_disk >= 1 << 20, "{before:?} {after:?}");
        too_deep(dir.path(), |_| panic!("it is not deep"));
    }

    #[test]
    fn what_is_not_there_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let (states, problems) = walk(&[dir.path().join("none")], || 0, |count, _| *count += 1);
        assert_eq!((states.iter().sum::<i32>(), problems.len()), (0, 0));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_devices_and_holes_are_not_read() {
        use rustix::fs::{FileType, Mode};
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        rustix::fs::mknodat(rustix::fs::CWD, folder.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        fs_err::File::create(folder.join("hole")).unwrap().set_len(1 << 40).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("device")).unwrap();
        for name in ["pipe", "hole", "device", "none"] {
            assert!(
                read_untouched(&folder.join(name)).is_err() && read_small(&folder.join(name), 10).is_err(),
                "{name}"
            );
        }
        fs_err::write(folder.join("small"), "0123456789").unwrap();
        assert_eq!(read_small(&folder.join("small"), 10).unwrap(), b"0123456789");
        assert!(read_small(&folder.join("small"), 9).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn reading_leaves_no_trace() {
        use std::time::SystemTime;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs_err::write(&path, "text").unwrap();
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let times = std::fs::FileTimes::new().set_accessed(old).set_modified(old);
        fs_err::OpenOptions::new().write(true).open(&path).unwrap().file().set_times(times).unwrap();
        assert_eq!(read_untouched(&path).unwrap(), b"text");
        assert_eq!(FileFacts::read(&path).unwrap().accessed, old);
    }
}
