//! Everything below a target folder, each name put where it belongs: to a unit's hash, or to what is no unit.
//! Nothing is opened here; names alone decide.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::{Component, Path, PathBuf},
};

use super::{
    folder::{Layout, Other, OtherKind, Profile, TargetFolderFile},
    layout::{ANSWERS, BUILD, DEPS, FINGERPRINTS, LOCKS},
};
use crate::{
    cargo::unit_hash::{in_name, is_hash, split},
    files::{
        disk,
        tag::{TAG, Tag},
    },
};

/// The findings, by the place they belong to.
pub(super) struct Contents {
    pub(super) tag: Tag,
    pub(super) profiles: Vec<Profile>,
    /// Files with a hash in their name or path.
    pub(super) hashed: BTreeMap<(usize, String), Hashed>,
    /// Files in `deps` without a hash, by profile folder.
    pub(super) plain: Vec<(usize, TargetFolderFile)>,
    pub(super) others: Vec<Other>,
    pub(super) problems: Vec<String>,
}

/// The files of one hash in one profile folder.
pub(super) struct Hashed {
    /// The package, if a folder tells; artifacts alone carry the crate's name.
    pub(super) package: Option<String>,
    pub(super) layout: Layout,
    /// Files in the folder of the fingerprint, which is first.
    pub(super) fingerprint: Vec<TargetFolderFile>,
    /// All others, each with the topmost path that is the unit's own.
    pub(super) artifacts: Vec<(PathBuf, TargetFolderFile)>,
}

pub(super) fn read(root: &Path) -> Contents {
    let (files, problems) = walk(root);
    let profiles = find_profiles(&files);
    let tops: Vec<PathBuf> = profiles.iter().map(Profile::path).collect();
    let by_path: HashMap<&Path, usize> =
        tops.iter().enumerate().map(|(number, top)| (top.as_path(), number)).collect();
    let mut sorter = Sorter::new(&tops);
    for file in files {
        let profile = file.path.ancestors().find_map(|path| by_path.get(path)).copied();
        match profile {
            Some(number) => sorter.in_profile(number, file),
            None => sorter.outside(file),
        }
    }
    let Sorter { hashed, plain, others, .. } = sorter;
    let others = others.into_iter().map(|((path, _), other)| Other { path, ..other }).collect();
    Contents { tag: Tag::read(root), hashed, plain, others, problems, profiles }
}

fn walk(root: &Path) -> (Vec<TargetFolderFile>, Vec<String>) {
    // A link that leads to the target folder is the user's choice; links in it are not followed.
    let real = fs_err::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let (states, problems) = disk::walk(std::slice::from_ref(&real), Vec::new, |files, entry| {
        let path = entry.folder.join(entry.name);
        let Ok(path) = path.strip_prefix(&real) else { return };
        let disk::FileFacts { kind, size, id, links, modified, accessed } = entry.facts;
        files.push(TargetFolderFile { path: path.to_owned(), size, kind, id, links, modified, accessed });
    });
    let mut files: Vec<TargetFolderFile> = states.into_iter().flatten().collect();
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    (files, problems)
}

/// Folders that hold one of cargo's marks of a profile folder, and are in no other such folder.
fn find_profiles(files: &[TargetFolderFile]) -> Vec<Profile> {
    const MARKS: [&str; 3] = [FINGERPRINTS, LOCKS[1], LOCKS[0]];
    let roots = parents(files, &ANSWERS);
    let mut found: Vec<&Path> = Vec::new();
    for path in parents(files, &MARKS) {
        let inside = found.iter().any(|outer| path.starts_with(outer));
        if !inside && path.file_name().is_some() {
            found.push(path);
        }
    }
    found.into_iter().map(|path| profile(path, &roots)).collect()
}

/// The folders of all files that have one of these names.
fn parents<'a>(files: &'a [TargetFolderFile], names: &[&str]) -> BTreeSet<&'a Path> {
    let named = |file: &&TargetFolderFile| {
        file.path.file_name().is_some_and(|name| names.iter().any(|one| name == *one))
    };
    files.iter().filter(named).filter_map(|file| file.path.parent()).collect()
}

fn profile(path: &Path, roots: &BTreeSet<&Path>) -> Profile {
    let name = last_part(path);
    let parent = path.parent().unwrap_or(Path::new(""));
    match parent.parent() {
        // cargo's knowledge of rustc is beside the folders of platforms, never in them.
        Some(base) if !roots.contains(parent) => {
            Profile { base: base.to_owned(), platform: Some(last_part(parent)), name }
        }
        _ => Profile { base: parent.to_owned(), platform: None, name },
    }
}

fn last_part(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

struct Sorter<'a> {
    /// The profile folders.
    tops: &'a [PathBuf],
    /// Folders that profile folders are in, the target folder itself included.
    leading: HashSet<&'a Path>,
    hashed: BTreeMap<(usize, String), Hashed>,
    plain: Vec<(usize, TargetFolderFile)>,
    others: BTreeMap<(PathBuf, OtherKind), Other>,
}

impl<'a> Sorter<'a> {
    fn new(tops: &'a [PathBuf]) -> Self {
        let mut leading: HashSet<&Path> = tops.iter().flat_map(|top| top.ancestors().skip(1)).collect();
        leading.insert(Path::new(""));
        Self { tops, leading, hashed: BTreeMap::new(), plain: Vec::new(), others: BTreeMap::new() }
    }

    fn in_profile(&mut self, profile: usize, file: TargetFolderFile) {
        let top = &self.tops[profile];
        let rest = file.path.strip_prefix(top).unwrap_or(&file.path);
        // An entry below a name that is no text is nothing of cargo's.
        let parts: Vec<&str> = rest.components().map_while(text).collect();
        match parts.as_slice() {
            [FINGERPRINTS, folder, ..] if split(folder).is_some() => {
                let (package, hash) = split(folder).unwrap_or_default();
                let entry = self.hashed(profile, hash, Some(package), Layout::Old);
                entry.fingerprint.push(file);
            }
            [BUILD, folder, ..] if split(folder).is_some() => {
                let (package, hash) = split(folder).unwrap_or_default();
                let own = path_below(top, &parts[..2]);
                self.hashed(profile, hash, Some(package), Layout::Old).artifacts.push((own, file));
            }
            [BUILD, package, hash, rest @ ..] if is_hash(hash) => {
                let own = path_below(top, &parts[..3]);
                let entry = self.hashed(profile, hash, Some(package), Layout::New);
                if rest.first() == Some(&"fingerprint") {
                    entry.fingerprint.push(file);
                } else {
                    entry.artifacts.push((own, file));
                }
            }
            [DEPS, "artifact", folder, ..] if split(folder).is_some() => {
                let (package, hash) = split(folder).unwrap_or_default();
                let own = path_below(top, &parts[..3]);
                self.hashed(profile, hash, Some(package), Layout::Old).artifacts.push((own, file));
            }
            [DEPS | "examples", name, ..] if in_name(name).is_some() => {
                let own = path_below(top, &parts[..2]);
                let hash = in_name(name).unwrap_or_default();
                self.hashed(profile, hash, None, Layout::Old).artifacts.push((own, file));
            }
            [DEPS, name, ..] if *name != "artifact" => self.plain.push((profile, file)),
            ["incremental", _, ..] => {
                self.other(path_below(top, &parts[..2]), OtherKind::Incremental, Some(profile), file);
            }
            ["examples", _, ..] => {
                self.other(path_below(top, &parts[..2]), OtherKind::Uplifted, Some(profile), file);
            }
            _ => self.beside(profile, &parts.join("/"), path_below(top, &parts[..parts.len().min(1)]), file),
        }
    }

    /// A file in a profile folder, but in none of the folders that units have.
    fn beside(&mut self, profile: usize, rest: &str, own: PathBuf, file: TargetFolderFile) {
        const FOLDERS: [&str; 6] = ["", FINGERPRINTS, BUILD, DEPS, "examples", "incremental"];
        let first = rest.split('/').next().unwrap_or_default();
        let bundle = Path::new(first).extension().is_some_and(|extension| extension == "dSYM");
        let in_unit_folder = FOLDERS.contains(&first);
        let (own, kind) = match file.kind {
            _ if in_unit_folder && file.kind == disk::EntryKind::Folder => {
                (file.path.clone(), OtherKind::Bookkeeping)
            }
            _ if in_unit_folder => (file.path.clone(), OtherKind::Foreign),
            _ if first.starts_with(".cargo") => (own, OtherKind::Bookkeeping),
            disk::EntryKind::Folder if !bundle => (own, OtherKind::Foreign),
            _ if bundle || !rest.contains('/') => (own, OtherKind::Uplifted),
            _ => (own, OtherKind::Foreign),
        };
        self.other(own, kind, Some(profile), file);
    }

    /// A file in no profile folder.
    fn outside(&mut self, file: TargetFolderFile) {
        const OWN: [&str; 4] = [ANSWERS[0], ANSWERS[1], TAG, ".rustdoc_fingerprint.json"];
        let on_the_way = file.kind == disk::EntryKind::Folder && self.leading.contains(file.path.as_path());
        let own = file.path.file_name().is_some_and(|name| OWN.iter().any(|own| name == *own));
        if on_the_way || own {
            return self.other(file.path.clone(), OtherKind::Bookkeeping, None, file);
        }
        // Below the deepest folder that leads to profiles, the next name says what this is.
        let base = file.path.ancestors().skip(1).find(|path| self.leading.contains(path));
        let base = base.unwrap_or(Path::new("")).to_owned();
        let first =
            file.path.strip_prefix(&base).ok().and_then(|rest| rest.components().next().and_then(text));
        let first = first.unwrap_or_default().to_owned();
        let kind = match first.as_str() {
            "doc" => OtherKind::Documentation,
            "package" => OtherKind::Package,
            "tmp" => OtherKind::Temporary,
            "cargo-timings" => OtherKind::Timings,
            "site" => OtherKind::Site,
            _ => OtherKind::Foreign,
        };
        self.other(base.join(first), kind, None, file);
    }

    fn hashed(&mut self, profile: usize, hash: &str, package: Option<&str>, layout: Layout) -> &mut Hashed {
        let entry = self.hashed.entry((profile, hash.to_owned())).or_insert_with(|| Hashed {
            package: None,
            layout,
            fingerprint: Vec::new(),
            artifacts: Vec::new(),
        });
        if entry.package.is_none() {
            entry.package = package.map(str::to_owned);
        }
        entry
    }

    fn other(&mut self, path: PathBuf, kind: OtherKind, profile: Option<usize>, file: TargetFolderFile) {
        let other = self.others.entry((path, kind)).or_insert_with(|| Other {
            kind,
            path: PathBuf::new(),
            profile,
            unit: None,
            files: Vec::new(),
        });
        other.files.push(file);
    }
}

fn path_below(top: &Path, parts: &[&str]) -> PathBuf {
    top.join(parts.iter().collect::<PathBuf>())
}

fn text(part: Component<'_>) -> Option<&str> {
    match part {
        Component::Normal(name) => name.to_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_below_a_name_that_is_no_text_is_not_cargos() {
        use std::os::unix::ffi::OsStrExt as _;
        let dir = tempfile::tempdir().unwrap();
        let strange = std::ffi::OsStr::from_bytes(b"\xff");
        fs_err::create_dir_all(dir.path().join("debug/.fingerprint")).unwrap();
        for folder in [dir.path().join(strange), dir.path().join("debug").join(strange)] {
            fs_err::create_dir_all(folder.join("doc")).unwrap();
            fs_err::create_dir_all(folder.join("deps")).unwrap();
            fs_err::write(folder.join("deps/liba-495e83d0e6fee3ce.rlib"), "").unwrap();
        }
        let Contents { hashed, others, .. } = read(dir.path());
        assert!(hashed.is_empty());
        assert!(others.iter().all(|other| matches!(other.kind, OtherKind::Foreign | OtherKind::Bookkeeping)));
    }

    #[test]
    fn a_platform_is_between_cargos_folder_and_the_profile() {
        let roots = BTreeSet::from([Path::new(""), Path::new("front")]);
        for (path, expected) in [
            ("debug", ("", "", "debug")),
            ("front/debug", ("front", "", "debug")),
            ("x86_64-a/debug", ("", "x86_64-a", "debug")),
            ("front/wasm32-b/fast", ("front", "wasm32-b", "fast")),
        ] {
            let Profile { base, platform, name } = profile(Path::new(path), &roots);
            let (base, platform) = (base.to_string_lossy(), platform.unwrap_or_default());
            assert_eq!((&*base, platform.as_str(), name.as_str()), expected, "{path}");
        }
    }
}
