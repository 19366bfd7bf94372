//! The per-user folder that tools are kept in, shared by all checkouts and by runs at the same time.
//!
//! Whatever has its final name in it is complete: work in progress lives under `tmp` and is renamed. It must
//! never delete a tool that still has its name.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use larder::process::Environment;

use super::{
    needs::{Tool, cargo_leptos},
    version::Version,
};
use crate::log::Log;

/// Where tools are kept.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// `LARDER_TOOLS_DIR`, or a folder in the user's cache.
    pub(super) fn new(env: &Environment, base: &Path) -> anyhow::Result<Self> {
        let root = named_folder(env, "LARDER_TOOLS_DIR")
            .or_else(|| Some(named_folder(env, "XDG_CACHE_HOME")?.join("larder/tools")))
            .or_else(|| Some(named_folder(env, "HOME")?.join(".cache/larder/tools")))
            .context("no place to keep tools: set HOME or LARDER_TOOLS_DIR")?;
        Ok(Self { root: base.join(root) })
    }

    /// Gets what is not there, unless another setup that works here gets it meanwhile.
    pub(super) fn once(
        &self,
        log: &Log,
        is_there: impl Fn() -> bool,
        get: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if is_there() {
            return Ok(());
        }
        let _lock = self.lock(log)?;
        if is_there() { Ok(()) } else { get() }
    }

    /// Waits until no other setup writes here; the lock is held until the file is dropped.
    pub(super) fn lock(&self, log: &Log) -> anyhow::Result<fs_err::File> {
        fs_err::create_dir_all(&self.root)?;
        let file = fs_err::File::create(self.root.join("setup.lock"))?;
        if file.file().try_lock().is_err() {
            log.step("Waiting", &format!("for another setup that works in {}", self.root.display()));
            file.file().lock().with_context(|| format!("cannot lock {}", self.root.display()))?;
        }
        Ok(file)
    }

    /// The tree of a tool from Debian.
    pub(super) fn debian(&self, tool: Tool) -> PathBuf {
        self.debian_tree(tool.name())
    }

    /// The tree of something from Debian that no build of the example needs.
    pub(super) fn debian_tree(&self, name: &str) -> PathBuf {
        self.root.join("debian").join(name)
    }

    /// The tree of a tool that cargo installs, for the version that is asked for.
    pub(super) fn cargo(&self, tool: Tool, wasm_bindgen: Option<&Version>) -> PathBuf {
        let version = match tool {
            Tool::WasmBindgen => wasm_bindgen.map_or_else(|| "newest".to_owned(), Version::to_string),
            _ => cargo_leptos().to_string(),
        };
        self.root.join("cargo").join(format!("{}-{version}", tool.name()))
    }

    /// The tree of a program that checks the repository.
    pub(super) fn program(&self, name: &str, version: &str) -> PathBuf {
        self.root.join("cargo").join(format!("{name}-{version}"))
    }

    /// The tree of a tool from npm.
    pub(super) fn npm(&self, tool: Tool) -> PathBuf {
        self.npm_tree(tool.name())
    }

    /// The tree of something from npm that no build of the example needs.
    pub(super) fn npm_tree(&self, name: &str) -> PathBuf {
        self.root.join("npm").join(name)
    }

    /// A folder for something that is no tool and outlives one run.
    pub(super) fn other(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The private apt.
    pub(super) fn apt(&self) -> PathBuf {
        self.root.join("apt")
    }

    /// An empty folder for work in progress.
    pub(super) fn fresh_tmp(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.tmp(name);
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        fs_err::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A folder for work in progress that may hold what an interrupted run left.
    pub(super) fn tmp(&self, name: &str) -> PathBuf {
        self.root.join("tmp").join(name)
    }

    /// Removes all work in progress, once there is none.
    pub(super) fn sweep(&self) -> anyhow::Result<()> {
        let tmp = self.root.join("tmp");
        if tmp.exists() { Ok(fs_err::remove_dir_all(tmp)?) } else { Ok(()) }
    }

    /// The environment without this folder on PATH, where an earlier run's `--print-env` may have put it:
    /// what is kept here is looked up by its place, and judged as such.
    pub(super) fn hidden_from(&self, mut env: Environment) -> Environment {
        let path = env.get("PATH").unwrap_or_default().to_owned();
        let others = std::env::split_paths(&path).filter(|dir| !dir.starts_with(&self.root));
        if let Ok(path) = std::env::join_paths(others) {
            env.set("PATH", path);
        }
        env
    }
}

/// The folder that a variable names, if it names any.
fn named_folder(env: &Environment, variable: &str) -> Option<PathBuf> {
    env.get(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Gives a complete tree its final name; one that has the name already did not do any more.
pub(super) fn replace(now: &Path, later: &Path) -> anyhow::Result<()> {
    if let Some(parent) = later.parent() {
        fs_err::create_dir_all(parent)?;
    }
    if later.exists() {
        let old = now.with_extension("old");
        if old.exists() {
            // A run was killed between the two renames below and the end.
            fs_err::remove_dir_all(&old)?;
        }
        fs_err::rename(later, &old)?;
        fs_err::rename(now, later)?;
        return Ok(fs_err::remove_dir_all(old)?);
    }
    Ok(fs_err::rename(now, later)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(vars: &[(&str, &str)]) -> Option<PathBuf> {
        let env = Environment::new(vars.iter().copied());
        Folder::new(&env, Path::new("/repo")).ok().map(|folder| folder.root)
    }

    #[test]
    fn the_folder_is_the_users_cache_unless_it_is_named() {
        assert_eq!(root(&[("HOME", "/h")]), Some("/h/.cache/larder/tools".into()));
        assert_eq!(root(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]), Some("/c/larder/tools".into()));
        assert_eq!(root(&[("HOME", "/h"), ("LARDER_TOOLS_DIR", "/t")]), Some("/t".into()));
        assert_eq!(root(&[("HOME", "/h"), ("LARDER_TOOLS_DIR", "t")]), Some("/repo/t".into()));
        assert_eq!(root(&[("HOME", "")]), None);
    }

    #[test]
    fn what_is_kept_does_not_count_as_found_on_path() {
        let vars = [("HOME", "/h"), ("PATH", "/h/.cache/larder/tools/cargo/x/bin:/bin")];
        let env = Environment::new(vars);
        let folder = Folder::new(&env, Path::new("/repo")).unwrap();
        assert_eq!(folder.hidden_from(env).get_str("PATH"), Some("/bin"));
    }

    #[test]
    fn a_tree_takes_the_place_of_an_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let (now, later) = (dir.path().join("tmp/a"), dir.path().join("kept/a"));
        for content in ["one", "two"] {
            fs_err::create_dir_all(&now).unwrap();
            fs_err::write(now.join("f"), content).unwrap();
            replace(&now, &later).unwrap();
            assert_eq!(fs_err::read_to_string(later.join("f")).unwrap(), content);
        }
        assert_eq!(fs_err::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
    }
}
