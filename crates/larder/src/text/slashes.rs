//! Paths as committed files have them, and messages show them: with `/` on every system.
//!
//! It must never change a path where `\` is a sign like any other.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

/// A path with `/` between its parts. One that Windows takes to the letter, which starts with `\\?\`, stays.
pub(crate) fn forward(path: Utf8PathBuf) -> Utf8PathBuf {
    let is_literal = path.as_str().starts_with(r"\\?\");
    if cfg!(windows) && !is_literal { path.as_str().replace('\\', "/").into() } else { path }
}

/// A path below a folder, with `/` between its parts.
pub(crate) fn below(folder: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    path.strip_prefix(folder).ok().map(|below| forward(below.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_as_in_committed_files() {
        let path = Utf8Path::new("one").join("two").join("three");
        assert_eq!(forward(path).as_str(), "one/two/three");
        let below = below("/a".into(), &Utf8Path::new("/a").join("b").join("c"));
        assert_eq!(below.unwrap().as_str(), "b/c");
        let sign = if cfg!(windows) { "a/b" } else { r"a\b" };
        assert_eq!(forward(r"a\b".into()).as_str(), sign);
        assert_eq!(forward(r"\\?\C:\a".into()).as_str(), r"\\?\C:\a");
    }
}
