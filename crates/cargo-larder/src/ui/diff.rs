//! How changes of files are shown.

use anstyle::{AnsiColor, Style};
use larder::{camino::Utf8Path, files::change::Change, project::Project};

use super::terminal::{self, colored};
use crate::schema;

/// The diff of one file, with its path below the workspace's root.
pub(crate) fn text(project: &Project, change: &Change) -> String {
    change.diff(project.workspace.root())
}

/// The file's path below the workspace's root, where it is.
pub(crate) fn name<'a>(project: &Project, change: &'a Change) -> &'a Utf8Path {
    change.path.strip_prefix(project.workspace.root()).unwrap_or(&change.path)
}

/// Prints diffs on standard output.
pub(crate) fn print(text: &str) {
    for line in text.lines() {
        terminal::print_styled(&[(style(line), line), terminal::END]);
    }
}

fn style(line: &str) -> Style {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::new().bold(),
        [b'+', ..] => colored(AnsiColor::Green),
        [b'-', ..] => colored(AnsiColor::Red),
        [b'@', ..] => colored(AnsiColor::Cyan),
        _ => Style::new(),
    }
}

/// One file's change, for programs.
pub(crate) fn of_programs(project: &Project, change: &Change) -> schema::init::ProposedFile {
    let kind = if change.old.is_some() { "edited" } else { "new" };
    schema::init::ProposedFile {
        path: name(project, change).to_owned(),
        change: kind,
        diff: text(project, change),
    }
}
