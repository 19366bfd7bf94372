//! Rules about single files: their length, their first line, what they must not say.

use super::{Finding, repository::Repository};

/// A file longer than this holds more than one idea.
const LINES: usize = 500;
/// The files that may be longer, each with its reason in a comment.
const LONG: [&str; 0] = [];

/// The markers of unfinished work, taken apart so that this file does not hold them.
const UNFINISHED: [&str; 3] = [concat!("to", "do!("), concat!("unim", "plemented!("), concat!("FIX", "ME")];

/// The first folders of paths that exist on one machine only.
const MACHINE_FOLDERS: [&str; 4] = ["home", "work", "root", "Users"];

/// A source file has at most [`LINES`] lines.
pub(super) fn length(repository: &Repository) -> Vec<Finding> {
    let files = repository.ending(&[".rs", ".nix"]).filter(|(path, _)| !LONG.contains(path));
    let long = files.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LINES);
    long.map(|(path, lines)| {
        Finding::new(path, lines, format!("{lines} lines, {LINES} are allowed: split the file by its ideas"))
    })
    .collect()
}

/// A Rust file opens with the reason why it exists.
pub(super) fn header(repository: &Repository) -> Vec<Finding> {
    let without = repository.ending(&[".rs"]).filter(|(_, text)| !text.starts_with("//!"));
    let what = "the file does not start with `//!`: say why it exists and what it must never do";
    without.map(|(path, _)| Finding::new(path, 1, what)).collect()
}

/// Nothing unfinished is committed.
pub(super) fn unfinished(repository: &Repository) -> Vec<Finding> {
    lines(repository.texts(), |line| {
        let marker = UNFINISHED.iter().find(|marker| line.contains(*marker))?;
        Some(format!("`{marker}` is left: finish it, or open an issue and remove the marker"))
    })
}

/// The text that people read leaves in one place, which spells control characters out and fails for no stream.
pub(super) fn prints(repository: &Repository) -> Vec<Finding> {
    let outlet = "crates/cargo-larder/src/ui/terminal.rs";
    // An example is a program of its own.
    let is_ours = |path: &str| path.starts_with("crates/") && !path.contains("/examples/") && path != outlet;
    let files = repository.ending(&[".rs"]).filter(|(path, _)| is_ours(path));
    lines(files, |line| {
        let code = line.trim_start();
        let is_print = ["println!(", "print!("].iter().any(|name| {
            let of_macro = |at: usize| !code[..at].contains('"') && !code[..at].starts_with("//");
            code.find(name).is_some_and(of_macro)
        });
        is_print.then(|| format!("printing past {outlet}: use its functions"))
    })
}

/// A test that is skipped says why.
pub(super) fn ignored_tests(repository: &Repository) -> Vec<Finding> {
    lines(repository.ending(&[".rs"]), |line| {
        let (_, rest) = line.split_once(concat!("#[", "ignore"))?;
        let has_reason =
            rest.trim_start().strip_prefix('=').is_some_and(|reason| reason.trim_start().len() > 3);
        (!has_reason).then(|| "an ignored test without a reason: write `ignore = \"why\"`".to_owned())
    })
}

/// No file names a folder that only one machine has.
pub(super) fn machine_paths(repository: &Repository) -> Vec<Finding> {
    lines(repository.texts(), |line| {
        let path = machine_path(line)?;
        Some(format!("`{path}` is a path of one machine: write it relative, or take it as a value"))
    })
}

/// The first path in a line that starts at the root of a machine with one of [`MACHINE_FOLDERS`].
fn machine_path(line: &str) -> Option<&str> {
    // After a variable, `..`, a host or another folder a path goes on, and does not start at the root.
    let goes_on = |c: char| is_name(c) || "}>~$)".contains(c);
    for (start, _) in line.match_indices('/') {
        let (before, rest) = (&line[..start], &line[start + 1..]);
        let Some((folder, below)) = rest.split_once('/') else { continue };
        if MACHINE_FOLDERS.contains(&folder) && below.starts_with(is_name) && !before.ends_with(goes_on) {
            let end = below.find(|c| !is_name(c) && c != '/').unwrap_or(below.len());
            return Some(&line[start..start + folder.len() + 2 + end]);
        }
    }
    None
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

/// A finding for every line that `judge` has words for.
fn lines<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
    judge: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in files {
        let bad = text.lines().enumerate().filter_map(|(index, line)| Some((index, judge(line)?)));
        findings.extend(bad.map(|(index, what)| Finding::new(path, index + 1, what)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: super::super::Rule, path: &str, text: &str) -> Vec<usize> {
        rule(&Repository::from([(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(found(length, "a.rs", &"\n".repeat(501)), [501]);
        assert_eq!(found(length, "a.nix", &"\n".repeat(501)), [501]);
        assert!(found(length, "a.rs", &"\n".repeat(500)).is_empty());
        assert!(found(length, "a.md", &"\n".repeat(501)).is_empty());
    }

    #[test]
    fn files_without_a_header_are_found() {
        assert_eq!(found(header, "a.rs", "// not it\n//! too late\n"), [1]);
        assert_eq!(found(header, "a.rs", ""), [1]);
        assert!(found(header, "a.rs", "//! Why.\n").is_empty());
    }

    #[test]
    fn markers_are_found() {
        for marker in UNFINISHED {
            assert_eq!(found(unfinished, "a.rs", &format!("fn a() {{\n    {marker})\n}}")), [2], "{marker}");
        }
        assert!(found(unfinished, "a.rs", "// done\n").is_empty());
    }

    #[test]
    fn ignored_tests_need_a_reason() {
        assert_eq!(found(ignored_tests, "a.rs", &ignored("]")), [2]);
        assert_eq!(found(ignored_tests, "a.rs", &ignored(" = \"\"]")), [2]);
        assert!(found(ignored_tests, "a.rs", &ignored(" = \"needs a browser\"]")).is_empty());
    }

    fn ignored(rest: &str) -> String {
        format!("#[test]\n{}{rest}\nfn a() {{}}", concat!("#[", "ignore"))
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        for folder in MACHINE_FOLDERS {
            for before in ["", "see ", "\"", "=", "`", "(", ":"] {
                let line = format!("{before}/{folder}/someone/x");
                assert_eq!(found(machine_paths, "a.toml", &line), [1], "{line}");
            }
        }
    }

    #[test]
    fn paths_that_are_no_machines_are_not() {
        for folder in MACHINE_FOLDERS {
            for before in ["..", "a", "$DIR", "${dir}", "<dir>", "~", "https://example.org"] {
                let line = format!("{before}/{folder}/x");
                assert!(found(machine_paths, "a.md", &line).is_empty(), "{line}");
            }
            assert!(found(machine_paths, "a.md", &format!("/{folder}/… and /{folder}")).is_empty());
        }
    }

    #[test]
    fn the_path_is_named() {
        let line = format!("cd {}/someone/x.rs && ls", concat!("/", "home"));
        assert_eq!(machine_path(&line), Some(&line[3..21]));
    }
}
