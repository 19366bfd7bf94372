//! Adding up folders, told apart by classes that the caller names.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::files::disk::{self, Entry, EntryKind, FileId, Size};

/// The size of one class.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measure {
    pub(super) size: Size,
    /// The youngest change.
    pub(super) modified: Option<SystemTime>,
    pub(super) names: u64,
}

struct RunningSums {
    sums: Vec<Vec<Measure>>,
    /// Files with several names, which are counted when all are known.
    linked: Vec<(usize, usize, FileId, Size)>,
    /// The folder that was last classified.
    last: Option<(usize, PathBuf, usize)>,
}

impl RunningSums {
    fn new(roots: usize, classes: usize) -> Self {
        Self { sums: vec![vec![Measure::default(); classes]; roots], linked: Vec::new(), last: None }
    }

    /// The class of an entry, by `class` or as that of the entry before it in the same folder.
    fn classify(
        &mut self,
        entry: &Entry<'_>,
        root: &Path,
        depth: usize,
        class: &impl Fn(usize, &Path) -> usize,
    ) -> usize {
        if let Some((last_root, last, class)) = &self.last
            && *last_root == entry.root
            && last == entry.folder
        {
            return *class;
        }
        let below = entry.folder.strip_prefix(root).unwrap_or(Path::new(""));
        if entry.folder.starts_with(root) && below.iter().count() >= depth {
            let found = class(entry.root, &below.iter().take(depth).collect::<PathBuf>());
            self.last = Some((entry.root, entry.folder.to_owned(), found));
            return found;
        }
        // The root itself is of the class of an empty path.
        let path = if entry.folder.starts_with(root) { below.join(entry.name) } else { PathBuf::new() };
        class(entry.root, &path)
    }
}

/// Measures each root by class. `class` gets a root and the part of a path below it that decides, which is the
/// first `depth` names of it; everything deeper is of the same class. A root may be a link, such as that of a cache
/// on another disk; links below it are not followed.
pub(super) fn measure(
    roots: &[PathBuf],
    classes: usize,
    depth: usize,
    class: impl Fn(usize, &Path) -> usize + Sync,
) -> (Vec<Vec<Measure>>, Vec<String>) {
    let real = |root: &PathBuf| fs_err::canonicalize(root).unwrap_or_else(|_| root.clone());
    let roots: &[PathBuf] = &roots.iter().map(real).collect::<Vec<_>>();
    let (states, problems) = disk::walk(
        roots,
        || RunningSums::new(roots.len(), classes),
        |state, entry| {
            let class = state.classify(&entry, &roots[entry.root], depth, &class);
            let facts = entry.facts;
            let sum = &mut state.sums[entry.root][class];
            sum.names += 1;
            sum.modified = sum.modified.max(Some(facts.modified));
            if facts.links > 1 && facts.kind == EntryKind::File {
                state.linked.push((entry.root, class, facts.id, facts.size));
            } else {
                sum.size += facts.size;
            }
        },
    );
    (merge(states, roots.len(), classes), problems)
}

fn merge(states: Vec<RunningSums>, roots: usize, classes: usize) -> Vec<Vec<Measure>> {
    let mut total = vec![vec![Measure::default(); classes]; roots];
    let mut linked = Vec::new();
    for state in states {
        linked.extend(state.linked);
        for (root, sums) in state.sums.into_iter().enumerate() {
            for (class, sum) in sums.into_iter().enumerate() {
                let total = &mut total[root][class];
                total.size += sum.size;
                total.names += sum.names;
                total.modified = total.modified.max(sum.modified);
            }
        }
    }
    // Whatever thread came by first, the first root and class that has a name of the file counts it.
    linked.sort_unstable_by_key(|&(root, class, id, _)| (root, class, id));
    let mut seen = HashSet::new();
    for (root, class, id, size) in linked {
        if seen.insert(id) {
            total[root][class].size += size;
        }
    }
    total
}

/// Measures one folder as a whole.
pub(super) fn whole(folder: &Path) -> (Measure, Vec<String>) {
    let (sums, problems) = measure(&[folder.to_owned()], 1, 0, |_, _| 0);
    (sums[0][0], problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_the_depth_are_of_one_class() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["i/a-1/src/x", "i/a-1/y", "i/b-1/z", "i/c"] {
            fs_err::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            fs_err::write(dir.path().join(path), "text").unwrap();
        }
        let used = |_: usize, path: &Path| usize::from(path.starts_with("i/a-1"));
        let (sums, problems) = measure(&[dir.path().to_owned()], 2, 2, used);
        // Used: the folder a-1, src, x and y. Not used: the root, i, b-1, z and c.
        assert_eq!((sums[0][1].names, sums[0][0].names, problems.len()), (4, 5, 0));
        let all = whole(dir.path()).0.size;
        assert_eq!(sums[0][0].size + sums[0][1].size, all);
        #[cfg(unix)]
        {
            let elsewhere = tempfile::tempdir().unwrap();
            let link = elsewhere.path().join("link");
            std::os::unix::fs::symlink(dir.path(), &link).unwrap();
            assert_eq!(whole(&link).0.size, all);
        }
    }
}
