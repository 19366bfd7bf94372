//! The part of a target folder that the project's next builds can use, as far as records tell.
//!
//! A unit is of use when the compiler that is in use now built it, its package is in `Cargo.lock`, and the same
//! holds for everything it was built with, in the very state it was built with. This is an upper bound: features,
//! flags and edited sources are cargo's to judge. It asks cargo which compiler this is, and for nothing else.

use std::{
    collections::{HashMap, HashSet},
    io::Read as _,
    path::Path,
};

use larder::{
    project::Project,
    side_by_side,
    target_dir::{CodeOrigin, TargetFolder, compiler, fingerprint::Fingerprint},
    workspace::{self, LockedSource},
};
use toml_edit::DocumentMut;

/// The compiler and packages of the project now.
#[derive(Debug, Clone)]
pub(super) struct Now<'a> {
    /// cargo's hash of the compiler; `None` if it cannot be told, and nothing is said of toolchains.
    rustc: Option<u64>,
    locked: &'a LockedPackages,
}

impl<'a> Now<'a> {
    pub(super) fn new(project: &Project, locked: &'a LockedPackages) -> Self {
        let cargo = &project.cargo;
        let root = project.workspace.root();
        Self { rustc: compiler::hash(cargo, root.as_std_path()), locked }
    }

    pub(super) fn is_of_other_toolchain(&self, fingerprint: &Fingerprint) -> bool {
        self.rustc.is_some_and(|rustc| rustc != fingerprint.rustc)
    }

    /// For each unit, whether it is of use.
    pub(super) fn reusable_units(&self, folder: &TargetFolder) -> Vec<bool> {
        let packages = packages(folder);
        let mut usable = vec![true; folder.units.len()];
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); folder.units.len()];
        let mut open = Vec::new();
        for (number, unit) in folder.units.iter().enumerate() {
            let own = unit.fingerprint.as_ref().is_some_and(|fingerprint| {
                let package = packages.get(&fingerprint.path);
                unit.fingerprint_hash.is_some()
                    && !self.is_of_other_toolchain(fingerprint)
                    && package.is_none_or(|package| self.locked.has(package))
            });
            let dependencies = folder.dependencies(unit);
            if !own || dependencies.contains(&None) {
                usable[number] = false;
                open.push(number);
            }
            dependencies.into_iter().flatten().for_each(|dependency| dependents[dependency].push(number));
        }
        while let Some(number) = open.pop() {
            for &dependent in &dependents[number] {
                if std::mem::replace(&mut usable[dependent], false) {
                    open.push(dependent);
                }
            }
        }
        usable
    }
}

/// A package as its source folder is called: `serde-1.0.229`, or a git checkout and its revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum PackageFolder {
    Registry(String),
    Git(String),
}

/// The packages that `Cargo.lock` names.
#[derive(Debug, Clone, Default)]
pub(super) struct LockedPackages {
    /// `name-version`.
    registry: HashSet<String>,
    /// Revisions of git packages.
    revisions: Vec<String>,
}

impl LockedPackages {
    pub(super) fn read(project: &Project) -> Self {
        let lock = workspace::parse_toml(&project.workspace.root().join("Cargo.lock"));
        lock.map(|lock| Self::parse(&lock)).unwrap_or_default()
    }

    fn parse(lock: &DocumentMut) -> Self {
        let mut locked = Self::default();
        for package in workspace::locked_packages(lock) {
            match package.source.map(LockedSource::parse) {
                Some(source) if source.is_git() => {
                    locked.revisions.extend(source.commit.map(str::to_owned));
                }
                Some(_) => {
                    locked.registry.insert(format!("{}-{}", package.name, package.version));
                }
                None => {}
            }
        }
        locked
    }

    pub(super) fn has(&self, package: &PackageFolder) -> bool {
        match package {
            PackageFolder::Registry(name) => self.registry.contains(name),
            PackageFolder::Git(short) => self.has_revision(short),
        }
    }

    pub(super) fn has_registry(&self, name: &str) -> bool {
        self.registry.contains(name)
    }

    /// cargo names checkouts by the first digits of their revision.
    pub(super) fn has_revision(&self, short: &str) -> bool {
        !short.is_empty() && self.revisions.iter().any(|revision| revision.starts_with(short))
    }
}

/// The package of each root source file, by cargo's hash of its path. One compiler's record is read for each.
fn packages(folder: &TargetFolder) -> HashMap<u64, PackageFolder> {
    let mut records: HashMap<u64, &Path> = HashMap::new();
    for unit in
        folder.units.iter().filter(|unit| matches!(unit.origin, CodeOrigin::External | CodeOrigin::Tainted))
    {
        let record =
            unit.files.iter().find(|file| file.path.extension().is_some_and(|extension| extension == "d"));
        if let (Some(fingerprint), Some(record)) = (&unit.fingerprint, record) {
            records.entry(fingerprint.path).or_insert(&record.path);
        }
    }
    let read = |(path, record): (u64, &Path)| Some((path, package_of(&folder.path.join(record))?));
    side_by_side::flat_map(records.into_iter().collect(), |item| read(item).into_iter().collect())
        .into_iter()
        .collect()
}

fn package_of(record: &Path) -> Option<PackageFolder> {
    /// The first source file is named near the start.
    const START: u64 = 4096;
    let mut start = Vec::new();
    fs_err::File::open(record).ok()?.take(START).read_to_end(&mut start).ok()?;
    package_in(&String::from_utf8_lossy(&start))
}

/// The package in the path of a source file: `…/registry/src/<index>/<package>/…` or
/// `…/git/checkouts/<repository>/<revision>/…`.
fn package_in(record: &str) -> Option<PackageFolder> {
    let registry = folder_after(record, "/registry/src/").map(PackageFolder::Registry);
    registry.or_else(|| folder_after(record, "/git/checkouts/").map(PackageFolder::Git))
}

/// The second folder after a mark.
fn folder_after(record: &str, mark: &str) -> Option<String> {
    let rest = &record[record.find(mark)? + mark.len()..];
    rest.split('/').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_in_the_paths_of_their_sources() {
        let registry = "/t/debug/deps/serde-1.d: /h/registry/src/index-1/serde-1.0.2/src/lib.rs /h/registry/src/index-1/x";
        assert_eq!(package_in(registry), Some(PackageFolder::Registry("serde-1.0.2".into())));
        let git = "/t/x.d: /h/git/checkouts/crane-9f/2c71e19/src/lib.rs";
        assert_eq!(package_in(git), Some(PackageFolder::Git("2c71e19".into())));
        assert_eq!(package_in("target/debug/deps/app.d: src/lib.rs"), None);
    }

    #[test]
    fn a_lock_file_names_versions_and_revisions() {
        let lock = r#"
            [[package]]
            name = "a"
            version = "1.0.0"
            source = "registry+https://example.invalid/index"
            [[package]]
            name = "g"
            version = "0.1.0"
            source = "git+https://example.invalid/g?branch=main#0123456789abcdef0123456789abcdef01234567"
            [[package]]
            name = "own"
            version = "0.1.0"
        "#;
        let locked = LockedPackages::parse(&lock.parse().unwrap());
        assert!(locked.has_registry("a-1.0.0") && !locked.has_registry("own-0.1.0"));
        assert!(
            locked.has_revision("0123456") && !locked.has_revision("1123456") && !locked.has_revision("")
        );
    }
}
