//! The builds of other branches, as their committed recipes say them, without checking anything out.
//!
//! Nobody has looked at these branches: a question about them must not reach the network, read their configuration or
//! toolchain files, or run what they name. A recipe that cannot be asked about keeps every unit of its packages, and one
//! that cargo refuses keeps less, which costs a compilation. Both are told.
//!
//! cargo runs in the project's folder: it and rustup obey what lies above their own, and anybody may write to the folder
//! of temporary ones.

use larder::{
    Report,
    camino::{Utf8Path, Utf8PathBuf},
    cargo::{invocation::Invocation, subcommands},
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
    /// The packages of recipes that cannot be asked about.
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
                if let Err(reason) = all.add(project, locked) {
                    let name = &locked.slice.name;
                    report.warn(&format!("every unit of `{name}` of branch {branch} stays: {reason}"));
                    all.kept.extend(locked.package_names());
                }
            }
        }
        Ok(all)
    }

    /// Adds the question about a recipe, if it builds in a folder of this project. The reason says why there is none.
    fn add(&mut self, project: &Project, locked: &LockedSlice) -> Result<(), String> {
        let target_dir = locked.slice.target_dir.resolve(&project.workspace);
        if !project.target_dirs().iter().any(|own| target_dir.starts_with(own)) {
            return Ok(());
        }
        if target_dir.components().any(|part| part.as_str() == "..") {
            return Err(format!("{target_dir} leads out of a target directory"));
        }
        let args = words(&locked.cook)?;
        let folder = put(locked).map_err(|error| error.to_string())?;
        // Of what a slice sets for itself, profiles alone change the graph without running anything.
        let profiles = locked.slice.env.iter().filter(|(name, _)| name.starts_with("CARGO_PROFILE_"));
        let env = Environment::new(profiles);
        let manifest = format!("--manifest-path={}", folder.path().join("Cargo.toml").display());
        let args = args.into_iter().chain([manifest]).collect();
        let invocation = Invocation { dir: project.workspace.root().into(), args, env, target_dir };
        self.calls.push(UnitGraphCall::new(project, invocation, Whose::Branch));
        self.folders.push(folder);
        Ok(())
    }
}

/// Puts a recipe into a temporary folder, without its configuration.
fn put(locked: &LockedSlice) -> Result<Scratch> {
    let folder = Scratch::new()?;
    let files = locked.files(locked.layers.len() - 1).into_iter().filter(|(path, _)| is_needed(path));
    placed::put(&Utf8PathBuf::from(folder.path().to_string_lossy().into_owned()), &files.collect())?;
    Ok(folder)
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

/// The words of a branch's call, without settings; the reason names a word that no plain build has.
fn words(cook: &[String]) -> Result<Vec<String>, String> {
    let is_setting = |word: &&String| word.starts_with("--config=") || word.starts_with("--target-dir=");
    let words: Vec<String> = cook.iter().filter(|word| !is_setting(word)).cloned().collect();
    let (subcommand, rest) = words.split_first().ok_or("its call of cargo has no words")?;
    let is_planned = subcommands::of_slices().any(|name| name == subcommand);
    let odd = if is_planned { rest.iter().find(|word| !is_plain(word)) } else { Some(subcommand) };
    match odd {
        Some(word) => Err(format!("no plain build has the word {word:?}")),
        None => Ok(words),
    }
}

/// Whether a word only chooses what is built: none of these runs or reads anything.
fn is_plain(word: &str) -> bool {
    const ALONE: [&str; 9] = [
        "--release",
        "--lib",
        "--bins",
        "--tests",
        "--all-targets",
        "--workspace",
        "--no-default-features",
        "--no-run",
        "--ignore-rust-version",
    ];
    const WITH_VALUES: [&str; 6] = ["--profile", "--target", "--package", "--features", "--bin", "--test"];
    ALONE.contains(&word) || word.split_once('=').is_some_and(|(name, _)| WITH_VALUES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_in(line: &str) -> Result<Vec<String>, String> {
        words(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_are_those_of_a_plain_build() {
        let told = words_in("build --release --target=x --config=build.rustc=\"./evil\"").unwrap();
        assert_eq!(told, ["build", "--release", "--target=x"]);
        for (line, odd) in [
            ("run --release", "run"),
            ("build -Zx", "-Zx"),
            ("build --config x", "--config"),
            ("+evil build", "+evil"),
            ("build --manifest-path=/x", "--manifest-path=/x"),
        ] {
            let reason = format!("no plain build has the word {odd:?}");
            assert_eq!(words_in(line), Err(reason), "{line}");
        }
    }

    /// All that `lock` writes, settings aside.
    #[test]
    fn recipes_are_cooked_by_plain_builds() {
        for line in [
            "test --no-run --target=x --profile=ci --all-targets",
            "check --ignore-rust-version --release",
            "clippy",
        ] {
            assert_eq!(words_in(line).unwrap().join(" "), line);
        }
    }
}
