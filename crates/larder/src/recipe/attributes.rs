//! `larder/.gitattributes`: one line of Larder's, and whatever the user adds to it.
//!
//! It must never lose a line of the user's.

/// Reviews fold the folder, and a checkout on Windows keeps its line ends.
const OWN: &str = "* linguist-generated eol=lf";

/// The mark that editors on Windows put before a text, and that git skips.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The text that the file should have: the very same if it has the line. Otherwise the line comes first, so that
/// those of the user's overrule it.
pub(super) fn completed(found: &[u8]) -> Vec<u8> {
    let lines = found.strip_prefix(BYTE_ORDER_MARK).unwrap_or(found);
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.iter().any(|line| is_own(line)) && !lines.iter().any(|line| is_marker(line)) {
        return found.to_owned();
    }
    let mut text = format!("{OWN}\n").into_bytes();
    for line in lines {
        // A run that another program cut short leaves the beginning of it.
        let is_cut = !line.ends_with(b"\n") && OWN.as_bytes().starts_with(line);
        if !is_own(line) && !is_cut && !is_marker(line) {
            text.extend_from_slice(line);
        }
    }
    text
}

fn is_own(line: &[u8]) -> bool {
    line.trim_ascii() == OWN.as_bytes()
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

    #[test]
    fn lines_of_the_users_stay_and_overrule() {
        let own = format!("{OWN}\n");
        for (found, wanted) in [
            ("", own.clone()),
            (&own, own.clone()),
            ("* lingui", own.clone()),
            ("larder.lock merge=larder\n", format!("{own}larder.lock merge=larder\n")),
            ("# mine\r\n*.md -linguist-generated", format!("{own}# mine\r\n*.md -linguist-generated")),
        ] {
            assert_eq!(completed(found.as_bytes()), wanted.as_bytes(), "{found:?}");
            assert_eq!(completed(wanted.as_bytes()), wanted.as_bytes());
        }
        let mine = format!("# mine\r\n{OWN}\r\n* -text\r\n");
        assert_eq!(completed(mine.as_bytes()), mine.as_bytes());
    }

    #[test]
    fn lines_of_any_bytes_stay() {
        let own = format!("{OWN}\n").into_bytes();
        let latin = b"caf\xe9.md text\n".as_slice();
        assert_eq!(completed(latin), [&own, latin].concat());
        let marked = [BYTE_ORDER_MARK, b"*.md text\n"].concat();
        assert_eq!(completed(&marked), [&own, b"*.md text\n".as_slice()].concat());
        let complete = [BYTE_ORDER_MARK, &own, latin].concat();
        assert_eq!(completed(&complete), complete);
    }

    #[test]
    fn both_sides_of_a_conflict_stay() {
        let found = format!("<<<<<<< HEAD\n{OWN}\n# a\n=======\n{OWN}\n# b\n>>>>>>> other\n");
        assert_eq!(completed(found.as_bytes()), format!("{OWN}\n# a\n# b\n").as_bytes());
    }
}
