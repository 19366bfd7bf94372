//! The files that the source of a package names and every clone has.

use cargo_metadata::{
    Package,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    literals::{self, Base, Literal},
    modules,
    paths::{folder, plain},
};
use crate::{docker::names, files::read, git::shared_files::SharedFiles, workspace::Workspace};

/// Settings of macros and linker scripts, which nothing names: they are found by their own names in a package's folder.
const KNOWN: [&str; 5] = ["askama.toml", "i18n.toml", "link.x", "memory.x", "rinja.toml"];

/// Folders of a package that an image does not build.
const NOT_BUILT: [&str; 3] = ["benches", "examples", "tests"];

/// Existing paths that a package's source names, each with the file that does.
pub(super) fn paths_named(workspace: &Workspace, package: &Package) -> Vec<(Utf8PathBuf, String)> {
    let (root, own) = (workspace.root(), folder(package));
    let shared = workspace.shared_files();
    let mut found: Vec<(Utf8PathBuf, String)> = KNOWN
        .iter()
        .map(|name| own.join(name))
        .filter(|path| shared.has(path))
        .map(|path| (path.clone(), format!("{}'s build", package.name)))
        .collect();
    for file in rust_files(workspace, package) {
        let Ok(text) = read::text(&file) else { continue };
        let is_script = is_build_script(package, &file);
        let literals = if is_script { literals::of_build_script(&text) } else { literals::of_source(&text) };
        let name = file.strip_prefix(root).unwrap_or(&file).to_string();
        let paths = literals.iter().filter_map(|literal| resolved(literal, own, &file, shared));
        let paths = paths.map(|path| {
            let has_parts = is_script || has_modules_beside(&path);
            if has_parts { with_neighbours(&path, own) } else { path }
        });
        found.extend(paths.map(|path| (path, name.clone())));
    }
    found
}

/// The source files of a package, those of packages in its folder left out.
fn rust_files(workspace: &Workspace, package: &Package) -> Vec<Utf8PathBuf> {
    let own = folder(package);
    let members = workspace.metadata().workspace_packages();
    let others: Vec<&Utf8Path> =
        members.into_iter().map(folder).filter(|other| *other != own && other.starts_with(own)).collect();
    let mut files = workspace.shared_files().below(own);
    files.retain(|file| {
        let below = file.strip_prefix(own).unwrap_or(file);
        file.extension() == Some("rs")
            && !NOT_BUILT.iter().any(|name| below.starts_with(name))
            && !others.iter().any(|other| file.starts_with(other))
    });
    files
}

/// Whether it is the build script, or a module of one that has a folder.
fn is_build_script(package: &Package, file: &Utf8Path) -> bool {
    let scripts = package.targets.iter().filter(|target| target.is_custom_build());
    let mut paths = scripts.map(|target| target.src_path.as_path());
    paths.any(|script| {
        let folder = script.parent().filter(|parent| *parent != folder(package));
        file == script
            || folder.is_some_and(|folder| file.starts_with(folder) && !file.as_str().contains("/src/"))
    })
}

/// Whether it is Rust with modules in files beside it, as `#[path]` may name it outside of the package.
fn has_modules_beside(path: &Utf8Path) -> bool {
    let (Some("rs"), Some(folder)) = (path.extension(), path.parent()) else { return false };
    let modules = modules::of_source(&read::text(path).unwrap_or_default());
    modules.iter().any(|name| folder.join(name).is_dir() || folder.join(name).with_extension("rs").is_file())
}

/// A build script's sources and headers read their neighbours, which nothing names, and so does Rust with modules: their
/// folder counts, unless it is the package's own or an outer one. A key or a database is only sent by its own name.
fn with_neighbours(path: &Utf8Path, own: &Utf8Path) -> Utf8PathBuf {
    let has_neighbours = path.is_file() && !names::is_sent_by_name(path);
    let folder = path.parent().filter(|folder| has_neighbours && !own.starts_with(folder));
    folder.unwrap_or(path).to_owned()
}

/// The path that a text means, if every clone has something there that is not the package as a whole.
fn resolved(literal: &Literal, own: &Utf8Path, file: &Utf8Path, shared: &SharedFiles) -> Option<Utf8PathBuf> {
    let text = literal.text.trim();
    let (text, base) = match text.strip_prefix("$CARGO_MANIFEST_DIR") {
        Some(rest) => (rest, Base::Package),
        None => (text, literal.base),
    };
    // An address, a sentence or a pattern of another kind is no path; of a pattern its folder counts.
    let text = text.split(['*', '?', '[', '{']).next().unwrap_or_default();
    let text = if text.len() < literal.text.len() && !text.ends_with('/') && literal.text.contains('*') {
        text.rsplit_once('/').map_or("", |(folder, _)| folder)
    } else {
        text
    };
    if text.is_empty() || text.len() > 255 || text.contains(['\n', ':']) {
        return None;
    }
    let beside = file.parent().unwrap_or(own);
    // For a macro of others, a path that begins with a slash begins in the package's folder.
    let relative = text.trim_start_matches('/');
    let candidates = match base {
        Base::File => vec![beside.join(text)],
        Base::Package => vec![own.join(relative)],
        Base::Any => vec![own.join(relative), beside.join(relative)],
        Base::Template => vec![own.join("templates").join(relative), own.join(relative)],
    };
    let path = candidates.into_iter().filter_map(|path| plain(&path)).find(|path| {
        let is_outer = own.starts_with(path) || beside.starts_with(path);
        !is_outer && shared.has(path)
    })?;
    // A template extends its neighbours.
    let templates = own.join("templates");
    Some(if base == Base::Template && path.starts_with(&templates) { templates } else { path })
}
