//! The `.dockerignore` of a project: an allow-list, so that nothing gets into a build that it does not read,
//! and no file beside the sources makes a layer stale or ends up in one.

use std::fmt::Write as _;

use cargo_metadata::camino::Utf8Path;

use super::application::Application;

const HEADER: &str = "\
: an allow-list of what the build reads.
# `include` in [workspace.metadata.larder.docker] adds to it.
*
";

/// What nothing should read, even where its folder is let in.
const NEVER: [&str; 6] =
    ["**/target", "**/.git", "**/.env", "**/.env.*", "**/credentials.toml", "**/*.sqlite*"];

/// Writes the allow-list of an application.
pub(super) fn of(application: &Application) -> String {
    let mut text = super::header(application) + HEADER;
    let (recipes, own): (Vec<_>, Vec<_>) = application.sources.iter().partition(|path| *path == "larder");
    for path in own.into_iter().chain(recipes) {
        let _ = writeln!(text, "!{}", application.prefix.join(path));
    }
    for pattern in NEVER {
        let _ = writeln!(text, "{pattern}");
    }
    text
}

/// Whether a path below the context is let in; what [`of`] says, in code.
pub(super) fn lets_in(application: &Application, path: &Utf8Path) -> bool {
    let prefix = &application.prefix;
    let listed = application.sources.iter().any(|source| path.starts_with(prefix.join(source)));
    listed && !is_never(path)
}

/// Whether a path is something that nothing should read.
pub(super) fn is_never(path: &Utf8Path) -> bool {
    path.components().any(|part| {
        let part = part.as_str();
        matches!(part, "target" | ".git" | ".env" | "credentials.toml")
            || part.starts_with(".env.")
            || part.contains(".sqlite")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_and_the_code_agree() {
        for pattern in NEVER {
            let example = pattern.replace("**/", "app/").replace('*', "x");
            assert!(is_never(Utf8Path::new(&example)), "{pattern}");
        }
        assert!(!is_never(Utf8Path::new("app/src/environment.rs")));
    }
}
