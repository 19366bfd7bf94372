//! The inputs of `lock` as they are at one moment: each file by itself, and all else in one number.
//!
//! It must never give one number for two states that cargo could answer differently.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::{Path, PathBuf},
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{inputs::LockInputs, names::entries, question::Question, sources, toolchains};
use crate::{
    git::{self, Git, Tracked},
    plan::key::{ContentHasher, content_digest},
    process::Environment,
};

/// Variables that differ from terminal to terminal and mean nothing to cargo or rustc. `CARGO` names a program, which
/// is compared as such.
const MEANINGLESS: [&str; 10] =
    ["_", "CARGO", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM", "COLORTERM", "NO_COLOR"];

/// The inputs at one moment.
#[derive(Debug)]
pub(super) struct InputState {
    /// The digest of each file; `None` for one that is not there, which is as telling as one that is.
    files: BTreeMap<PathBuf, Option<String>>,
    rest: String,
}

impl InputState {
    pub(super) fn of(inputs: &LockInputs, question: &Question<'_>) -> Self {
        let files = inputs.files.iter().map(|file| (file.clone(), digest_of(file))).collect();
        Self { files, rest: rest(inputs, question) }
    }

    /// All of it in one number.
    pub(super) fn digest(&self) -> String {
        let mut hasher = ContentHasher::new("larder memory 3");
        hasher.string(&self.rest);
        hasher.length(self.files.len());
        for (file, digest) in &self.files {
            put(&mut hasher, file.as_os_str());
            hasher.optional(digest.as_deref());
        }
        hasher.finish_hex()
    }

    /// Whether nothing is different from `before`, except for files that are as this very run left them.
    pub(super) fn follows(&self, before: &Self, written: &BTreeMap<Utf8PathBuf, String>) -> bool {
        let left = |file: &Path| Utf8Path::from_path(file).and_then(|file| written.get(file));
        let mut files = self.files.iter();
        self.rest == before.rest
            && files.all(|(file, digest)| match left(file) {
                Some(left) if Some(left) == digest.as_ref() => true,
                _ => before.files.get(file) == Some(digest),
            })
    }
}

/// The digest of a file; `None` for one that is not there. A pipe or a device would never end.
pub(super) fn digest_of(file: &Path) -> Option<String> {
    if file.is_file() { fs_err::read(file).ok().map(|content| content_digest(&content)) } else { None }
}

fn rest(inputs: &LockInputs, question: &Question<'_>) -> String {
    let mut hasher = ContentHasher::new("larder memory rest 3");
    hasher.string(env!("CARGO_PKG_VERSION"));
    put(&mut hasher, question.target_dir.unwrap_or(Path::new("")).as_os_str());
    let env = question.env.iter().filter(|(name, _)| MEANINGLESS.iter().all(|known| name != known));
    let env: BTreeMap<&OsStr, &OsStr> = env.collect();
    hasher.length(env.len());
    for (name, value) in env {
        put(&mut hasher, name);
        put(&mut hasher, value);
    }
    for folder in &inputs.folders {
        put(&mut hasher, folder.as_os_str());
        let mut names = entries(folder);
        names.retain(|(name, is_folder)| !inputs.has(&folder.join(name), *is_folder));
        hasher.length(names.len());
        for (name, is_folder) in names {
            put(&mut hasher, &name);
            hasher.bytes(&[u8::from(is_folder)]);
        }
    }
    for link in &inputs.links {
        put(&mut hasher, link.as_os_str());
        put(&mut hasher, fs_err::canonicalize(link).unwrap_or_default().as_os_str());
    }
    for folder in &inputs.sources {
        put(&mut hasher, folder.as_os_str());
        hasher.strings(&sources::stamps(folder).unwrap_or_default());
    }
    for program in &inputs.programs {
        put(&mut hasher, program.as_os_str());
    }
    // Another program may have come first since.
    let named = toolchains::NAMES.into_iter().chain(inputs.names.iter().map(String::as_str));
    let named: Vec<PathBuf> = named.map(|name| question.env.find_program(name).unwrap_or_default()).collect();
    let programs = inputs.programs.iter().chain(&named).map(PathBuf::as_path);
    for program in programs.chain([question.program, question.cargo]) {
        hasher.string(&stamp(program));
    }
    hasher.strings(&left_out(inputs, question.env));
    hasher.finish_hex()
}

/// The files that clones do not get, as far as git tells.
fn left_out(inputs: &LockInputs, env: &Environment) -> Vec<String> {
    let Some(top) = git::top_of(&inputs.root) else { return Vec::new() };
    let Ok(Some(git)) = Git::find(env, &inputs.root) else { return vec!["no answer".into()] };
    let (shared, tracked) = (files_inside(top, &inputs.shared), files_inside(top, &inputs.tracked));
    let paths: Vec<&Utf8Path> = shared.iter().chain(&tracked).copied().collect();
    match git.unknown(&paths) {
        Ok(unknown) => unknown
            .into_iter()
            .filter(|(kind, path)| {
                *kind == Tracked::Ignored || tracked.iter().any(|file| file.ends_with(path))
            })
            .map(|(kind, path)| format!("{kind:?} {path}"))
            .collect(),
        Err(_) => vec!["no answer".into()],
    }
}

fn files_inside<'a>(folder: &Utf8Path, files: &'a BTreeSet<PathBuf>) -> Vec<&'a Utf8Path> {
    let files = files.iter().filter_map(|file| Utf8Path::from_path(file));
    files.filter(|file| file.starts_with(folder)).collect()
}

/// Size and time of a file that is too large to be read each time, and its path without links.
fn stamp(path: &Path) -> String {
    let Ok(facts) = fs_err::metadata(path) else { return String::new() };
    let target = fs_err::canonicalize(path).unwrap_or_default();
    format!("{} {} {}", facts.len(), sources::changed(&facts), target.display())
}

/// Names may be no text.
fn put(hasher: &mut ContentHasher, text: &OsStr) {
    let bytes = text.as_encoded_bytes();
    hasher.length(bytes.len());
    hasher.bytes(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(files: &[(&str, Option<&str>)], rest: &str) -> InputState {
        let files = files.iter().map(|(file, digest)| ((*file).into(), digest.map(str::to_owned)));
        InputState { files: files.collect(), rest: rest.into() }
    }

    #[test]
    fn only_what_the_run_itself_wrote_may_differ() {
        let before = state(&[("/in", Some("1")), ("/out", None)], "rest");
        let written = BTreeMap::from([("/out".into(), "2".to_owned())]);
        for (after, follows) in [
            (state(&[("/in", Some("1")), ("/out", None)], "rest"), true),
            (state(&[("/in", Some("1")), ("/out", Some("2"))], "rest"), true),
            (state(&[("/in", Some("1")), ("/out", Some("3"))], "rest"), false),
            (state(&[("/in", Some("2")), ("/out", Some("2"))], "rest"), false),
            (state(&[("/in", None), ("/out", None)], "rest"), false),
            (state(&[("/in", Some("1")), ("/out", None)], "other"), false),
        ] {
            assert_eq!(after.follows(&before, &written), follows, "{after:?}");
        }
        assert_ne!(state(&[("/in", None)], "").digest(), state(&[("/in", Some(""))], "").digest());
    }
}
