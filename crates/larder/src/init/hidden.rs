//! Files that every clone needs and that git ignores: the patterns that show them to git again.
//!
//! It must never touch what may be one person's alone, such as cargo's configuration, nor add a file to git.

use cargo_metadata::camino::Utf8Path;

use super::files::{bare_pattern, with_lines};
use crate::{
    cargo::settings_files::TOOLCHAIN,
    error::Result,
    files::{change::Change, read},
    git::Git,
    workspace::RECIPES,
};

/// What other clones cannot be checked or built without.
pub(super) const NEEDED: [&str; 4] = ["Cargo.lock", RECIPES, TOOLCHAIN[0], TOOLCHAIN[1]];
const COMMENT: &str = "# Clones are checked and built with these.";

/// The change of the `.gitignore` at `root` after which git sees files that are `hidden` now; `None` if there are none.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn change(git: &Git, root: &Utf8Path, hidden: &[&str]) -> Result<Option<Change>> {
    // No pattern shows a file in a folder that is ignored as a whole.
    if hidden.is_empty() || !git.ignored(&["Cargo.toml"]).is_empty() {
        return Ok(None);
    }
    let path = root.join(".gitignore");
    let text = read::text_or_nothing(&path)?;
    Change::needed(path, shown(&text, hidden))
}

/// A `.gitignore` that hides none of these: a pattern for one of them alone is removed, and one that a broader pattern
/// hides, or another file's, is named after all of them.
fn shown(text: &str, hidden: &[&str]) -> String {
    let (named, covered): (Vec<&str>, Vec<&str>) =
        hidden.iter().copied().partition(|name| text.lines().any(|line| bare_pattern(line) == *name));
    let kept: String =
        text.split_inclusive('\n').filter(|line| !named.contains(&bare_pattern(line))).collect();
    if covered.is_empty() {
        return kept;
    }
    let patterns: Vec<String> = covered.iter().flat_map(|name| patterns(name)).collect();
    let mut lines = vec![COMMENT];
    lines.extend(patterns.iter().map(String::as_str));
    with_lines(kept, &lines)
}

/// A pattern such as `*.lock` hides the table of recipes, and not its folder.
fn patterns(name: &str) -> Vec<String> {
    let own = format!("!/{name}");
    if name == RECIPES { vec![format!("{own}/"), format!("{own}/**")] } else { vec![own] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_for_it_alone_goes_and_the_rest_stays() {
        let text = shown("# Generated\r\n/target\r\n/Cargo.lock\r\n*.bk\r\n", &["Cargo.lock"]);
        assert_eq!(text, "# Generated\r\n/target\r\n*.bk\r\n");
    }

    #[test]
    fn a_broader_pattern_stays_and_this_one_comes_after_it() {
        let text = shown("*.lock\nlarder/\n", &["Cargo.lock", "larder"]);
        assert_eq!(text, format!("*.lock\n{COMMENT}\n!/Cargo.lock\n"));
        let text = shown("*.lock", &["larder"]);
        assert_eq!(text, format!("*.lock\n{COMMENT}\n!/larder/\n!/larder/**\n"));
    }
}
