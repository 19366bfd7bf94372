//! What other branches build, as their committed recipes say it, without checking anything out.
//!
//! Nobody has looked at these branches: a question about them must not reach the network, read their configuration or
//! toolchain files, or run what they name. A branch of which less is known keeps less, which costs a compilation.

use std::path::{Component, Path};

use cargo_metadata::camino::Utf8PathBuf;

use super::needs::{Call, Whose, build_folder};
use crate::{
    Report,
    error::{Error, Result},
    git::Git,
    process::Environment,
    project::Project,
    recipe::lock_file::{LockFile, LockedSlice},
    scratch::Scratch,
};

/// The recipes of all local branches that are not checked out. Their files are there for as long as this is.
#[derive(Debug, Default)]
pub(super) struct OfBranches {
    pub(super) calls: Vec<Call>,
    folders: Vec<Scratch>,
}

impl OfBranches {
    /// Reads them; none if this is no git repository.
    ///
    /// # Errors
    /// When git refuses, or a folder cannot be made.
    pub(super) fn read(project: &Project, report: &dyn Report) -> Result<Self> {
        let mut all = Self::default();
        let Ok(Some(git)) = Git::of(project.cargo.env(), project.workspace.root()) else { return Ok(all) };
        for branch in git.other_branches()? {
            let (folder, file) = match recipes_of(&git, &branch) {
                Ok(Some(recipes)) => recipes,
                Ok(None) => continue,
                Err(error) => {
                    report.warn(&format!("what branch {branch} builds is not known: {error}"));
                    continue;
                }
            };
            report.step("Keeping", &format!("what the recipes of branch {branch} build"));
            let calls = file.slices.iter().filter_map(|locked| call(project, locked, folder.path()));
            all.calls.extend(calls);
            all.folders.push(folder);
        }
        Ok(all)
    }
}

/// The files of a branch's recipes that a question needs, in a temporary folder; `None` if it has none.
fn recipes_of(git: &Git, branch: &str) -> Result<Option<(Scratch, LockFile)>> {
    let folder = Scratch::new()?;
    for path in git.files_of(branch, "larder/")?.iter().filter(|path| is_needed(path)) {
        let file = folder.path().join(path);
        if let Some(parent) = file.parent() {
            fs_err::create_dir_all(parent)?;
            fs_err::write(&file, git.file_of(branch, path)?)?;
        }
    }
    let larder = Utf8PathBuf::from(folder.path().join("larder").to_string_lossy().into_owned());
    match LockFile::read(&larder) {
        Ok(file) => Ok(Some((folder, file))),
        Err(Error::NoRecipe { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a file says what there is to build. A `.cargo` or a toolchain file says which programs do it.
fn is_needed(path: &str) -> bool {
    const NAMES: [&str; 3] = ["Cargo.toml", "Cargo.lock", "larder.lock"];
    let path = Path::new(path);
    let plain = is_plain(path) && !path.components().any(|part| part.as_os_str() == ".cargo");
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    let is_named = path.file_name().is_some_and(|name| NAMES.iter().any(|needed| name == *needed));
    plain && path.starts_with("larder") && (is_source || is_named)
}

fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// The question about one recipe; `None` for one that asks for more than a build in a folder of this project.
fn call(project: &Project, locked: &LockedSlice, folder: &Path) -> Option<Call> {
    let last = locked.layers.len().checked_sub(1)?;
    let name = Path::new(&locked.slice.name);
    let target_dir = locked.slice.target_dir.resolve(&project.workspace);
    let is_ours = project.target_dirs().iter().any(|own| target_dir.starts_with(own));
    let is_within = target_dir.components().all(|part| part.as_str() != "..");
    if !is_plain(name) || !is_ours || !is_within {
        return None;
    }
    let mut args = words(&locked.cook)?;
    args.push(format!("--target-dir={target_dir}"));
    // Of what a slice sets for itself, profiles alone change the graph without running anything.
    let profiles = locked.slice.env.iter().filter(|(name, _)| name.starts_with("CARGO_PROFILE_"));
    Some(Call {
        dir: folder.join("larder").join(name).join(last.to_string()),
        args,
        env: Environment::new(profiles),
        folder: build_folder(project, &target_dir),
        whose: Whose::Branch,
    })
}

/// The words of a branch's call, without settings; `None` if they are no plain build.
fn words(cook: &[String]) -> Option<Vec<String>> {
    const SUBCOMMANDS: [&str; 5] = ["build", "check", "clippy", "test", "rustc"];
    const PLAIN: [&str; 7] =
        ["--release", "--lib", "--bins", "--tests", "--all-targets", "--workspace", "--no-default-features"];
    const WITH_VALUES: [&str; 6] = ["--profile", "--target", "--package", "--features", "--bin", "--test"];
    let (subcommand, rest) = cook.split_first()?;
    if !SUBCOMMANDS.contains(&subcommand.as_str()) {
        return None;
    }
    let is_setting = |word: &&String| word.starts_with("--config=") || word.starts_with("--target-dir=");
    let is_known = |word: &String| {
        PLAIN.contains(&word.as_str())
            || word.split_once('=').is_some_and(|(name, _)| WITH_VALUES.contains(&name))
    };
    let rest: Vec<String> = rest.iter().filter(|word| !is_setting(word)).cloned().collect();
    rest.iter().all(is_known).then(|| std::iter::once(subcommand.clone()).chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_names_a_program_is_read() {
        for path in ["larder/larder.lock", "larder/a/0/Cargo.toml", "larder/a/0/src/lib.rs"] {
            assert!(is_needed(path), "{path}");
        }
        for path in [
            "larder/a/0/.cargo/config.toml",
            "larder/a/0/.cargo/Cargo.toml",
            "larder/a/0/rust-toolchain.toml",
            "larder/../Cargo.toml",
            "/larder/Cargo.toml",
            "Cargo.toml",
        ] {
            assert!(!is_needed(path), "{path}");
        }
    }

    #[test]
    fn words_are_those_of_a_plain_build() {
        let of = |line: &str| words(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let told = of("build --release --target=x --config=build.rustc=\"./evil\"").unwrap();
        assert_eq!(told, ["build", "--release", "--target=x"]);
        for line in
            ["run --release", "build -Zx", "build --config x", "+evil build", "build --manifest-path=/x"]
        {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
