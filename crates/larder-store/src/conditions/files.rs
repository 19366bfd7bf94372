//! Files and folders of the system that cargo looks at to tell whether a unit is fresh: their content must be the same.
//!
//! cargo compares times alone. Those of a restored unit are of the restore, so that every older file of this machine
//! counts as one that the unit was made from, whatever is in it.

use std::{
    fs::Metadata,
    path::{Path, PathBuf},
    time::SystemTime,
};

use larder::target_dir::fingerprint::{Fingerprint, Local};
use serde::{Deserialize, Serialize};

use super::{
    notes::RustcNotes,
    system::{System, is_of_system},
};
use crate::{
    digest::{Digest, digest_of},
    moved::CompilePlace,
};

/// The most files and folders that are read for one path.
const MOST_ENTRIES: usize = 4096;
/// The deepest folder that is read: links may lead in a circle.
const DEEPEST: usize = 32;
/// The most bytes that are read for one path.
const MOST_BYTES: u64 = 256 << 20;
/// A script that names it wants never to run again.
const EMPTY: &str = "/dev/null";
/// Files in these have no content of their own, and reading some of them never ends.
const OF_THE_KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// A file or a folder of the system, with what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemFile {
    /// Its absolute path.
    pub path: String,
    /// Of its content; of a folder, over the names and contents of all that is in it.
    pub digest: Digest,
}

impl SystemFile {
    /// Whether it is the same here.
    pub(super) fn is_here(&self, system: &System<'_>) -> bool {
        system.content(&self.path, Self::digest_of) == Some(self.digest)
    }

    /// The content of a path now; `None` if there is nothing, or nothing that can be compared.
    fn digest_of(path: &str) -> Option<Digest> {
        ContentReading::of(Path::new(path)).map(|read| read.digest())
    }
}

/// The absolute paths that a build script named, and cargo looks at.
pub fn in_fingerprint(fingerprint: &Fingerprint) -> impl Iterator<Item = String> {
    let named = fingerprint.local.iter().flat_map(|local| match local {
        Local::RerunIfChanged { paths, .. } => paths.as_slice(),
        _ => &[],
    });
    absolute(named.map(PathBuf::as_path))
}

/// The absolute paths of files that rustc read.
pub fn in_notes(notes: &RustcNotes) -> impl Iterator<Item = String> {
    absolute(notes.files())
}

fn absolute<'p>(paths: impl Iterator<Item = &'p Path>) -> impl Iterator<Item = String> {
    paths.filter(|path| path.is_absolute()).map(|path| path.to_string_lossy().into_owned())
}

/// Those of some paths that are of the system, as they are now. `None` if that cannot be told, if one is of the
/// checkout, or if one may have changed since the unit was `started`.
pub fn of_system(
    paths: impl IntoIterator<Item = String>,
    place: &CompilePlace,
    system: &System<'_>,
    started: Option<SystemTime>,
) -> Option<Vec<SystemFile>> {
    let of_system = paths.into_iter().filter(|path| path != EMPTY && is_of_system(path, place));
    of_system.map(|path| as_it_was(path, place, system, started?)).collect()
}

fn as_it_was(
    path: String,
    place: &CompilePlace,
    system: &System<'_>,
    started: SystemTime,
) -> Option<SystemFile> {
    if system.is_of_checkout(Path::new(&path), place) {
        // In another checkout the file is another one, and nobody would look at it.
        return None;
    }
    let read = ContentReading::of(Path::new(&path)).filter(|read| read.changed <= started)?;
    let digest = read.digest();
    Some(SystemFile { path, digest })
}

/// The content of a path while it is read.
struct ContentReading {
    entries: usize,
    bytes: u64,
    /// When anything that was read, or the way to it, changed last.
    changed: SystemTime,
    /// Names and what they stand for, in turn.
    texts: Vec<String>,
}

impl ContentReading {
    /// `None` if there is nothing, if it is no plain file or folder, or if it is too much.
    fn of(path: &Path) -> Option<Self> {
        // A link on the way may lead elsewhere since.
        let way = path.ancestors().filter_map(|part| fs_err::symlink_metadata(part).ok());
        let links = way.filter(Metadata::is_symlink).filter_map(|facts| changed(&facts));
        let start = links.max().unwrap_or(SystemTime::UNIX_EPOCH);
        let mut reading = Self { entries: 0, bytes: 0, changed: start, texts: Vec::new() };
        reading.entry("", path)?;
        Some(reading)
    }

    fn digest(&self) -> Digest {
        Digest::of_texts("larder store system file 1", &self.texts)
    }

    fn entry(&mut self, name: &str, path: &Path) -> Option<()> {
        let real = fs_err::canonicalize(path).ok()?;
        let facts = fs_err::metadata(&real).ok()?;
        self.entries += 1;
        self.changed = self.changed.max(changed(&facts)?);
        let depth = name.bytes().filter(|byte| *byte == b'/').count();
        if self.entries > MOST_ENTRIES || depth > DEEPEST {
            return None;
        }
        if OF_THE_KERNEL.iter().any(|folder| real.starts_with(folder)) {
            return None;
        }
        if facts.is_dir() {
            return self.folder(name, &real);
        }
        self.bytes += facts.len();
        if !facts.is_file() || self.bytes > MOST_BYTES {
            return None;
        }
        let (digest, _) = digest_of(&real).ok()?;
        self.texts.extend([name.to_owned(), digest.to_string()]);
        Some(())
    }

    fn folder(&mut self, name: &str, folder: &Path) -> Option<()> {
        self.texts.extend([name.to_owned(), "a folder".to_owned()]);
        let names = fs_err::read_dir(folder).ok()?.map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names = names.collect::<Option<Vec<String>>>()?;
        names.sort();
        for inner in names {
            let path = folder.join(&inner);
            let facts = fs_err::symlink_metadata(&path).ok()?;
            self.changed = self.changed.max(changed(&facts)?);
            let name = format!("{name}/{inner}");
            if facts.is_symlink() && !path.exists() {
                self.texts.extend([name, "leads nowhere".to_owned()]);
            } else {
                self.entry(&name, &path)?;
            }
        }
        Some(())
    }
}

/// When a file changed last. A file that was put in the place of another one may be as old as one likes; its entry on
/// the disk is not.
fn changed(facts: &Metadata) -> Option<SystemTime> {
    let modified = facts.modified().ok()?;
    #[cfg(unix)]
    {
        use std::{os::unix::fs::MetadataExt as _, time::Duration};
        let seconds = Duration::from_secs(u64::try_from(facts.ctime()).ok()?);
        let rest = Duration::from_nanos(u64::try_from(facts.ctime_nsec()).ok()?);
        Some(modified.max(SystemTime::UNIX_EPOCH + seconds + rest))
    }
    #[cfg(not(unix))]
    Some(modified)
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use larder::process::Environment;

    use super::*;

    fn digest(path: &Path) -> Option<Digest> {
        ContentReading::of(path).map(|read| read.digest())
    }

    #[test]
    fn a_folder_is_the_same_if_names_and_contents_are() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("include");
        let header = folder.join("inner/x.h");
        fs_err::create_dir_all(header.parent().unwrap()).unwrap();
        fs_err::write(&header, "1").unwrap();
        let first = digest(&folder).unwrap();
        assert_eq!(digest(&folder), Some(first));
        fs_err::write(&header, "2").unwrap();
        assert_ne!(digest(&folder), Some(first), "another content");
        fs_err::write(&header, "1").unwrap();
        assert_eq!(digest(&folder), Some(first), "whenever it was written");
        fs_err::write(folder.join("y.h"), "").unwrap();
        assert_ne!(digest(&folder), Some(first), "one more");
        fs_err::remove_file(folder.join("y.h")).unwrap();
        fs_err::rename(&header, folder.join("inner/z.h")).unwrap();
        assert_ne!(digest(&folder), Some(first), "another name");
    }

    #[test]
    fn what_cannot_be_read_to_its_end_is_no_content() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("of-nobody", folder.path().join("nowhere")).unwrap();
        assert!(digest(folder.path()).is_some());
        for (name, to) in [("zeros", "/dev/zero"), ("circle", "."), ("maps", "/proc/self/maps")] {
            let link = folder.path().join(name);
            std::os::unix::fs::symlink(to, &link).unwrap();
            assert_eq!(digest(folder.path()), None, "{name}");
            fs_err::remove_file(link).unwrap();
        }
        let large = folder.path().join("large");
        fs_err::File::create(&large).unwrap().set_len(MOST_BYTES + 1).unwrap();
        for path in [large.as_path(), Path::new("/dev/zero"), Path::new("/not/there")] {
            assert_eq!(digest(path), None, "{}", path.display());
        }
    }

    /// The recorded files of the system for a path, if the compiling began that many seconds after now.
    fn told(workspace: &Path, path: &str, seconds: i64) -> Option<Vec<SystemFile>> {
        let env = Environment::default();
        let system = System::new(workspace, &env);
        let place = CompilePlace { build_dir: "/of/nobody".to_owned(), cargo_home: "/no/cargo".to_owned() };
        let (now, some) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
        let started = if seconds < 0 { now - some } else { now + some };
        of_system([path.to_owned()], &place, &system, Some(started))
    }

    #[test]
    fn files_of_the_checkout_and_later_ones_are_in_doubt() {
        let (checkout, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let workspace = checkout.path().join("server");
        fs_err::create_dir(&workspace).unwrap();
        fs_err::write(checkout.path().join(".git"), "gitdir: elsewhere").unwrap();
        let files = [checkout.path().join("schema"), elsewhere.path().join("a b.h"), workspace.join("x")];
        files.iter().for_each(|file| fs_err::write(file, "").unwrap());
        let [schema, header, own] = files.map(|file| file.to_str().unwrap().to_owned());

        let known = told(&workspace, &header, 5).unwrap();
        assert!(known[0].path == header && SystemFile::digest_of(&header) == Some(known[0].digest));
        assert_eq!(told(&workspace, &header, -60), None, "it changed since");
        for path in [schema.as_str(), &own, "/dev/zero", "/not/there"] {
            assert_eq!(told(&workspace, path, 5), None, "{path}");
        }
        for path in [EMPTY, "/of/nobody/x", "/no/cargo/registry/src/x"] {
            assert_eq!(told(&workspace, path, 5), Some(Vec::new()), "{path}");
        }
        fs_err::write(&header, "another one").unwrap();
        assert_ne!(SystemFile::digest_of(&header), Some(known[0].digest));
    }

    #[test]
    fn what_cargo_looks_at_is_found_in_what_it_reads() {
        let list = "a.rlib: a.rs /x/a\\ b.h\n\na.rs:\n/x/a\\ b.h:\n# env-dep:X=/y:\n";
        let mut notes = RustcNotes::default();
        notes.add(list);
        assert_eq!(in_notes(&notes).collect::<Vec<_>>(), ["/x/a b.h"]);
        let paths = vec!["build.rs".into(), "/x/a b.h".into()];
        let local = vec![Local::RerunIfChanged { output: "debug/output".into(), paths }];
        let fingerprint = Fingerprint { local, ..Fingerprint::default() };
        assert_eq!(in_fingerprint(&fingerprint).collect::<Vec<_>>(), ["/x/a b.h"]);
    }
}
