//! Keeps the globs of a workspace's members off the folder of recipes: `members = ["*"]` takes `larder/` for a member,
//! and then no cargo command works any more. cargo itself is asked in the final place, and it is the judge.
//!
//! It must never leave a workspace that cargo could read as one that it cannot.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{Array, Item, value};

use crate::{
    Report,
    error::{Error, Result},
    files::{
        change::{self, Change},
        read,
    },
    project::Project,
    toml_text::list,
    workspace::{RECIPES, is_glob, member_patterns, parse_toml},
};

/// The workspace's members, asked for while folders of ours come and go.
pub(super) struct Members<'a> {
    project: &'a Project,
    /// The workspace that this one lies in, if cargo can read it.
    outer: Option<Utf8PathBuf>,
    /// The change of the root manifest.
    change: Option<Change>,
    /// The folder of recipes, if it was not there before.
    made: Option<Utf8PathBuf>,
}

impl<'a> Members<'a> {
    /// Before any folder of ours is there.
    pub(super) fn new(project: &'a Project) -> Self {
        let above = project.workspace.root().ancestors().skip(1);
        let outer = above.map(|dir| dir.join("Cargo.toml")).find(|manifest| manifest.is_file());
        let outer = outer.filter(|manifest| ask(project, manifest).is_ok());
        Self { project, outer, change: None, made: None }
    }

    /// Makes the folder of recipes, and asks cargo whether it can read the workspace then. If not, the folder leaves the
    /// members.
    ///
    /// # Errors
    /// [`Error::Members`] if that does not help.
    pub(super) fn ensure(&mut self, report: &dyn Report) -> Result<()> {
        let dir = self.project.workspace.larder_dir();
        if !dir.exists() {
            fs_err::create_dir_all(&dir)?;
            self.made = Some(dir);
        }
        let Err(error) = self.ask() else { return Ok(()) };
        if self.exclude(report)? {
            return self.ask();
        }
        Err(error)
    }

    /// Puts everything back as it was.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn undo(self) -> Result<()> {
        if let Some(dir) = &self.made {
            // Other files in it by now are somebody's.
            let _ = fs_err::remove_dir(dir);
        }
        match self.change {
            Some(Change { path, old: Some(old), .. }) => {
                change::write_in(self.project.workspace.root(), &path, &old)
            }
            _ => Ok(()),
        }
    }

    fn ask(&self) -> Result<()> {
        let own = self.project.workspace.manifest_path();
        let mut manifests = std::iter::once(&own).chain(&self.outer).filter(|manifest| has_glob(manifest));
        manifests.try_for_each(|manifest| ask(self.project, manifest))
    }

    /// Adds our folders to `exclude` in the root manifest; whether that changed anything.
    fn exclude(&mut self, report: &dyn Report) -> Result<bool> {
        let workspace = &self.project.workspace;
        let path = workspace.manifest_path();
        let old = read::text(&path)?;
        let mut document = parse_toml(&path)?;
        let folders = self.folders();
        let added = document.get_mut("workspace").map(|item| add(item, &folders)).unwrap_or_default();
        if added.is_empty() {
            return Ok(false);
        }
        change::write_in(workspace.root(), &path, &change::document_text(&document, &old))?;
        let first = self.change.take().and_then(|change| change.old);
        let new = change::document_text(&document, &old);
        self.change = Some(Change { path: path.clone(), old: Some(first.unwrap_or(old)), new });
        let added = added.join(", ");
        report.step("Excluded", &format!("{added} in {path}, since globs in `members` fit recipes too"));
        Ok(true)
    }

    /// The folder that is ours, unless members of the user's own lie there.
    fn folders(&self) -> Vec<String> {
        let workspace = &self.project.workspace;
        let packages = workspace.metadata().workspace_packages();
        let is_shared =
            packages.iter().any(|package| package.manifest_path.starts_with(workspace.larder_dir()));
        if is_shared { Vec::new() } else { vec![RECIPES.to_owned()] }
    }
}

/// Whether a manifest has members that a new folder may be one of; a file that cannot be read says nothing.
fn has_glob(manifest: &Utf8Path) -> bool {
    parse_toml(manifest).map_or(true, |manifest| member_patterns(&manifest).any(is_glob))
}

fn ask(project: &Project, manifest: &Utf8Path) -> Result<()> {
    let dir = manifest.parent().unwrap_or(manifest);
    match project.cargo.metadata(dir.as_std_path(), Some(manifest.as_std_path())) {
        Ok(_) => Ok(()),
        Err(Error::NoWorkspace { stderr, .. }) => {
            Err(Error::Members { manifest: manifest.to_owned().into(), stderr })
        }
        Err(error) => Err(error),
    }
}

/// Adds folders to `exclude` of a `[workspace]`; those that were not there yet.
fn add(workspace: &mut Item, folders: &[String]) -> Vec<String> {
    let Some(workspace) = workspace.as_table_like_mut() else { return Vec::new() };
    let exclude = workspace.entry("exclude").or_insert(value(Array::new()));
    let Some(exclude) = exclude.as_array_mut() else { return Vec::new() };
    let known: Vec<String> = exclude.iter().filter_map(|dir| Some(dir.as_str()?.to_owned())).collect();
    let missing = folders.iter().filter(|folder| !known.contains(folder)).cloned();
    let missing: Vec<String> = missing.collect();
    list::extend(exclude, missing.iter().cloned());
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(manifest: &str) -> String {
        let mut document: toml_edit::DocumentMut = manifest.parse().unwrap();
        add(document.get_mut("workspace").unwrap(), &["a".to_owned(), "larder".to_owned()]);
        let text = document.to_string();
        let again: toml_edit::DocumentMut = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
        let exclude = again["workspace"]["exclude"].as_array().unwrap();
        assert!(
            ["a", "larder"].iter().all(|name| exclude.iter().any(|e| e.as_str() == Some(name))),
            "{text}"
        );
        text
    }

    #[test]
    fn folders_join_the_list_in_its_own_form() {
        assert_eq!(
            excluded("[workspace]\nmembers = [\"*\"] # all\n\n[profile.dev]\n"),
            "[workspace]\nmembers = [\"*\"] # all\nexclude = [\"a\", \"larder\"]\n\n[profile.dev]\n"
        );
        assert_eq!(
            excluded("[workspace]\nexclude = [\"a\"] # these\n"),
            "[workspace]\nexclude = [\"a\", \"larder\"] # these\n"
        );
        assert_eq!(
            excluded("workspace.members = [\"*\"]\n"),
            "workspace.members = [\"*\"]\nworkspace.exclude = [\"a\", \"larder\"]\n"
        );
        assert_eq!(
            excluded("workspace = { members = [\"*\"] }\n"),
            "workspace = { members = [\"*\"] , exclude = [\"a\", \"larder\"] }\n"
        );
    }

    #[test]
    fn lines_and_comments_stay() {
        assert_eq!(
            excluded("[workspace]\nexclude = [\n    # built\n    \"target\", # by cargo\n    # the end\n]\n"),
            "[workspace]\nexclude = [\n    # built\n    \"target\", # by cargo\n    # the end\n    \"a\",\n    \"larder\",\n]\n"
        );
        assert_eq!(
            excluded("[workspace]\nexclude = [\n  \"target\"\n]\n"),
            "[workspace]\nexclude = [\n  \"target\",\n  \"a\",\n  \"larder\",\n]\n"
        );
    }
}
