//! Build drivers that call cargo in ways that are not found from a project's files, such as wasm-pack: a project that is built
//! by one has a recipe that nobody's build uses, until its calls are observed.
//!
//! It only reads what is on disk, and never guesses what a driver would call.

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    broken::Broken,
    call::{Origin, Slice},
    dx,
    trunk::config,
};
use crate::{files::read, process::quoted, text::slashes::forward, workspace::Workspace};

/// A build driver that a project is set up for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// The sign of it: a file relative to the workspace's root, or a table of a manifest.
    pub told_by: String,
    /// The program.
    pub program: &'static str,
    /// The command that builds the project with it.
    pub command: &'static str,
    /// The folder that it is called in, relative to the workspace's root; empty for that.
    pub folder: Utf8PathBuf,
}

/// The calls of drivers whose files are named by the modules that find their slices.
const TRUNK: (&str, &str) = ("trunk", "trunk build --release");
const DX: (&str, &str) = ("dx", "dx build --release");
/// Files of the others, by the program and what it is called with.
const FILES: [(&str, &str, &str); 6] = [
    ("tauri.conf.json", "cargo tauri", "cargo tauri build"),
    ("tauri.conf.json5", "cargo tauri", "cargo tauri build"),
    ("Tauri.toml", "cargo tauri", "cargo tauri build"),
    ("spin.toml", "spin", "spin build"),
    ("Makefile.toml", "cargo make", "cargo make TASK"),
    ("Anchor.toml", "anchor", "anchor build"),
];
/// Tables of `[package.metadata]`.
const TABLES: [(&str, &str, &str); 4] = [
    ("wasm-pack", "wasm-pack", "wasm-pack build --release"),
    ("maturin", "maturin", "maturin build --release"),
    ("android", "cargo apk", "cargo apk build --release"),
    ("bundle", "cargo bundle", "cargo bundle --release"),
];

/// The drivers that a workspace is set up for, one line of each program; none if slices of its own are known already. A
/// project that is broken is told as that.
pub fn others(workspace: &Workspace, slices: &[Slice], broken: &[Broken]) -> Vec<Driver> {
    let is_known = |slice: &Slice| matches!(slice.origin, Origin::Written | Origin::Observed);
    if slices.iter().any(is_known) {
        return Vec::new();
    }
    let mut found: Vec<Driver> = in_folder(workspace.root(), workspace.root());
    for package in workspace.metadata().workspace_packages() {
        let folder = package.manifest_path.parent().unwrap_or(workspace.root());
        found.extend(in_folder(workspace.root(), folder));
        found.extend(in_manifest(workspace.root(), package));
    }
    let known = slices.iter().filter_map(|slice| slice.origin.framework());
    let told: Vec<&str> = broken.iter().map(|broken| broken.program).chain(known).collect();
    found.retain(|driver| !told.contains(&driver.program));
    let mut drivers: Vec<Driver> = Vec::new();
    for driver in found {
        if drivers.iter().all(|known| known.program != driver.program) {
            drivers.push(driver);
        }
    }
    drivers
}

fn in_folder(root: &Utf8Path, folder: &Utf8Path) -> Vec<Driver> {
    let of_trunk = config::FILES.map(|file| (file, TRUNK.0, TRUNK.1));
    let of_dx = dx::FILES.map(|file| (file, DX.0, DX.1));
    let files = of_trunk.into_iter().chain(of_dx).chain(FILES);
    let files = files.map(|(file, program, command)| (folder.join(file), program, command));
    let files = files.filter(|(path, _, _)| path.is_file());
    let mut drivers: Vec<Driver> =
        files.map(|(path, program, command)| driver(root, folder, &path, program, command)).collect();
    // trunk needs no file of its own: the page names what is built.
    let page = file_with(folder, config::PAGE, "data-trunk");
    let page = page.map(|path| (path, TRUNK.0, TRUNK.1));
    let python = file_with(folder, "pyproject.toml", "maturin");
    let python = python.map(|path| (path, "maturin", "maturin build --release"));
    let by_words = page.into_iter().chain(python);
    drivers.extend(by_words.map(|(path, program, command)| driver(root, folder, &path, program, command)));
    drivers
}

fn file_with(folder: &Utf8Path, name: &str, words: &str) -> Option<Utf8PathBuf> {
    let path = folder.join(name);
    read::text(&path).is_ok_and(|text| text.contains(words)).then_some(path)
}

fn in_manifest(root: &Utf8Path, package: &Package) -> Vec<Driver> {
    let folder = package.manifest_path.parent().unwrap_or(root);
    let tables = TABLES.iter().filter(|(table, _, _)| package.metadata.get(table).is_some());
    let drivers = tables.map(|(table, program, command)| {
        let manifest = driver(root, folder, &package.manifest_path, program, command);
        Driver { told_by: format!("{} ([package.metadata.{table}])", manifest.told_by), ..manifest }
    });
    drivers.collect()
}

fn driver(
    root: &Utf8Path,
    folder: &Utf8Path,
    path: &Utf8Path,
    program: &'static str,
    command: &'static str,
) -> Driver {
    let [path, folder] =
        [path, folder].map(|path| forward(path.strip_prefix(root).unwrap_or(path).to_owned()));
    Driver { told_by: path.into_string(), program, command, folder }
}

impl Driver {
    /// The problem, in one sentence.
    pub fn reason(&self) -> String {
        format!(
            "{}: {} calls cargo in its own way, and no slice is known to be such a call",
            self.told_by, self.program
        )
    }

    /// The command that writes its calls down as slices.
    pub fn observe(&self) -> String {
        let observe = format!("cargo larder observe --write -- {}", self.command);
        // A driver looks for its file where it is called.
        if self.folder.as_str().is_empty() {
            return observe;
        }
        format!("cd {} && {observe}", quoted(self.folder.as_str()))
    }
}
