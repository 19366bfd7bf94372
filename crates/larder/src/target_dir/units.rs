//! Files of one hash become units: reads fingerprints, several threads at a time, and finds the unit of files
//! that carry no hash.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    contents::{Contents, Hashed},
    fingerprint::{self, DepInfo, Fingerprint},
    folder::{BuiltUnit, CodeOrigin, Other, OtherKind, TargetFolder, TargetFolderFile, UnitKind},
};
use crate::{
    files::disk::{EntryKind, read_untouched},
    side_by_side,
};

pub(super) fn assemble(root: &Path, contents: Contents) -> TargetFolder {
    let Contents { tag, profiles, hashed, plain, mut others, problems } = contents;
    let mut work = Vec::new();
    for ((profile, hash), hashed) in hashed {
        if hashed.fingerprint.is_empty() && hashed.layout == super::folder::Layout::Old {
            others.extend(orphans(profile, hashed));
        } else {
            work.push((profile, hash, hashed));
        }
    }
    let mut units =
        side_by_side::flat_map(work, |(profile, hash, hashed)| units_of(root, profile, &hash, hashed));
    units.sort_by(|a, b| {
        (a.profile, &a.package, &a.hash, a.kind, &a.target)
            .cmp(&(b.profile, &b.package, &b.hash, b.kind, &b.target))
    });
    others.extend(give_plain_files(&mut units, plain));
    others.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    link_uplifted(&units, &mut others);
    TargetFolder {
        path: root.to_owned(),
        tag,
        profiles,
        units,
        others,
        problems,
        by_fingerprint: HashMap::new(),
    }
}

/// Artifacts without a fingerprint, one for each file or folder.
fn orphans(profile: usize, hashed: Hashed) -> Vec<Other> {
    let mut orphans: Vec<Other> = Vec::new();
    for (path, file) in hashed.artifacts {
        match orphans.last_mut() {
            Some(last) if last.path == path => last.files.push(file),
            _ => orphans.push(Other {
                kind: OtherKind::Orphan,
                path,
                profile: Some(profile),
                unit: None,
                files: vec![file],
            }),
        }
    }
    orphans
}

/// The units of one hash: mostly one; documentation shares the folder of its library.
fn units_of(root: &Path, profile: usize, hash: &str, hashed: Hashed) -> Vec<BuiltUnit> {
    let Hashed { package, layout, fingerprint: marks, artifacts } = hashed;
    let mut stems: Vec<(UnitKind, String, String)> = marks.iter().filter_map(stem).collect();
    stems.sort();
    let mut targets: Vec<(UnitKind, &str)> =
        stems.iter().map(|(kind, target, _)| (*kind, target.as_str())).collect();
    if targets.is_empty() {
        targets.push((UnitKind::Unfinished, ""));
    }
    let mut units: Vec<BuiltUnit> = targets
        .into_iter()
        .map(|(kind, target)| BuiltUnit {
            package: package.clone().unwrap_or_default(),
            hash: hash.to_owned(),
            target: target.to_owned(),
            kind,
            origin: CodeOrigin::Unknown,
            layout,
            profile,
            fingerprint: None,
            fingerprint_hash: None,
            fingerprint_file: None,
            built: None,
            accessed: None,
            files: Vec::new(),
        })
        .collect();
    let started =
        marks.iter().chain(artifacts.iter().map(|(_, file)| file)).find(|file| is(file, "invoked.timestamp"));
    let started = started.map(|file| file.modified);
    for (unit, (_, _, stem)) in units.iter_mut().zip(&stems) {
        read_fingerprint(root, unit, stem, &marks);
    }
    for file in marks {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let owner = stems.iter().position(|(_, _, stem)| is_named_after(&name, stem)).unwrap_or_default();
        units[owner].files.push(file);
    }
    units[0].files.extend(artifacts.into_iter().map(|(_, file)| file));
    for unit in &mut units {
        unit.built = unit.built.or(started);
        unit.files.sort_by(|a, b| a.path.cmp(&b.path));
    }
    units
}

fn is(file: &TargetFolderFile, name: &str) -> bool {
    file.path.file_name().is_some_and(|found| found == name)
}

/// `test-lib-app.json` is the fingerprint of the tests of the library `app`.
fn stem(file: &TargetFolderFile) -> Option<(UnitKind, String, String)> {
    const KINDS: [(&str, UnitKind); 8] = [
        ("run-build-script-", UnitKind::BuildScriptRun),
        ("build-script-", UnitKind::BuildScript),
        ("integration-test-", UnitKind::Test),
        ("test-", UnitKind::Test),
        ("lib-", UnitKind::Library),
        ("bin-", UnitKind::Binary),
        ("example-", UnitKind::Example),
        ("bench-", UnitKind::Benchmark),
    ];
    let stem = file.path.file_name()?.to_str()?.strip_suffix(".json")?;
    let (flavour, rest) = match (stem.strip_prefix("doc-"), stem.strip_prefix("test-")) {
        (Some(rest), _) => (Some(UnitKind::Documentation), rest),
        (_, Some(rest)) => (Some(UnitKind::Test), rest),
        _ => (None, stem),
    };
    let (kind, target) = KINDS.iter().find_map(|(prefix, kind)| Some((*kind, rest.strip_prefix(prefix)?)))?;
    Some((flavour.unwrap_or(kind), target.to_owned(), stem.to_owned()))
}

fn is_named_after(name: &str, stem: &str) -> bool {
    let name = name.strip_suffix(".json").unwrap_or(name);
    [name.strip_prefix("dep-"), name.strip_prefix("output-"), Some(name)].contains(&Some(stem))
}

fn read_fingerprint(root: &Path, unit: &mut BuiltUnit, stem: &str, marks: &[TargetFolderFile]) {
    if let Some(json) = find_mark(marks, &format!("{stem}.json")) {
        unit.fingerprint =
            read_untouched(&root.join(&json.path)).ok().and_then(|text| Fingerprint::parse(&text));
        unit.fingerprint_file = Some(json.path.clone());
    }
    if let Some(hash) = find_mark(marks, stem) {
        unit.fingerprint_hash =
            read_untouched(&root.join(&hash.path)).ok().and_then(|text| fingerprint::hash(&text));
        unit.built = Some(hash.modified);
        unit.accessed = Some(hash.accessed);
    }
    if let Some(info) = find_mark(marks, &format!("dep-{stem}")) {
        let info = read_untouched(&root.join(&info.path)).ok().and_then(|bytes| DepInfo::parse(&bytes));
        // cargo records files of path packages only, and of those at least the root.
        unit.origin = match info {
            Some(info) if info.is_local() => CodeOrigin::Local,
            Some(_) => CodeOrigin::External,
            None => CodeOrigin::Unknown,
        };
    }
}

fn find_mark<'a>(marks: &'a [TargetFolderFile], name: &str) -> Option<&'a TargetFolderFile> {
    marks.iter().find(|file| is(file, name))
}

/// Libraries of the crate types that have no hash in their file names: the newest unit of that name wrote them.
fn give_plain_files(units: &mut [BuiltUnit], plain: Vec<(usize, TargetFolderFile)>) -> Vec<Other> {
    let mut owners: HashMap<(usize, String), usize> = HashMap::new();
    for (number, unit) in units.iter().enumerate() {
        if matches!(unit.kind, UnitKind::Library | UnitKind::Binary | UnitKind::Example) {
            let newest = owners.entry((unit.profile, unit.target.replace('-', "_"))).or_insert(number);
            if writer_rank(unit) > writer_rank(&units[*newest]) {
                *newest = number;
            }
        }
    }
    let mut orphans = Vec::new();
    for (profile, file) in plain {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.split('.').next().unwrap_or_default().replace('-', "_");
        let without = stem.strip_prefix("lib").unwrap_or(&stem).to_owned();
        let owner = owners.get(&(profile, stem)).or_else(|| owners.get(&(profile, without)));
        match owner {
            Some(&owner) => units[owner].files.push(file),
            None => orphans.push(Other {
                kind: OtherKind::Orphan,
                path: file.path.clone(),
                profile: Some(profile),
                unit: None,
                files: vec![file],
            }),
        }
    }
    orphans
}

/// Of several units of one name, the highest is the one that wrote the file without a hash.
fn writer_rank(unit: &BuiltUnit) -> (bool, Option<SystemTime>) {
    let is_hashed = unit.files.iter().any(|file| file.path.iter().any(|part| part == "deps"));
    (!is_hashed, unit.built)
}

/// Finds the unit of each uplifted file: the one that the same file belongs to, or else the newest of that name.
fn link_uplifted(units: &[BuiltUnit], others: &mut [Other]) {
    let mut by_id = HashMap::new();
    let mut by_name: HashMap<(usize, PathBuf), usize> = HashMap::new();
    for (number, unit) in units.iter().enumerate() {
        for file in unit.files.iter().filter(|file| file.kind == EntryKind::File && file.links > 1) {
            by_id.insert(file.id, number);
        }
        if matches!(unit.kind, UnitKind::Library | UnitKind::Binary | UnitKind::Example) {
            let newest = by_name.entry((unit.profile, PathBuf::from(&unit.target))).or_insert(number);
            if unit.built > units[*newest].built {
                *newest = number;
            }
        }
    }
    for other in others.iter_mut().filter(|other| other.kind == OtherKind::Uplifted) {
        let same = other.files.iter().find_map(|file| by_id.get(&file.id));
        other.unit = same.copied().or_else(|| find_by_name(&by_name, other));
    }
}

fn find_by_name(units: &HashMap<(usize, PathBuf), usize>, uplifted: &Other) -> Option<usize> {
    let stem = uplifted.path.file_stem()?.to_str()?;
    let stem =
        if uplifted.path.extension().is_some() { stem.strip_prefix("lib").unwrap_or(stem) } else { stem };
    units.get(&(uplifted.profile?, PathBuf::from(stem))).copied()
}
