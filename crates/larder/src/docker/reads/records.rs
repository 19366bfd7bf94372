//! cargo's records of local builds: the dep-info beside what a build leaves behind, which names every file of the
//! application that was read, `include_str!` and build scripts included.
//!
//! A record may be missing, old or of another layout; what cannot be read is passed over.

use std::collections::BTreeSet;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::paths::{folder, plain};
use crate::{
    files::read,
    project::Project,
    target_dir::layout::{DEPS, profile_folders},
};

/// Files that local builds have read, each with the record that says so.
pub(super) fn files_read(project: &Project) -> Vec<(Utf8PathBuf, String)> {
    let root = project.workspace.root();
    let mut found = Vec::new();
    let members: Vec<&Utf8Path> =
        project.workspace.metadata().workspace_packages().into_iter().map(folder).collect();
    let targets = project.target_dirs();
    for folder in targets.iter().flat_map(|target| profile_folders(target.as_std_path())) {
        let Ok(folder) = Utf8PathBuf::from_path_buf(folder) else { continue };
        let mut infos = dep_infos(&folder);
        if infos.is_empty() {
            // Nothing was built but only checked.
            infos = dep_infos(&folder.join(DEPS));
        }
        for info in infos {
            let text = read::text(&info).unwrap_or_default();
            let name = info.strip_prefix(root).unwrap_or(&info).to_string();
            let files = files(&text).into_iter().map(|file| root.join(file));
            let files = files.filter_map(|file| plain(&file)).filter(|file| file.starts_with(root));
            let own = files.filter(|file| !targets.iter().any(|target| file.starts_with(target)));
            let unsent = own.filter(|file| !is_source_of(file, &members));
            found.extend(unsent.map(|file| (file, name.clone())));
        }
    }
    found
}

/// Whether it is Rust in the folder of a member, which is sent.
fn is_source_of(file: &Utf8Path, members: &[&Utf8Path]) -> bool {
    file.extension() == Some("rs") && members.iter().any(|member| file.starts_with(member))
}

fn dep_infos(folder: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    entries.map(|entry| entry.path().to_owned()).filter(|path| path.extension() == Some("d")).collect()
}

/// The files of a dep-info, which is a rule of a Makefile: spaces are written with a backslash before them.
fn files(text: &str) -> Vec<String> {
    let rules = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    let mut files = Vec::new();
    for (_, list) in rules {
        let mut open = String::new();
        for word in list.split(' ').filter(|word| !word.is_empty()) {
            match word.strip_suffix('\\') {
                Some(start) => open = open + start + " ",
                None => files.push(std::mem::take(&mut open) + word),
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn dep_info_names_files_with_spaces() {
        let text =
            "/t/release/app: /w/src/main.rs /w/my\\ notes.txt README.md\n\nsrc/main.rs:\n# env-dep:X=a: b\n";
        assert_eq!(files(text), ["/w/src/main.rs", "/w/my notes.txt", "README.md"]);
    }
}
