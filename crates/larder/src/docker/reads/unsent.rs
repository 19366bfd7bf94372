//! The files that a build reads and that are not sent: what `include` lacks.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    super::{application::Application, check, ignore, names, recipes::Recipes},
    paths::below,
    records, source,
};
use crate::{error::Result, plan::unit_graph::UnitGraph, project::Project, workspace::RECIPES};

/// Files and folders that a build reads and that are not sent, relative to the workspace, each with what reads it.
pub type Unsent = BTreeMap<Utf8PathBuf, String>;

/// The paths that `include` lacks for the units of shipped files, as far as it can be told.
///
/// # Errors
/// As [`files`](crate::docker::files).
pub(in super::super) fn unsent(project: &Project, recipes: Recipes, graphs: &[UnitGraph]) -> Result<Unsent> {
    let application = check::application(project, recipes)?;
    let workspace = &project.workspace;
    let mut all = records::files_read(project);
    let built: BTreeSet<&str> =
        graphs.iter().flat_map(|graph| &graph.units).map(|unit| unit.pkg_id.as_str()).collect();
    let members = workspace.metadata().workspace_packages().into_iter();
    for package in members.filter(|package| built.contains(package.id.repr.as_str())) {
        all.extend(source::paths_named(workspace, package));
    }
    let mut found = Unsent::new();
    for (path, reader) in all {
        let Some(path) = below(workspace.root(), &path) else { continue };
        if may_be_sent(project, &path) && !lets_in(&application, &path) {
            found.entry(path).or_insert(reader);
        }
    }
    Ok(folded(found))
}

/// Whether an image may have a file: every clone has it, and it is none that stays out wherever it lies.
pub(in super::super) fn may_be_sent(project: &Project, path: &Utf8Path) -> bool {
    let recipes = path.starts_with(RECIPES);
    !recipes && !names::is_secret(path) && project.workspace.shared_files().has(path)
}

pub(super) fn lets_in(application: &Application, path: &Utf8Path) -> bool {
    ignore::lets_in(&application.sources, &application.sources.prefix.join(path))
}

/// Several files of one folder are its files: the next one shall be there as well. Those that a folder does not bring
/// along stay as they are.
pub(super) fn folded(found: Unsent) -> Unsent {
    const SEVERAL: usize = 3;
    let (by_name, found): (Unsent, Unsent) =
        found.into_iter().partition(|(path, _)| names::is_sent_by_name(path));
    let folders = found.keys().filter_map(|path| path.parent()).filter(|folder| !folder.as_str().is_empty());
    let mut counts: BTreeMap<Utf8PathBuf, usize> = BTreeMap::new();
    folders.for_each(|folder| *counts.entry(folder.to_owned()).or_default() += 1);
    let mut folded = Unsent::new();
    for (path, reader) in found {
        let folder = path
            .ancestors()
            .skip(1)
            .find(|folder| counts.get(*folder).is_some_and(|count| *count >= SEVERAL));
        folded.entry(folder.map_or_else(|| path.clone(), Utf8Path::to_owned)).or_insert(reader);
    }
    let all: BTreeSet<Utf8PathBuf> = folded.keys().cloned().collect();
    folded.retain(|path, _| !path.ancestors().skip(1).any(|folder| all.contains(folder)));
    folded.extend(by_name);
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(paths: &[&str]) -> Unsent {
        paths.iter().map(|path| (Utf8PathBuf::from(path), String::new())).collect()
    }

    #[test]
    fn several_files_of_a_folder_are_the_folder() {
        let found = unsent(&[
            "README.md",
            "LICENSE",
            "NOTICE",
            "icons/a.png",
            "icons/b.png",
            "icons/sub/d.png",
            "icons/c.png",
        ]);
        assert_eq!(folded(found), unsent(&["README.md", "LICENSE", "NOTICE", "icons"]));
        assert_eq!(folded(unsent(&["a", "a/b"])), unsent(&["a"]));
    }

    #[test]
    fn keys_and_databases_are_named_one_by_one() {
        let keys = ["certs/ca.pem", "certs/server.key", "certs/server.pem"];
        assert_eq!(folded(unsent(&keys)), unsent(&keys));
        let beside = [&keys[..], &["certs/a.txt", "certs/b.txt", "certs/c.txt"]].concat();
        assert_eq!(folded(unsent(&beside)), unsent(&[&keys[..], &["certs"]].concat()));
    }
}
