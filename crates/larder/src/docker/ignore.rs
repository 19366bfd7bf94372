//! The `.dockerignore` of a project: an allow-list, so that nothing gets into a build that it does not read,
//! and no file beside the sources makes a layer stale or ends up in one.

use std::fmt::Write as _;

use cargo_metadata::camino::Utf8Path;

use super::{
    application::Application,
    sources::{RECIPES, Sources},
    words,
};

const HEADER: &str = "\
: an allow-list of what the build reads.
# `include` in [workspace.metadata.larder.docker] adds to it.
*
";

/// What cargo builds, and no folder of sources has for a name, unless [`Sources::called_target`] names it.
const TARGET: &str = "**/target";

/// The names of files that nothing should read, even if their folder is let in. Nix reads the same list.
const LIST: &str = include_str!("../../../../nix/lib/private.txt");

/// Whether the settings can name a file of the list nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// They cannot: nothing that is built needs it.
    Secret,
    /// They can: some of these are data.
    Private,
}

/// The patterns of the list.
fn listed() -> impl Iterator<Item = (Kind, &'static str)> {
    LIST.lines().filter_map(|line| match line.split_once(' ')? {
        ("secret", pattern) => Some((Kind::Secret, pattern)),
        ("private", pattern) => Some((Kind::Private, pattern)),
        _ => None,
    })
}

/// Of which kind a file's or folder's name is; `None` for almost all.
pub(super) fn kind(name: &str) -> Option<Kind> {
    listed().find(|(_, pattern)| is_like(pattern, name)).map(|(kind, _)| kind)
}

/// Writes the allow-list of an application.
pub(super) fn of(application: &Application) -> String {
    let mut text = super::generated::header(application) + HEADER;
    let sources = &application.sources;
    let recipes = sources.prefix.join(RECIPES);
    let (recipes, own): (Vec<_>, Vec<_>) = sources.all().partition(|path| *path == recipes);
    for path in own.into_iter().chain(recipes) {
        let _ = writeln!(text, "!{}", words::listed(&path));
    }
    // The last line that fits a path counts, so those below hold in these folders too.
    let _ = writeln!(text, "{TARGET}");
    for path in &sources.called_target {
        let _ = writeln!(text, "!{}", words::listed(path));
    }
    for (_, pattern) in listed() {
        let _ = writeln!(text, "**/{pattern}");
    }
    // A file of these that is missing is an error of cargo's.
    for path in sources.whole().chain(sources.named.iter().cloned()) {
        let _ = writeln!(text, "!{}", words::listed(&path));
    }
    text
}

/// Whether a path below the context is let in; what [`of`] says, in code.
pub(super) fn lets_in(sources: &Sources, path: &Utf8Path) -> bool {
    sources.all().any(|source| covers(&source, path)) && !is_left_out(sources, path)
}

/// Whether a path is what a line of the list names, or below it; `*` stands for anything within a name.
fn covers(listed: &Utf8Path, path: &Utf8Path) -> bool {
    let mut parts = path.components();
    listed.components().all(|name| parts.next().is_some_and(|part| is_like(name.as_str(), part.as_str())))
}

fn is_like(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(tail) = name.strip_prefix(start) else { return false };
    (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| is_like(rest, tail)))
}

/// Whether a path is something that nothing should read, and in no folder that is sent whole.
pub(super) fn is_left_out(sources: &Sources, path: &Utf8Path) -> bool {
    let is_source = sources.called_target.iter().any(|folder| covers(folder, path));
    let is_out = if is_source { is_private(path) } else { is_never(path) };
    let is_named = sources.named.iter().any(|named| path.starts_with(named));
    is_out && !is_named && !sources.whole().any(|whole| path.starts_with(whole))
}

/// Whether neither a folder nor anything below it is read.
pub(super) fn is_closed(sources: &Sources, folder: &Utf8Path) -> bool {
    is_left_out(sources, folder) && !sources.called_target.iter().any(|inner| inner.starts_with(folder))
}

/// Whether a path is something that nothing should read.
fn is_never(path: &Utf8Path) -> bool {
    path.components().any(|part| part.as_str() == "target") || is_private(path)
}

/// Whether a path is something that no setting can have sent.
pub(super) fn is_secret(path: &Utf8Path) -> bool {
    path.components().any(|part| part.as_str() == "target" || kind(part.as_str()) == Some(Kind::Secret))
}

fn is_private(path: &Utf8Path) -> bool {
    path.components().any(|part| kind(part.as_str()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_lets_in() {
        let covers = |listed: &str, path: &str| covers(Utf8Path::new(listed), Utf8Path::new(path));
        assert!(
            covers("app", "app/src/lib.rs") && covers("app", "app") && !covers("app", "apple/src/lib.rs")
        );
        assert!(covers("assets/*.css", "assets/é.css") && covers("assets/*", "assets/a/b"));
        assert!(!covers("assets/*.css", "assets/a/b.css") && !covers("assets/*.css", "assets/a.scss.map"));
    }

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = LIST.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), listed().count());
        for (kind, pattern) in listed() {
            let example = pattern.replace('*', "x");
            assert!(is_never(Utf8Path::new("app").join(&example).as_path()), "{pattern}");
            assert_eq!(super::kind(&example), Some(kind), "{pattern}");
        }
    }

    #[test]
    fn what_is_private_and_what_is_not() {
        for path in ["a/.env", ".envrc", "a/.env.local/b", "a/x.db", "x.sqlite3-wal", "tls/key.pem", "a.key"]
        {
            assert!(is_never(Utf8Path::new(path)), "{path}");
        }
        for path in ["app/src/environment.rs", "src/db.rs", "keys.rs", "a.keys", "env", "sqlite.rs"] {
            assert!(!is_never(Utf8Path::new(path)), "{path}");
        }
        assert!(is_secret(Utf8Path::new("a/.env")) && !is_secret(Utf8Path::new("a/x.db")));
    }
}
