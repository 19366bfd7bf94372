//! The places of single units in cargo's two layouts, for whoever reads a few of them: [`read`](super::read) reads all.
//! Names alone decide, and nothing is opened here.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::files::disk::subfolders;

/// The files that cargo locks in a profile folder, in the order in which it takes them: up to 1.96 the second one
/// exclusively, since then the others exclusively and that one shared.
pub const LOCKS: [&str; 3] = [".cargo-build-lock", ".cargo-lock", ".cargo-artifact-lock"];

/// The files in which cargo keeps what the compiler said of itself.
pub const ANSWERS: [&str; 2] = [".rustc_info.json", ".rustc-info.json"];

/// The folder of all fingerprints of a profile, in the older layout.
pub const FINGERPRINTS: &str = ".fingerprint";

/// The folder of a profile with what build scripts are and wrote, in the older layout; with all units in the newer one.
pub(crate) const BUILD: &str = "build";

/// The folder of a profile's libraries and programs, in the older layout.
pub(crate) const DEPS: &str = "deps";

/// The files in which cargo keeps what the run of a build script printed, in the folder of the run or in its `run`: of
/// the older layout and of the newer one.
const PRINTED: [&str; 2] = ["output", "run/stdout"];

/// The facts that the path of a fingerprint's file tells of its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnitPlace {
    /// The folder of its platform and profile.
    pub(crate) folder: PathBuf,
    /// The package's name.
    pub(crate) package: String,
    /// The unit's hash, which cargo makes from what it is, not from its content.
    pub(crate) hash: String,
    /// The target: `lib-NAME`, `bin-NAME`, `run-build-script-…`.
    pub(crate) target: String,
}

impl UnitPlace {
    /// The place of a fingerprint's file, which is named without `.json`.
    pub(crate) fn from_file(file: &Path) -> Option<Self> {
        let unit = file.parent()?;
        let target = file.file_name()?.to_string_lossy().into_owned();
        if unit.ends_with("fingerprint") {
            let unit = unit.parent()?;
            let package = unit.parent()?;
            let folder = package.parent()?.parent()?.to_owned();
            return Some(Self { folder, package: file_name(package)?, hash: file_name(unit)?, target });
        }
        let name = file_name(unit)?;
        let (package, hash) = name.rsplit_once('-')?;
        let folder = unit.parent()?.parent()?.to_owned();
        Some(Self { folder, package: package.to_owned(), hash: hash.to_owned(), target })
    }

    /// The lists of sources that the compiler may have left beside its output in a build directory. cargo's own
    /// lists leave out what is not of a path package.
    pub(crate) fn source_lists(&self, build_dir: &Path) -> [PathBuf; 5] {
        let folder = build_dir.join(&self.folder);
        let Self { package, hash, .. } = self;
        let name = self.target.split_once('-').map_or("", |(_, name)| name).replace('-', "_");
        let script = self.target.trim_start_matches("build-script-").replace('-', "_");
        [
            folder.join(format!("{DEPS}/{name}-{hash}.d")),
            folder.join(format!("{BUILD}/{package}-{hash}/{script}-{hash}.d")),
            folder.join(format!("{BUILD}/{package}/{hash}/out/{name}-{hash}.d")),
            folder.join(format!("{BUILD}/{package}/{hash}/out/{name}.d")),
            folder.join(format!("{BUILD}/{package}/{hash}/out/{script}.d")),
        ]
    }
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

/// The folders of a build directory that hold units: `<profile>` and `<triple>/<profile>`.
pub(crate) fn profile_folders(build_dir: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for folder in subfolders(build_dir) {
        if holds_units(&folder) {
            folders.push(folder);
        } else {
            folders.extend(subfolders(&folder).into_iter().filter(|folder| holds_units(folder)));
        }
    }
    folders.sort();
    folders
}

/// The folders of a build directory's profiles that hold units with one of these hashes in their names.
pub fn profiles_with(build_dir: &Path, hashes: &BTreeSet<String>) -> Vec<PathBuf> {
    let mut folders = profile_folders(build_dir);
    folders.retain(|folder| fingerprint_folders(folder).iter().any(|unit| is_one_of(unit, hashes)));
    folders
}

fn is_one_of(fingerprints: &Path, hashes: &BTreeSet<String>) -> bool {
    let in_unit = fingerprints.parent().filter(|_| fingerprints.ends_with("fingerprint"));
    let name = file_name(in_unit.unwrap_or(fingerprints)).unwrap_or_default();
    name.rsplit('-').next().is_some_and(|hash| hashes.contains(hash))
}

fn holds_units(folder: &Path) -> bool {
    [FINGERPRINTS, BUILD, DEPS].iter().any(|name| folder.join(name).is_dir())
}

/// The folders of a profile folder that hold fingerprints.
pub(crate) fn fingerprint_folders(profile_folder: &Path) -> Vec<PathBuf> {
    let mut units = subfolders(&profile_folder.join(FINGERPRINTS));
    for package in subfolders(&profile_folder.join(BUILD)) {
        let hashes = subfolders(&package).into_iter().map(|unit| unit.join("fingerprint"));
        units.extend(hashes.filter(|folder| folder.is_dir()));
    }
    units
}

/// The folder of its profile that the path of a fingerprint names: `debug` of `debug/.fingerprint/…` and of
/// `debug/build/…`.
pub fn profile_in(fingerprint: &str) -> Option<&str> {
    let marks = [FINGERPRINTS, BUILD].map(|folder| format!("/{folder}/"));
    marks.iter().find_map(|mark| fingerprint.find(mark)).map(|end| &fingerprint[..end])
}

/// The file with what a run of a build script printed, in the folder of the run.
pub(crate) fn printed(run: &Path) -> PathBuf {
    let [old, new] = PRINTED.map(|file| run.join(file));
    if new.parent().is_some_and(Path::is_dir) { new } else { old }
}

/// The folders beside a unit's, and this one, whose units are of the same package: in the older layout they differ by
/// the hash at their end, in the newer one their names are hashes.
pub(crate) fn alike(unit: &Path) -> Vec<PathBuf> {
    let own = package_of(unit);
    let mut folders = unit.parent().map(subfolders).unwrap_or_default();
    folders.retain(|folder| package_of(folder) == own);
    folders
}

/// The package in the name of a unit's folder; `None` if the name is a hash.
fn package_of(unit: &Path) -> Option<String> {
    file_name(unit)?.rsplit_once('-').map(|(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profiles_of_some_units_are_found_in_both_layouts() {
        let target = tempfile::tempdir().unwrap();
        for folder in
            ["debug/.fingerprint/a-1a", "wasm/fast/build/b-c/2b/fingerprint", "release/.fingerprint/a-3c"]
        {
            fs_err::create_dir_all(target.path().join(folder)).unwrap();
        }
        let hashes: BTreeSet<String> = ["1a", "2b", "c"].map(str::to_owned).into();
        let found = profiles_with(target.path(), &hashes);
        assert_eq!(found, ["debug", "wasm/fast"].map(|folder| target.path().join(folder)));
    }

    #[test]
    fn a_fingerprint_is_in_the_folder_of_its_profile() {
        for (path, profile) in [
            ("debug/.fingerprint/a-1a/lib-a", Some("debug")),
            ("wasm/fast/build/b-c/2b/fingerprint/lib-b", Some("wasm/fast")),
            ("lib-a", None),
        ] {
            assert_eq!(profile_in(path), profile, "{path}");
        }
    }

    #[test]
    fn both_layouts_say_where_runs_print_and_which_are_of_one_package() {
        let target = tempfile::tempdir().unwrap();
        let build = target.path().join(BUILD);
        for folder in ["a-b-1a/out", "a-b-2b", "a-3c", "d/4d/run", "d/5e/out"] {
            fs_err::create_dir_all(build.join(folder)).unwrap();
        }
        let [old, new] = [build.join("a-b-1a"), build.join("d/4d")];
        assert_eq!(printed(&old), old.join("output"));
        assert_eq!(printed(&new), new.join("run/stdout"));
        for (unit, expected) in [(old, ["a-b-1a", "a-b-2b"]), (new, ["d/4d", "d/5e"])] {
            let mut found = alike(&unit);
            found.sort();
            assert_eq!(found, expected.map(|folder| build.join(folder)));
        }
    }

    #[test]
    fn both_layouts_say_what_a_unit_is() {
        let expected = Some(UnitPlace {
            folder: "t/debug".into(),
            package: "my-lib".to_owned(),
            hash: "1a2b".to_owned(),
            target: "lib-my_lib".to_owned(),
        });
        assert_eq!(UnitPlace::from_file(Path::new("t/debug/.fingerprint/my-lib-1a2b/lib-my_lib")), expected);
        assert_eq!(
            UnitPlace::from_file(Path::new("t/debug/build/my-lib/1a2b/fingerprint/lib-my_lib")),
            expected
        );
    }
}
