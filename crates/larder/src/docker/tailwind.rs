//! Tailwind in an image. The image's cargo-leptos downloads nothing, so `tailwindcss` has to be there, in the version
//! that cargo-leptos would download or the project's `package.json` has.
//!
//! npm brings it. Its command finds the style sheet `tailwindcss` beside the project's files or through `NODE_PATH`
//! alone, and what the project's own `package.json` lists, such as plug-ins, only in `node_modules` of the workspace.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use crate::{files::read, slice::leptos, workspace::Workspace};

/// The version that cargo-leptos downloads; see [`leptos::CARGO_LEPTOS_VERSION`].
const VERSION: &str = "4.2.1";
/// The last one of the line before, for style sheets that are written for it.
const OLD_VERSION: &str = "3.4.19";

/// The exact versions of a project's packages.
pub(super) const LOCK: &str = "package-lock.json";
/// The file that npm installs them from, and those.
pub(super) const PACKAGES: [&str; 2] = ["package.json", LOCK];

/// Tailwind as a project uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tailwind {
    /// Its version.
    pub version: String,
    /// Files of npm's at the workspace's root.
    pub(super) packages: Vec<&'static str>,
}

impl Tailwind {
    /// `None` if no Leptos project of the workspace names an input file.
    pub fn find(workspace: &Workspace) -> Option<Self> {
        let inputs = leptos::tailwind_inputs(workspace);
        if inputs.is_empty() {
            return None;
        }
        let root = workspace.root();
        let packages = packages(workspace);
        let locked = packages.contains(&LOCK).then(|| locked(&root.join(LOCK))).flatten();
        let is_old = inputs.iter().any(|input| is_old(&read::text(root.join(input)).unwrap_or_default()));
        let assumed = if is_old { OLD_VERSION } else { VERSION };
        Some(Self { version: locked.unwrap_or_else(|| assumed.to_owned()), packages })
    }

    /// The packages that have the command, each with the version that is a build argument.
    pub(super) fn words(&self) -> &'static str {
        if self.version.starts_with("3.") {
            "tailwindcss@${TAILWIND_VERSION}"
        } else {
            "@tailwindcss/cli@${TAILWIND_VERSION} tailwindcss@${TAILWIND_VERSION}"
        }
    }
}

/// The files that npm reads of a project with Tailwind, relative to the root.
pub(super) fn files(workspace: &Workspace) -> Vec<Utf8PathBuf> {
    let tailwind = Tailwind::find(workspace);
    tailwind.into_iter().flat_map(|tailwind| tailwind.packages).map(Utf8PathBuf::from).collect()
}

fn packages(workspace: &Workspace) -> Vec<&'static str> {
    let has = |name: &&'static str| workspace.shared_files().has(Utf8Path::new(name));
    // Versions without packages are of no use.
    PACKAGES.into_iter().take_while(has).collect()
}

/// The version in npm's lock file.
fn locked(path: &Utf8Path) -> Option<String> {
    let lock: serde_json::Value = serde_json::from_str(&read::text(path).ok()?).ok()?;
    let version = lock.get("packages")?.get("node_modules/tailwindcss")?.get("version")?.as_str()?;
    let is_plain = version.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    is_plain.then(|| version.to_owned())
}

/// Whether a style sheet is written for version 3: the next one has an import in the place of these.
fn is_old(style: &str) -> bool {
    let words: Vec<&str> = style.split_whitespace().collect();
    words.windows(2).any(|pair| pair[0] == "@tailwind" && pair[1].trim_end_matches(';') == "base")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheet_says_which_version_it_is_for() {
        assert!(is_old("@tailwind base;\n@tailwind components;\n") && is_old("/* x */ @tailwind   base ;"));
        assert!(!is_old("@import \"tailwindcss\";\n@tailwind utilities;\n"));
    }

    #[test]
    fn a_lock_file_names_the_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().join(LOCK)).unwrap();
        for (version, found) in [("3.4.1", Some("3.4.1")), ("4.0.0 && rm -rf /", None)] {
            let lock =
                serde_json::json!({ "packages": { "node_modules/tailwindcss": { "version": version } } });
            fs_err::write(&path, lock.to_string()).unwrap();
            assert_eq!(locked(&path).as_deref(), found);
        }
        fs_err::write(&path, "{}").unwrap();
        assert_eq!(locked(&path), None);
    }
}
