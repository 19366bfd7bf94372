//! Names of files that stay out of every build: one list for Docker and Nix.

use cargo_metadata::camino::Utf8Path;

/// The names of files that nothing should read, even if their folder is let in. Nix reads the same list.
pub(super) const LIST: &str = include_str!("private.txt");

/// Whether the settings can name a file of the list nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameKind {
    /// They cannot: nothing that is built needs it.
    Secret,
    /// They can: some of these are data.
    Private,
}

/// The patterns of the list.
pub(super) fn listed() -> impl Iterator<Item = (NameKind, &'static str)> {
    LIST.lines().filter_map(|line| match line.split_once(' ')? {
        ("secret", pattern) => Some((NameKind::Secret, pattern)),
        ("private", pattern) => Some((NameKind::Private, pattern)),
        _ => None,
    })
}

/// Of which kind a file's or folder's name is; `None` for almost all.
pub(super) fn kind(name: &str) -> Option<NameKind> {
    listed().find(|(_, pattern)| is_like(pattern, name)).map(|(kind, _)| kind)
}

pub(super) fn is_like(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(tail) = name.strip_prefix(start) else { return false };
    (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| is_like(rest, tail)))
}

/// Whether a path is something that nothing should read.
pub(super) fn is_never(path: &Utf8Path) -> bool {
    path.components().any(|part| part.as_str() == "target") || is_private(path)
}

/// Whether a path is something that no setting can have sent.
pub(super) fn is_secret(path: &Utf8Path) -> bool {
    path.components().any(|part| part.as_str() == "target" || kind(part.as_str()) == Some(NameKind::Secret))
}

/// Whether a path's own name is one that only the settings can have sent, and only if they name this very path: its folder
/// does not bring it along.
pub(super) fn is_sent_by_name(path: &Utf8Path) -> bool {
    path.file_name().and_then(kind) == Some(NameKind::Private)
}

pub(super) fn is_private(path: &Utf8Path) -> bool {
    path.components().any(|part| kind(part.as_str()).is_some())
}
