//! Rules about what people read: links lead somewhere, the book is whole, words are used as agreed.

use super::{Finding, markdown, repository::Repository};

const BOOK: &str = "docs/src/";
const SUMMARY: &str = "docs/src/SUMMARY.md";
const VOCABULARY: &str = "docs/src/concepts.md";
const MESSAGES: &str = "docs/src/errors.md";
/// The heading below which messages are not Larder's.
const OTHERS: &str = "## Messages of others";

/// The words that have one meaning each in code, documentation and command line.
const TERMS: [&str; 12] = [
    "unit",
    "external unit",
    "tainted unit",
    "slice",
    "platform",
    "plan",
    "recipe",
    "layer",
    "cook",
    "proof",
    "backend",
    "store",
];

/// Every relative link leads to a file, and its anchor to a heading.
pub(super) fn links(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repository.ending(&[".md"]) {
        for (line, target) in markdown::links(text) {
            if let Some(what) = broken(repository, path, target) {
                findings.push(Finding::new(path, line, format!("the link to `{target}` is broken: {what}")));
            }
        }
    }
    findings
}

/// The problem with a link in the file `from`.
fn broken(repository: &Repository, from: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let Some(path) = resolve(from, file) else { return Some("it leaves the repository".into()) };
    if !repository.has(&path) {
        return Some(format!("there is no `{path}`"));
    }
    if from.starts_with(BOOK) && !path.starts_with(BOOK) {
        return Some("the built book holds only its own pages: write the path as code".into());
    }
    let has_anchor = |text: &str| markdown::anchors(text).iter().any(|found| found == anchor);
    let missing = !anchor.is_empty() && !repository.text(&path).is_some_and(has_anchor);
    missing.then(|| format!("`{path}` has no heading `#{anchor}`"))
}

/// A relative target as a path from the root; an empty one is the file itself.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Every page of the book can be reached from its summary.
pub(super) fn book(repository: &Repository) -> Vec<Finding> {
    let summary = repository.text(SUMMARY).unwrap_or_default();
    let listed: Vec<String> =
        markdown::links(summary).into_iter().filter_map(|(_, target)| resolve(SUMMARY, target)).collect();
    let pages = repository.ending(&[".md"]).map(|(path, _)| path).filter(|path| path.starts_with(BOOK));
    let lost = pages.filter(|path| *path != SUMMARY && !listed.iter().any(|page| page == path));
    lost.map(|path| Finding::new(path, 1, format!("the page is not in {SUMMARY}: add it there"))).collect()
}

/// The vocabulary's table has a row for every term, in the agreed order.
pub(super) fn vocabulary(repository: &Repository) -> Vec<Finding> {
    let text = repository.text(VOCABULARY).unwrap_or_default();
    let cells: Vec<&str> = markdown::prose(text).filter_map(|(_, line)| first_cell(line)).collect();
    let missing = TERMS.iter().filter(|term| !cells.iter().any(|cell| cell == *term));
    missing
        .map(|term| {
            Finding::new(VOCABULARY, 1, format!("the table has no row for `{term}`: say what it means"))
        })
        .collect()
}

fn first_cell(row: &str) -> Option<&str> {
    Some(row.strip_prefix('|')?.split('|').next()?.trim())
}

/// Every message that the page of errors has is one that the crates can print. An ellipsis stands for anything.
pub(super) fn messages(repository: &Repository) -> Vec<Finding> {
    let sources = repository.ending(&[".rs"]).filter(|(path, _)| path.starts_with("crates/"));
    let sources: Vec<String> = sources.map(|(_, text)| joined(text)).collect();
    let text = repository.text(MESSAGES).unwrap_or_default();
    let own = text.split(OTHERS).next().unwrap_or_default();
    let rows = markdown::prose(own).filter_map(|(number, line)| {
        let (message, _) = line.strip_prefix("| `")?.split_once('`')?;
        Some((number, message))
    });
    let is_said = |part: &str| sources.iter().any(|source| source.contains(part));
    let unsaid = rows.flat_map(|(number, message)| {
        let parts = message.split('…').map(str::trim).filter(|part| !part.is_empty());
        parts.map(move |part| (number, part))
    });
    unsaid
        .filter(|(_, part)| !is_said(part))
        .map(|(number, part)| Finding::new(MESSAGES, number, format!("no source has the words `{part}`")))
        .collect()
}

/// Source text with its literals in one line each.
fn joined(source: &str) -> String {
    let lines: Vec<&str> = source.split("\\\n").collect();
    let rest = lines.iter().skip(1).map(|line| line.trim_start());
    lines.first().copied().into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_links_are_found() {
        let page = "[a](b.md) [c](b.md#head) [d](#top) [e](https://x.y/z)\n\
                    [f](c.md) [g](b.md#no) [h](../../README.md) [i](../../../x)\n# Top";
        let repository = Repository::from([
            ("docs/src/a.md", page),
            ("docs/src/b.md", "# Head"),
            ("README.md", "[x](docs)"),
        ]);
        let found = links(&repository);
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2, 2, 2, 2], "{found:?}");
        let reasons = ["there is no", "has no heading", "only its own pages", "leaves the repository"];
        assert!(found.iter().zip(reasons).all(|(f, reason)| f.what.contains(reason)), "{found:?}");
    }

    #[test]
    fn lost_pages_are_found() {
        let summary = (SUMMARY, "- [a](a.md)\n- [b](more/b.md)");
        let pages = [summary, ("docs/src/a.md", ""), ("docs/src/more/b.md", ""), ("docs/src/c.md", "")];
        let found = book(&Repository::from(pages));
        assert_eq!(found.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["docs/src/c.md"]);
    }

    #[test]
    fn messages_that_nobody_prints_are_found() {
        let source = ("crates/larder/src/a.rs", "\"{path} is \\\n     not there: {why}\"");
        let page =
            "| `… is not there: …` | x |\n| `… is not here` | x |\n## Messages of others\n| `any` | x |\n";
        let found = messages(&Repository::from([source, (MESSAGES, page)]));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2], "{found:?}");
    }

    #[test]
    fn missing_terms_are_found() {
        let rows = format!("| {} | x |", TERMS.join(" | x |\n| "));
        assert!(vocabulary(&Repository::from([(VOCABULARY, rows.as_str())])).is_empty());
        let without = rows.replace("| recipe |", "| receipt |");
        let found = vocabulary(&Repository::from([(VOCABULARY, without.as_str())]));
        assert!(found.len() == 1 && found[0].what.contains("`recipe`"), "{found:?}");
    }
}
