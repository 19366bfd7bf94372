//! git's facts about a workspace. It only asks, never changes a repository, and runs nothing that a repository's
//! configuration names for the occasion. No other module calls git.

mod filters;
pub mod shared_files;

use std::path::PathBuf;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{
    error::{Error, Result},
    files::read,
    process::{Cmd, Environment},
};

/// The repository that a folder lies in.
#[derive(Debug, Clone)]
pub struct Git {
    program: PathBuf,
    env: Environment,
    dir: Utf8PathBuf,
    /// Settings that leave out the filters of the repository's own configuration.
    unfiltered: Vec<String>,
    /// The folder of the work tree.
    pub top: Utf8PathBuf,
}

/// How git sees one file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracked {
    /// Committed, or staged, and not changed since.
    Clean,
    /// Committed and changed since.
    Modified,
    /// Not known to git.
    Untracked,
    /// Not known to git, which was told to ignore it.
    Ignored,
}

/// Which files of a repository are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Those that are committed or staged, those of submodules included.
    Tracked,
    /// These, and untracked ones that git was not told to ignore.
    NotIgnored,
}

/// The top of the repository that a folder is in, by what lies there: git is not asked.
pub(crate) fn top_of(folder: &Utf8Path) -> Option<&Utf8Path> {
    folder.ancestors().find(|above| above.join(".git").exists())
}

impl Git {
    /// Finds the repository of a folder; `None` if the folder is in none.
    ///
    /// # Errors
    /// When there is no git, or it refuses to look.
    pub fn find(env: &Environment, dir: &Utf8Path) -> Result<Option<Self>> {
        let Some(program) = env.find_program("git") else {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::Start { command: "git".into(), source });
        };
        for folder in dir.ancestors() {
            // git would wait for the other end of a pipe.
            let read = [".gitignore", ".gitattributes", ".git/config", ".git/info/exclude"];
            read.iter().try_for_each(|name| read::refuse_endless(folder.join(name).as_std_path()))?;
        }
        let (env, unfiltered) = (env.clone(), Vec::new());
        let mut git = Self { program, env, dir: dir.to_owned(), unfiltered, top: dir.to_owned() };
        match git.ask(&["rev-parse", "--show-toplevel"]) {
            Ok(top) => git.top = top.trim_end().into(),
            Err(Error::Failed { stderr, .. }) if stderr.contains("not a git repository") => return Ok(None),
            Err(error) => return Err(error),
        }
        git.unfiltered = git.without_filters()?;
        Ok(Some(git))
    }

    /// git runs a filter to compare a file. The repository's own configuration may name any program for one; what a
    /// person set up for all repositories is theirs, and stays.
    fn without_filters(&self) -> Result<Vec<String>> {
        const UNKNOWN_OPTION: i32 = 129;
        let without = match self.filter_settings(&["--show-scope"]) {
            // Before version 2.26: any of them may be the repository's.
            Err(Error::Failed { code: Some(UNKNOWN_OPTION), .. }) => {
                filters::without_all(&self.filter_settings(&[])?)
            }
            names => filters::without(&names?),
        };
        without.map_err(|reason| Error::Settings { path: self.top.join(".git/config").into(), reason })
    }

    /// The names of all settings of filters, as git gives them with these options.
    fn filter_settings(&self, options: &[&str]) -> Result<String> {
        const NO_NAME_FITS: i32 = 1;
        let cmd = self.cmd(&self.dir).args(["config", "-z"]).args(options);
        match cmd.args(["--name-only", "--get-regexp", r"^filter\."]).output() {
            Err(Error::Failed { code: Some(NO_NAME_FITS), .. }) => Ok(String::new()),
            names => names,
        }
    }

    /// The folder's path below the work tree's top; empty if they are the same.
    pub fn prefix(&self) -> Utf8PathBuf {
        let prefix = self.ask(&["rev-parse", "--show-prefix"]).unwrap_or_default();
        prefix.trim_end().trim_end_matches('/').into()
    }

    /// The default branch of the remote `origin`, as it was when the repository was cloned; `None` if git knows of none.
    pub fn default_branch(&self) -> Option<String> {
        let head = self.ask(&["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"]).ok()?;
        Some(head.trim_end().strip_prefix("refs/remotes/origin/")?.to_owned())
    }

    /// Whether the repository declares submodules.
    pub fn has_submodules(&self) -> bool {
        self.top.join(".gitmodules").is_file()
    }

    /// The addresses of all remotes.
    ///
    /// # Errors
    /// When git refuses.
    pub fn remotes(&self) -> Result<Vec<String>> {
        let lines = self.ask(&["remote", "--verbose"])?;
        Ok(lines.lines().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned).collect())
    }

    /// How git sees a file, or the files of a folder: the worst of them.
    ///
    /// # Errors
    /// When git refuses.
    pub fn tracked(&self, path: &str) -> Result<Tracked> {
        let status =
            self.ask(&["status", "--porcelain", "--untracked-files=all", "--ignored", "--", path])?;
        let codes: Vec<&str> = status.lines().map(|line| line.get(..2).unwrap_or_default()).collect();
        let known = !self.ask(&["ls-files", "--", path])?.is_empty();
        let is_folder = self.dir.join(path).is_dir();
        Ok(match () {
            () if status.lines().any(|line| is_ignored(line, is_folder)) => Tracked::Ignored,
            () if codes.contains(&"??") || !known => Tracked::Untracked,
            // The second letter is the work tree's; what is staged will be committed.
            () if codes.iter().any(|code| !code.ends_with(' ') && *code != "!!") => Tracked::Modified,
            () => Tracked::Clean,
        })
    }

    /// Those of the paths whose files git was told to ignore, and so has not.
    pub fn ignored<'a>(&self, paths: &[&'a str]) -> Vec<&'a str> {
        let is_ignored = |path: &&str| self.tracked(path).is_ok_and(|tracked| tracked == Tracked::Ignored);
        paths.iter().copied().filter(is_ignored).collect()
    }

    /// Those of some files that git was told to ignore, whether they are there yet or not.
    pub(crate) fn would_ignore<'a>(&self, paths: &[&'a str]) -> Vec<&'a str> {
        // It fails if it ignores none.
        let asked = self.cmd(&self.dir).args(["check-ignore", "--"]).args(paths.iter().copied()).output();
        let said = asked.unwrap_or_default();
        paths.iter().copied().filter(|path| said.lines().any(|ignored| ignored == *path)).collect()
    }

    /// Whether git tracks a path, as the link or the file that it is; `None` without an answer.
    pub(crate) fn tracks(&self, path: &Utf8Path) -> Option<bool> {
        let known = self.cmd(&self.dir).env("GIT_LITERAL_PATHSPECS", "1").args(["ls-files", "-z", "--"]);
        Some(!known.args([path]).output().ok()?.is_empty())
    }

    /// Whether git was told to ignore one file, by a pattern for it or for its folder, and does not track it.
    pub(crate) fn ignores(&self, path: &Utf8Path) -> bool {
        let unknown = self.unknown(&[path]).unwrap_or_default();
        unknown.iter().any(|(kind, _)| *kind == Tracked::Ignored)
    }

    /// Those of the files that are not committed or staged, with the reason, relative to the work tree's top.
    ///
    /// # Errors
    /// When git refuses, as for a path outside of the work tree.
    pub fn unknown(&self, paths: &[&Utf8Path]) -> Result<Vec<(Tracked, Utf8PathBuf)>> {
        // A folder's name may hold what git would take for a pattern.
        let status = self
            .cmd(&self.dir)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args(["status", "--porcelain", "-z", "--untracked-files=all", "--ignored", "--"])
            .args(paths)
            .output()?;
        let unknown = status.split('\0').filter_map(|entry| match entry.split_at_checked(3)? {
            ("?? ", path) => Some((Tracked::Untracked, path.into())),
            ("!! ", path) => Some((Tracked::Ignored, path.into())),
            _ => None,
        });
        Ok(unknown.collect())
    }

    /// The files of the whole work tree, relative to its top.
    ///
    /// # Errors
    /// When git refuses.
    pub fn files(&self, listed: Listed) -> Result<Vec<Utf8PathBuf>> {
        let mut text = self.list_files(&["--cached", "--recurse-submodules"])?;
        if listed == Listed::NotIgnored {
            text.push_str(&self.list_files(&["--others", "--exclude-standard"])?);
        }
        Ok(text.split('\0').filter(|path| !path.is_empty()).map(Utf8PathBuf::from).collect())
    }

    fn list_files(&self, args: &[&str]) -> Result<String> {
        // The separator is the only one that no name has; git quotes names otherwise.
        self.cmd(&self.top).args(["ls-files", "-z"]).args(args).output()
    }

    /// The local branches that are not checked out here, as names of references.
    ///
    /// # Errors
    /// When git refuses.
    pub fn other_branches(&self) -> Result<Vec<String>> {
        let answer = self.ask(&["for-each-ref", "--format=%(HEAD)%(refname)", "refs/heads"])?;
        Ok(answer.lines().filter_map(|line| line.strip_prefix(' ')).map(str::to_owned).collect())
    }

    /// The files that a branch has in a folder, relative to this one.
    ///
    /// # Errors
    /// When git refuses.
    pub fn files_of(&self, branch: &str, folder: &str) -> Result<Vec<String>> {
        let list = self.ask(&["ls-tree", "-r", "--name-only", "-z", branch, "--", folder])?;
        Ok(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// The text of a file of a branch, by its path relative to this folder.
    ///
    /// # Errors
    /// When git refuses, or the file is no text.
    pub fn file_of(&self, branch: &str, path: &str) -> Result<String> {
        self.ask(&["cat-file", "blob", &format!("{branch}:./{path}")])
    }

    /// The commit that is checked out, with `-dirty` if files were changed since; `None` before the first one.
    pub fn commit(&self) -> Option<String> {
        let commit = self.ask(&["rev-parse", "--verify", "HEAD"]).ok()?;
        let is_clean = self.ask(&["status", "--porcelain"]).is_ok_and(|status| status.is_empty());
        Some(format!("{}{}", commit.trim(), if is_clean { "" } else { "-dirty" }))
    }

    fn ask(&self, args: &[&str]) -> Result<String> {
        self.cmd(&self.dir).args(args).output()
    }

    fn cmd(&self, dir: &Utf8Path) -> Cmd {
        // Programs that git would run to answer faster, to tell others, or to show or fetch something.
        const OFF: [&str; 5] = [
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.pager=cat",
            "core.sshCommand=false",
            "credential.helper=",
        ];
        let off = OFF.iter().flat_map(|setting| ["-c", setting]);
        // Looking must not take the lock that a commit in another window needs, nor fetch what a partial clone left.
        Cmd::new(&self.program, dir, &self.env)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .args(off)
            .args(self.unfiltered.iter().flat_map(|setting| ["-c", setting]))
    }
}

/// Whether a line of git's status names something that is ignored. Files that file managers and editors leave behind in
/// a folder are hidden, and nobody misses them; a file is asked about by its own name.
fn is_ignored(line: &str, is_folder: bool) -> bool {
    let Some(path) = line.strip_prefix("!! ") else { return false };
    let name = path.trim_matches('"').trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    !is_folder || !name.starts_with('.') || name == ".cargo"
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn hidden_files_may_be_ignored_and_recipes_may_not() {
        for line in ["!! larder/", "!! larder/larder.lock", "!! .cargo/", "!! \"larder/\\303\\244\""] {
            assert!(is_ignored(line, true) && is_ignored(line, false), "{line}");
        }
        for line in
            ["!! larder/.DS_Store", "!! larder/.larder.lock.swp", "?? larder/new", " M larder/larder.lock"]
        {
            assert!(!is_ignored(line, true), "{line}");
        }
        for line in ["!! larder/.gitattributes", "!! .hidden/"] {
            assert!(is_ignored(line, false), "{line}");
        }
        assert!(!is_ignored("?? larder/.gitattributes", false));
    }
}
