//! rustc's notes of a unit: the files that it read, and the variables that macros asked for.
//!
//! It only tells what the lists say: whether a path is harmless is for [`bound`](super::bound).

use std::path::Path;

use crate::moved::real;

/// The byte that rustc writes behind a text in metadata.
const END_OF_TEXT: u8 = 0xC1;
/// The most bytes of a path.
pub(super) const LONGEST_PATH: usize = 4096;

/// rustc's lists of what went into a unit, which end in `.d`.
#[derive(Debug, Default)]
pub struct RustcNotes {
    /// The files that it read.
    files: Vec<String>,
    /// The variables that macros asked for, with their values.
    pub(super) variables: Vec<(String, String)>,
}

impl RustcNotes {
    /// Adds what a list says.
    pub fn add(&mut self, text: &str) {
        let files = text.lines().filter_map(|line| line.strip_suffix(':'));
        self.files.extend(files.map(|path| path.replace("\\ ", " ")));
        let variables = text.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
        self.variables.extend(variables.map(|line| {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            (name.to_owned(), value.replace("\\\\", "\\"))
        }));
    }

    /// The files that it read.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(Path::new)
    }

    /// Whether some data starts with the name of a file that was read.
    pub(super) fn have_read(&self, data: &[u8]) -> bool {
        let mut rests = self.files.iter().filter_map(|file| data.strip_prefix(file.as_bytes()));
        rests.any(|rest| !rest.first().is_some_and(|byte| is_of_path(*byte)))
    }

    /// Whether some data starts with the folder of the package, in which cargo starts rustc: rustc keeps it with the name
    /// of each source file. A macro that asked for it is in the notes.
    pub(super) fn is_working_directory(&self, data: &[u8]) -> bool {
        let end = data.iter().take(LONGEST_PATH).position(|byte| *byte == END_OF_TEXT);
        let path = end.and_then(|end| std::str::from_utf8(&data[..end]).ok());
        path.map(Path::new).is_some_and(|path| path.join("Cargo.toml").is_file() && self.have_read_in(path))
    }

    /// Whether a file was read that is in this folder, which rustc may know by the name that links lead to.
    fn have_read_in(&self, folder: &Path) -> bool {
        self.files().any(|file| file.starts_with(folder))
            || self.files.iter().any(|file| Path::new(&real(file)).starts_with(folder))
    }

    /// Whether a file was read that has this path, or is below it.
    pub(super) fn have_read_below(&self, path: &str) -> bool {
        let signs = ['/', '\\'];
        let below = self.files.iter().filter_map(|file| file.strip_prefix(path));
        below.into_iter().any(|rest| rest.is_empty() || path.ends_with(signs) || rest.starts_with(signs))
    }
}

/// Whether a byte goes on with a path, in nearly all of them.
pub(super) fn is_of_path(byte: u8) -> bool {
    let signs: &[u8] = if cfg!(windows) { br"\/-_.+@~" } else { b"/-_.+@~" };
    byte.is_ascii_alphanumeric() || signs.contains(&byte)
}
