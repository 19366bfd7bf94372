//! Keeping a store within a size: what was used longest ago goes first.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder::files::read::read_small;

use super::{Store, VERSION};
use crate::{
    Result,
    digest::Digest,
    record::{LARGEST, RecipeSnapshot},
};

/// An entry that was used so lately may be in use now.
const LEASE: Duration = Duration::from_mins(2);
const DAY: Duration = Duration::from_hours(24);
/// A file that is being written is not written for longer.
const WRITING: Duration = Duration::from_hours(24);

/// Whether sweeping deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// It says what it would delete.
    Plan,
    /// It deletes.
    Delete,
}

impl Sweep {
    /// Deletes a file unless it is only planned. Whether the file is gone, or would be.
    fn remove(self, path: &Path) -> bool {
        self == Self::Plan || fs_err::remove_file(path).is_ok()
    }
}

/// The contents of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreContents {
    /// Compiled units.
    pub records: usize,
    /// Their files.
    pub blobs: usize,
    /// The bytes of these.
    pub bytes: u64,
    /// Recipes whose units are known.
    pub snapshots: usize,
}

/// A unit with the time of its last use.
struct UsedUnit {
    path: PathBuf,
    used: SystemTime,
    files: Vec<NeededBlob>,
}

impl UsedUnit {
    fn read(path: PathBuf, used: SystemTime) -> Option<Self> {
        let bytes = read_small(&path, LARGEST as u64).ok()?;
        let OfAnyVersion { files } = serde_json::from_slice(&bytes).ok()?;
        Some(Self { path, used, files })
    }
}

/// A record of whatever version, as far as sweeping reads it.
#[derive(serde::Deserialize)]
struct OfAnyVersion {
    files: Vec<NeededBlob>,
}

#[derive(serde::Deserialize)]
struct NeededBlob {
    digest: Digest,
    size: u64,
}

impl Store {
    /// Counts what is there.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn contents(&self) -> Result<StoreContents> {
        let mut contents =
            StoreContents { snapshots: self.files("snapshots")?.len(), ..StoreContents::default() };
        contents.records = self.files("records")?.len();
        for (_, size, _) in self.files("blobs")? {
            contents.blobs += 1;
            contents.bytes += size;
        }
        Ok(contents)
    }

    /// Deletes what was used longest ago until the files of what stays take at most `most` bytes; then what no unit
    /// needs. Says how many bytes of files went.
    ///
    /// # Errors
    /// If a folder cannot be read. Entries that cannot be deleted stay.
    pub fn sweep(&self, most: u64, now: SystemTime, sweep: Sweep) -> Result<u64> {
        if sweep == Sweep::Delete {
            self.sweep_unfinished(now);
        }
        let mut kept = self.kept()?;
        kept.sort_by_key(|kept| kept.used);
        let mut needed: HashMap<Digest, (usize, u64)> = HashMap::new();
        for file in kept.iter().flat_map(|kept| &kept.files) {
            needed.entry(file.digest).or_insert((0, file.size)).0 += 1;
        }
        let mut total: u64 = needed.values().map(|(_, size)| size).sum();
        for kept in &kept {
            if total <= most || is_leased(kept.used, now) {
                break;
            }
            if !sweep.remove(&kept.path) {
                continue;
            }
            for file in &kept.files {
                if let Some((count, size)) = needed.get_mut(&file.digest) {
                    *count -= 1;
                    if *count == 0 {
                        total -= *size;
                        needed.remove(&file.digest);
                    }
                }
            }
        }
        if sweep == Sweep::Delete {
            self.sweep_lists();
        }
        let mut freed = 0;
        for (path, size, modified) in self.files("blobs")? {
            // Another name is nobody's of a store.
            let is_needed = digest_in(&path).is_none_or(|digest| needed.contains_key(&digest));
            // Files of a unit come before its record.
            if !is_needed && !is_leased(modified, now) && sweep.remove(&path) {
                freed += size;
            }
        }
        Ok(freed)
    }

    /// Sweeps once a day: that reads every record.
    ///
    /// # Errors
    /// As [`sweep`](Self::sweep).
    pub fn sweep_daily(&self, most: u64, now: SystemTime) -> Result<()> {
        let mark = self.root.join(VERSION).join("swept");
        let last = std::fs::symlink_metadata(&mark).and_then(|facts| facts.modified());
        if last.is_ok_and(|last| now.duration_since(last).is_ok_and(|age| age < DAY)) {
            return Ok(());
        }
        self.replace(&mark, b"")?;
        self.sweep(most, now, Sweep::Delete).map(|_| ())
    }

    fn kept(&self) -> Result<Vec<UsedUnit>> {
        let records = self.files("records")?.into_iter();
        Ok(records.filter_map(|(path, _, used)| UsedUnit::read(path, used)).collect())
    }

    fn sweep_unfinished(&self, now: SystemTime) {
        for (path, _, modified) in self.files("new").unwrap_or_default() {
            if now.duration_since(modified).is_ok_and(|age| age > WRITING) {
                let _ = fs_err::remove_file(path);
            }
        }
    }

    /// Lists that name a record which is gone.
    fn sweep_lists(&self) {
        let mut known: BTreeMap<Digest, bool> = BTreeMap::new();
        for (path, _, _) in self.files("snapshots").unwrap_or_default() {
            let bytes = read_small(&path, LARGEST as u64).unwrap_or_default();
            if RecipeSnapshot::is_of_another_version(&bytes) {
                continue;
            }
            let snapshot = RecipeSnapshot::parse(&bytes).ok();
            let has_all = snapshot.is_some_and(|snapshot| {
                snapshot.records.into_iter().all(|id| self.has_record(id, &mut known))
            });
            if !has_all {
                let _ = fs_err::remove_file(path);
            }
        }
        for (path, _, _) in self.files("scopes").unwrap_or_default() {
            let text = read_small(&path, 64).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let id = text.and_then(|text| text.parse().ok());
            if !id.is_some_and(|id| self.has_record(id, &mut known)) {
                let _ = fs_err::remove_file(path);
            }
        }
        for (path, _, _) in self.files("parts").unwrap_or_default() {
            let scope = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            if scope.is_none_or(|scope| self.scope(scope).is_empty()) {
                let _ = fs_err::remove_file(path);
            }
        }
    }

    fn has_record(&self, id: Digest, known: &mut BTreeMap<Digest, bool>) -> bool {
        *known.entry(id).or_insert_with(|| self.spread("records", id).is_file())
    }

    /// Every plain file of a kind, with its size and the time of its last change.
    pub(crate) fn files(&self, kind: &str) -> Result<Vec<(PathBuf, u64, SystemTime)>> {
        let mut found = Vec::new();
        let top = self.root.join(VERSION).join(kind);
        // A link may lead to what is no store's.
        if std::fs::symlink_metadata(&top).is_ok_and(|facts| facts.is_dir()) {
            list(&top, 0, &mut found)?;
        }
        Ok(found)
    }
}

fn is_leased(used: SystemTime, now: SystemTime) -> bool {
    now.duration_since(used).map_or(true, |age| age < LEASE)
}

/// Folders of a store are no deeper than this.
const DEPTH: usize = 2;

fn list(folder: &Path, depth: usize, found: &mut Vec<(PathBuf, u64, SystemTime)>) -> Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        let Ok(facts) = std::fs::symlink_metadata(entry.path()) else { continue };
        if facts.is_dir() && depth < DEPTH {
            list(&entry.path(), depth + 1, found)?;
        } else if facts.is_file() {
            found.push((entry.path(), facts.len(), facts.modified()?));
        }
    }
    Ok(())
}

/// The digest that a file is called by: two digits in the folder's name, the rest in its own.
pub(crate) fn digest_in(path: &Path) -> Option<Digest> {
    let folder = path.parent()?.file_name()?.to_str()?;
    format!("{folder}{}", path.file_name()?.to_str()?).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub;

    /// A unit of ten thousand bytes and a few.
    fn unit(store: &Store, name: &str, used: SystemTime) -> Digest {
        let record = stub::unit(store, name, &name.as_bytes().repeat(10_000 / name.len()));
        let (_, id) = record.to_bytes();
        let file = fs_err::OpenOptions::new().write(true).open(store.spread("records", id)).unwrap();
        file.file().set_modified(used).unwrap();
        id
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store")).unwrap();
        let later = SystemTime::now() + Duration::from_hours(1);
        let units = [("aaaaa", 50), ("bbbbb", 40), ("ccccc", 1)]
            .map(|(name, minutes)| unit(&store, name, later - Duration::from_mins(minutes)));
        let [first, second, _] = units.map(|id| store.record(id).unwrap().size());
        assert_eq!(store.sweep(100_000, later, Sweep::Delete).unwrap(), 0);
        assert_eq!(store.sweep(25_000, later, Sweep::Plan).unwrap(), first);
        assert_eq!(are_kept(&store, units), [true, true, true], "a plan deletes nothing");
        assert_eq!(store.sweep(25_000, later, Sweep::Delete).unwrap(), first);
        assert!(store.contents().unwrap().bytes <= 25_000);
        assert_eq!(are_kept(&store, units), [false, true, true]);
        assert_eq!(store.sweep(0, later, Sweep::Delete).unwrap(), second);
        assert_eq!(are_kept(&store, units), [false, false, true], "it was used just now");
        assert_eq!(store.sweep(0, later, Sweep::Delete).unwrap(), 0);
    }

    fn are_kept(store: &Store, units: [Digest; 3]) -> [bool; 3] {
        units.map(|id| store.record(id).is_some())
    }
}
