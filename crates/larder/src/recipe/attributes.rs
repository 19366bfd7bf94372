//! `larder/.gitattributes`: one line of Larder's, and whatever the user adds to it.
//!
//! It must never lose a line of the user's.

/// Reviews fold the folder, and a checkout on Windows keeps its line ends.
const OWN: &str = "* linguist-generated eol=lf";

/// The text that the file should have: the very same if it has the line. Otherwise the line comes first, so that
/// those of the user's overrule it.
pub(super) fn completed(found: &str) -> String {
    if found.lines().any(is_own) && !found.lines().any(is_marker) {
        return found.to_owned();
    }
    let mut text = format!("{OWN}\n");
    for line in found.split_inclusive('\n') {
        // A run that another program cut short leaves the beginning of it.
        let is_cut = !line.ends_with('\n') && OWN.starts_with(line);
        if !is_own(line) && !is_cut && !is_marker(line) {
            text.push_str(line);
        }
    }
    text
}

fn is_own(line: &str) -> bool {
    line.trim() == OWN
}

/// Whether git wrote the line into a conflict.
fn is_marker(line: &str) -> bool {
    let line = line.trim_end();
    line == "=======" || ["<<<<<<< ", "||||||| ", ">>>>>>> "].iter().any(|marker| line.starts_with(marker))
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
            assert_eq!(completed(found), wanted, "{found:?}");
            assert_eq!(completed(&wanted), wanted);
        }
        let mine = format!("# mine\r\n{OWN}\r\n* -text\r\n");
        assert_eq!(completed(&mine), mine);
    }

    #[test]
    fn both_sides_of_a_conflict_stay() {
        let found = format!("<<<<<<< HEAD\n{OWN}\n# a\n=======\n{OWN}\n# b\n>>>>>>> other\n");
        assert_eq!(completed(&found), format!("{OWN}\n# a\n# b\n"));
    }
}
