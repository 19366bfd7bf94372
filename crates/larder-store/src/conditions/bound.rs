//! Units that use a path of the machine that compiled them, such as a program that looks for a file beside its sources.
//!
//! Nearly every unit holds such paths, as names of source files for messages and debuggers; that is no reason to keep it
//! where it is. Three signs tell the others: rustc notes that a macro asked for a path from which nothing was included; a
//! program, a library, its bitcode or its metadata, which has constants, holds a path in its data that is no source
//! file's; and a build script wrote a path into a text that is read later.

use std::{collections::BTreeSet, path::Path};

use object::{Object as _, ObjectSection as _, read::archive::ArchiveFile};

use super::{
    Bound, LedFolder, bitcode,
    notes::{LONGEST_PATH, RustcNotes, is_of_path},
    objects, written,
};
use crate::{
    inside::Inside,
    moved::{CompilePlace, places, real},
};

/// Variables with the path of a package, in which it has more than it includes.
const OF_PACKAGES: [&str; 2] = ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"];

/// Files whose names stand in programs for the sake of messages.
const SOURCES: [&str; 17] = [
    ".rs", ".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".inc", ".inl", ".ipp", ".tcc", ".tpp",
    ".S", ".s", ".asm",
];

/// How files of metadata end.
pub const METADATA: &str = ".rmeta";

/// The folders of a place, by every name that a file may have for them.
#[derive(Debug)]
pub struct PathSearch {
    /// As cargo is told them.
    told: [(Bound, String); 2],
    /// Where links lead to, and how other texts spell them. No text with these is moved to another machine.
    others: Vec<(Bound, String)>,
}

impl PathSearch {
    /// Of a place that is there.
    pub fn new(place: &CompilePlace) -> Self {
        let told = [(Bound::CargoHome, place.cargo_home.clone()), (Bound::BuildDir, place.build_dir.clone())];
        let mut others = Vec::new();
        for (bound, folder) in &told {
            others.extend(spellings(folder).into_iter().map(|name| (*bound, name)));
        }
        Self { told, others }
    }

    /// Where links lead to on the way to a folder; `None` if there are none.
    pub fn led(&self, bound: Bound) -> Option<LedFolder> {
        let (_, told) = self.told.iter().find(|(folder, _)| *folder == bound)?;
        Some(real(told)).filter(|to| to != told).map(|to| LedFolder { folder: bound, to })
    }

    /// Finds the signs in rustc's notes.
    pub fn in_notes(&self, notes: &RustcNotes, found: &mut BTreeSet<Bound>) {
        for (name, value) in &notes.variables {
            if OF_PACKAGES.contains(&name.as_str()) {
                found.insert(Bound::CargoHome);
            }
            // Included files are compiled in, be it by the path of the folder or by their own.
            self.look(value.as_bytes(), found, |start, _| notes.have_read_below(&value[start..]));
        }
    }

    /// Finds the signs in the data of a library, an archive or a program.
    pub fn in_artifact(&self, bytes: &[u8], notes: &RustcNotes, found: &mut BTreeSet<Bound>) {
        let Ok(archive) = ArchiveFile::parse(bytes) else { return self.in_object(bytes, found) };
        for member in archive.members().flatten() {
            let Ok(data) = member.data(bytes) else { continue };
            if member.name().ends_with(METADATA.as_bytes()) {
                self.in_metadata(data, notes, found);
            } else {
                self.in_object(data, found);
            }
        }
    }

    /// Finds the signs in a library's metadata: constants, and code that dependents make their own of.
    pub fn in_metadata(&self, data: &[u8], notes: &RustcNotes, found: &mut BTreeSet<Bound>) {
        self.look(data, found, |start, folder| {
            let data = &data[start..];
            notes.have_read(data) || is_source(data, folder) || notes.is_working_directory(data)
        });
    }

    /// Finds the signs in a file that a build script wrote and that is no artifact: it is compiled in, or read by other
    /// build scripts.
    pub fn in_written(&self, path: &Inside, data: &[u8], found: &mut BTreeSet<Bound>) {
        if written::is_for_nobody(path) {
            return;
        }
        // A comment may name the source that it was made from. In quotes it is included.
        let names_sources = written::is_source_text(path);
        self.look(data, found, |start, folder| {
            names_sources && !data[..start].ends_with(b"\"") && is_source(&data[start..], folder)
        });
    }

    /// Finds the signs in what a build script printed, in which the folders are moved if they are named as cargo was
    /// told them.
    pub fn in_printed(&self, data: &[u8], found: &mut BTreeSet<Bound>) {
        let other = self.others.iter().filter(|(_, folder)| places(data, folder).next().is_some());
        found.extend(other.map(|(bound, _)| *bound));
    }

    /// Finds the signs in bitcode. Its table of texts for debuggers, each right behind another, has the folders of all
    /// packages whose code is in it.
    fn in_bitcode(&self, bytes: &[u8], found: &mut BTreeSet<Bound>) {
        self.look(bytes, found, |start, folder| {
            is_source(&bytes[start..], folder) || is_in_package(&bytes[start..], folder)
        });
        for (bound, folder) in self.told.iter().chain(&self.others) {
            let mut texts = bitcode::texts(bytes, folder, LONGEST_PATH);
            if !found.contains(bound) && texts.any(|text| !is_source(&text, folder.len())) {
                found.insert(*bound);
            }
        }
    }

    fn in_object(&self, bytes: &[u8], found: &mut BTreeSet<Bound>) {
        if objects::is_bitcode(bytes) {
            return self.in_bitcode(bytes, found);
        }
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
                self.look(data, found, |start, folder| is_source(&data[start..], folder));
            }
        }
    }

    /// Finds a folder whose path is somewhere in the data and not harmless there, by its offset and its length.
    fn look(&self, data: &[u8], found: &mut BTreeSet<Bound>, is_harmless: impl Fn(usize, usize) -> bool) {
        for (bound, folder) in self.told.iter().chain(&self.others) {
            if !found.contains(bound) && places(data, folder).any(|start| !is_harmless(start, folder.len())) {
                found.insert(*bound);
            }
        }
    }
}

/// Other names of a folder: the one without links, and those of texts that write `\\` twice or as `/`.
fn spellings(folder: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for name in [real(folder), folder.to_owned()] {
        names.extend([name.replace('\\', "\\\\"), name.replace('\\', "/"), name]);
    }
    names.remove(folder);
    names
}

/// Whether a file is a program, a library or a part of one.
pub fn is_artifact(bytes: &[u8]) -> bool {
    ArchiveFile::parse(bytes).is_ok() || object::File::parse(bytes).is_ok()
}

/// Whether the path at the start of some data is that of a source file. Any text may follow it, without a gap.
fn is_source(data: &[u8], folder: usize) -> bool {
    let Some(path) = longest_path(data, folder) else { return false };
    SOURCES.iter().any(|ending| {
        let ends = path[folder..].match_indices(ending).map(|(at, _)| folder + at + ending.len());
        ends.into_iter().any(|end| Path::new(&path[..end]).is_file())
    })
}

/// Whether it is that of a package's folder, or of anything in it.
fn is_in_package(data: &[u8], folder: usize) -> bool {
    let Some(path) = longest_path(data, folder) else { return false };
    let mut folders = (folder + 1..=path.len()).filter_map(|end| path.get(..end));
    folders.any(|folder| Path::new(folder).join("Cargo.toml").is_file())
}

/// The path at the start of some data, which begins with a folder, and whatever follows that could be of it.
fn longest_path(data: &[u8], folder: usize) -> Option<&str> {
    // The folder's own name may hold any sign.
    let below = &data[folder..];
    let length = below.iter().position(|byte| !is_of_path(*byte)).unwrap_or(below.len()).min(LONGEST_PATH);
    std::str::from_utf8(&data[..folder + length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(build_dir: &str, cargo_home: &str) -> CompilePlace {
        CompilePlace { build_dir: build_dir.to_owned(), cargo_home: cargo_home.to_owned() }
    }

    fn notes(text: &str) -> RustcNotes {
        let mut notes = RustcNotes::default();
        notes.add(text);
        notes
    }

    fn in_metadata(data: &[u8], notes: &RustcNotes, place: &CompilePlace) -> Vec<Bound> {
        let mut found = BTreeSet::new();
        PathSearch::new(place).in_metadata(data, notes, &mut found);
        found.into_iter().collect()
    }

    fn listed(variable: &str, files: &str) -> Vec<Bound> {
        let notes = notes(&format!("a.rlib: x\n{files}\n# env-dep:{variable}\n"));
        let mut found = BTreeSet::new();
        PathSearch::new(&place("/w/target", "/c")).in_notes(&notes, &mut found);
        found.into_iter().collect()
    }

    fn in_written(name: &str, text: &str, place: &CompilePlace) -> Vec<Bound> {
        let mut found = BTreeSet::new();
        let path = Inside::new(format!("debug/build/a-1/out/{name}")).unwrap();
        PathSearch::new(place).in_written(&path, text.as_bytes(), &mut found);
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
            let place = place("/nowhere/target", &cargo_home);
            let none = RustcNotes::default();
            let cases: [(String, &[Bound]); 5] = [
                (format!("x{cargo_home}/lib.rsassertion failed"), &[]),
                (format!("{cargo_home}/bin/protoc"), &[Bound::CargoHome]),
                (format!("{cargo_home}/gone.rs"), &[Bound::CargoHome]),
                ("/nowhere/target/debug/data".to_owned(), &[Bound::BuildDir]),
                ("/nowhere/target2/debug/data".to_owned(), &[]),
            ];
            for (data, expected) in cases {
                assert_eq!(in_metadata(data.as_bytes(), &none, &place), expected, "{data}");
            }
        }
    }

    #[test]
    fn the_folder_in_which_rustc_ran_binds_nothing() {
        let home = tempfile::tempdir().unwrap();
        let package = home.path().join("registry/src/a-1.0.0");
        fs_err::create_dir_all(package.join("src")).unwrap();
        for file in ["Cargo.toml", "src/lib.rs"] {
            fs_err::write(package.join(file), "").unwrap();
        }
        let (folder, place) = (package.display(), place("/nowhere/target", home.path().to_str().unwrap()));
        let notes = notes(&format!("a.rlib: x\n{folder}/src/lib.rs:\n"));
        let cases: [(String, &[Bound]); 4] = [
            (format!("B{folder}"), &[]),
            (format!("B{folder}/data"), &[Bound::CargoHome]),
            (format!("B{folder}/src"), &[Bound::CargoHome]),
            (home.path().display().to_string(), &[Bound::CargoHome]),
        ];
        for (text, expected) in cases {
            let data = [text.as_bytes(), b"\xC1"].concat();
            assert_eq!(in_metadata(&data, &notes, &place), expected, "{text}");
        }
    }

    /// cargo tells rustc the one name of its source, and the system the other one of the folder that it is in.
    #[cfg(unix)]
    #[test]
    fn the_folder_in_which_rustc_ran_may_have_another_name() {
        let parent = tempfile::tempdir().unwrap();
        let [link, home] = ["link", "home"].map(|name| parent.path().join(name));
        let package = home.join("a-1.0.0");
        fs_err::create_dir_all(&package).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        for file in ["Cargo.toml", "lib.rs"] {
            fs_err::write(package.join(file), "").unwrap();
        }
        let notes = notes(&format!("a.rlib: x\n{}/a-1.0.0/lib.rs:\n", link.display()));
        let place = place("/nowhere/target", link.to_str().unwrap());
        let real = fs_err::canonicalize(&package).unwrap().to_str().unwrap().to_owned();
        for (text, expected) in [(real.clone(), false), (format!("{real}/data"), true)] {
            let data = [text.as_bytes(), b"\xC1"].concat();
            assert_eq!(!in_metadata(&data, &notes, &place).is_empty(), expected, "{text}");
        }
    }

    #[test]
    fn a_constant_is_told_from_what_is_included() {
        let notes = notes("a.rlib: x\n/w/target/debug/build/a-1/out/version.expr:\n");
        let place = place("/w/target", "/c");
        let included = b"\0/w/target/debug/build/a-1/out/version.expr\xc1";
        assert_eq!(in_metadata(included, &notes, &place), []);
        for constant in ["", "/version.expr2", "/version.expr/x"] {
            let constant = [b"\0/w/target/debug/build/a-1/out", constant.as_bytes(), b"\xc1"].concat();
            assert_eq!(in_metadata(&constant, &notes, &place), [Bound::BuildDir]);
        }
        assert_eq!(in_metadata(b"\0/c/registry/src/a/data\xc1", &notes, &place), [Bound::CargoHome]);
    }

    /// A library for optimising while linking: an archive of one member, with a text that starts with any bit.
    fn in_bitcode(text: &str, bits: u8, place: &CompilePlace) -> Vec<Bound> {
        let text: Vec<u8> = text.bytes().chain([0]).collect();
        let first = std::iter::once(text[0] << bits);
        let rest = text.windows(2).map(|two| ((u16::from_le_bytes([two[0], two[1]]) << bits) >> 8) as u8);
        let data: Vec<u8> = b"BC\xC0\xDE".iter().copied().chain(first).chain(rest).collect();
        let mut archive = b"!<arch>\n".to_vec();
        archive.extend(format!("{:<16}{:<32}{:<10}`\n", "x.rcgu.o/", "0", data.len()).bytes());
        archive.extend(data);
        let mut found = BTreeSet::new();
        PathSearch::new(place).in_artifact(&archive, &RustcNotes::default(), &mut found);
        found.into_iter().collect()
    }

    #[test]
    fn a_path_in_bitcode_binds_wherever_it_starts() {
        let place = place("/w/target", "/c");
        for bits in 0..8 {
            let out = "/w/target/debug/build/a-1/out";
            assert_eq!(in_bitcode(&format!("{out}/data"), bits, &place), [Bound::BuildDir], "{bits}");
            assert_eq!(in_bitcode("/w/other/data", bits, &place), [], "{bits}");
        }
    }

    #[test]
    fn the_folder_of_a_package_is_for_debuggers_in_bitcode() {
        let home = tempfile::tempdir().unwrap();
        let package = home.path().join("registry/src/a-1.0.0");
        fs_err::create_dir_all(&package).unwrap();
        fs_err::write(package.join("Cargo.toml"), "").unwrap();
        let place = place("/nowhere/target", home.path().to_str().unwrap());
        let table = format!("{}53ce57e48a", package.display());
        assert_eq!(in_bitcode(&table, 0, &place), []);
        assert_eq!(in_bitcode(&table, 3, &place), [Bound::CargoHome], "it is no table");
    }

    #[test]
    fn variables_with_a_path_bind_unless_it_is_included() {
        let out = "/w/target/debug/build/a-1/out";
        assert_eq!(listed("CARGO_PKG_NAME=a", ""), []);
        assert_eq!(listed("CARGO_MANIFEST_DIR=/elsewhere/a", ""), [Bound::CargoHome]);
        assert_eq!(listed(&format!("OUT_DIR={out}"), &format!("{out}/made.rs:\n")), []);
        assert_eq!(listed(&format!("MADE={out}/made.rs"), &format!("{out}/made.rs:\n")), []);
        assert_eq!(listed(&format!("OUT_DIR={out}"), ""), [Bound::BuildDir]);
        assert_eq!(listed(&format!("OUT_DIR={out}"), &format!("{out}-2/made.rs:\n")), [Bound::BuildDir]);
        assert_eq!(listed(&format!("DATA={out}/data"), &format!("{out}/made.rs:\n")), [Bound::BuildDir]);
        assert_eq!(listed("DATA=/c/registry/src/a/data", ""), [Bound::CargoHome]);
    }

    #[test]
    fn texts_that_somebody_reads_bind() {
        let home = tempfile::tempdir().unwrap();
        let cargo_home = home.path().to_str().unwrap();
        fs_err::write(home.path().join("a.h"), "").unwrap();
        let place = place("/w/target", cargo_home);
        let own = "[\"/w/target/debug/build/a-1/out/a.toml\"]";
        assert_eq!(in_written("permission-files", own, &place), [Bound::BuildDir]);
        assert_eq!(in_written("build/config.log", own, &place), []);
        assert_eq!(in_written("list", "of nobody's: target/debug", &place), []);
        let header = format!("{cargo_home}/a.h");
        assert_eq!(in_written("list", &header, &place), [Bound::CargoHome]);
        assert_eq!(in_written("made.rs", &format!("// Made from {header}\n"), &place), []);
        assert_eq!(in_written("made.h", &format!("#include \"{header}\"\n"), &place), [Bound::CargoHome]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_known_by_the_name_that_links_lead_to() {
        let parent = tempfile::tempdir().unwrap();
        let [link, folder] = ["link", "folder"].map(|name| parent.path().join(name));
        fs_err::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let place = place(link.to_str().unwrap(), "/c");
        let real = fs_err::canonicalize(&folder).unwrap().to_str().unwrap().to_owned();
        assert_eq!(in_written("list", &format!("{real}/x"), &place), [Bound::BuildDir]);
        let search = PathSearch::new(&place);
        assert_eq!(
            search.led(Bound::BuildDir),
            Some(LedFolder { folder: Bound::BuildDir, to: real.clone() })
        );
        assert_eq!(search.led(Bound::CargoHome), None);
        let mut found = BTreeSet::new();
        search.in_printed(format!("cargo:root={}", link.display()).as_bytes(), &mut found);
        assert!(found.is_empty(), "it is moved");
        search.in_printed(format!("cargo:root={real}").as_bytes(), &mut found);
        assert!(found.contains(&Bound::BuildDir));
    }
}
