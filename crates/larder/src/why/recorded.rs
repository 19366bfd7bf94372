//! Units as a skeleton has them recorded, by the file of their fingerprint, before and after cargo was asked. Only
//! fingerprints are read; all of a target folder is [`target_dir::read`](crate::target_dir::read)'s matter.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    error::Result,
    files::disk::read_untouched,
    target_dir::{
        fingerprint::{DepInfo, Fingerprint, Input, hash},
        layout::{UnitPlace, fingerprint_folders},
    },
};

/// One unit.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    /// Which one it is; the folder is below the build directory.
    pub(super) place: UnitPlace,
    /// The hash of the whole fingerprint; `None` if the last compilation did not finish.
    pub(super) whole: Option<u64>,
    /// Its sources.
    pub(super) fingerprint: Fingerprint,
    /// When the fingerprint was written.
    pub(super) modified: SystemTime,
}

/// How many things besides dependencies and places differ.
fn distance(one: &Fingerprint, other: &Fingerprint) -> usize {
    [
        one.rustc != other.rustc,
        one.features != other.features,
        one.target != other.target,
        one.profile != other.profile,
        one.path != other.path,
        one.rustflags != other.rustflags,
        one.config != other.config,
        one.compile_kind != other.compile_kind,
    ]
    .into_iter()
    .filter(|differs| *differs)
    .count()
}

/// All units of a build directory, by the path of their fingerprint's file below it.
#[derive(Debug, Clone, Default)]
pub(super) struct RecordedUnits(BTreeMap<PathBuf, Recorded>);

impl RecordedUnits {
    /// Reads the units of the given platform and profile folders.
    pub(super) fn read(build_dir: &Path, folders: &[PathBuf]) -> Result<Self> {
        let mut all = BTreeMap::new();
        for folder in folders.iter().flat_map(|folder| fingerprint_folders(folder)) {
            for file in fingerprint_files(&folder)? {
                if let Some(recorded) = Recorded::read(build_dir, &file)? {
                    let name = file.strip_prefix(build_dir).unwrap_or(&file);
                    all.insert(name.to_owned(), recorded);
                }
            }
        }
        Ok(Self(all))
    }

    /// The unit whose fingerprint is in a file.
    pub(super) fn get(&self, file: &Path) -> Option<&Recorded> {
        self.0.get(file)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Recorded> {
        self.0.values()
    }

    /// The same unit as it was built before under another hash: the one that differs least, and of those the
    /// newest.
    pub(super) fn counterpart(&self, new: &Recorded) -> Option<&Recorded> {
        self.iter()
            .filter(|old| is_same_unit(&old.place, &new.place))
            .min_by_key(|old| (distance(&old.fingerprint, &new.fingerprint), std::cmp::Reverse(old.modified)))
    }
}

/// Whether both are one unit, under whatever hash.
fn is_same_unit(old: &UnitPlace, new: &UnitPlace) -> bool {
    old.folder == new.folder && old.package == new.package && old.target == new.target
}

impl Recorded {
    /// Reads a fingerprint's two files; `None` if one is missing or in a shape that is not known.
    pub(super) fn read(build_dir: &Path, file: &Path) -> Result<Option<Self>> {
        let json = file.with_added_extension("json");
        if !json.is_file() || !file.is_file() {
            return Ok(None);
        }
        let Some(fingerprint) = Fingerprint::parse(&read_untouched(&json)?) else { return Ok(None) };
        let Some(place) = UnitPlace::from_file(file.strip_prefix(build_dir).unwrap_or(file)) else {
            return Ok(None);
        };
        let whole = hash(&read_untouched(file)?);
        Ok(Some(Self { place, whole, fingerprint, modified: fs_err::metadata(&json)?.modified()? }))
    }

    /// The files of a path package that are newer than its last compilation. `file` is the fingerprint's own.
    pub(super) fn newer_sources(&self, build_dir: &Path, file: &Path, package: &Path) -> Vec<PathBuf> {
        let list = build_dir.join(file).with_file_name(format!("dep-{}", self.place.target));
        let info = read_untouched(&list).ok().and_then(|bytes| DepInfo::parse(&bytes)).unwrap_or_default();
        let Some(built) = modified_time(&list) else { return Vec::new() };
        let sources = info.files.into_iter().filter_map(|input| match input {
            Input::InPackage(path) => Some(package.join(path)),
            Input::Elsewhere(_) => None,
        });
        sources.filter(|path| modified_time(path).is_some_and(|time| time > built)).collect()
    }
}

fn modified_time(path: &Path) -> Option<SystemTime> {
    fs_err::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The files in a folder that have a JSON file beside them.
fn fingerprint_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path.with_extension(""));
        }
    }
    files.sort();
    Ok(files)
}
