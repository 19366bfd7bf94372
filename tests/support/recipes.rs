//! Recipes as everybody has them who has no Larder: expanded from the committed table by the committed awk program.

use std::{collections::BTreeMap, path::Path};

use larder::{camino::Utf8Path, recipe::lock_file::LockFile};

use crate::{Outcome, Project, Surroundings};

/// The folder of recipes, seen from the workspace's root.
pub const RECIPES: &str = "target/larder/recipes";

impl Project {
    /// Every file that awk makes of the table, by its path below [`RECIPES`].
    ///
    /// # Panics
    /// When awk refuses the table.
    #[track_caller]
    pub fn expanded(&self) -> BTreeMap<String, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        expand(&["awk"], self.path(), folder.path()).ok();
        files(&folder.path().join(RECIPES))
    }

    /// A file of a slice's recipe, such as `release/0/Cargo.toml`.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn recipe(&self, path: &str) -> String {
        let mut expanded = self.expanded();
        expanded.remove(path).unwrap_or_else(|| panic!("no {path} in {:?}", expanded.keys()))
    }

    /// How many layers a slice has in the table; none if it is not there.
    ///
    /// # Panics
    /// If Larder refuses the table.
    pub fn layers(&self, slice: &str) -> usize {
        let folder = Utf8Path::from_path(self.path()).expect("it is UTF-8").join("larder");
        let table = LockFile::read(&folder).expect("the table is good");
        table.slice(slice).map_or(0, |locked| locked.layers.len())
    }

    /// Puts the recipes, and the settings of all of them, into a folder that has nothing of the application.
    ///
    /// # Panics
    /// When awk refuses the table.
    pub fn expand_alone(&self, folder: &Path) {
        expand(&["awk"], self.path(), folder).ok();
        let settings = folder.join(RECIPES).join("config.toml");
        if settings.exists() {
            fs_err::create_dir_all(folder.join(".cargo")).expect("the folder can be made");
            fs_err::rename(settings, folder.join(".cargo/config.toml")).expect("it is on the same disk");
        }
    }
}

/// Runs the awk program of a workspace on its table, with `folder` as the working directory.
pub fn expand(awk: &[&str], workspace: &Path, folder: &Path) -> Outcome {
    let larder = workspace.join("larder");
    let program = larder.join("expand.awk").to_string_lossy().into_owned();
    let table = larder.join("larder.lock").to_string_lossy().into_owned();
    let args = [&awk[1..], &["-f", &program, &table]].concat();
    Surroundings::get().run(Path::new(awk[0]), folder, &args, &[])
}

/// The programs that must all expand alike, each with its arguments; those that are not here are skipped.
pub fn awks(test: &str) -> Vec<&'static [&'static str]> {
    let all: [&[&str]; 3] = [&["mawk"], &["gawk"], &["busybox", "awk"]];
    let (here, absent): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|awk| Surroundings::get().env().find_program(awk[0]).is_some());
    for awk in absent {
        crate::skip(test, &format!("{} is not here", awk[0]));
    }
    here
}

/// Every file that Larder itself makes of a table, by its path below [`RECIPES`].
///
/// # Errors
/// When it refuses the table.
///
/// # Panics
/// When the folder's name is no text.
pub fn by_larder(workspace: &Path) -> larder::error::Result<BTreeMap<String, String>> {
    let folder = workspace.join("larder").to_string_lossy().into_owned();
    let file = LockFile::read(folder.as_str().into())?;
    let mut found: BTreeMap<String, String> =
        file.config().map(|text| ("config.toml".into(), text)).into_iter().collect();
    for locked in &file.slices {
        for layer in 0..locked.layers.len() {
            let files = locked.files(layer).into_iter();
            found.extend(files.map(|(path, text)| (format!("{}/{layer}/{path}", locked.slice.name), text)));
        }
    }
    Ok(found)
}

/// Requires that Larder and every awk make the same of a workspace's table, byte for byte.
///
/// # Panics
/// When they do not.
#[track_caller]
pub fn assert_expanders_agree(test: &str, workspace: &Path) {
    let expected = by_larder(workspace).expect("the table is good");
    for awk in awks(test) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        expand(awk, workspace, folder.path()).ok();
        let found = files(&folder.path().join(RECIPES));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{awk:?}");
        for (path, text) in &expected {
            assert_eq!(&found[path], text, "{awk:?}: {path}");
        }
    }
}

/// Every file below a folder with its text, by its path.
///
/// # Panics
/// When one cannot be read.
pub fn files(top: &Path) -> BTreeMap<String, String> {
    let (mut found, mut open) = (BTreeMap::new(), vec![top.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(folder).expect("the folder can be read").flatten() {
            match entry.path() {
                path if path.is_dir() => open.push(path),
                path => {
                    let name = path.strip_prefix(top).expect("it is below").to_string_lossy().into_owned();
                    let bytes = fs_err::read(&path).expect("it can be read");
                    found.insert(name, String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        }
    }
    found
}
