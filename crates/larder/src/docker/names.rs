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

/// Of which kind a file or folder is by its name, or by that and its folder's; `None` for almost all.
pub(super) fn kind(path: &Utf8Path) -> Option<NameKind> {
    listed().find(|(_, pattern)| ends_like(pattern, path)).map(|(kind, _)| kind)
}

fn ends_like(pattern: &str, path: &Utf8Path) -> bool {
    let mut parts = path.components().rev();
    pattern.rsplit('/').all(|name| parts.next().is_some_and(|part| is_like(name, part.as_str())))
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
    path.components().any(|part| part.as_str() == "target")
        || path.ancestors().any(|above| kind(above) == Some(NameKind::Secret))
}

/// Whether a path's own name is one that only the settings can have sent, and only if they name this very path: its folder
/// does not bring it along.
pub(super) fn is_sent_by_name(path: &Utf8Path) -> bool {
    kind(path) == Some(NameKind::Private)
}

pub(super) fn is_private(path: &Utf8Path) -> bool {
    path.ancestors().any(|above| kind(above).is_some())
}
