//! The fingerprints in a skeleton, by the file that cargo keeps each in, before and after cargo was asked. Only
//! those are read, and what else is in a target folder is [`target_folder`](crate::target_dir)'s matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    error::Result,
    files::disk::{read_untouched, subfolders},
    target_dir::fingerprint::{DepInfo, Dependency, Fingerprint as Fields, Input, hash},
};

/// One unit's fingerprint.
#[derive(Debug, Clone)]
pub(super) struct Fingerprint {
    /// The folder of its platform and profile, below the build directory.
    pub(super) folder: PathBuf,
    /// The package's name.
    pub(super) package: String,
    /// The unit's hash, which cargo makes from what it is, not from its content.
    hash: String,
    /// What is built: `lib-NAME`, `bin-NAME`, `run-build-script-…`.
    pub(super) target: String,
    /// The hash of the whole; `None` where the last compilation did not finish.
    pub(super) whole: Option<u64>,
    /// What it was made from.
    pub(super) fields: Fields,
    /// When it was written.
    pub(super) modified: SystemTime,
}

/// The dependencies by the name they are used under, with the hash of each one's whole fingerprint.
pub(super) fn dependencies(fields: &Fields) -> impl Iterator<Item = (&str, u64)> {
    fields.deps.iter().map(|Dependency(_, name, _, whole)| (name.as_str(), *whole))
}

/// The names of the dependencies.
pub(super) fn dependency_names(fields: &Fields) -> BTreeSet<&str> {
    dependencies(fields).map(|(name, _)| name).collect()
}

/// How many things besides dependencies and places differ.
fn distance(one: &Fields, other: &Fields) -> usize {
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

/// All fingerprints of a build directory, by the path of their file below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprints(BTreeMap<PathBuf, Fingerprint>);

impl Fingerprints {
    /// Reads the units of the given platform and profile folders.
    pub(super) fn read(build_dir: &Path, folders: &[PathBuf]) -> Result<Self> {
        let mut all = BTreeMap::new();
        for folder in folders {
            for unit in unit_folders(folder) {
                for file in fingerprint_files(&unit)? {
                    if let Some(fingerprint) = Fingerprint::read(build_dir, &file)? {
                        let name = file.strip_prefix(build_dir).unwrap_or(&file);
                        all.insert(name.to_owned(), fingerprint);
                    }
                }
            }
        }
        Ok(Self(all))
    }

    /// The fingerprint in a file.
    pub(super) fn get(&self, file: &Path) -> Option<&Fingerprint> {
        self.0.get(file)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Fingerprint> {
        self.0.values()
    }

    /// The same unit as it was built before under another hash: the one that differs least, and of those the
    /// newest.
    pub(super) fn counterpart(&self, new: &Fingerprint) -> Option<&Fingerprint> {
        self.iter()
            .filter(|old| old.folder == new.folder && old.package == new.package && old.target == new.target)
            .min_by_key(|old| (distance(&old.fields, &new.fields), std::cmp::Reverse(old.modified)))
    }
}

impl Fingerprint {
    /// Reads a fingerprint's two files; `None` where one is missing or in a shape that is not known.
    pub(super) fn read(build_dir: &Path, file: &Path) -> Result<Option<Self>> {
        let json = file.with_added_extension("json");
        if !json.is_file() || !file.is_file() {
            return Ok(None);
        }
        let Some(fields) = Fields::parse(&read_untouched(&json)?) else { return Ok(None) };
        let Some((folder, package, unit_hash)) = place(file.strip_prefix(build_dir).unwrap_or(file)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            folder,
            package,
            hash: unit_hash,
            target: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            whole: hash(&read_untouched(file)?),
            fields,
            modified: fs_err::metadata(&json)?.modified()?,
        }))
    }

    /// The unit's hash.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// The files of a path package that are newer than its last compilation. `file` is the fingerprint's own.
    pub(super) fn newer_sources(&self, build_dir: &Path, file: &Path, package: &Path) -> Vec<PathBuf> {
        let list = build_dir.join(file).with_file_name(format!("dep-{}", self.target));
        let modified = |path: &Path| fs_err::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let info = read_untouched(&list).ok().and_then(|bytes| DepInfo::parse(&bytes)).unwrap_or_default();
        let Some(built) = modified(&list) else { return Vec::new() };
        let sources = info.files.into_iter().filter_map(|input| match input {
            Input::InPackage(path) => Some(package.join(path)),
            Input::Elsewhere(_) => None,
        });
        sources.filter(|path| modified(path).is_some_and(|time| time > built)).collect()
    }

    /// The lists of sources that the compiler may have left beside its output in a build directory. cargo's own
    /// lists leave out what is not of a path package.
    pub(super) fn source_lists(&self, build_dir: &Path) -> [PathBuf; 5] {
        let folder = build_dir.join(&self.folder);
        let (package, hash) = (&self.package, &self.hash);
        let name = self.target.split_once('-').map_or("", |(_, name)| name).replace('-', "_");
        let script = self.target.trim_start_matches("build-script-").replace('-', "_");
        [
            folder.join(format!("deps/{name}-{hash}.d")),
            folder.join(format!("build/{package}-{hash}/{script}-{hash}.d")),
            folder.join(format!("build/{package}/{hash}/out/{name}-{hash}.d")),
            folder.join(format!("build/{package}/{hash}/out/{name}.d")),
            folder.join(format!("build/{package}/{hash}/out/{script}.d")),
        ]
    }
}

/// The folder of platform and profile that a fingerprint's file is in.
pub(super) fn folder(file: &Path) -> Option<PathBuf> {
    place(file).map(|(folder, _, _)| folder)
}

/// Platform and profile folder, package and hash of a fingerprint's file.
fn place(file: &Path) -> Option<(PathBuf, String, String)> {
    let text = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
    let unit = file.parent()?;
    if unit.ends_with("fingerprint") {
        let unit = unit.parent()?;
        let package = unit.parent()?;
        return Some((package.parent()?.parent()?.to_owned(), text(package)?, text(unit)?));
    }
    let name = text(unit)?;
    let (package, hash) = name.rsplit_once('-')?;
    Some((unit.parent()?.parent()?.to_owned(), package.to_owned(), hash.to_owned()))
}

/// The folders that hold fingerprints, in both layouts.
fn unit_folders(folder: &Path) -> Vec<PathBuf> {
    let mut units = subfolders(&folder.join(".fingerprint"));
    for package in subfolders(&folder.join("build")) {
        let hashes = subfolders(&package).into_iter().map(|unit| unit.join("fingerprint"));
        units.extend(hashes.filter(|folder| folder.is_dir()));
    }
    units
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_say_what_a_unit_is() {
        let expected = Some(("t/debug".into(), "my-lib".to_owned(), "1a2b".to_owned()));
        assert_eq!(place(Path::new("t/debug/.fingerprint/my-lib-1a2b/lib-my_lib")), expected);
        assert_eq!(place(Path::new("t/debug/build/my-lib/1a2b/fingerprint/lib-my_lib")), expected);
    }
}
