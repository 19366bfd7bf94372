//! The programs and files that decide which cargo and rustc run: rustup's own, and those of the toolchains that it
//! may choose. Programs on `PATH` are looked up anew each time.
//!
//! It must never start a program: that takes longer than everything else that is compared.

use std::path::{Path, PathBuf};

use cargo_metadata::camino::Utf8Path;

use super::names::subfolders;
use crate::{cargo::settings_files::TOOLCHAIN, process::Environment, workspace::parse_toml};

/// The programs that are asked, or that stand before them.
pub(super) const NAMES: [&str; 3] = ["cargo", "rustc", "rustup"];
/// Settings of rustup for everybody on a machine.
const EVERYBODYS: &str = "/etc/rustup/settings.toml";

/// The files, folders and programs by which rustup chooses a toolchain.
#[derive(Debug, Default)]
pub(super) struct ToolchainParts {
    pub(super) files: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
    pub(super) programs: Vec<PathBuf>,
}

impl ToolchainParts {
    /// Looks at rustup's folder, and at toolchains that are named by a path; `None` if its folder is not known.
    pub(super) fn find(env: &Environment, root: &Utf8Path) -> Option<Self> {
        let home = rustup_home(env)?;
        let files = vec![home.join("settings.toml"), EVERYBODYS.into()];
        let folders = vec![home.join("toolchains")];
        let named = env.get("RUSTUP_TOOLCHAIN").map(PathBuf::from).filter(|path| path.is_absolute());
        let of_files = root.ancestors().flat_map(of_folder);
        let toolchains = subfolders(home.join("toolchains")).into_iter().chain(named).chain(of_files);
        Some(Self { files, folders, programs: toolchains.flat_map(|folder| programs(&folder)).collect() })
    }
}

/// rustup's own folder. Without a word of the environment it asks the system, and a relative one is another from
/// each folder.
fn rustup_home(env: &Environment) -> Option<PathBuf> {
    let set = env.get("RUSTUP_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    set.or_else(|| env.home().map(|home| home.join(".rustup"))).filter(|home| home.is_absolute())
}

/// The toolchains that the files of a folder name by their paths.
fn of_folder(folder: &Utf8Path) -> Vec<PathBuf> {
    let documents = TOOLCHAIN.iter().filter_map(|name| parse_toml(&folder.join(name)).ok());
    let paths = documents.filter_map(|document| {
        let path = document.get("toolchain")?.get("path")?.as_str()?.to_owned();
        Some(folder.join(path).into())
    });
    paths.collect()
}

fn programs(toolchain: &Path) -> [PathBuf; 3] {
    ["bin/cargo", "bin/rustc", "lib/rustlib/components"].map(|name| toolchain.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toolchains_are_found_by_name_and_by_path() {
        let scratch = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(scratch.path()).unwrap();
        fs_err::create_dir_all(top.join("rustup/toolchains/own")).unwrap();
        fs_err::create_dir_all(top.join("ws")).unwrap();
        fs_err::write(top.join("rust-toolchain.toml"), "[toolchain]\npath = \"built\"\n").unwrap();
        fs_err::write(top.join("ws/rust-toolchain"), "stable\n").unwrap();
        let named = top.join("named");
        let home = top.join("rustup");
        let env = [("RUSTUP_HOME", home.as_str()), ("RUSTUP_TOOLCHAIN", named.as_str())];
        let parts = ToolchainParts::find(&Environment::new(env), &top.join("ws")).unwrap();
        for folder in ["rustup/toolchains/own", "named", "built"] {
            let rustc = top.join(folder).join("bin/rustc");
            assert!(parts.programs.contains(&rustc.clone().into()), "{rustc}: {parts:?}");
        }
        for env in [vec![], vec![("HOME", "")], vec![("RUSTUP_HOME", "here")]] {
            assert!(ToolchainParts::find(&Environment::new(env.clone()), top).is_none(), "{env:?}");
        }
    }
}
