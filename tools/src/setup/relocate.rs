//! Makes a program of another Debian release run from any folder: its own loader, its own libraries.
//!
//! `patchelf` does the work. Programs get the folder's loader and an RPATH, which the libraries they load
//! inherit; libraries that carry a RUNPATH of their own would hide it and get `$ORIGIN`. It must never touch
//! a file outside the tree it is given.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::cmd;

use super::exec::Exec;

/// What the Dart compiler writes behind the snapshot that it appends to its runtime.
const DART_MAGIC: [u8; 8] = 0xf6f6_dcdc_u64.to_le_bytes();
/// Appended snapshots are mapped into memory, so they start on a page.
const PAGE: usize = 4096;

/// A tree that is unpacked in one place and will be used in another.
pub(super) struct Tree<'a> {
    /// Where it is now.
    pub(super) now: &'a Path,
    /// Where it will be used.
    pub(super) later: &'a Path,
}

impl Tree<'_> {
    /// Patches the tree's libraries and the named programs.
    pub(super) fn relocate(&self, exec: &Exec<'_>, programs: &[PathBuf]) -> anyhow::Result<()> {
        let libs = self.library_folder()?;
        let loader = find(&self.now.join(&libs), |name| name.starts_with("ld-linux"))?;
        for library in entries(&self.now.join(&libs))? {
            relocate_library(exec, &library)?;
        }
        for program in programs {
            let loader = self.later.join(&libs).join(loader.file_name().unwrap_or_default());
            relocate_program(exec, program, &loader, &self.later.join(&libs))?;
        }
        Ok(())
    }

    /// `usr/lib/<triple>`, below the tree.
    fn library_folder(&self) -> anyhow::Result<PathBuf> {
        let folder = find(&self.now.join("usr/lib"), |name| name.ends_with("-linux-gnu"))?;
        Ok(folder.strip_prefix(self.now)?.to_path_buf())
    }
}

fn relocate_library(exec: &Exec<'_>, library: &Path) -> anyhow::Result<()> {
    let is_library = library.is_file() && !library.is_symlink() && library.to_string_lossy().contains(".so");
    if !is_library {
        return Ok(());
    }
    let runpath = exec.text(cmd!(exec.sh, "patchelf --print-rpath {library}")).unwrap_or_default();
    if runpath.trim().is_empty() {
        return Ok(());
    }
    let origin = "$ORIGIN";
    exec.check(cmd!(exec.sh, "patchelf --force-rpath --set-rpath {origin} {library}")).map(drop)
}

fn relocate_program(exec: &Exec<'_>, program: &Path, loader: &Path, libs: &Path) -> anyhow::Result<()> {
    let bytes = fs_err::read(program)?;
    let Some((runtime, snapshot)) = split_snapshot(&bytes) else {
        return patch_program(exec, program, loader, libs);
    };
    // patchelf moves sections behind the appended snapshot, where its runtime would not find it any more.
    fs_err::write(program, runtime)?;
    patch_program(exec, program, loader, libs)?;
    let patched = fs_err::read(program)?;
    fs_err::write(program, join_snapshot(patched, snapshot))?;
    Ok(())
}

fn patch_program(exec: &Exec<'_>, program: &Path, loader: &Path, libs: &Path) -> anyhow::Result<()> {
    exec.check(cmd!(
        exec.sh,
        "patchelf --set-interpreter {loader} --force-rpath --set-rpath {libs} {program}"
    ))
    .map(drop)
}

/// Parts an executable that `dart compile exe` made into the runtime and the snapshot appended to it.
fn split_snapshot(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, magic) = bytes.split_last_chunk::<8>()?;
    let (content, offset) = rest.split_last_chunk::<8>()?;
    let offset = usize::try_from(u64::from_le_bytes(*offset)).ok()?;
    if *magic == DART_MAGIC { content.split_at_checked(offset) } else { None }
}

/// Undoes [`split_snapshot`] for a runtime whose size has changed.
fn join_snapshot(mut runtime: Vec<u8>, snapshot: &[u8]) -> Vec<u8> {
    runtime.resize(runtime.len().next_multiple_of(PAGE), 0);
    let offset = runtime.len() as u64;
    runtime.extend_from_slice(snapshot);
    runtime.extend_from_slice(&offset.to_le_bytes());
    runtime.extend_from_slice(&DART_MAGIC);
    runtime
}

/// The only entry of a folder whose name fits.
pub(super) fn find(folder: &Path, fits: impl Fn(&str) -> bool) -> anyhow::Result<PathBuf> {
    let name_fits = |path: &PathBuf| path.file_name().is_some_and(|name| fits(&name.to_string_lossy()));
    entries(folder)?
        .into_iter()
        .find(name_fits)
        .with_context(|| format!("{} is not laid out as expected", folder.display()))
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_survives_a_longer_runtime() {
        let file = join_snapshot(vec![1; 10], b"snapshot");
        let (runtime, snapshot) = split_snapshot(&file).unwrap();
        assert_eq!((runtime.len(), snapshot), (PAGE, &b"snapshot"[..]));

        let longer = join_snapshot(vec![1; PAGE + 1], snapshot);
        let (runtime, snapshot) = split_snapshot(&longer).unwrap();
        assert_eq!((runtime.len(), snapshot), (2 * PAGE, &b"snapshot"[..]));
    }

    #[test]
    fn an_ordinary_program_has_no_snapshot() {
        assert_eq!(split_snapshot(b"\x7fELF and then some more bytes"), None);
        assert_eq!(split_snapshot(b"short"), None);
    }

    #[test]
    fn an_offset_beyond_the_file_is_no_snapshot() {
        let mut file = u64::MAX.to_le_bytes().to_vec();
        file.extend_from_slice(&DART_MAGIC);
        assert_eq!(split_snapshot(&file), None);
    }
}
