//! Paths as text, below the root of a workspace.

use cargo_metadata::{
    Package,
    camino::{Utf8Component, Utf8Path, Utf8PathBuf},
};

use crate::text::slashes;

/// A path below the root without `..`; `None` for one elsewhere, and for the root itself.
pub(in super::super) fn below(root: &Utf8Path, path: &Utf8Path) -> Option<Utf8PathBuf> {
    let relative = slashes::below(root, &plain(&root.join(path))?)?;
    (!relative.as_str().is_empty()).then_some(relative)
}

/// A path with its `.` and `..` worked out in the text; `None` if these lead above the top.
pub(super) fn plain(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut plain = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// A path as `include` takes it, with `*` for each character that has no place in a Dockerfile.
pub(in super::super) fn as_include(path: &Utf8Path) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@".contains(c);
    path.as_str().chars().map(|c| if is_plain(c) { c } else { '*' }).collect()
}

/// A package's own folder.
pub(super) fn folder(package: &Package) -> &Utf8Path {
    package.manifest_path.parent().unwrap_or(Utf8Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_without_dots() {
        assert_eq!(below_app("src/../README.md").as_deref(), Some("README.md"));
        assert_eq!(below_app("/project/app/src/./a").as_deref(), Some("src/a"));
        for elsewhere in ["", "src/..", "../other", "/project/apple"] {
            assert_eq!(below_app(elsewhere), None, "{elsewhere}");
        }
        assert_eq!(as_include(Utf8Path::new("a b/é.txt")), "a*b/*.txt");
    }

    fn below_app(path: &str) -> Option<String> {
        below("/project/app".into(), path.into()).map(Utf8PathBuf::into_string)
    }
}
