//! `larder/.gitattributes`: a line for each file of Larder's own, and whatever the user adds to them.
//!
//! It must never lose a line of the user's, nor say anything about a file of the user's.

/// Reviews fold the files, and a checkout on Windows keeps their line ends. They are text that merges, whatever a pattern
/// such as `*.lock binary` says elsewhere.
const OWN: [&str; 3] = [
    "/larder.lock linguist-generated text eol=lf diff merge",
    "/expand.awk linguist-generated text eol=lf diff merge",
    "/.gitattributes linguist-generated text eol=lf diff merge",
];
/// The line that was written before, which made git take every file in the folder for text.
const OLD: &str = "* linguist-generated eol=lf";

/// The mark that editors on Windows put before a text, and that git skips.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The text that the file should have: the very same if it has the lines. Otherwise they come first, so that those of
/// the user's overrule them.
pub(super) fn completed(found: &[u8]) -> Vec<u8> {
    let lines = found.strip_prefix(BYTE_ORDER_MARK).unwrap_or(found);
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    if is_complete(&lines) {
        return found.to_owned();
    }
    let mut text: Vec<u8> = OWN.iter().flat_map(|own| format!("{own}\n").into_bytes()).collect();
    for line in lines {
        if !is_own(line) && !is_old(line) && !is_cut(line) && !is_marker(line) {
            text.extend_from_slice(line);
        }
    }
    text
}

/// Whether all lines are there, before any that they would overrule, and nothing that is to go.
fn is_complete(lines: &[&[u8]]) -> bool {
    let of_users = lines.iter().position(|line| !is_own(line) && !says_nothing(line));
    let (first, rest) = lines.split_at(of_users.unwrap_or(lines.len()));
    OWN.iter().all(|own| first.iter().any(|line| line.trim_ascii() == own.as_bytes()))
        && !rest.iter().any(|line| is_own(line) || is_old(line) || is_marker(line))
}

fn is_own(line: &[u8]) -> bool {
    OWN.iter().any(|own| line.trim_ascii() == own.as_bytes())
}

fn is_old(line: &[u8]) -> bool {
    line.trim_ascii() == OLD.as_bytes()
}

/// Whether it is the beginning of a line of ours, as a run leaves it that another program cut short.
fn is_cut(line: &[u8]) -> bool {
    !line.ends_with(b"\n") && OWN.iter().chain([&OLD]).any(|own| own.as_bytes().starts_with(line))
}

/// Whether it is a comment, or empty.
fn says_nothing(line: &[u8]) -> bool {
    line.trim_ascii().first().is_none_or(|first| *first == b'#')
}

/// Whether git wrote the line into a conflict.
fn is_marker(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line == b"======="
        || ["<<<<<<< ", "||||||| ", ">>>>>>> "].iter().any(|marker| line.starts_with(marker.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> String {
        OWN.map(|line| format!("{line}\n")).concat()
    }

    #[test]
    fn lines_of_the_users_stay_and_overrule() {
        let own = own();
        let last = OWN[2];
        for (found, wanted) in [
            ("", own.clone()),
            (&own, own.clone()),
            ("/larder.lock lingui", own.clone()),
            ("larder.lock merge=larder\n", format!("{own}larder.lock merge=larder\n")),
            ("# mine\r\n*.md -linguist-generated", format!("{own}# mine\r\n*.md -linguist-generated")),
            // A line of ours that is behind theirs would overrule it.
            (&format!("larder.lock merge=larder\n{own}"), format!("{own}larder.lock merge=larder\n")),
            (&format!("{own}# mine\n*.md text\n{last}\n"), format!("{own}# mine\n*.md text\n")),
        ] {
            assert_eq!(completed(found.as_bytes()), wanted.as_bytes(), "{found:?}");
            assert_eq!(completed(wanted.as_bytes()), wanted.as_bytes());
        }
        let mine = format!("# mine\r\n\r\n{}* -text\r\n", own.replace('\n', "\r\n"));
        assert_eq!(completed(mine.as_bytes()), mine.as_bytes());
    }

    /// It made git take out the CR bytes of a user's pictures.
    #[test]
    fn the_line_for_every_file_goes() {
        let own = own();
        for found in [OLD.to_owned(), format!("{OLD}\n"), format!("  {OLD}\r\n"), format!("{own}{OLD}\n")] {
            assert_eq!(completed(found.as_bytes()), own.as_bytes(), "{found:?}");
        }
        let found = format!("# mine\n{OLD}\n*.png -diff\nlarder.lock merge=larder\n");
        let wanted = format!("{own}# mine\n*.png -diff\nlarder.lock merge=larder\n");
        assert_eq!(completed(found.as_bytes()), wanted.as_bytes());
    }

    #[test]
    fn lines_of_any_bytes_stay() {
        let own = own().into_bytes();
        let latin = b"caf\xe9.md text\n".as_slice();
        assert_eq!(completed(latin), [&own, latin].concat());
        let marked = [BYTE_ORDER_MARK, b"*.md text\n"].concat();
        assert_eq!(completed(&marked), [&own, b"*.md text\n".as_slice()].concat());
        let complete = [BYTE_ORDER_MARK, &own, latin].concat();
        assert_eq!(completed(&complete), complete);
    }

    #[test]
    fn both_sides_of_a_conflict_stay() {
        let own = own();
        let found = format!("<<<<<<< HEAD\n{own}# a\n=======\n{OLD}\n# b\n>>>>>>> other\n");
        assert_eq!(completed(found.as_bytes()), format!("{own}# a\n# b\n").as_bytes());
        let found = format!("{own}<<<<<<< HEAD\n# a\n=======\n# b\n>>>>>>> other\n");
        assert_eq!(completed(found.as_bytes()), format!("{own}# a\n# b\n").as_bytes());
    }
}
