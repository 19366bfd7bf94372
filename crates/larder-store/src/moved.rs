//! The paths of a machine in what cargo and build scripts wrote down, and how they become those of another one.

use larder::target_dir::fingerprint::{Fingerprint, cargo_hash};

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

impl CompilePlace {
    fn folders(&self) -> [&str; 2] {
        [&self.build_dir, &self.cargo_home]
    }

    /// The text with the folders of `to`.
    pub fn moved(&self, to: &Self, text: &[u8]) -> Vec<u8> {
        replaced(text, self.folders(), to.folders())
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

fn replaced(text: &[u8], from: [&str; 2], to: [&str; 2]) -> Vec<u8> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (which, folder) in from.iter().enumerate().filter(|(_, folder)| !folder.is_empty()) {
        found.extend(places(text, folder).map(|start| (start, which)));
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_longer_of_two_nested_folders_is_meant() {
        let (old, new) = (place("/w", "/w/home"), place("/n", "/h"));
        assert_eq!(old.moved(&new, b"/w/home/registry /w/debug"), b"/h/registry /n/debug");
    }
}
