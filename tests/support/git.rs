//! Git repositories in temporary folders, for dependencies that come from git and for indexes of registries.

use crate::Project;

/// A git repository that goes away with the test.
#[derive(Debug)]
pub struct GitRepository {
    files: Project,
}

impl GitRepository {
    /// A repository with one commit of the files on the branch `main`.
    ///
    /// # Panics
    /// When git refuses.
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::holding(Project::without_lock(files))
    }

    /// A project as it is, in one commit.
    ///
    /// # Panics
    /// When git refuses.
    pub fn holding(files: Project) -> Self {
        let repository = Self { files };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit();
        repository
    }

    /// The work tree.
    pub fn project(&self) -> &Project {
        &self.files
    }

    /// The clone that somebody else gets: the committed files alone.
    ///
    /// # Panics
    /// When git refuses.
    pub fn clone_of(&self) -> Project {
        let clone = Project::without_lock(&[]);
        self.git(&["clone", "--quiet", ".", &clone.path().to_string_lossy()]);
        clone
    }

    /// The address that cargo gets it by.
    pub fn url(&self) -> String {
        format!("file://{}", self.files.path().display())
    }

    /// Writes a file without committing it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        self.files.write(path, text);
    }

    /// Commits everything and returns the commit's name.
    ///
    /// # Panics
    /// When git refuses.
    pub fn commit(&self) -> String {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message=test"]);
        self.commit_name()
    }

    /// The name of the newest commit.
    ///
    /// # Panics
    /// When git refuses.
    pub fn commit_name(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Runs git, without anybody's configuration, and returns what it printed.
    ///
    /// # Panics
    /// When git refuses.
    pub fn git(&self, args: &[&str]) -> String {
        self.files.git(args).stdout
    }
}
