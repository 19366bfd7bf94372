//! The manifests that cargo reads: those of members, of packages in the place of others, of all that they reach by
//! paths, and of the workspaces that these inherit from.
//!
//! Paths are taken as cargo takes them, which is as text: a link on the way may be led elsewhere. It must never fail:
//! what cannot be read is cargo's to judge.

use std::collections::BTreeSet;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, TableLike};

use crate::workspace::{normalized, parse_toml};

const MANIFEST: &str = "Cargo.toml";

/// All manifests that are reached from these.
pub(super) fn reached(from: impl IntoIterator<Item = Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
    let mut open: Vec<Utf8PathBuf> = from.into_iter().collect();
    let mut known = BTreeSet::new();
    while let Some(manifest) = open.pop() {
        let manifest = normalized(&manifest);
        let dir = manifest.parent().unwrap_or(&manifest).to_owned();
        if !known.insert(manifest.clone()) {
            continue;
        }
        let Ok(document) = parse_toml(&manifest) else { continue };
        open.extend(paths_in(document.as_table(), &dir));
        open.extend(workspaces(&document, &dir));
    }
    known
}

/// The manifests that may be the workspace of a package: the one that it names, and those above. Whatever such a
/// workspace names by a path, members may inherit.
fn workspaces(document: &DocumentMut, dir: &Utf8Path) -> Vec<Utf8PathBuf> {
    let named = document.get("package").and_then(|package| package.get("workspace")?.as_str());
    let above = dir.ancestors().skip(1).map(Utf8Path::to_owned);
    let folders = named.map(|path| dir.join(path)).into_iter().chain(above);
    folders.map(|folder| normalized(&folder.join(MANIFEST))).filter(|manifest| manifest.is_file()).collect()
}

/// Manifests in the folders that some `path` names.
pub(super) fn paths_in(table: &dyn TableLike, dir: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for (key, item) in table.iter() {
        if let Some(path) = item.as_str().filter(|_| key == "path") {
            let manifest = normalized(&dir.join(path).join(MANIFEST));
            found.extend(manifest.is_file().then_some(manifest));
        }
        if let Some(table) = item.as_table_like() {
            found.extend(paths_in(table, dir));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folders that are reached from the first of these manifests.
    fn reached_from(files: &[(&str, &str)]) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(scratch.path()).unwrap();
        for (folder, text) in files {
            fs_err::create_dir_all(top.join(folder)).unwrap();
            fs_err::write(top.join(folder).join(MANIFEST), text).unwrap();
        }
        let found = reached([top.join(files[0].0).join(MANIFEST)]);
        let found = found.iter().filter_map(|manifest| manifest.parent()?.strip_prefix(top).ok());
        found.map(ToString::to_string).collect()
    }

    #[test]
    fn a_package_inherits_from_a_workspace_of_its_own() {
        let found = reached_from(&[
            ("ws", "[dependencies]\na = { path = \"../other/a\" }\n"),
            ("other/a", "[dependencies]\nb.workspace = true\n"),
            ("other", "[workspace.dependencies]\nb = { path = \"b\" }\n"),
            ("other/b", "[target.'cfg(unix)'.dependencies]\nc = { path = \"../../c\" }\n"),
            ("c", "[package]\nworkspace = \"../hub\"\n"),
            ("hub", "[workspace.dependencies]\nd = { path = \"../d\" }\n"),
            ("d", ""),
            ("unused", ""),
        ]);
        assert_eq!(found, ["c", "d", "hub", "other", "other/a", "other/b", "ws"]);
    }

    /// cargo takes `..` for the folder above in the text, whatever a link leads to.
    #[cfg(unix)]
    #[test]
    fn links_are_not_resolved() {
        let scratch = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(scratch.path()).unwrap();
        for folder in ["ws", "far/away/real", "beside", "far/beside"] {
            fs_err::create_dir_all(top.join(folder)).unwrap();
        }
        fs_err::write(top.join("ws/Cargo.toml"), "[dependencies]\na = { path = \"../link\" }\n").unwrap();
        let real = "[dependencies]\nb = { path = \"../beside\" }\n";
        fs_err::write(top.join("far/away/real/Cargo.toml"), real).unwrap();
        fs_err::write(top.join("beside/Cargo.toml"), "").unwrap();
        std::os::unix::fs::symlink(top.join("far/away/real"), top.join("link")).unwrap();
        let found = reached([top.join("ws/Cargo.toml")]);
        let wanted = ["beside", "link", "ws"].map(|folder| top.join(folder).join(MANIFEST));
        assert_eq!(found, BTreeSet::from(wanted));
    }
}
