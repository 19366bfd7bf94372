//! As much Markdown as the rules need: links, code spans and headings, outside fenced code.
//!
//! Line by line, which is how this repository writes Markdown; it must not grow into a parser.

/// A piece of a document with the line it stands on, counted from one.
pub(super) type Piece<'a> = (usize, &'a str);

/// The targets of links and images.
pub(super) fn links(text: &str) -> Vec<Piece<'_>> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        for part in line.split('`').step_by(2) {
            let targets = part.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            links.extend(targets.map(|(target, _)| (number, target.trim())));
        }
    }
    links
}

/// The text between backticks.
pub(super) fn code_spans(text: &str) -> Vec<Piece<'_>> {
    prose(text)
        .flat_map(|(number, line)| line.split('`').skip(1).step_by(2).map(move |code| (number, code)))
        .collect()
}

/// The anchors that headings give, as mdBook and code forges spell them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter_map(|(_, line)| line.strip_prefix('#'));
    headings.map(|heading| anchor(heading.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The lines outside fenced code.
pub(super) fn prose(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        (!fenced && !is_fence).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_outside_code_are_found() {
        let text = "[a](b.md) and [`c`](d.md#e)\n`[no](no.md)`\n```sh\n[no](no.md)\n```\n![i](i.svg)";
        assert_eq!(links(text), [(1, "b.md"), (1, "d.md#e"), (6, "i.svg")]);
    }

    #[test]
    fn code_spans_are_found() {
        assert_eq!(code_spans("a `b c` d `e`\n```\n`no`\n```"), [(1, "b c"), (1, "e")]);
    }

    #[test]
    fn anchors_are_spelled_as_mdbook_does() {
        assert_eq!(
            anchors("# How it works, in `short`\n```\n# no\n```\n## B"),
            ["how-it-works-in-short", "b"]
        );
    }
}
