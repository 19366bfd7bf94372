//! The part of a project that every clone has: an image is made of nothing else.

use std::collections::BTreeSet;

use cargo_metadata::{
    Package, Target,
    camino::{Utf8Path, Utf8PathBuf},
};

use crate::{
    slice::leptos,
    text::slashes,
    workspace::{Workspace, normalized},
};

/// The files that the build reads at the root, if they are there. `.cargo/config.toml` is sent only for a planner: the settings in the
/// table take its place otherwise, without its secrets.
pub(super) const KNOWN: [&str; 5] =
    ["rust-toolchain.toml", "rust-toolchain", "build.rs", ".sqlx", "migrations"];

/// The targets that a package has in every clone: cargo finds programs, examples and tests by their files, whether git
/// tracks them or not.
pub(super) fn targets<'a>(
    workspace: &'a Workspace,
    package: &'a Package,
) -> impl Iterator<Item = &'a Target> {
    package.targets.iter().filter(|target| workspace.shared_files().has(&target.src_path))
}

/// Files and folders on disk that no clone has, and that an image would get if git tracked them; relative to the root.
pub(super) fn missing(workspace: &Workspace) -> BTreeSet<Utf8PathBuf> {
    let root = workspace.root();
    let known = KNOWN
        .iter()
        .map(Utf8PathBuf::from)
        .chain(leptos::folders(workspace).into_iter().map(|path| normalized(&path)));
    let packages = workspace.metadata().workspace_packages().into_iter();
    let programs = packages.flat_map(|package| &package.targets).filter(|target| target.is_bin());
    let programs = programs.filter_map(|target| slashes::below(root, &target.src_path));
    let all = known.chain(programs);
    all.filter(|path| is_filled(&root.join(path)) && !workspace.shared_files().has(path)).collect()
}

/// Whether it is a file, or a folder with something in it.
fn is_filled(path: &Utf8Path) -> bool {
    path.is_file() || path.read_dir_utf8().is_ok_and(|mut entries| entries.next().is_some())
}
