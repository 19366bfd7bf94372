//! Which file a failed build asked for that the project has and the image was not given, from what the build said.
//!
//! Compilers, linkers and build scripts all have words of their own, so any path counts in a line that says that
//! something is not there: only a file that every clone has and that is not sent is ever named.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    paths::{below, folder},
    unsent::{lets_in, may_be_sent},
};
use crate::{
    docker::{check, context::FOLDER, recipes::Recipes},
    error::Result,
    project::Project,
};

/// Words of a line that says that a file is not there.
const COMPLAINTS: [&str; 8] = [
    "no such file",
    "not found",
    "couldn't read",
    "could not read",
    "cannot find",
    "can't find",
    "failed to open",
    "does not exist",
];

/// Whether a line says that something is not there.
pub fn is_complaint(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    COMPLAINTS.iter().any(|words| line.contains(words))
}

/// Files that are named in such lines, that every clone has, and that are not sent; relative to the workspace.
///
/// # Errors
/// As [`files`](crate::docker::files).
pub fn missed(project: &Project, recipes: Recipes, lines: &[String]) -> Result<Vec<Utf8PathBuf>> {
    let application = check::application(project, recipes)?;
    let is_unsent = |path: &Utf8PathBuf| may_be_sent(project, path) && !lets_in(&application, path);
    let words = lines.iter().filter(|line| is_complaint(line)).flat_map(|line| words(line));
    let mut found: Vec<Utf8PathBuf> =
        words.flat_map(|word| meant(project, word)).filter(|path| is_unsent(path)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// The words of a line, without the marks that programs put around paths.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let marks = |c: char| c.is_whitespace() || "`'\"()[]<>,;=".contains(c);
    let words = line.split(marks).flat_map(|word| word.split(": "));
    words
        .map(|word| word.trim_end_matches([':', '.']))
        .filter(|word| word.contains(['.', '/']) || word.len() > 3)
}

/// The files that a word can mean: from the workspace's root or from a package's folder, else those whose path ends in
/// it, as headers are named.
fn meant(project: &Project, word: &str) -> Vec<Utf8PathBuf> {
    let workspace = &project.workspace;
    let root = workspace.root();
    let word = word.strip_prefix(FOLDER).map_or(word, |rest| rest.trim_start_matches('/'));
    if word.is_empty() || word.starts_with('/') {
        return Vec::new();
    }
    let packages = workspace.metadata().workspace_packages().into_iter();
    let folders = std::iter::once(root).chain(packages.map(folder));
    let direct: Vec<Utf8PathBuf> = folders.filter_map(|folder| below(root, &folder.join(word))).collect();
    if direct.iter().any(|path| root.join(path).exists()) {
        return direct;
    }
    let has_ending = Utf8Path::new(word).extension().is_some();
    let files = if has_ending { workspace.shared_files().below(root) } else { Vec::new() };
    let alike = files.iter().filter(|file| file.ends_with(word)).filter_map(|file| below(root, file));
    alike.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_paths_without_marks() {
        for (line, path) in [
            (
                "error: couldn't read `src/../README.md`: No such file or directory (os error 2)",
                "src/../README.md",
            ),
            ("src/a.c:1:10: fatal error: foo.h: No such file or directory", "foo.h"),
            ("rust-lld: error: cannot find linker script memory.x", "memory.x"),
            ("error: template \"page.html\" not found in directories [\"/app/templates\"]", "page.html"),
        ] {
            assert!(words(line).any(|word| word == path) && is_complaint(line), "{line}");
        }
        assert!(!is_complaint("   Compiling app v0.1.0 (/app)"));
    }
}
