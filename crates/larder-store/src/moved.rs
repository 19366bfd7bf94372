//! The paths of a machine in what cargo and build scripts wrote down, and how they become those of another one.

use std::path::{Path, PathBuf};

use larder::target_dir::fingerprint::{DepInfo, Fingerprint, cargo_hash};

use crate::inside::Inside;

/// The place of units: the two folders whose paths get into cargo's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilePlace {
    /// The build directory, as cargo is told it.
    pub build_dir: String,
    /// `CARGO_HOME`.
    pub cargo_home: String,
}

/// Stand-ins for the folders of a [`CompilePlace`], for comparisons in which all places count as one.
const ANYWHERE: [&str; 2] = ["\0build-dir", "\0cargo-home"];
/// How much of the text before a path is looked at, in bytes: more than the longest flag has.
const BEFORE: usize = 64;

impl CompilePlace {
    fn folders(&self) -> [&str; 2] {
        [&self.build_dir, &self.cargo_home]
    }

    /// The text with the folders of `to`.
    pub fn moved(&self, to: &Self, text: &[u8]) -> Vec<u8> {
        replaced(text, self.folders(), to.folders())
    }

    /// cargo's own list of a unit's files with the folders of `to`. It is no text: the length of each path is
    /// before it. One that is written in another way stays as it is, and cargo finds the files gone.
    pub fn moved_dep_info(&self, to: &Self, bytes: &[u8]) -> Vec<u8> {
        DepInfo::with_files(bytes, |path| self.moved(to, path)).unwrap_or_else(|| bytes.to_vec())
    }

    /// The text as it is on every machine.
    pub fn anywhere(&self, text: &[u8]) -> Vec<u8> {
        replaced(text, self.folders(), ANYWHERE)
    }

    /// The absolute path of a source file.
    pub fn source(&self, source: &Inside) -> std::path::PathBuf {
        std::path::Path::new(&self.cargo_home).join(source.as_str())
    }
}

/// A fingerprint as cargo would have written it for another source file and other dependencies. Its hash is then
/// cargo's own: the caller has made sure that [`Fingerprint::cargo_hash`] gives that of the unit as it was compiled.
#[must_use]
pub fn moved_fingerprint(
    mut fingerprint: Fingerprint,
    source: Option<&std::path::Path>,
    dependencies: &[u64],
) -> Fingerprint {
    if let Some(source) = source {
        fingerprint.path = cargo_hash(source);
    }
    for (dependency, hash) in fingerprint.deps.iter_mut().zip(dependencies) {
        dependency.3 = *hash;
    }
    fingerprint
}

/// The offsets at which a folder's path starts in a text, as a whole: `/a/b` is no part of `/a/bc`.
pub fn places<'a>(text: &'a [u8], folder: &'a str) -> impl Iterator<Item = usize> + 'a {
    memchr::memmem::find_iter(text, folder).filter(move |start| {
        let next = text.get(start + folder.len());
        next.is_none_or(|next| !next.is_ascii_alphanumeric() && !b"-_.+".contains(next))
    })
}

/// Whether the path at an offset of a text is not the end of another one, as `/target` is in `/opt/x/target`
/// and in `src/target`. A flag may stand before it without a gap, as in `-L/target`, and so may slashes:
/// `file:///target`.
fn begins(text: &[u8], start: usize) -> bool {
    let before = String::from_utf8_lossy(&text[start.saturating_sub(BEFORE)..start]);
    let word = before.trim_end_matches('/').rsplit(|letter| !is_of_path(letter)).next().unwrap_or_default();
    word.is_empty() || is_flag(word)
}

/// Signs of names, and ends of what stands for one: `~/target`, `${prefix}/target`, `$(prefix)/target`,
/// `*/target`.
fn is_of_path(letter: char) -> bool {
    letter.is_alphanumeric() || "/-_.+~})*".contains(letter)
}

/// Whether it is a flag that a path follows without a gap: a letter, or a C compiler's `-isystem` and the
/// like. `-Isrc` is none, and a longer word may begin before what is looked at.
fn is_flag(word: &str) -> bool {
    match word.as_bytes() {
        [b'-', letter] => letter.is_ascii_alphabetic(),
        [b'-', b'i', rest @ ..] => rest.len() < BEFORE / 2 && rest.iter().all(u8::is_ascii_lowercase),
        _ => false,
    }
}

fn replaced(text: &[u8], from: [&str; 2], to: [&str; 2]) -> Vec<u8> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (which, folder) in from.iter().enumerate().filter(|(_, folder)| !folder.is_empty()) {
        let whole = places(text, folder).filter(|start| begins(text, *start));
        found.extend(whole.map(|start| (start, which)));
    }
    // If one folder is in the other, the longer one is meant.
    found.sort_by_key(|(start, which)| (*start, std::cmp::Reverse(from[*which].len())));
    let (mut new, mut done) = (Vec::with_capacity(text.len()), 0);
    for (start, which) in found {
        if start >= done {
            new.extend_from_slice(&text[done..start]);
            new.extend_from_slice(to[which].as_bytes());
            done = start + from[which].len();
        }
    }
    new.extend_from_slice(&text[done..]);
    new
}

/// A path without links, or as it is.
pub fn real_path(path: impl AsRef<Path>) -> PathBuf {
    fs_err::canonicalize(&path).unwrap_or_else(|_| path.as_ref().to_owned())
}

/// The same as a text, which stays as it is if the path without links is none.
pub fn real(folder: &str) -> String {
    let real = real_path(folder).into_os_string().into_string();
    // Windows has a mark before such a path, which is no part of the name.
    real.map_or_else(|_| folder.to_owned(), |real| real.trim_start_matches(r"\\?\").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub;

    fn place(build_dir: &str, cargo_home: &str) -> CompilePlace {
        CompilePlace { build_dir: build_dir.to_owned(), cargo_home: cargo_home.to_owned() }
    }

    #[test]
    fn whole_paths_move_and_others_stay() {
        let (old, new) = (place("/w/target", "/h/cargo"), place("/x/t", "/c"));
        let text =
            b"cargo:root=/w/target/debug/build/z/out\nL=/w/target-2 /w/target\n/h/cargo/registry /h/cargoes";
        let moved = b"cargo:root=/x/t/debug/build/z/out\nL=/w/target-2 /x/t\n/c/registry /h/cargoes";
        assert_eq!(old.moved(&new, text), moved);
        assert_eq!(old.anywhere(text), new.anywhere(moved));
    }

    #[test]
    fn the_end_of_another_path_stays() {
        let (old, new) = (place("/target", "/cargo"), place("/u/al/app/target", "/u/al/.cargo"));
        let others = [
            "cargo:rustc-link-search=/opt/x/target/lib",
            "cargo:rerun-if-changed=src/target/a.rs",
            "-L/opt/x/target -L-/opt/-L/target -Isrc/target -I../target",
            "./target ../target ~/target ${ORIGIN}/target $(pwd)/target */target x-1.0/target lib++/target",
            "/opt//target /opt/caf\u{e9}/cargo https://example.org/cargo /u/al/app/target/debug",
        ];
        for text in others {
            assert_eq!(String::from_utf8_lossy(&old.moved(&new, text.as_bytes())), text);
            assert_eq!(old.anywhere(text.as_bytes()), text.as_bytes());
        }
        // Whatever cargo and build scripts write before a path.
        let words = ["", "cargo:root=", "native=", "-L", "-isystem", "-Wl,-rpath,", "file://", "/usr/lib:"];
        let signs = "\n\t\0 \"'([<`\u{2018}:;,@".chars().map(String::from);
        for before in words.map(str::to_owned).into_iter().chain(signs) {
            let text = format!("{before}/target/debug");
            let moved = format!("{before}/u/al/app/target/debug");
            assert_eq!(String::from_utf8_lossy(&old.moved(&new, text.as_bytes())), moved);
            assert_eq!(old.anywhere(text.as_bytes()), new.anywhere(moved.as_bytes()), "{before}");
        }
    }

    #[test]
    fn cargos_list_of_files_moves_between_folders_of_any_length() {
        let (old, new) = (place("/w/target", "/u/runner/.cargo"), place("/w/t", "/c"));
        let [there, here] = [&old, &new].map(|place| stub::dep_info(&place.cargo_home));
        assert_eq!(old.moved_dep_info(&new, &there), here);
        assert_eq!(new.moved_dep_info(&old, &here), there);
        assert_eq!(old.moved_dep_info(&new, b"/u/runner/.cargo/a"), b"/u/runner/.cargo/a");
    }

    #[test]
    fn the_longer_of_two_nested_folders_is_meant() {
        let (old, new) = (place("/w", "/w/home"), place("/n", "/h"));
        assert_eq!(old.moved(&new, b"/w/home/registry /w/debug"), b"/h/registry /n/debug");
    }
}
