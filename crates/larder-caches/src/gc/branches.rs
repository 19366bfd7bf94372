//! The builds of other branches, as their committed recipes say them, without checking anything out.
//!
//! Nobody has looked at these branches: a question about them must not reach the network, read their configuration or
//! toolchain files, or run what they name. A branch of which less is known keeps less, which costs a compilation.

use std::path::Path;

use larder::{
    Report,
    camino::{Utf8Path, Utf8PathBuf},
    cargo::invocation::Invocation,
    error::Result,
    files::scratch::Scratch,
    git::Git,
    process::Environment,
    project::Project,
    recipe::{
        lock_file::{LockFile, LockedSlice},
        placed,
    },
};

use super::call::{UnitGraphCall, Whose};

/// The recipes of all local branches that are not checked out. Their files are there for as long as this is.
#[derive(Debug, Default)]
pub(super) struct OfBranches {
    pub(super) calls: Vec<UnitGraphCall>,
    /// The packages of recipes that there is no room to ask about.
    pub(super) kept: Vec<String>,
    folders: Vec<Scratch>,
}

impl OfBranches {
    /// Reads them; none if this is no git repository.
    ///
    /// # Errors
    /// When git refuses.
    pub(super) fn read(project: &Project, report: &dyn Report) -> Result<Self> {
        let mut all = Self::default();
        let Ok(Some(git)) = Git::find(project.cargo.env(), project.workspace.root()) else { return Ok(all) };
        for branch in git.other_branches()? {
            let file = match recipes_of(&git, &branch) {
                Ok(Some(file)) => file,
                Ok(None) => continue,
                Err(error) => {
                    report.warn(&format!("what branch {branch} builds is not known: {error}"));
                    continue;
                }
            };
            report.step("Keeping", &format!("what the recipes of branch {branch} build"));
            for locked in &file.slices {
                if let Err(error) = all.add(project, locked) {
                    let name = &locked.slice.name;
                    report.warn(&format!("every unit of `{name}` of branch {branch} stays: {error}"));
                    all.kept.extend(locked.package_names());
                }
            }
        }
        Ok(all)
    }

    fn add(&mut self, project: &Project, locked: &LockedSlice) -> Result<()> {
        let folder = Scratch::new()?;
        let Some(call) = call(project, locked, folder.path()) else { return Ok(()) };
        let files = locked.files(locked.layers.len() - 1).into_iter().filter(|(path, _)| is_needed(path));
        placed::put(&Utf8PathBuf::from(folder.path().to_string_lossy().into_owned()), &files.collect())?;
        self.calls.push(call);
        self.folders.push(folder);
        Ok(())
    }
}

/// The recipes that a branch has committed; `None` if it has none.
fn recipes_of(git: &Git, branch: &str) -> Result<Option<LockFile>> {
    const FILE: &str = "larder/larder.lock";
    if !git.files_of(branch, "larder/")?.iter().any(|path| path == FILE) {
        return Ok(None);
    }
    LockFile::parse(format!("{branch}:{FILE}").as_str().into(), git.file_of(branch, FILE)?.as_bytes())
        .map(Some)
}

/// Whether a file says what there is to build. Configuration says which programs do it.
fn is_needed(path: &Utf8Path) -> bool {
    !path.starts_with(".cargo")
}

/// The question about one recipe; `None` for one that asks for more than a build in a folder of this project.
fn call(project: &Project, locked: &LockedSlice, folder: &Path) -> Option<UnitGraphCall> {
    let target_dir = locked.slice.target_dir.resolve(&project.workspace);
    let is_ours = project.target_dirs().iter().any(|own| target_dir.starts_with(own));
    let is_within = target_dir.components().all(|part| part.as_str() != "..");
    if !is_ours || !is_within {
        return None;
    }
    // Of what a slice sets for itself, profiles alone change the graph without running anything.
    let profiles = locked.slice.env.iter().filter(|(name, _)| name.starts_with("CARGO_PROFILE_"));
    let env = Environment::new(profiles);
    let invocation = Invocation { dir: folder.to_owned(), args: words(&locked.cook)?, env, target_dir };
    Some(UnitGraphCall::new(project, invocation, Whose::Branch))
}

/// The words of a branch's call, without settings; `None` if they are no plain build.
fn words(cook: &[String]) -> Option<Vec<String>> {
    const SUBCOMMANDS: [&str; 5] = ["build", "check", "clippy", "test", "rustc"];
    let (subcommand, rest) = cook.split_first()?;
    if !SUBCOMMANDS.contains(&subcommand.as_str()) {
        return None;
    }
    let is_setting = |word: &&String| word.starts_with("--config=") || word.starts_with("--target-dir=");
    let rest: Vec<String> = rest.iter().filter(|word| !is_setting(word)).cloned().collect();
    let all_are_plain = rest.iter().all(|word| is_plain(word));
    all_are_plain.then(|| std::iter::once(subcommand.clone()).chain(rest).collect())
}

fn is_plain(word: &str) -> bool {
    const ALONE: [&str; 7] =
        ["--release", "--lib", "--bins", "--tests", "--all-targets", "--workspace", "--no-default-features"];
    const WITH_VALUES: [&str; 6] = ["--profile", "--target", "--package", "--features", "--bin", "--test"];
    ALONE.contains(&word) || word.split_once('=').is_some_and(|(name, _)| WITH_VALUES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_in(line: &str) -> Option<Vec<String>> {
        words(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_those_of_a_plain_build() {
        let told = words_in("build --release --target=x --config=build.rustc=\"./evil\"").unwrap();
        assert_eq!(told, ["build", "--release", "--target=x"]);
        for line in
            ["run --release", "build -Zx", "build --config x", "+evil build", "build --manifest-path=/x"]
        {
            assert_eq!(words_in(line), None, "{line}");
        }
    }
}
