//! cargo's home: what was downloaded, and which of it this project's `Cargo.lock` names.

use std::{
    collections::HashSet,
    ffi::OsStr,
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::{files::disk::FileFacts, project::Project};

use super::{
    cache::{Cache, FoundCaches, Scope},
    measure::{Measure, measure},
    reusable::LockedPackages,
};

/// The content of each folder of the home. The class of a path is twice its number, and one more if it is locked.
const PLACES: [(&str, &str); 6] = [
    ("", "cargo's folders"),
    ("index", "which packages there are"),
    ("cache", "packages as they were downloaded"),
    ("src", "packages, unpacked"),
    ("db", "repositories as they were fetched"),
    ("checkouts", "revisions, checked out"),
];

pub(super) fn look(project: &Project, locked: &LockedPackages) -> FoundCaches {
    const WHY: &str = "neither CARGO_HOME nor HOME is set";
    let Some(home) = project.cargo.home() else {
        let caches = vec![Cache::absent("CARGO_HOME", Scope::Machine, WHY).said(FILLED, SHRINK)];
        return FoundCaches { caches, problems: Vec::new() };
    };
    let home = project.workspace.root().as_std_path().join(home);
    let inside = home.starts_with(project.workspace.root());
    let scope = if inside { Scope::Project } else { Scope::Machine };
    let roots = [home.join("registry"), home.join("git")];
    let repositories = used_repositories(&roots[1].join("checkouts"), locked);
    let class = |_: usize, path: &Path| class(path, locked, &repositories);
    let (sums, problems) = measure(&roots, PLACES.len() * 2, 3, class);
    let used = last_use(&home);
    let mut caches = Vec::new();
    for ((root, sums), name) in roots.into_iter().zip(sums).zip(["registry", "git"]) {
        let title = format!("CARGO_HOME/{name}");
        if !root.is_dir() {
            caches.push(Cache::absent(title, scope, "nothing was fetched yet").at(root).said(FILLED, SHRINK));
            continue;
        }
        let parts = PLACES
            .iter()
            .enumerate()
            .filter_map(|(place, words)| part(*words, scope, &root, [sums[place * 2], sums[place * 2 + 1]]));
        let cache = Cache::of_parts(title, scope, parts.collect()).at(root).last_used(used);
        caches.push(cache.said(FILLED, SHRINK));
    }
    FoundCaches { caches, problems }
}

const FILLED: &str = "cargo fetch and every build";
const SHRINK: &str = "cargo larder gc --only downloads; cargo itself drops what was unused for three months";

fn part((name, filled_by): (&str, &str), scope: Scope, root: &Path, sums: [Measure; 2]) -> Option<Cache> {
    let [other, locked] = sums;
    if other.names + locked.names == 0 {
        return None;
    }
    let modified = other.modified.max(locked.modified);
    let size = other.size + locked.size;
    // An index is read as a whole, and the folders themselves are nobody's.
    let reusable = (!matches!(name, "" | "index")).then_some(locked.size.on_disk);
    let cache = Cache::new(if name.is_empty() { "other" } else { name }, scope, size);
    let cache = if name.is_empty() { cache } else { cache.at(root.join(name)) };
    Some(cache.reusing(reusable).last_used(modified).said(filled_by, SHRINK))
}

/// `src/<index>/<package>`, `cache/<index>/<package>.crate`, `checkouts/<repository>/<revision>`,
/// `db/<repository>`.
fn class(path: &Path, locked: &LockedPackages, repositories: &HashSet<PathBuf>) -> usize {
    let mut names = path.iter().map(|name| name.to_str().unwrap_or_default());
    let (first, second, third) = (names.next(), names.next(), names.next());
    let Some(place) = PLACES.iter().position(|(name, _)| Some(*name) == first && first != Some("")) else {
        return 0;
    };
    let used = match (first, second, third) {
        (Some("src"), _, Some(package)) => locked.has_registry(package),
        (Some("cache"), _, Some(file)) => locked.has_registry(file.strip_suffix(".crate").unwrap_or(file)),
        (Some("checkouts"), _, Some(revision)) => locked.has_revision(revision),
        (Some("db"), Some(repository), _) => repositories.contains(Path::new(repository)),
        _ => false,
    };
    place * 2 + usize::from(used)
}

/// Repositories that a locked revision is checked out of.
fn used_repositories(checkouts: &Path, locked: &LockedPackages) -> HashSet<PathBuf> {
    let used = names_in(checkouts).into_iter().filter(|repository| {
        let revisions = names_in(&checkouts.join(repository));
        revisions
            .iter()
            .any(|revision| revision.to_str().is_some_and(|revision| locked.has_revision(revision)))
    });
    used.collect()
}

fn names_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| PathBuf::from(entry.file_name())).collect()
}

/// cargo keeps book of what it uses in files of its own, which change with every build.
fn last_use(home: &Path) -> Option<SystemTime> {
    let books = [".global-cache", ".package-cache", ".package-cache-mutate"].map(OsStr::new);
    books.iter().filter_map(|name| Some(FileFacts::read(&home.join(name)).ok()?.modified)).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_by_place() {
        let repositories = HashSet::from([PathBuf::from("crane-9f")]);
        for (path, expected) in [
            ("", 0),
            ("CACHEDIR.TAG", 0),
            ("index/i/.cache", 2),
            ("src/i/serde-1.0.0", 6),
            ("db/crane-9f/objects", 9),
            ("db/other", 8),
        ] {
            assert_eq!(class(Path::new(path), &LockedPackages::default(), &repositories), expected, "{path}");
        }
    }
}
