//! The files that every clone of a workspace has, as far as git tells: what is generated may depend on these alone, or
//! a check in a clean clone would find it stale.
//!
//! Must never count a file that git ignores, and never fail: without an answer of git, the files on disk count.

use std::collections::BTreeSet;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    files::tag::Tag,
    git::{Git, Listed},
    process::Environment,
};

/// The files of the repository that a workspace lies in.
#[derive(Debug, Clone)]
pub struct SharedFiles {
    root: Utf8PathBuf,
    repository: Option<Repository>,
}

#[derive(Debug, Clone)]
struct Repository {
    top: Utf8PathBuf,
    /// Relative to the top.
    files: BTreeSet<Utf8PathBuf>,
}

impl SharedFiles {
    /// Asks git for the files of the repository that holds the workspace at `root`.
    ///
    /// In a workspace whose `Cargo.toml` git does not track yet, files count that git does not ignore: they are about
    /// to be added. Without a repository, or in one that ignores the workspace, whatever is on disk counts.
    pub fn ask(env: &Environment, root: &Utf8Path) -> Self {
        Self { root: root.to_owned(), repository: Repository::ask(env, root) }
    }

    /// The names of all of them.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.repository.as_ref().map(|repository| repository.files.iter());
        names.map_or_else(|| texts(&on_disk(&self.root)), texts)
    }

    /// The files in a folder and below it, as absolute paths.
    pub fn below(&self, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
        let folder = self.root.join(folder);
        let files = self.repository.as_ref().and_then(|repository| repository.below(&folder));
        files.unwrap_or_else(|| on_disk(&folder))
    }

    /// Whether every clone has a file, or a folder with at least one file; `path` is absolute, or relative to the
    /// workspace. Paths outside of the repository are looked up on disk.
    pub fn has(&self, path: &Utf8Path) -> bool {
        let path = self.root.join(path);
        if !path.exists() {
            return false;
        }
        let Some(repository) = &self.repository else { return true };
        match repository.relative(&path) {
            Some(relative) if relative.as_str().is_empty() => true,
            // Components are ordered before longer paths, so the files of a folder follow its name.
            Some(relative) => repository
                .files
                .range(relative.clone()..)
                .next()
                .is_some_and(|file| file.starts_with(&relative)),
            None => true,
        }
    }
}

fn texts<'a>(paths: impl IntoIterator<Item = &'a Utf8PathBuf>) -> Vec<String> {
    paths.into_iter().map(ToString::to_string).collect()
}

/// Those of the files in folders above a workspace that are its repository's, and in every clone: all others are one
/// person's. git is asked only if there are any that may be.
pub(crate) fn shared_above(
    env: &Environment,
    root: &Utf8Path,
    mut files: Vec<Utf8PathBuf>,
) -> Vec<Utf8PathBuf> {
    let top = super::top_of(root).unwrap_or(root);
    files.retain(|path| path.starts_with(top));
    if !files.is_empty() {
        let shared = SharedFiles::ask(env, root);
        files.retain(|path| shared.has(path));
    }
    files
}

/// Those of a workspace's files that git was told to ignore, so that no clone has them; none in a repository that
/// ignores the workspace itself, and none without an answer of git.
pub(crate) fn ignored(env: &Environment, root: &Utf8Path, files: &[Utf8PathBuf]) -> Vec<Utf8PathBuf> {
    let Some(top) = super::top_of(root) else { return Vec::new() };
    let Ok(Some(git)) = Git::find(env, root) else { return Vec::new() };
    if git.ignores(&root.join("Cargo.toml")) {
        return Vec::new();
    }
    files.iter().filter(|file| is_ignored(&git, top, file)).cloned().collect()
}

/// git looks at no file behind a link: the link counts then, and so does the file in its own place.
fn is_ignored(git: &Git, top: &Utf8Path, file: &Utf8Path) -> bool {
    let way = file.ancestors().take_while(|above| *above != top);
    let Some(link) = way.filter(|above| above.is_symlink()).last() else { return git.ignores(file) };
    git.ignores(link) || file.canonicalize_utf8().is_ok_and(|real| git.ignores(&real))
}

/// The files on disk in a folder and below it, hidden ones and those of builds left out.
fn on_disk(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
            let is_hidden = entry.file_name().starts_with('.');
            match entry.file_type() {
                Ok(kind)
                    if kind.is_dir()
                        && !is_hidden
                        && Tag::read(entry.path().as_std_path()) == Tag::Missing =>
                {
                    open.push(entry.path().to_owned());
                }
                Ok(kind) if kind.is_file() => files.push(entry.path().to_owned()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

impl Repository {
    fn ask(env: &Environment, root: &Utf8Path) -> Option<Self> {
        let git = Git::find(env, root).ok()??;
        let top = git.top.canonicalize_utf8().ok()?;
        let files = git.files(Listed::Tracked).ok()?.into_iter().collect();
        let repository = Self { top, files };
        let manifest = repository.relative(&root.join("Cargo.toml"))?;
        if repository.files.contains(&manifest) {
            return Some(repository);
        }
        let files: BTreeSet<_> = git.files(Listed::NotIgnored).ok()?.into_iter().collect();
        files.contains(&manifest).then_some(Self { files, ..repository })
    }

    /// The files below a folder that are on disk; `None` for one outside of the repository.
    fn below(&self, folder: &Utf8Path) -> Option<Vec<Utf8PathBuf>> {
        let relative = self.relative(folder)?;
        let files = self.files.range(relative.clone()..).take_while(|file| file.starts_with(&relative));
        let files = files.map(|file| folder.join(file.strip_prefix(&relative).unwrap_or(file)));
        Some(files.filter(|file| file.is_file()).collect())
    }

    /// A path below the top, past symbolic links in its folder; `None` outside of the repository.
    fn relative(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        // The last part may be a link that is tracked as such.
        let folder = path.parent()?.canonicalize_utf8().ok()?;
        let path = match path.file_name() {
            Some(name) => folder.join(name),
            None => path.canonicalize_utf8().ok()?,
        };
        path.strip_prefix(&self.top).map(Utf8Path::to_owned).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_for_its_files() {
        let scratch = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(scratch.path().canonicalize().unwrap()).unwrap();
        for file in ["a/b.sql", "a-b", "ab/c"] {
            fs_err::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs_err::write(root.join(file), "").unwrap();
        }
        let files = ["a-b", "a/b.sql"].map(Utf8PathBuf::from).into();
        let repository = Some(Repository { top: root.clone(), files });
        let shared = SharedFiles { root: root.clone(), repository };
        for path in ["a", "a/b.sql", "a-b", "a/../a-b", ""] {
            assert!(shared.has(Utf8Path::new(path)), "{path}");
        }
        for path in ["ab", "ab/c", "a/b", "none"] {
            assert!(!shared.has(Utf8Path::new(path)), "{path}");
        }
        assert!(shared.has(&root.join("a")));
        let anywhere = SharedFiles { repository: None, ..shared };
        assert!(anywhere.has(Utf8Path::new("ab/c")) && !anywhere.has(Utf8Path::new("none")));
    }
}
