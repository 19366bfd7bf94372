//! Target folders: by profile and platform, and in each by what their contents are good for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::{
    camino::Utf8PathBuf,
    files::disk::{Size, Tally},
    project::Project,
    target_dir::{self, BuiltUnit, CodeOrigin, Other, OtherKind, TargetFolder, UnitKind},
};

use super::{
    cache::{Cache, FoundCaches, Scope},
    reusable::{LockedPackages, Now},
};

const GC: &str = "cargo larder gc --only target";

/// Looks at the project's target folder and at those of its slices that are elsewhere.
pub(super) fn look(project: &Project, locked: &LockedPackages) -> FoundCaches {
    let mut found = FoundCaches::default();
    let now = Now::new(project, locked);
    for path in project.target_dirs().into_iter().map(Utf8PathBuf::into_std_path_buf) {
        if !path.is_dir() {
            let name = name(project, &path);
            let absent = Cache::absent(name, Scope::Project, "nothing was built yet");
            found.caches.push(absent.at(&path).said("cargo build", GC));
            continue;
        }
        match target_dir::read(&path) {
            Ok(folder) => {
                found.problems.extend(folder.problems.iter().cloned());
                found.caches.push(cache(&name(project, &path), &folder, &now));
            }
            Err(error) => found.problems.push(error.to_string()),
        }
    }
    found
}

fn name(project: &Project, path: &Path) -> String {
    let inside = path.strip_prefix(project.workspace.root().as_std_path());
    inside.unwrap_or(path).to_string_lossy().into_owned()
}

/// A row of a profile folder. The order is that of the table, and decides which row a hard link counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ProfileShare {
    External,
    Tainted,
    Local,
    BuildScripts,
    OldToolchains,
    Unfinished,
    Incremental,
    Uplifted,
    Orphans,
    Rest,
}

impl ProfileShare {
    fn of_unit(unit: &BuiltUnit, now: &Now<'_>) -> Self {
        match (&unit.fingerprint, unit.kind, unit.origin) {
            (None, ..) => Self::Unfinished,
            (Some(fingerprint), ..) if now.is_of_other_toolchain(fingerprint) => Self::OldToolchains,
            (_, UnitKind::BuildScriptRun, _) => Self::BuildScripts,
            (_, _, CodeOrigin::External) => Self::External,
            (_, _, CodeOrigin::Tainted) => Self::Tainted,
            (_, _, CodeOrigin::Local | CodeOrigin::Unknown) => Self::Local,
        }
    }

    fn of_other(other: &Other) -> Self {
        match other.kind {
            OtherKind::Incremental => Self::Incremental,
            OtherKind::Uplifted => Self::Uplifted,
            OtherKind::Orphan => Self::Orphans,
            _ => Self::Rest,
        }
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::External => ("external units", "dependencies: cargo larder cook", GC),
            Self::Tainted => ("tainted units", "dependencies that reach path packages", GC),
            Self::Local => ("local units", "the workspace's own code", "cargo larder clean"),
            Self::BuildScripts => ("build-script output", "runs of build scripts", GC),
            Self::OldToolchains => ("old toolchains", "builds before the compiler changed", GC),
            Self::Unfinished => ("unfinished units", "builds that were interrupted", GC),
            Self::Incremental => {
                ("incremental", "rustc, for quicker builds of local units", "cargo larder clean")
            }
            Self::Uplifted => {
                ("programs and libraries", "links to local units, under plain names", "cargo larder clean")
            }
            Self::Orphans => ("orphans", "artifacts whose records are gone", GC),
            Self::Rest => ("other", "cargo's folders and locks", "nothing to gain"),
        }
    }
}

#[derive(Default)]
struct Sum {
    size: Size,
    reusable: Option<u64>,
    last_use: Option<SystemTime>,
}

impl Sum {
    fn cache(self, name: &str, filled_by: &str, shrink: &str) -> Cache {
        let Self { size, reusable, last_use } = self;
        Cache::new(name, Scope::Project, size).reusing(reusable).last_used(last_use).said(filled_by, shrink)
    }
}

fn cache(name: &str, folder: &TargetFolder, now: &Now<'_>) -> Cache {
    let usable = now.reusable_units(folder);
    let mut tally = Tally::default();
    let mut shares: BTreeMap<(usize, ProfileShare), Sum> = BTreeMap::new();
    // Units come first: an uplifted file that is a second name of theirs takes no room of its own.
    for (unit, usable) in folder.units.iter().zip(usable) {
        let size: Size = unit.files.iter().map(|file| tally.add(file.size, file.id, file.links)).sum();
        let sum = shares.entry((unit.profile, ProfileShare::of_unit(unit, now))).or_default();
        sum.size += size;
        sum.last_use = sum.last_use.max(unit.last_use());
        *sum.reusable.get_or_insert_default() += if usable { size.on_disk } else { 0 };
    }
    let mut outside: BTreeMap<PathBuf, (OtherKind, Sum)> = BTreeMap::new();
    for other in &folder.others {
        let size: Size = other.files.iter().map(|file| tally.add(file.size, file.id, file.links)).sum();
        let sum = match other.profile {
            Some(profile) => shares.entry((profile, ProfileShare::of_other(other))).or_default(),
            None => &mut outside.entry(place(other)).or_insert_with(|| (other.kind, Sum::default())).1,
        };
        sum.size += size;
        // Folders change with whatever is in them, which is not their use.
        if other.kind != OtherKind::Bookkeeping {
            sum.last_use = sum.last_use.max(other.modified());
        }
    }
    let parts = profiles(folder, shares);
    let parts = with_outside(parts, outside, &folder.path);
    Cache::of_parts(name, Scope::Project, parts).at(&folder.path).said("cargo build", GC)
}

/// The place of entries outside of profile folders, gathered so that cargo's own little files make one row in each
/// base.
fn place(other: &Other) -> PathBuf {
    match other.kind {
        OtherKind::Bookkeeping => PathBuf::new(),
        _ => other.path.clone(),
    }
}

fn profiles(folder: &TargetFolder, shares: BTreeMap<(usize, ProfileShare), Sum>) -> Vec<(PathBuf, Cache)> {
    let mut parts: BTreeMap<usize, Vec<Cache>> = BTreeMap::new();
    for ((profile, share), sum) in shares {
        let (name, filled_by, shrink) = share.words();
        if sum.size != Size::default() {
            parts.entry(profile).or_default().push(sum.cache(name, filled_by, shrink));
        }
    }
    let rows = parts.into_iter().map(|(profile, parts)| {
        let profile = &folder.profiles[profile];
        let path = profile.path();
        let name = path.strip_prefix(&profile.base).unwrap_or(&path).to_string_lossy().into_owned();
        let cache = Cache::of_parts(name, Scope::Project, parts).at(folder.path.join(&path));
        (profile.base.clone(), cache.said("cargo build", GC))
    });
    rows.collect()
}

/// Puts target folders inside the target folder, such as cargo-leptos's `front`, into rows of their own.
fn with_outside(
    profiles: Vec<(PathBuf, Cache)>,
    outside: BTreeMap<PathBuf, (OtherKind, Sum)>,
    root: &Path,
) -> Vec<Cache> {
    let bases: BTreeSet<PathBuf> = profiles.iter().map(|(base, _)| base.clone()).collect();
    let mut by_base: BTreeMap<PathBuf, Vec<Cache>> = BTreeMap::new();
    for (base, cache) in profiles {
        by_base.entry(base).or_default().push(cache);
    }
    for (path, (kind, sum)) in outside {
        let base = bases.iter().filter(|base| path.starts_with(base)).max_by_key(|base| base.iter().count());
        let base = base.cloned().unwrap_or_default();
        by_base.entry(base.clone()).or_default().push(other(&path, &base, kind, sum, root));
    }
    let mut parts = by_base.remove(Path::new("")).unwrap_or_default();
    for (base, inner) in by_base {
        let (filled_by, shrink) = match base.to_str() {
            Some("front") => ("cargo leptos build, the WASM half", GC),
            _ => ("cargo build --target-dir", GC),
        };
        let cache = Cache::of_parts(base.to_string_lossy(), Scope::Project, inner);
        parts.push(cache.at(root.join(base)).said(filled_by, shrink));
    }
    parts
}

fn other(path: &Path, base: &Path, kind: OtherKind, sum: Sum, root: &Path) -> Cache {
    const CLEAN: &str = "cargo larder clean";
    let name = path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned();
    let (name, filled_by, shrink) = match kind {
        OtherKind::Bookkeeping => ("other".to_owned(), "cargo's folders and locks", "nothing to gain"),
        OtherKind::Documentation => (name, "cargo doc", "cargo clean --doc"),
        OtherKind::Site => (name, "cargo leptos build, what is served", CLEAN),
        OtherKind::Temporary => (name, "tests, while they run", CLEAN),
        OtherKind::Package => (name, "cargo package", CLEAN),
        OtherKind::Timings => (name, "cargo build --timings", CLEAN),
        _ if name == "larder" => (name, "Larder's own records", "nothing to gain"),
        _ => (name, "not cargo", "what made it"),
    };
    let cache = sum.cache(&name, filled_by, shrink);
    if kind == OtherKind::Bookkeeping { cache } else { cache.at(root.join(path)) }
}
