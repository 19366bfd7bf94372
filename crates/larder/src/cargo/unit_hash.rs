//! The hash by which cargo tells units apart in the names of files and folders. It must never be taken for more than a
//! name.

/// Whether a text is what cargo puts into names to tell units apart.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `serde_core-495e83d0e6fee3ce` is of the package `serde_core`.
pub(crate) fn split(folder: &str) -> Option<(&str, &str)> {
    folder.rsplit_once('-').filter(|(_, hash)| is_hash(hash))
}

/// The hash in the name of an artifact: `libserde-495e83d0e6fee3ce.rlib`, also before suffixes of its own, as in
/// `server-495e83d0e6fee3ce.server.a1b2-cgu.0.rcgu.o`.
pub(crate) fn in_name(name: &str) -> Option<&str> {
    let stem = name.split('.').next().unwrap_or_default();
    split(stem).map(|(_, hash)| hash)
}

/// The hash of the unit that a path in a build directory belongs to, in both of cargo's layouts.
pub(crate) fn in_path(path: &str) -> Option<&str> {
    let names = path.rsplit(['/', '\\']);
    names.into_iter().find_map(|name| is_hash(name).then_some(name).or_else(|| in_name(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_both_layouts_name_their_unit() {
        let hash = Some("495e83d0e6fee3ce");
        assert_eq!(in_path("/w/target/debug/deps/libserde-495e83d0e6fee3ce.rmeta"), hash);
        assert_eq!(in_path("/w/target/debug/build/serde-495e83d0e6fee3ce/out"), hash);
        assert_eq!(in_path("/w/target/debug/build/serde-495e83d0e6fee3ce/build-script-build"), hash);
        assert_eq!(in_path("/w/target/debug/build/serde/495e83d0e6fee3ce/out/libserde.rlib"), hash);
        assert_eq!(in_path("/w/target/debug/server"), None);
    }

    #[test]
    fn hashes_in_names() {
        assert_eq!(in_name("libserde-495e83d0e6fee3ce.rlib"), Some("495e83d0e6fee3ce"));
        assert_eq!(in_name("a-b-495e83d0e6fee3ce"), Some("495e83d0e6fee3ce"));
        assert_eq!(in_name("x-495e83d0e6fee3ce.x.5f-cgu.0.rcgu.o"), Some("495e83d0e6fee3ce"));
        assert_eq!(in_name("libfrontend.rlib"), None);
        assert_eq!(split("fs-err-76690af3bdbef9c1"), Some(("fs-err", "76690af3bdbef9c1")));
    }
}
