//! The files of a project, without what builds made: read, compared, put back.

use std::{collections::BTreeMap, path::Path};

/// Every file's bytes, by its path.
pub(super) type State = BTreeMap<String, Vec<u8>>;

/// The prefix of files that Larder leaves half-written when it is killed, and that nothing reads.
const TEMPORARY: &str = ".larder-";

/// The files in a folder.
pub(super) fn state(top: &Path) -> State {
    let (mut found, mut open) = (State::new(), vec![top.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(folder).expect("the folder can be read").flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if name == "target" || name.starts_with(TEMPORARY) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(top).expect("it is below").to_string_lossy().into_owned();
                found.insert(name, fs_err::read(&path).expect("it can be read"));
            }
        }
    }
    found
}

/// Puts the files of a folder back, and removes others.
pub(super) fn restore(top: &Path, wanted: &State) {
    for name in state(top).keys().filter(|name| !wanted.contains_key(*name)) {
        fs_err::remove_file(top.join(name)).expect("it can be removed");
    }
    let larder = top.join("larder");
    if larder.exists() && !wanted.keys().any(|name| name.starts_with("larder/")) {
        fs_err::remove_dir_all(larder).expect("it can be removed");
    }
    for (name, bytes) in wanted {
        let path = top.join(name);
        fs_err::create_dir_all(path.parent().expect("files are in a folder")).expect("it can be made");
        fs_err::write(path, bytes).expect("it can be written");
    }
}
