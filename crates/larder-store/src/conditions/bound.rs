//! Units that use a path of the machine that compiled them, such as a program that looks for a file beside its sources.
//!
//! Nearly every unit holds such paths, as names of source files for messages and debuggers; that is no reason to keep it
//! where it is. Two signs tell the others: rustc notes that a macro asked for the path of the package's folder, and a
//! program or library has a path in its data that is no source file's.

use std::{collections::BTreeSet, path::Path};

use object::{Object as _, ObjectSection as _, read::archive::ArchiveFile};

use super::Bound;
use crate::moved::{CompilePlace, places};

/// Variables with the path of a package; `OUT_DIR` is none, since what is included from there is compiled in.
const OF_PACKAGES: [&str; 2] = ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];

/// Files whose names stand in programs for the sake of messages.
const SOURCES: [&str; 12] =
    [".rs", ".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".inc", ".S", ".s", ".asm"];

/// Finds the signs in rustc's list of a unit's files, which ends in `.d`.
pub fn in_dep_info(text: &str, found: &mut BTreeSet<Bound>) {
    let variables = text.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
    let names = variables.map(|line| line.split('=').next().unwrap_or(line));
    if names.into_iter().any(|name| OF_PACKAGES.contains(&name)) {
        found.insert(Bound::CargoHome);
    }
}

/// Finds the signs in the data of a library, an archive or a program.
pub fn in_artifact(bytes: &[u8], place: &CompilePlace, found: &mut BTreeSet<Bound>) {
    match ArchiveFile::parse(bytes) {
        Ok(archive) => {
            for member in archive.members().flatten() {
                // Metadata names files for messages alone.
                if !member.name().ends_with(b".rmeta") {
                    member.data(bytes).into_iter().for_each(|data| in_object(data, place, found));
                }
            }
        }
        Err(_) => in_object(bytes, place, found),
    }
}

fn in_object(bytes: &[u8], place: &CompilePlace, found: &mut BTreeSet<Bound>) {
    let Ok(file) = object::File::parse(bytes) else { return };
    for section in file.sections() {
        let name = section.name().unwrap_or_default();
        if [".debug", ".zdebug", "__debug", ".rmeta", ".rustc", ".llvm", "name", ".symtab", ".strtab"]
            .iter()
            .any(|other| name.starts_with(other))
        {
            continue;
        }
        if let Ok(data) = section.data() {
            in_data(data, place, found);
        }
    }
}

/// Finds the signs in any bytes that are compiled in.
pub fn in_data(data: &[u8], place: &CompilePlace, found: &mut BTreeSet<Bound>) {
    for (bound, folder) in [(Bound::CargoHome, &place.cargo_home), (Bound::BuildDir, &place.build_dir)] {
        if !found.contains(&bound)
            && places(data, folder).any(|start| !is_source(&data[start..], folder.len()))
        {
            found.insert(bound);
        }
    }
}

/// Whether the path at the start of some data is that of a source file. Any text may follow it, without a gap.
fn is_source(data: &[u8], folder: usize) -> bool {
    let signs: &[u8] = if cfg!(windows) { br"\/-_.+@~" } else { b"/-_.+@~" };
    let is_of_path = |byte: &u8| byte.is_ascii_alphanumeric() || signs.contains(byte);
    // The folder's own name may hold any sign.
    let below = &data[folder..];
    let length = below.iter().position(|byte| !is_of_path(byte)).unwrap_or(below.len()).min(4096);
    let end = folder + length;
    let Ok(path) = std::str::from_utf8(&data[..end]) else { return false };
    SOURCES.iter().any(|ending| {
        let ends = path[folder..].match_indices(ending).map(|(at, _)| folder + at + ending.len());
        ends.into_iter().any(|end| Path::new(&path[..end]).is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(data: &[u8], place: &CompilePlace) -> Vec<Bound> {
        let mut found = BTreeSet::new();
        in_data(data, place, &mut found);
        found.into_iter().collect()
    }

    #[test]
    fn names_of_source_files_bind_nothing() {
        for name in ["home", "a home with spaces"] {
            let parent = tempfile::tempdir().unwrap();
            let home = parent.path().join(name);
            fs_err::create_dir(&home).unwrap();
            fs_err::write(home.join("lib.rs"), "").unwrap();
            let cargo_home = home.to_str().unwrap().to_owned();
            let place =
                CompilePlace { build_dir: "/nowhere/target".to_owned(), cargo_home: cargo_home.clone() };
            assert_eq!(found(format!("x{cargo_home}/lib.rsassertion failed").as_bytes(), &place), []);
            assert_eq!(found(format!("{cargo_home}/bin/protoc").as_bytes(), &place), [Bound::CargoHome]);
            assert_eq!(found(format!("{cargo_home}/gone.rs").as_bytes(), &place), [Bound::CargoHome]);
            assert_eq!(found(b"/nowhere/target/debug/data", &place), [Bound::BuildDir]);
            assert_eq!(found(b"/nowhere/target2/debug/data", &place), []);
        }
    }

    #[test]
    fn a_macro_that_asks_for_the_packages_folder_binds() {
        let mut found = BTreeSet::new();
        in_dep_info(
            "a.rlib: src/lib.rs\n\n# env-dep:OUT_DIR=/w/out\n# env-dep:CARGO_PKG_NAME=a\n",
            &mut found,
        );
        assert!(found.is_empty());
        in_dep_info("# env-dep:CARGO_MANIFEST_DIR=/c/registry/src/a\n", &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [Bound::CargoHome]);
    }
}
