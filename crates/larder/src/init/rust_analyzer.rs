//! rust-analyzer beside builds: a target directory of its own, since it would hold the lock of theirs, and the features
//! that the server of a site is built with.
//!
//! It must never change the settings of an editor: those are one person's, and hold more than Larder can know.

use cargo_metadata::camino::Utf8Path;
use toml_edit::{Array, DocumentMut};

use super::proposal::Proposal;
use crate::{
    cargo::command_line::option_values,
    error::{Error, Result},
    files::read,
    project::Project,
    slice::{Origin, Slice},
    tuning::{self, Setting},
};

/// The file that rust-analyzer reads in the root of a workspace, in every editor.
const FILE: &str = "rust-analyzer.toml";
/// The settings of VS Code for one workspace, and the key in them.
const EDITOR: (&str, &str) = (".vscode/settings.json", "\"rust-analyzer.cargo.targetDir\"");

const TARGET_DIR: [&str; 2] = ["cargo", "targetDir"];
const APART: &str = "\
A target directory of its own, `target/rust-analyzer`: builds wait for whoever holds the lock of theirs.";
const SERVER: &str = "\
The features of the server; without them its code is greyed out.";

/// The word of a workspace's files about rust-analyzer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// No file mentions it.
    Nothing,
    /// It is used, and fills the target directory of builds.
    Together,
    /// It has a target directory of its own.
    Apart,
}

/// Looks at the files of a workspace; one that cannot be read mentions nothing.
pub fn told(root: &Utf8Path) -> Told {
    let (settings, key) = EDITOR;
    let [own, editor] =
        [FILE, settings].map(|name| read::text_or_nothing(root.join(name)).unwrap_or_default());
    let document: DocumentMut = own.parse().unwrap_or_default();
    let is_apart = tuning::get(&document, &TARGET_DIR).is_some_and(|value| value.as_bool() != Some(false));
    if is_apart || editor.contains(key) {
        return Told::Apart;
    }
    if own.is_empty() && !editor.contains("rust-analyzer") { Told::Nothing } else { Told::Together }
}

pub(super) fn propose(project: &Project) -> Result<Proposal> {
    let root = project.workspace.root();
    let path = root.join(FILE);
    let text = read::text_or_nothing(&path)?;
    let parsed = text.parse::<DocumentMut>();
    let document =
        parsed.map_err(|error| Error::Toml { path: path.clone().into(), reason: error.to_string() })?;
    let mut wanted = Vec::new();
    if told(root) != Told::Apart {
        wanted.push(Setting::new(&TARGET_DIR, true, APART));
    }
    let features = of_servers(&project.slices);
    if !features.is_empty() {
        wanted.push(Setting::new(&["cargo", "features"], features.iter().collect::<Array>(), SERVER));
    }
    let settings = tuning::missing(&document, wanted);
    Ok(Proposal::new(tuning::change(path, &settings)?.into_iter().collect()))
}

/// The features that servers of sites are built with, each once.
fn of_servers(slices: &[Slice]) -> Vec<String> {
    let is_server =
        |slice: &&Slice| slice.origin == Origin::Leptos && !slice.args.iter().any(|word| word == "--lib");
    let given = slices.iter().filter(is_server).flat_map(|slice| option_values(&slice.args, "--features"));
    let words = given.flat_map(|list: &str| list.split([',', ' ']));
    let mut features: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
    features.sort();
    features.dedup();
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_workspace_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::create_dir(root.join(".vscode")).unwrap();
        assert_eq!(told(root), Told::Nothing);
        write_editor_settings(root, "{ \"editor.tabSize\": 4 }");
        assert_eq!(told(root), Told::Nothing);
        write_editor_settings(root, "{ // mine\n \"rust-analyzer.check.command\": \"clippy\" }");
        assert_eq!(told(root), Told::Together);
        for (text, expected) in [
            ("[cargo]\ntargetDir = true\n", Told::Apart),
            ("cargo.targetDir = \"target/ide\"\n", Told::Apart),
            ("[cargo]\ntargetDir = false\n", Told::Together),
            ("[[[", Told::Together),
        ] {
            fs_err::write(root.join(FILE), text).unwrap();
            assert_eq!(told(root), expected, "{text}");
        }
        write_editor_settings(root, "{ \"rust-analyzer.cargo.targetDir\": true }");
        assert_eq!(told(root), Told::Apart);
    }

    fn write_editor_settings(root: &Utf8Path, text: &str) {
        fs_err::write(root.join(EDITOR.0), text).unwrap();
    }
}
