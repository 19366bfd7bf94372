//! The deletions in a target folder, item by item, and its deletion under cargo's locks.
//!
//! An item that is planned without the locks is looked at again once they are held, and only what is in both goes: a
//! build in between may have made use of something.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder::{
    Report,
    error::{Error, Result},
    target_dir::{
        self, BuiltUnit, Other, TAG, TargetFolder, TargetFolderFile,
        locks::{self, UnheldLock},
    },
};

use super::{
    delete::{Deleter, Failure, Left},
    guard::GuardedFolder,
    item::Item,
    measure::DeletionTally,
    row::{CacheKind, ClearingWork, Freed, Row},
    rules::{Class, Rule},
};

/// The items of a folder that a rule lets go.
pub(super) fn items(guarded: &GuardedFolder, rule: &Rule, now: SystemTime) -> Result<Vec<Item>> {
    if matches!(rule, Rule::Everything) {
        return everything(guarded.path());
    }
    let folder = target_dir::read(guarded.path())?;
    let mut items = of_units(&folder, &rule.units(&folder));
    let dropped: HashSet<usize> = items.iter().flat_map(|(units, _)| units.iter().copied()).collect();
    let others = folder.others.iter().filter_map(|other| {
        let class = rule.other(&folder, other, &dropped)?;
        Some(of_other(other, class))
    });
    let mut all: Vec<Item> = items.drain(..).map(|(_, item)| item).collect();
    all.extend(others);
    all.retain(|item| item.class.is_ageless() || is_older(item.last_use, rule.age(), now));
    all.sort_by(|a, b| (a.class, &a.mark, &a.paths).cmp(&(b.class, &b.mark, &b.paths)));
    Ok(all)
}

fn is_older(last_use: Option<SystemTime>, age: Duration, now: SystemTime) -> bool {
    if age.is_zero() {
        return true;
    }
    // An item used in the future, or at no known time, is not old.
    last_use.and_then(|used| now.duration_since(used).ok()).is_some_and(|unused| unused > age)
}

/// Units go by hash: several may share the folder of one.
fn of_units(folder: &TargetFolder, verdicts: &[Option<Class>]) -> Vec<(Vec<usize>, Item)> {
    let mut by_hash: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    for (number, unit) in folder.units.iter().enumerate() {
        by_hash.entry((unit.profile, &unit.hash)).or_default().push(number);
    }
    let mut items = Vec::new();
    for units in by_hash.into_values() {
        let classes: Option<Vec<Class>> = units.iter().map(|unit| verdicts[*unit]).collect();
        if let Some(class) = classes.and_then(|classes| classes.into_iter().max()) {
            let item = item_of(units.iter().map(|unit| &folder.units[*unit]), class);
            items.push((units, item));
        }
    }
    items
}

fn item_of<'a>(units: impl Iterator<Item = &'a BuiltUnit>, class: Class) -> Item {
    let units: Vec<&BuiltUnit> = units.collect();
    let mark = units.iter().find_map(|unit| unit.fingerprint_file.as_deref()?.parent());
    let files = units.iter().flat_map(|unit| &unit.files).map(|file| file.path.as_path());
    let rest = files.filter(|path| mark.is_none_or(|mark| !path.starts_with(mark)));
    Item {
        class,
        mark: mark.map(Path::to_owned),
        paths: topmost(rest),
        last_use: units.iter().filter_map(|unit| unit.last_use()).max(),
    }
}

fn of_other(other: &Other, class: Class) -> Item {
    let last_use = other.files.iter().map(|file: &TargetFolderFile| file.modified).max();
    Item { class, mark: None, paths: vec![other.path.clone()], last_use }
}

/// Paths without those that are below another one.
fn topmost<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
    let sorted: BTreeSet<&Path> = paths.collect();
    let mut top: Vec<PathBuf> = Vec::new();
    for path in sorted {
        if !top.last().is_some_and(|last| path.starts_with(last)) {
            top.push(path.to_owned());
        }
    }
    top
}

/// All that is in a folder but cargo's tag and locks: a build that waits for one of them must find it there.
fn everything(root: &Path) -> Result<Vec<Item>> {
    let locks = locks::lock_files(root)?;
    let mut paths = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = match fs_err::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if folder == root => return Err(error.into()),
            // Deleting it will say why it stays, and keeps nothing else from going.
            Err(_) => {
                paths.push(folder.strip_prefix(root).unwrap_or(&folder).to_owned());
                continue;
            }
        };
        for entry in entries {
            let path = entry?.path();
            let is_tag = path.file_name().is_some_and(|name| name == TAG) && path.is_file();
            if is_tag || locks.contains(&path) {
                continue;
            }
            // A folder on the way to a lock or to the tag of a folder in this one stays too.
            if locks.iter().any(|lock| lock.starts_with(&path)) {
                open.push(path);
            } else {
                paths.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
            }
        }
    }
    paths.sort();
    let items = paths.into_iter().map(|path| Item {
        class: Class::Everything,
        mark: None,
        paths: vec![path],
        last_use: None,
    });
    Ok(items.collect())
}

/// The rows of a folder, one for each class.
pub(super) fn rows(guarded: &GuardedFolder, place: &str, items: Vec<Item>) -> Vec<Row> {
    let mut tally = DeletionTally::default();
    let mut by_class: BTreeMap<Class, (u64, Vec<Item>)> = BTreeMap::new();
    for item in items {
        let bytes = item.bytes(guarded.path(), &mut tally);
        let (sum, list) = by_class.entry(item.class).or_default();
        *sum += bytes;
        list.push(item);
    }
    let rows = by_class.into_iter().map(|(class, (bytes, items))| Row {
        cache: CacheKind::Target,
        place: place.to_owned(),
        what: class.describe().to_owned(),
        entries: items.len(),
        bytes,
        missing: None,
        work: ClearingWork::Items(items),
    });
    rows.collect()
}

/// Deletes the items of several rows of one folder that still are to go once cargo's locks are held.
pub(super) fn apply(
    guarded: &GuardedFolder,
    rule: &Rule,
    rows: &[&[Item]],
    patience: Duration,
    report: &dyn Report,
) -> Result<Vec<Freed>> {
    let locks = match locks::take(guarded.path(), patience, report) {
        Ok(locks) => locks,
        Err(error @ Error::InUse { .. }) => {
            let skipped = Freed { skipped: Some(error.to_string()), ..Freed::default() };
            return Ok(vec![skipped; rows.len()]);
        }
        Err(error) => return Err(error),
    };
    let again = items(guarded, rule, SystemTime::now())?;
    let still: HashMap<&PathBuf, &Item> = again.iter().filter_map(|item| Some((item.id()?, item))).collect();
    let mut all = Vec::new();
    for items in rows {
        let mut deleter = Deleter::open(guarded.path())?;
        let mut bytes = 0;
        let mut stays = BTreeSet::new();
        for item in items.iter().filter_map(|item| still.get(item.id()?)) {
            match locks.unheld().iter().position(|lock| is_guarded(guarded.path(), lock, item)) {
                Some(lock) => drop(stays.insert(lock)),
                None => bytes += delete(&mut deleter, item),
            }
        }
        let mut failures = deleter.into_failures();
        failures.extend(stays.into_iter().map(|lock| of_unheld(&locks.unheld()[lock])));
        all.push(Freed { bytes, failures, skipped: None });
    }
    Ok(all)
}

/// Whether some of an item is in the folder of a lock, or has it in it.
fn is_guarded(root: &Path, lock: &UnheldLock, item: &Item) -> bool {
    let folder = lock.path.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let mut paths = item.paths.iter().chain(&item.mark);
    folder.is_none_or(|folder| paths.any(|path| path.starts_with(folder) || folder.starts_with(path)))
}

fn of_unheld(lock: &UnheldLock) -> Failure {
    let reason = format!("nothing is deleted there, since its lock cannot be held: {}", lock.reason);
    Failure { path: lock.path.parent().unwrap_or(&lock.path).to_owned(), reason }
}

/// The file that makes a unit fresh goes first, and if it does not go, the rest stays with it.
fn delete(deleter: &mut Deleter, item: &Item) -> u64 {
    let mut bytes = 0;
    if let Some(mark) = &item.mark {
        let deleted = deleter.remove(mark);
        bytes += deleted.bytes;
        if deleted.left == Left::Something {
            return bytes;
        }
    }
    bytes + item.paths.iter().map(|path| deleter.remove(path).bytes).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root reads everything, so that it sees no fault here.
    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_read_keeps_nothing_else_from_going() {
        let scratch = tempfile::tempdir().unwrap();
        for file in ["release/.cargo-lock", "release/app", "debug/.cargo-lock", "locked/file", "front/x/file"]
        {
            let path = scratch.path().join(file);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, "").unwrap();
        }
        let folders = ["locked", "front/x"].map(|folder| scratch.path().join(folder));
        set_mode(&folders, 0);
        let items = everything(scratch.path());
        set_mode(&folders, 0o700);
        let paths: Vec<PathBuf> = items.unwrap().into_iter().flat_map(|item| item.paths).collect();
        assert_eq!(paths, ["front", "locked", "release/app"].map(PathBuf::from));
    }

    #[cfg(unix)]
    fn set_mode(folders: &[PathBuf], mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        for folder in folders {
            fs_err::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    #[test]
    fn only_the_topmost_of_nested_paths_is_named() {
        let paths = ["build/a-1", "build/a-1/out", "deps/a-1.d", "build/a-1/out/x"].map(Path::new);
        assert_eq!(topmost(paths.into_iter()), [PathBuf::from("build/a-1"), PathBuf::from("deps/a-1.d")]);
    }

    #[test]
    fn what_is_young_or_of_unknown_age_stays() {
        let now = seconds_after_epoch(1000);
        let [old, young, just_used, in_future] = [800, 950, 999, 2000].map(|n| Some(seconds_after_epoch(n)));
        let age = Duration::from_secs(100);
        assert!(is_older(old, age, now) && !is_older(young, age, now));
        assert!(!is_older(None, age, now) && !is_older(in_future, age, now));
        assert!(is_older(just_used, Duration::ZERO, now));
    }

    fn seconds_after_epoch(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }
}
