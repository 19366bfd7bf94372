//! The folder that is sent to Docker, and the places of files in it. It must never let a path pass that lies elsewhere:
//! the build would miss it, and say so in words that name nothing of this.

use std::path::Path;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    error::{Error, Result},
    git,
    project::Project,
    text::slashes::{below, forward},
    workspace::normalized,
};

/// The folder of the workspace in an image, and of what is shipped.
pub(super) const FOLDER: &str = "/app";

/// The folder, with the workspace in it.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// The folder that is sent, without symlinks.
    folder: Utf8PathBuf,
    /// The workspace's root as cargo spells it.
    root: Utf8PathBuf,
    /// The workspace's root without symlinks.
    real_root: Utf8PathBuf,
}

/// The place of something that is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In the workspace, relative to its root.
    Inside(Utf8PathBuf),
    /// Beside the workspace, relative to the folder that is sent.
    Beside(Utf8PathBuf),
}

/// The folder that is sent to Docker.
pub(super) fn folder(project: &Project) -> Result<Utf8PathBuf> {
    let root = project.workspace.root();
    let Some(context) = &project.settings.docker.context else { return Ok(root.to_owned()) };
    let path = root.join(context).canonicalize_utf8()?;
    match not_a_context(&path, &root.canonicalize_utf8()?, project.cargo.env().home()) {
        None => Ok(path),
        Some(reason) => {
            let reason = format!("metadata.larder: docker: context `{context}` {reason}");
            Err(Error::Settings { path: root.join("Cargo.toml").into(), reason })
        }
    }
}

/// Why a folder is not sent for the workspace at `root`: files are written into it, and all that an allow-list names is
/// sent, so a setting of a repository's does not reach beyond the repository. Without git its end is unknown,
/// but the user's own folder is no part of it.
fn not_a_context(folder: &Utf8Path, root: &Utf8Path, home: Option<&Path>) -> Option<&'static str> {
    if !root.starts_with(folder) {
        return Some("does not hold the workspace");
    }
    let is_above = folder != root;
    match git::top_of(root) {
        Some(top) => (!folder.starts_with(top)).then_some("is above the git repository"),
        None if is_above && (folder.parent().is_none() || home.is_some_and(|home| is_in(home, folder))) => {
            Some("is the home folder, or above it")
        }
        None => None,
    }
}

fn is_in(home: &Path, folder: &Utf8Path) -> bool {
    fs_err::canonicalize(home).is_ok_and(|home| home.starts_with(folder))
}

impl Place {
    /// The path relative to the folder that is sent.
    pub(super) fn sent(&self, prefix: &Utf8Path) -> Utf8PathBuf {
        match self {
            Self::Inside(path) => prefix.join(path),
            Self::Beside(path) => path.clone(),
        }
    }

    /// The path in the image, as seen from the workspace.
    pub(super) fn in_image(&self) -> Utf8PathBuf {
        match self {
            Self::Inside(path) => path.clone(),
            Self::Beside(path) => Utf8Path::new(FOLDER).join(path),
        }
    }
}

impl Context {
    pub(super) fn new(project: &Project) -> Result<Self> {
        let root = project.workspace.root().to_owned();
        let real_root = root.canonicalize_utf8()?;
        Ok(Self { folder: folder(project)?.canonicalize_utf8()?, root, real_root })
    }

    /// The folder that is sent.
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// The workspace in the folder that is sent; empty if they are the same.
    pub(super) fn prefix(&self) -> Utf8PathBuf {
        self.real_root.strip_prefix(&self.folder).map(Utf8Path::to_owned).unwrap_or_default()
    }

    /// The places that a file or folder, which is there, has to be sent from. A symlink on the way is a second place:
    /// Docker copies links as they are.
    ///
    /// # Errors
    /// [`Error::OutsideContext`] for `what` if some of it lies elsewhere.
    pub(super) fn places(&self, what: &str, path: &Utf8Path) -> Result<Vec<Place>> {
        let named = self.place(&normalized(path)).ok_or_else(|| self.outside(what, path))?;
        let real = self.place(&path.canonicalize_utf8()?).ok_or_else(|| self.outside(what, path))?;
        if named == real {
            return Ok(vec![real]);
        }
        Ok(vec![self.first_link(named), real])
    }

    fn outside(&self, what: &str, path: &Utf8Path) -> Error {
        Error::OutsideContext {
            what: what.to_owned(),
            path: self.seen_from_root(path),
            context: self.folder.clone(),
            wanted: self.wanted(path),
        }
    }

    fn place(&self, path: &Utf8Path) -> Option<Place> {
        let inside = below(&self.root, path).or_else(|| below(&self.real_root, path));
        inside.map(Place::Inside).or_else(|| below(&self.folder, path).map(Place::Beside))
    }

    /// The first symlink on the way to a place, or the place itself.
    fn first_link(&self, place: Place) -> Place {
        let (base, path) = match &place {
            Place::Inside(path) => (&self.real_root, path),
            Place::Beside(path) => (&self.folder, path),
        };
        let mut ways: Vec<&Utf8Path> = path.ancestors().filter(|way| !way.as_str().is_empty()).collect();
        ways.reverse();
        match ways.into_iter().find(|way| base.join(way).is_symlink()).map(Utf8Path::to_owned) {
            Some(link) if matches!(place, Place::Inside(_)) => Place::Inside(link),
            Some(link) => Place::Beside(link),
            None => place,
        }
    }

    /// A path as seen from the workspace's root: the same on every machine.
    fn seen_from_root(&self, path: &Utf8Path) -> Utf8PathBuf {
        let path = path.canonicalize_utf8().unwrap_or_else(|_| normalized(path));
        match common(&self.real_root, &path) {
            Some((up, common)) => up.join(path.strip_prefix(common).unwrap_or(&path)),
            None => path,
        }
    }

    /// The `context` that would hold both; `None` if that is the whole disk, or above the git repository.
    fn wanted(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let path = path.canonicalize_utf8().unwrap_or_else(|_| normalized(path));
        let (up, folder) = common(&self.real_root, &path)?;
        not_a_context(folder, &self.real_root, None).is_none().then_some(up)
    }
}

/// The way up from `from` to the lowest folder that holds `path` too, and that folder; `None` if it is the root of the
/// disk.
fn common<'a>(from: &'a Utf8Path, path: &Utf8Path) -> Option<(Utf8PathBuf, &'a Utf8Path)> {
    let folder = from.ancestors().find(|folder| path.starts_with(folder))?;
    folder.parent()?;
    let steps = from.strip_prefix(folder).ok()?.components().count();
    Some((forward(std::iter::repeat_n("..", steps).collect()), folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_ends_with_the_repository() {
        let scratch = tempfile::tempdir().unwrap();
        let above = Utf8PathBuf::from_path_buf(fs_err::canonicalize(scratch.path()).unwrap()).unwrap();
        let (top, root) = (above.join("home/me/top"), above.join("home/me/top/site"));
        fs_err::create_dir_all(&root).unwrap();
        let home = above.join("home/me");
        let reason = |folder: &Utf8Path| not_a_context(folder, &root, Some(home.as_std_path()));
        assert_eq!(reason(&top), None, "without git");
        assert_eq!(reason(&top.join("other")), Some("does not hold the workspace"));
        for folder in [home.as_path(), above.as_path(), Utf8Path::new("/")] {
            assert_eq!(reason(folder), Some("is the home folder, or above it"), "{folder}");
        }
        fs_err::create_dir(top.join(".git")).unwrap();
        assert_eq!((reason(&root), reason(&top)), (None, None));
        assert_eq!(reason(&home), Some("is above the git repository"));
    }

    #[test]
    fn a_context_that_is_refused_is_not_proposed() {
        let scratch = tempfile::tempdir().unwrap();
        let above = Utf8PathBuf::from_path_buf(fs_err::canonicalize(scratch.path()).unwrap()).unwrap();
        let (root, beside) = (above.join("app"), above.join("beta"));
        [&root, &beside].iter().for_each(|folder| fs_err::create_dir(folder).unwrap());
        let context = Context { folder: root.clone(), root: root.clone(), real_root: root.clone() };
        assert_eq!(context.wanted(&beside), Some("..".into()));
        fs_err::create_dir(root.join(".git")).unwrap();
        assert_eq!(context.wanted(&beside), None);
    }

    #[test]
    fn the_way_to_a_folder_that_holds_both() {
        for (path, way) in
            [("/a/b/x/y", Some("..")), ("/a/x", Some("../..")), ("/a/b/c/d", Some("")), ("/x", None)]
        {
            let found = common("/a/b/c".into(), path.into()).map(|(up, _)| up.into_string());
            assert_eq!(found.as_deref(), way, "{path}");
        }
    }
}
