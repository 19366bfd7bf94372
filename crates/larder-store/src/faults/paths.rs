//! Paths that somebody else wrote down, by the hundred thousand: none that is accepted leads out of its folder.

use std::path::Component;

use crate::inside::Inside;

/// How many paths are made up.
const PATHS: u64 = 200_000;

const PIECES: [&str; 24] = [
    "..",
    ".",
    "/",
    "//",
    "\\",
    "a",
    "debug",
    "..a",
    "a..",
    " ",
    "\0",
    "\n",
    "C:",
    "~",
    "é",
    "e\u{301}",
    "\u{202e}",
    "%2e%2e",
    "..\u{2215}",
    "con",
    "$HOME",
    "*",
    "-",
    ":stream",
];

#[test]
fn no_path_that_is_accepted_leads_elsewhere() {
    let mut accepted = 0;
    for seed in 0..PATHS {
        let mut random = fastrand::Rng::with_seed(seed);
        let pieces = 1 + random.usize(..9);
        let path: String = (0..pieces).map(|_| PIECES[random.usize(..PIECES.len())]).collect();
        let Ok(inside) = Inside::new(path.as_str()) else { continue };
        accepted += 1;
        let joined = std::path::Path::new("/top").join(inside.as_str());
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::RootDir);
        assert!(joined.starts_with("/top") && joined.components().all(plain), "{path:?}");
        assert!(!path.contains(['\\', ':', '\0', '\n']), "{path:?}");
    }
    assert!(accepted > 1000, "{accepted}");
}
