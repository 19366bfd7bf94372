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
    files::read,
    git::{
        self, Git, Tracked,
        shared_files::{SharedFiles, ignored},
    },
    hash::{ContentHasher, content_digest},
    process::Environment,
};

/// Variables that differ from terminal to terminal or from session to session, and mean nothing to cargo or rustc.
/// `CARGO` names a program, which is compared as such.
const MEANINGLESS: [&str; 26] = [
    "_",
    "CARGO",
    "COLORFGBG",
    "COLORTERM",
    "COLUMNS",
    "DISPLAY",
    "GPG_TTY",
    "LINES",
    "NO_COLOR",
    "OLDPWD",
    "PWD",
    "SHELL_SESSION_ID",
    "SHLVL",
    "STY",
    "TERM",
    "TERM_SESSION_ID",
    "TERMINATOR_UUID",
    "TILIX_ID",
    "VTE_VERSION",
    "WAYLAND_DISPLAY",
    "WINDOW",
    "WINDOWID",
    "WT_PROFILE_ID",
    "WT_SESSION",
    "XAUTHORITY",
    "XDG_SESSION_ID",
];
/// The beginnings of others, by program.
const OF_TERMINALS: [&str; 12] = [
    "ALACRITTY_",
    "GNOME_TERMINAL_",
    "ITERM_",
    "KITTY_",
    "KONSOLE_",
    "LC_TERMINAL",
    "SSH_",
    "TERM_PROGRAM",
    "TMUX",
    "VSCODE_",
    "WEZTERM_",
    "ZELLIJ",
];

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
        let mut hasher = ContentHasher::new("larder memory 4");
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

/// The digest of a file; `None` for one that is not there. A pipe or a device would never end, and a record may name any
/// file: of one that is larger than any that cargo reads here, size and time have to do.
pub(super) fn digest_of(file: &Path) -> Option<String> {
    if !file.is_file() {
        return None;
    }
    let content = read::bytes(file).map(|content| content_digest(&content));
    Some(content.unwrap_or_else(|_| format!("stamp {}", stamp(file))))
}

fn rest(inputs: &LockInputs, question: &Question<'_>) -> String {
    let mut hasher = ContentHasher::new("larder memory rest 4");
    hasher.string(env!("CARGO_PKG_VERSION"));
    put(&mut hasher, question.target_dir.unwrap_or(Path::new("")).as_os_str());
    let env: BTreeMap<&OsStr, &OsStr> =
        question.env.iter().filter(|(name, _)| !is_meaningless(name)).collect();
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
    put_programs(&mut hasher, inputs, question);
    hasher.strings(&left_out(inputs, question.env));
    for place in &inputs.places {
        put(&mut hasher, place.as_os_str());
        hasher.bytes(&[u8::from(place.exists()), u8::from(place.is_dir())]);
    }
    if inputs.generated {
        hasher.strings(&SharedFiles::ask(question.env, &inputs.root).names());
    }
    hasher.finish_hex()
}

fn put_programs(hasher: &mut ContentHasher, inputs: &LockInputs, question: &Question<'_>) {
    for program in &inputs.programs {
        put(hasher, program.as_os_str());
    }
    // Another program may have come first since.
    let named = toolchains::NAMES.into_iter().chain(inputs.names.iter().map(String::as_str));
    let named: Vec<PathBuf> = named.map(|name| question.env.find_program(name).unwrap_or_default()).collect();
    let programs = inputs.programs.iter().chain(&named).map(PathBuf::as_path);
    for program in programs.chain([question.program, question.cargo]) {
        hasher.string(&stamp(program));
    }
}

fn is_meaningless(name: &OsStr) -> bool {
    let of_terminals = |name: &str| OF_TERMINALS.iter().any(|start| name.starts_with(start));
    name.to_str().is_some_and(|name| MEANINGLESS.contains(&name) || of_terminals(name))
}

/// The files that clones do not get, as far as git tells.
fn left_out(inputs: &LockInputs, env: &Environment) -> Vec<String> {
    let Some(top) = git::top_of(&inputs.root) else { return Vec::new() };
    let Ok(Some(git)) = Git::find(env, &inputs.root) else { return vec!["no answer".into()] };
    let (shared, tracked) = (files_inside(top, &inputs.shared), files_inside(top, &inputs.tracked));
    let paths: Vec<&Utf8Path> = shared.iter().chain(&tracked).copied().collect();
    let mut left_out: Vec<String> = match git.unknown(&paths) {
        Ok(unknown) => unknown
            .into_iter()
            .filter(|(kind, path)| {
                *kind == Tracked::Ignored || tracked.iter().any(|file| file.ends_with(path))
            })
            .map(|(kind, path)| format!("{kind:?} {path}"))
            .collect(),
        Err(_) => vec!["no answer".into()],
    };
    // git says nothing about a file behind a link.
    let linked = paths.into_iter().filter(|path| is_behind_link(top, path));
    let linked: Vec<Utf8PathBuf> = linked.map(Utf8Path::to_owned).collect();
    if !linked.is_empty() {
        let ignored = ignored(env, &inputs.root, &linked);
        left_out.extend(ignored.iter().map(|path| format!("behind a link {path}")));
    }
    left_out
}

fn is_behind_link(top: &Utf8Path, path: &Utf8Path) -> bool {
    path.ancestors().take_while(|above| *above != top).any(Utf8Path::is_symlink)
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
    fn a_new_terminal_is_no_change() {
        for name in ["WINDOWID", "SSH_TTY", "TERM_SESSION_ID", "TMUX_PANE", "TERM_PROGRAM_VERSION", "DISPLAY"]
        {
            assert!(is_meaningless(OsStr::new(name)), "{name}");
        }
        for name in ["GIT_SSH", "GIT_DIR", "CARGO_TERM_COLOR", "CARGO_HOME", "RUSTFLAGS", "WINDOWS", "LC_ALL"]
        {
            assert!(!is_meaningless(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn a_file_that_a_record_names_is_not_read_without_end() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        assert_eq!(digest_of(&file), None);
        fs_err::write(&file, "x").unwrap();
        assert_eq!(digest_of(&file), Some(content_digest(b"x")));
        let stamps = [1 << 40, 1 << 41].map(|length| {
            fs_err::OpenOptions::new().write(true).open(&file).unwrap().set_len(length).unwrap();
            digest_of(&file).unwrap()
        });
        assert!(stamps[0].starts_with("stamp ") && stamps[0] != stamps[1], "{stamps:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pattern_for_a_file_behind_a_link_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(scratch.path()).unwrap();
        let env = Environment::new([("PATH", "/usr/local/bin:/usr/bin:/bin")]);
        fs_err::create_dir(root.join("real")).unwrap();
        fs_err::write(root.join("real/config.toml"), "").unwrap();
        std::os::unix::fs::symlink("real", root.join(".cargo")).unwrap();
        crate::process::Cmd::new("git", root, &env).args(["init", "--quiet"]).output().unwrap();
        let shared = BTreeSet::from([PathBuf::from(root.join(".cargo/config.toml"))]);
        let inputs = LockInputs { root: root.to_owned(), shared, ..LockInputs::default() };
        let before = left_out(&inputs, &env);
        fs_err::write(root.join(".gitignore"), "real/\n").unwrap();
        assert_ne!(left_out(&inputs, &env), before);
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
