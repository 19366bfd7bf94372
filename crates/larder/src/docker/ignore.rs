//! The `.dockerignore` of a project: an allow-list, so that nothing gets into a build that it does not read,
//! and no file beside the sources makes a layer stale or ends up in one.

use std::fmt::Write as _;

use cargo_metadata::camino::Utf8Path;

use super::{
    application::Application,
    names::{is_like, is_never, is_private, listed},
    sources::Sources,
    words,
};
use crate::workspace::RECIPES;

const HEADER: &str = "\
: an allow-list of what the build reads.
# `include` in [workspace.metadata.larder.docker] adds to it.
*
";

/// A folder that cargo builds into: no folder of sources has this name, unless [`Sources::called_target`] names it.
const TARGET: &str = "**/target";

/// Writes the allow-list of an application.
pub(super) fn text(application: &Application) -> String {
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

/// Whether a path below the context is let in; what [`text`] says, in code.
pub(super) fn lets_in(sources: &Sources, path: &Utf8Path) -> bool {
    sources.all().any(|source| covers(&source, path)) && !is_left_out(sources, path)
}

/// Whether a path is what a line of the list names, or below it; `*` stands for anything within a name.
fn covers(listed: &Utf8Path, path: &Utf8Path) -> bool {
    let mut parts = path.components();
    listed.components().all(|name| parts.next().is_some_and(|part| is_like(name.as_str(), part.as_str())))
}

/// Whether a path is something that nothing should read, and in no folder that is sent whole.
pub(super) fn is_left_out(sources: &Sources, path: &Utf8Path) -> bool {
    let is_source = sources.called_target.iter().any(|folder| covers(folder, path));
    let is_out = if is_source { is_private(path) } else { is_never(path) };
    let is_named = sources.named.iter().any(|named| covers(named, path));
    is_out && !is_named && !sources.whole().any(|whole| path.starts_with(whole))
}

/// Whether neither a folder nor anything below it is read.
pub(super) fn is_closed(sources: &Sources, folder: &Utf8Path) -> bool {
    is_left_out(sources, folder) && !sources.called_target.iter().any(|inner| inner.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::names::*;

    #[test]
    fn what_a_line_lets_in() {
        for (listed, path, is_covered) in [
            ("app", "app/src/lib.rs", true),
            ("app", "app", true),
            ("app", "apple/src/lib.rs", false),
            ("assets/*.css", "assets/é.css", true),
            ("assets/*", "assets/a/b", true),
            ("assets/*.css", "assets/a/b.css", false),
            ("assets/*.css", "assets/a.scss.map", false),
        ] {
            assert_eq!(covers(listed.into(), path.into()), is_covered, "{listed} {path}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_read() {
        let lines = LIST.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), listed().count());
        for (kind, pattern) in listed() {
            let example = Utf8Path::new("app").join(pattern.replace('*', "x"));
            assert!(is_never(&example), "{pattern}");
            assert_eq!(crate::docker::names::kind(&example), Some(kind), "{pattern}");
        }
    }

    #[test]
    fn what_is_private_and_what_is_not() {
        for path in ["a/.env", ".envrc", "a/.env.local/b", "a/x.db", "x.sqlite3-wal", "tls/key.pem", "a.key"]
        {
            assert!(is_never(Utf8Path::new(path)), "{path}");
        }
        for path in [".cargo/credentials", "a/id_rsa", "a/id_ed25519.pub", ".npmrc", "x.db-journal", "x.db3"]
        {
            assert!(is_never(Utf8Path::new(path)), "{path}");
        }
        assert!(is_secret(Utf8Path::new("a/.netrc/b")));
        for path in ["a/.npmrc", "a/id_ed25519.pub", "tls/key.pem"] {
            assert!(is_sent_by_name(Utf8Path::new(path)), "{path}");
        }
        assert!(!is_never(Utf8Path::new("src/credentials/mod.rs")) && !is_never(Utf8Path::new("")));
        for path in ["app/src/environment.rs", "src/db.rs", "keys.rs", "a.keys", "env", "sqlite.rs"] {
            assert!(!is_never(Utf8Path::new(path)), "{path}");
        }
        assert!(is_secret(Utf8Path::new("a/.env")) && !is_secret(Utf8Path::new("a/x.db")));
    }
}
