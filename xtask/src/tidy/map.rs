//! Rules about ARCHITECTURE.md: a map must show what is there, all of it and nothing else.

use std::collections::BTreeSet;

use super::{Finding, markdown, repository::Repository};

const MAP: &str = "ARCHITECTURE.md";

/// Every path that the map names exists.
pub(super) fn paths_exist(repository: &Repository) -> Vec<Finding> {
    let Some(text) = repository.text(MAP) else {
        return vec![Finding::new(MAP, 1, "the file is missing: draw the map")];
    };
    let gone = mentions(text).into_iter().filter(|(_, path)| !repository.has(path));
    gone.map(|(line, path)| {
        Finding::new(MAP, line, format!("`{path}` does not exist: name what took its place, or remove it"))
    })
    .collect()
}

/// The map names every crate and every room, which is a folder directly below the `src` of a crate. The room itself
/// says what is in it.
pub(super) fn rooms_are_mentioned(repository: &Repository) -> Vec<Finding> {
    let text = repository.text(MAP).unwrap_or_default();
    let mentioned: BTreeSet<&str> =
        mentions(text).into_iter().map(|(_, path)| path.trim_end_matches('/')).collect();
    let missing: BTreeSet<&str> =
        repository.paths().filter_map(place).filter(|place| !mentioned.contains(place)).collect();
    missing
        .into_iter()
        .map(|place| {
            Finding::new(MAP, 1, format!("`{place}` is not mentioned: add a line that says what it is for"))
        })
        .collect()
}

/// The crate or the room that a file makes the map name.
fn place(path: &str) -> Option<&str> {
    let (folder, file) = path.rsplit_once('/')?;
    let is_crate = folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/'))
        || ["xtask", "tools", "tests"].contains(&folder);
    if file == "Cargo.toml" && is_crate {
        return Some(folder);
    }
    let has_rooms = ["crates/", "xtask/", "tools/"].iter().any(|top| path.starts_with(top));
    let (_, inside) = path.split_once("/src/").filter(|_| has_rooms)?;
    let (room, rest) = inside.split_once('/')?;
    Some(&path[..path.len() - rest.len() - 1]).filter(|_| !room.is_empty())
}

/// The paths in the map: the targets of links, and code that looks like a path.
fn mentions(text: &str) -> Vec<markdown::Piece<'_>> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let code = markdown::code_spans(text).into_iter();
    let code =
        code.filter(|(_, code)| code.contains('/') && code.chars().all(is_path) && !code.starts_with('/'));
    let links = markdown::links(text).into_iter();
    let links = links.filter(|(_, target)| !target.contains(':') && !target.starts_with('#'));
    code.chain(links).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(map: &str) -> Repository {
        Repository::from([
            (MAP, map),
            ("crates/one/Cargo.toml", ""),
            ("crates/one/src/lib.rs", ""),
            ("crates/one/src/part/mod.rs", ""),
            ("crates/one/src/part/piece.rs", ""),
            ("xtask/Cargo.toml", ""),
            ("xtask/src/main.rs", ""),
        ])
    }

    #[test]
    fn paths_that_are_gone_are_found() {
        let text =
            "`crates/one/` `a b/c` `/x/y` `<root>/x` [a](https://x/y) [b](#c)\n`crates/two/` [gone](gone.md)";
        let found = paths_exist(&repository(text));
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [2, 2]);
        assert!(found[0].what.starts_with("`crates/two/`") && found[1].what.starts_with("`gone.md`"));
    }

    #[test]
    fn a_missing_map_is_found() {
        assert_eq!(paths_exist(&Repository::from([("a.rs", "")])).len(), 1);
    }

    #[test]
    fn what_the_map_leaves_out_is_found() {
        let all = "`crates/one/` `crates/one/src/part/` `xtask/`";
        assert_eq!(left_out(all), Vec::<String>::new());
        assert_eq!(left_out("`crates/one/` `xtask/`"), ["crates/one/src/part"]);
        assert_eq!(left_out("")[..2], ["crates/one", "crates/one/src/part"]);
    }

    fn left_out(map: &str) -> Vec<String> {
        let found = rooms_are_mentioned(&repository(map));
        found.iter().map(|f| f.what.split('`').nth(1).unwrap().to_owned()).collect()
    }
}
