//! The store on this machine: files by their digest, records, and lists of records, for all workspaces of a user.
//!
//! ```text
//! larder-store                     says that this is one
//! v1/blobs/ab/cdef…                a file of a unit, by its SHA-256
//! v1/records/ab/cdef…              a record, by its own
//! v1/snapshots/<key>               the units of a recipe
//! v1/scopes/<scope>/<unit>         the newest record of each unit that can stand in for others of its scope
//! v1/parts/<scope>                 what a scope's key is made of
//! v1/swept                         the time of the last sweep
//! v1/remembered/<key>              answers that take long to find
//! v1/new/                          what is being written
//! ```
//!
//! Everything is written as a new file that is renamed, so several programs can use a store at once, and a reader never
//! sees half of anything. It must never delete but in [`sweep`] and when damage is found.

pub mod sweep;
pub mod verify;

use std::{
    io::{ErrorKind, Read, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::files::read::read_small;

use crate::{
    Error, Result,
    digest::{Digest, copy, digest_of},
    error::named,
    inside::Inside,
    record::{File, LARGEST, RecipeSnapshot, Record},
    rights,
    shared_blocks::SharedBlocks,
};

/// The file that says that a folder is a store, and its text.
const MARK: (&str, &str) = ("larder-store", "Larder keeps compiled units here. See `cargo larder store`.\n");
const VERSION: &str = "v1";

/// A store in a folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    known_by: KnownBy,
}

/// How a file that is there already is told from a damaged one when it is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownBy {
    /// By its size: its content is looked at when it is restored.
    Size,
    /// By its content.
    Content,
}

/// The text of a snapshot's or a scope's key.
pub type Key = Digest;

impl Store {
    /// The store in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Foreign`] if something else is in the folder, or if it cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        let mark = root.join(MARK.0);
        if !mark.is_file() {
            make_private(&root)?;
            let is_new = |name: &std::ffi::OsStr| name == VERSION || name == MARK.0;
            for entry in fs_err::read_dir(&root)? {
                if !is_new(&entry?.file_name()) {
                    return Err(Error::Foreign { path: root });
                }
            }
            fs_err::create_dir_all(root.join(VERSION).join("new"))?;
            fs_err::write(&mark, MARK.1)?;
        }
        Ok(Self { root, known_by: KnownBy::Size })
    }

    /// The store in a folder, if there is one.
    pub fn existing(root: &Path) -> Option<Self> {
        root.join(MARK.0).is_file().then(|| Self::open(root).ok())?
    }

    /// The same store after damage was found in it: what is stored replaces what is there, unless that is sound.
    #[must_use]
    pub fn doubted(&self) -> Self {
        Self { known_by: KnownBy::Content, ..self.clone() }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, kind: &str, name: &str) -> PathBuf {
        self.root.join(VERSION).join(kind).join(name)
    }

    /// Spread over folders, since file systems slow down with many files in one.
    fn spread(&self, kind: &str, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(VERSION).join(kind).join(&name[..2]).join(&name[2..])
    }

    /// The path that a file's content has, if it is there.
    pub fn blob(&self, digest: Digest) -> PathBuf {
        self.spread("blobs", digest)
    }

    /// Whether every file of a record is there, with its size. Reads no content.
    pub fn has_files(&self, record: &Record) -> bool {
        record.files.iter().all(|file| self.has(file))
    }

    pub(crate) fn has(&self, file: &File) -> bool {
        let found = std::fs::symlink_metadata(self.blob(file.digest));
        found.is_ok_and(|facts| facts.is_file() && facts.len() == file.size)
    }

    /// Whether the content of a file is what its digest says. Changes nothing.
    pub(crate) fn is_sound(&self, file: &File) -> bool {
        self.has(file)
            && digest_of(&self.blob(file.digest)).is_ok_and(|found| found == (file.digest, file.size))
    }

    /// When a record was used last.
    pub(crate) fn used(&self, id: Digest) -> Option<SystemTime> {
        std::fs::symlink_metadata(self.spread("records", id)).and_then(|facts| facts.modified()).ok()
    }

    /// The content of a file, held against its digest.
    ///
    /// # Errors
    /// If it is not there, or is not what it should be; then it is put aside, so that it can be stored anew.
    pub fn read(&self, file: &File) -> Result<Vec<u8>> {
        let path = self.blob(file.digest);
        let bytes = read_small(&path, file.size)?;
        if bytes.len() as u64 != file.size || Digest::hash(&bytes) != file.digest {
            Self::put_aside(&path);
            return Err(Error::bad(path.display(), "its content is not what its name says"));
        }
        Ok(bytes)
    }

    /// Takes a damaged file out of the way. If that cannot be done, whoever reads it finds the damage again.
    fn put_aside(path: &Path) {
        let _ = fs_err::remove_file(path);
    }

    /// Stores a file whose content was read, and says its digest. Content that is there already is not written again.
    ///
    /// # Errors
    /// If it cannot be written, or changed meanwhile.
    pub(crate) fn add_file(&self, path: &Path, bytes: &[u8], shared: &SharedBlocks) -> Result<Digest> {
        let (digest, size) = (Digest::hash(bytes), bytes.len() as u64);
        let place = self.blob(digest);
        let is_sound =
            || self.known_by == KnownBy::Size || digest_of(&place).is_ok_and(|found| found == (digest, size));
        if std::fs::symlink_metadata(&place).is_ok_and(|facts| facts.is_file() && facts.len() == size)
            && is_sound()
        {
            // Its record is not there yet, and a sweep at this moment would find that nobody needs it.
            touch(&place, SystemTime::now());
            return Ok(digest);
        }
        let mut new = self.new_file()?;
        if shared.may_work() {
            // Blocks can be shared with a file alone that is not there yet.
            fs_err::remove_file(new.path())?;
            if shared.share(path, new.path()) {
                // The file may have changed between being read and being shared.
                if digest_of(new.path())? != (digest, size) {
                    return Err(Error::bad(path.display(), "it changed while it was stored"));
                }
                put(new.into_temp_path(), &place)?;
                return Ok(digest);
            }
            new = self.new_file()?;
        }
        new.write_all(bytes).map_err(|error| unwritten(new.path(), &error))?;
        put(new.into_temp_path(), &place)?;
        Ok(digest)
    }

    /// Stores what a reader gives, if it is the content of `file`. No byte more than its size is read or written.
    ///
    /// # Errors
    /// If it is something else, or cannot be read or written.
    pub fn add_checked(&self, file: &File, content: impl Read) -> Result<()> {
        let mut new = self.new_file()?;
        let (digest, size) = copy(content.take(file.size.saturating_add(1)), &mut new)
            .map_err(|error| unwritten(&self.blob(file.digest), &error))?;
        if (digest, size) != (file.digest, file.size) {
            return Err(Error::bad(&file.path, "its content is not what its record says"));
        }
        put(new.into_temp_path(), &self.blob(file.digest))
    }

    /// Stores content that is at hand.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::hash(bytes);
        self.write(&self.blob(digest), bytes)?;
        Ok(digest)
    }

    /// Stores a record and says its id.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add_record(&self, record: &Record) -> Result<Digest> {
        let (bytes, id) = record.to_bytes();
        self.write(&self.spread("records", id), &bytes)?;
        Ok(id)
    }

    /// A record; `None` if it is not there, or not to be read.
    pub fn record(&self, id: Digest) -> Option<Record> {
        let bytes = read_small(&self.spread("records", id), LARGEST as u64).ok()?;
        (Digest::hash(&bytes) == id).then(|| Record::parse(&bytes).ok())?
    }

    /// The units of a recipe; `None` if they are not known.
    pub fn snapshot(&self, key: Key) -> Option<RecipeSnapshot> {
        let path = self.path("snapshots", &key.to_string());
        RecipeSnapshot::parse(&read_small(&path, LARGEST as u64).ok()?).ok()
    }

    /// Stores the units of a recipe, in the place of those that were known.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set_snapshot(&self, key: Key, snapshot: &RecipeSnapshot) -> Result<()> {
        let bytes = serde_json::to_vec(snapshot).map_err(|error| Error::bad("a snapshot", error))?;
        self.replace(&self.path("snapshots", &key.to_string()), &bytes)
    }

    /// The newest record of each unit of a scope.
    pub fn scope(&self, scope: Key) -> Vec<Digest> {
        let entries =
            fs_err::read_dir(self.path("scopes", &scope.to_string())).into_iter().flatten().flatten();
        let id = |path: PathBuf| String::from_utf8(read_small(&path, 64).ok()?).ok()?.parse().ok();
        entries.filter_map(|entry| id(entry.path())).collect()
    }

    /// Makes a record the newest of its unit.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set_newest(&self, scope: Key, fingerprint: &Inside, id: Digest) -> Result<()> {
        let name = Digest::hash(fingerprint.as_str().as_bytes()).to_string();
        let path = self.path("scopes", &scope.to_string()).join(&name[..32]);
        self.replace(&path, id.to_string().as_bytes())
    }

    /// Notes that something was used just now, so that it stays longer. It does not matter if that fails.
    pub fn touch(&self, key: Key, records: &[Digest]) {
        let now = SystemTime::now();
        let paths = records.iter().map(|id| self.spread("records", *id));
        for path in paths.chain([self.path("snapshots", &key.to_string())]) {
            touch(&path, now);
        }
    }

    /// The written parts of a scope's key.
    pub(crate) fn read_parts(&self, scope: Key) -> Option<Vec<u8>> {
        read_small(&self.path("parts", &scope.to_string()), LARGEST as u64).ok()
    }

    /// Writes what a scope's key is made of, unless it is there.
    pub(crate) fn write_parts(&self, scope: Key, bytes: &[u8]) -> Result<()> {
        self.write(&self.path("parts", &scope.to_string()), bytes)
    }

    /// The keys of all scopes that have units.
    pub(crate) fn scopes(&self) -> Vec<Key> {
        let entries =
            fs_err::read_dir(self.root.join(VERSION).join("scopes")).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    /// A short text that was found out before.
    pub(crate) fn remembered(&self, key: Key) -> Option<String> {
        let bytes = read_small(&self.path("remembered", &key.to_string()), 4096).ok()?;
        let (digest, text) = std::str::from_utf8(&bytes).ok()?.split_once(' ')?;
        (digest == Digest::hash(text.as_bytes()).to_string()).then(|| text.to_owned())
    }

    /// Remembers a short text, with its digest: a damaged one would be believed for ever.
    pub(crate) fn remember(&self, key: Key, text: &str) -> Result<()> {
        let line = format!("{} {text}", Digest::hash(text.as_bytes()));
        self.replace(&self.path("remembered", &key.to_string()), line.as_bytes())
    }

    fn new_file(&self) -> Result<tempfile::NamedTempFile> {
        let folder = self.path("new", "");
        let new = match tempfile::NamedTempFile::new_in(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs_err::create_dir_all(&folder)?;
                tempfile::NamedTempFile::new_in(&folder)
            }
            made => made,
        };
        Ok(new.map_err(|error| named(&folder, &error))?)
    }

    /// Writes what has one content only, unless it is there. It is small, so it is read: a damaged one must not stay.
    fn write(&self, place: &Path, bytes: &[u8]) -> Result<()> {
        if read_small(place, bytes.len() as u64).is_ok_and(|found| found == bytes) {
            touch(place, SystemTime::now());
            return Ok(());
        }
        self.replace(place, bytes)
    }

    fn replace(&self, place: &Path, bytes: &[u8]) -> Result<()> {
        let mut new = self.new_file()?;
        new.write_all(bytes)
            .and_then(|()| new.as_file().sync_data())
            .map_err(|error| unwritten(new.path(), &error))?;
        put(new.into_temp_path(), place)
    }
}

/// Makes a folder that nobody else can read: build scripts may have written secrets.
fn make_private(folder: &Path) -> std::io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs_err::create_dir_all(parent)?;
    }
    match fs_err::create_dir(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    rights::make_private(folder)?;
    Ok(())
}

/// Notes that a file was used. It does not matter if that fails.
fn touch(path: &Path, now: SystemTime) {
    if let Ok(file) = std::fs::OpenOptions::new().write(true).open(path) {
        let _ = file.set_modified(now);
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("failed to write {}: {error}", path.display()))
}

fn put(new: tempfile::TempPath, place: &Path) -> Result<()> {
    /// Windows refuses for a moment, as long as somebody else replaces the same file.
    const ATTEMPTS: usize = if cfg!(windows) { 200 } else { 1 };
    if let Some(folder) = place.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let mut new = new;
    for attempt in 1.. {
        match new.persist(place) {
            Err(error) if attempt < ATTEMPTS && error.error.kind() == ErrorKind::PermissionDenied => {
                new = error.path;
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            done => return done.map_err(|error| unwritten(place, &error.error).into()),
        }
    }
    Ok(())
}
