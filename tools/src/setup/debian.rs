//! Tools from Debian's development release, each unpacked and relocated into a folder of its own.
//!
//! A folder is filled under another name and renamed when it is complete, so one that is there is whole.
//! It must never install anything on the machine but the two helpers it says it needs.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use xshell::cmd;

use super::{
    apt::{Apt, os_release},
    exec::Exec,
    folder::{Folder, replace},
    needs::Tool,
    relocate::{Tree, find},
};

/// Raised whenever a tree of an older xtask would not do any more.
const FORMAT: u32 = 1;
const STAMP: &str = "stamp.json";

/// What a finished tree says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp {
    format: u32,
    /// Where the tree was made for: its programs name their loader by an absolute path.
    folder: PathBuf,
    /// The archives it was unpacked from.
    archives: Vec<String>,
}

/// Whether this machine can get tools in this way.
pub(super) fn is_possible(exec: &Exec<'_>) -> bool {
    Path::new("/etc/debian_version").exists()
        && os_release("ID").as_deref() == Some("debian")
        && exec.has("apt-get")
        && exec.has("dpkg")
}

/// Whether this user may install packages.
pub(super) fn is_root(exec: &Exec<'_>) -> bool {
    exec.text(cmd!(exec.sh, "id -u")).is_some_and(|id| id.trim() == "0")
}

/// The folder of programs in a tree that is complete and was made for its place.
pub(super) fn kept(tree: &Path) -> Option<PathBuf> {
    let stamp: Stamp = serde_json::from_str(&fs_err::read_to_string(tree.join(STAMP)).ok()?).ok()?;
    (stamp.format == FORMAT && stamp.folder == tree).then(|| tree.join("bin"))
}

/// Sees that the machine has what relocating takes.
pub(super) fn prepare(exec: &Exec<'_>) -> anyhow::Result<()> {
    host_package(exec, "patchelf", "patchelf")
}

/// Gets one tool and puts it into the tools folder.
pub(super) fn get(exec: &Exec<'_>, folder: &Folder, apt: &Apt<'_>, tool: Tool) -> anyhow::Result<()> {
    let wanted = Wanted { name: tool.name(), packages: packages(apt, tool)?, later: folder.debian(tool) };
    wanted.get(exec, folder, apt, |tree| {
        if tool == Tool::Rust {
            link_rust_lld(tree)?;
        }
        programs(tool, tree)
    })
}

/// A tree that is to be made of packages.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) packages: Vec<String>,
    /// Its place in the tools folder.
    pub(super) later: PathBuf,
}

impl Wanted<'_> {
    /// Downloads, unpacks and relocates; `programs` gives names for PATH and the files behind them.
    pub(super) fn get(
        &self,
        exec: &Exec<'_>,
        folder: &Folder,
        apt: &Apt<'_>,
        programs: impl FnOnce(&Path) -> anyhow::Result<Vec<(&'static str, PathBuf)>>,
    ) -> anyhow::Result<()> {
        let archives = apt.download(&self.packages)?;
        let later = &self.later;
        let now = folder.fresh_tmp(self.name)?;
        exec.log.step("Unpacking", &format!("{} to {}", self.name, later.display()));
        for archive in &archives {
            exec.check(cmd!(exec.sh, "dpkg -x {archive} {now}"))?;
        }
        for unused in ["usr/share", "usr/include", "etc"] {
            remove_if_there(&now.join(unused))?;
        }
        let programs = programs(&now)?;
        let files: Vec<PathBuf> = programs.iter().map(|(_, file)| now.join(file)).collect();
        Tree { now: &now, later }.relocate(exec, &files)?;
        link_programs(&now, &programs)?;
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stamp =
            Stamp { format: FORMAT, folder: later.clone(), archives: archives.iter().map(name).collect() };
        fs_err::write(now.join(STAMP), serde_json::to_string_pretty(&stamp)?)?;
        replace(&now, later)
    }
}

/// Installs a program of the machine's own release if it is missing.
pub(super) fn host_package(exec: &Exec<'_>, program: &str, package: &str) -> anyhow::Result<()> {
    if exec.has(program) {
        return Ok(());
    }
    anyhow::ensure!(
        is_root(exec),
        "{program} is missing: run `apt-get install {package}` as root, then try again"
    );
    install(exec, package)?;
    anyhow::ensure!(exec.has(program), "{package} is installed, but PATH has no {program}");
    Ok(())
}

/// Installs a package of the machine's own release; takes root.
pub(super) fn install(exec: &Exec<'_>, package: &str) -> anyhow::Result<()> {
    exec.log.step("Installing", &format!("{package}, from the machine's own packages"));
    with_fresh_lists(exec, || {
        let exec = exec.with(&[("DEBIAN_FRONTEND", OsStr::new("noninteractive"))]);
        exec.check(cmd!(
            exec.sh,
            "apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends {package}"
        ))
    })
    .with_context(|| format!("cannot install {package}, which setup needs"))?;
    Ok(())
}

/// Unpacks packages of the machine's own release into a folder, without what they depend on.
pub(super) fn unpack(exec: &Exec<'_>, packages: &[&str], tree: &Path) -> anyhow::Result<()> {
    let _dir = exec.sh.push_dir(tree);
    with_fresh_lists(exec, || exec.check(cmd!(exec.sh, "apt-get download -qq {packages...}")))
        .with_context(|| format!("cannot download {}", packages.join(" and ")))?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "deb");
    for package in exec.sh.read_dir(tree)?.into_iter().filter(is_package) {
        exec.check(cmd!(exec.sh, "dpkg-deb -x {package} {tree}"))?;
        fs_err::remove_file(package)?;
    }
    Ok(())
}

/// Does it again if it fails: the lists of a fresh machine are empty or old.
fn with_fresh_lists(exec: &Exec<'_>, work: impl Fn() -> anyhow::Result<String>) -> anyhow::Result<String> {
    work().or_else(|_| {
        exec.check(cmd!(exec.sh, "apt-get update -qq"))?;
        work()
    })
}

fn packages(apt: &Apt<'_>, tool: Tool) -> anyhow::Result<Vec<String>> {
    let names: &[&str] = match tool {
        Tool::Rust => &["rustc", "cargo", "libstd-rust-dev", "libstd-rust-dev-wasm32"],
        Tool::Sass => &["dart-sass"],
        Tool::WasmOpt => &["binaryen"],
        Tool::Mold => &["mold"],
        Tool::CargoLeptos | Tool::WasmBindgen => anyhow::bail!("Debian has no {}", tool.name()),
    };
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    if tool == Tool::Rust {
        names.push(linker_package(&apt.field("libstd-rust-dev-wasm32", "Recommends")?).to_owned());
    }
    Ok(names)
}

/// The linker that Debian built the WASM library to be linked with: it names the one of rustc's own LLVM.
fn linker_package(recommends: &str) -> &str {
    recommends.split(", ").find(|name| name.starts_with("lld-")).unwrap_or("lld")
}

/// The names to be put on PATH and the files behind them, below the tree.
fn programs(tool: Tool, tree: &Path) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    Ok(match tool {
        Tool::Rust => {
            let mut programs = in_usr_bin(&["rustc", "rustdoc", "cargo"]);
            programs.push(("ld.lld", lld(tree)?));
            programs
        }
        Tool::Sass => vec![("sass", "usr/bin/dart-sass".into())],
        Tool::WasmOpt => in_usr_bin(&["wasm-opt"]),
        Tool::Mold => vec![("mold", "usr/bin/mold".into()), ("ld.mold", "usr/bin/mold".into())],
        Tool::CargoLeptos | Tool::WasmBindgen => Vec::new(),
    })
}

fn in_usr_bin(names: &[&'static str]) -> Vec<(&'static str, PathBuf)> {
    names.iter().map(|name| (*name, Path::new("usr/bin").join(name))).collect()
}

fn lld(tree: &Path) -> anyhow::Result<PathBuf> {
    let llvm = find(&tree.join("usr/lib"), |name| name.starts_with("llvm-"))?;
    Ok(llvm.strip_prefix(tree)?.join("bin/lld"))
}

/// A folder with these programs and no others: PATH must not get the tree's linker, which only the tree's
/// own loader could start.
fn link_programs(tree: &Path, programs: &[(&str, PathBuf)]) -> anyhow::Result<()> {
    fs_err::create_dir_all(tree.join("bin"))?;
    for (name, file) in programs {
        symlink(&Path::new("..").join(file), &tree.join("bin").join(name))?;
    }
    Ok(())
}

/// rustc looks for its WASM linker in its own folder, under its own name for it.
fn link_rust_lld(tree: &Path) -> anyhow::Result<()> {
    let host = find(&tree.join("usr/lib/rustlib"), |name| name.contains("-linux-"))?.join("bin");
    fs_err::create_dir_all(&host)?;
    symlink(&Path::new("../../../../..").join(lld(tree)?), &host.join("rust-lld"))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> anyhow::Result<()> {
    Ok(fs_err::os::unix::fs::symlink(target, link)?)
}

#[cfg(not(unix))]
fn symlink(_target: &Path, link: &Path) -> anyhow::Result<()> {
    anyhow::bail!("cannot link {}: Debian's packages are for Debian", link.display())
}

fn remove_if_there(folder: &Path) -> anyhow::Result<()> {
    if folder.is_dir() { Ok(fs_err::remove_dir_all(folder)?) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_is_the_one_of_rustcs_llvm() {
        assert_eq!(linker_package("lld-22, clang-22"), "lld-22");
        assert_eq!(linker_package("clang-22"), "lld");
    }

    #[test]
    fn a_tree_without_a_stamp_or_from_elsewhere_is_not_used() {
        let tree = tempfile::tempdir().unwrap();
        assert_eq!(kept(tree.path()), None);
        for (format, folder, programs) in [
            (FORMAT, tree.path(), Some(tree.path().join("bin"))),
            (FORMAT + 1, tree.path(), None),
            (FORMAT, Path::new("/elsewhere"), None),
        ] {
            let stamp = Stamp { format, folder: folder.to_path_buf(), archives: Vec::new() };
            fs_err::write(tree.path().join(STAMP), serde_json::to_string(&stamp).unwrap()).unwrap();
            assert_eq!(kept(tree.path()), programs, "{stamp:?}");
        }
    }
}
