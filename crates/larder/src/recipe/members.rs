//! Keeps the globs of a workspace's members off the folders that Larder makes: `members = ["*"]` takes `larder/` for a
//! member, and `target/` too, and then no cargo command works any more. cargo itself is asked in the final place, and it
//! is the judge.
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
        tag::Tag,
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
    /// The folders that were not there before.
    made: Vec<Utf8PathBuf>,
}

/// The folder in which recipes are proven, wherever cargo builds.
const TARGET: &str = "target";

impl<'a> Members<'a> {
    /// Before any folder of ours is there.
    pub(super) fn new(project: &'a Project) -> Self {
        let above = project.workspace.root().ancestors().skip(1);
        let outer = above.map(|dir| dir.join("Cargo.toml")).find(|manifest| manifest.is_file());
        let outer = outer.filter(|manifest| ask(project, manifest).is_ok());
        Self { project, outer, change: None, made: Vec::new() }
    }

    /// Makes the folders that are not there yet, and asks cargo after each whether it can read the workspace with it. If
    /// not, the folder leaves the members.
    ///
    /// # Errors
    /// [`Error::Members`] if that does not help.
    pub(super) fn ensure(&mut self, report: &dyn Report) -> Result<()> {
        let root = self.project.workspace.root();
        let target = root.join(TARGET);
        if !target.exists() {
            Tag::made_with(&target)?;
            self.made.push(target);
            self.admit(TARGET, report)?;
        }
        let recipes = root.join(RECIPES);
        if !recipes.exists() {
            fs_err::create_dir_all(&recipes)?;
            self.made.push(recipes);
        }
        self.admit(RECIPES, report)
    }

    /// Asks whether cargo can read the workspace, if need be without this folder.
    fn admit(&mut self, folder: &str, report: &dyn Report) -> Result<()> {
        let Err(error) = self.ask() else { return Ok(()) };
        if self.exclude(folder, report)? { self.ask() } else { Err(error) }
    }

    /// Puts everything back as it was.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn undo(self) -> Result<()> {
        // Other files in them by now are somebody's, or of a proof that failed.
        self.made.iter().for_each(|folder| Tag::unmake(folder));
        let Some(Change { path, old: Some(old), new }) = &self.change else { return Ok(()) };
        let root = self.project.workspace.root();
        change::write_in(root, path, old)?;
        match self.ask() {
            // A folder that stayed is still no member.
            Err(_) if self.made.iter().any(|folder| folder.exists()) => change::write_in(root, path, new),
            _ => Ok(()),
        }
    }

    fn ask(&self) -> Result<()> {
        let own = self.project.workspace.manifest_path();
        let mut manifests = std::iter::once(&own).chain(&self.outer).filter(|manifest| has_glob(manifest));
        manifests.try_for_each(|manifest| ask(self.project, manifest))
    }

    /// Adds a folder of ours to `exclude` in the root manifest, unless members of the user's own lie there; whether that
    /// changed anything.
    fn exclude(&mut self, folder: &str, report: &dyn Report) -> Result<bool> {
        let workspace = &self.project.workspace;
        let members = workspace.metadata().workspace_packages();
        if members.iter().any(|member| member.manifest_path.starts_with(workspace.root().join(folder))) {
            return Ok(false);
        }
        let path = workspace.manifest_path();
        let old = read::text(&path)?;
        let mut document = parse_toml(&path)?;
        if !document.get_mut("workspace").is_some_and(|item| add(item, folder)) {
            return Ok(false);
        }
        change::write_in(workspace.root(), &path, &change::document_text(&document, &old))?;
        let first = self.change.take().and_then(|change| change.old);
        let new = change::document_text(&document, &old);
        self.change = Some(Change { path: path.clone(), old: Some(first.unwrap_or(old)), new });
        report.step("Excluded", &format!("{folder} in {path}, since globs in `members` fit it too"));
        Ok(true)
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

/// Adds a folder to `exclude` of a `[workspace]`; whether it was not there yet.
fn add(workspace: &mut Item, folder: &str) -> bool {
    let Some(workspace) = workspace.as_table_like_mut() else { return false };
    let exclude = workspace.entry("exclude").or_insert(value(Array::new()));
    let Some(exclude) = exclude.as_array_mut() else { return false };
    let is_new = !exclude.iter().any(|dir| dir.as_str() == Some(folder));
    if is_new {
        list::extend(exclude, [folder.to_owned()]);
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(manifest: &str) -> String {
        let mut document: toml_edit::DocumentMut = manifest.parse().unwrap();
        for folder in ["a", "larder"] {
            add(document.get_mut("workspace").unwrap(), folder);
        }
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
