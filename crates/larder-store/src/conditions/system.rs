//! The parts of the system that a unit stands on: files and libraries that a build script found, and the version of
//! glibc that programs were linked with.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use larder::process::{Cmd, Environment};
use object::{Endianness, elf, read::elf::FileHeader as _};
use serde::{Deserialize, Serialize};

use crate::{
    digest::{Digest, digest_of},
    moved::{CompilePlace, places},
};

/// A library of the system, as a linker finds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Library {
    /// As a build script names it: `z`.
    pub name: String,
    /// The folder that the script said it is in; otherwise the linker knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Of the file that the linker takes.
    pub digest: Digest,
}

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glibc {
    major: u32,
    minor: u32,
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Glibc {
    /// Of `2.34`, or of `2.2.5`, whose last number does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().split('.').map(|number| number.parse().ok());
        Some(Self { major: numbers.next()??, minor: numbers.next()?? })
    }
}

impl TryFrom<String> for Glibc {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no version of glibc"))
    }
}

impl From<Glibc> for String {
    fn from(glibc: Glibc) -> Self {
        glibc.to_string()
    }
}

/// This machine, asked as little as possible.
#[derive(Debug)]
pub struct System<'a> {
    dir: PathBuf,
    env: &'a Environment,
    glibc: OnceCell<Option<Glibc>>,
    libraries: RefCell<BTreeMap<String, Option<Digest>>>,
}

impl<'a> System<'a> {
    /// Programs are asked in `dir`, with the environment of the build.
    pub fn new(dir: impl Into<PathBuf>, env: &'a Environment) -> Self {
        Self { dir: dir.into(), env, glibc: OnceCell::new(), libraries: RefCell::default() }
    }

    /// Whether a library is the same here.
    pub fn has(&self, library: &Library) -> bool {
        self.library(&library.name, library.folder.as_deref()) == Some(library.digest)
    }

    /// The version of glibc, if there is one.
    pub fn glibc(&self) -> Option<Glibc> {
        *self.glibc.get_or_init(|| {
            let answer = Cmd::new("getconf", &self.dir, self.env).arg("GNU_LIBC_VERSION").output().ok()?;
            Glibc::parse(answer.trim().strip_prefix("glibc ")?)
        })
    }

    /// The file that is linked for a name, in a folder or where the C compiler finds it; `None` if there is none.
    pub fn library(&self, name: &str, folder: Option<&str>) -> Option<Digest> {
        if let Some(folder) = folder {
            return library_in(Path::new(folder), name)
                .and_then(|path| digest_of(&path).ok())
                .map(|(digest, _)| digest);
        }
        if let Some(known) = self.libraries.borrow().get(name) {
            return *known;
        }
        let found = ["so", "a"].iter().find_map(|ending| self.linked(&format!("lib{name}.{ending}")));
        self.libraries.borrow_mut().insert(name.to_owned(), found);
        found
    }

    fn linked(&self, file: &str) -> Option<Digest> {
        let compiler = self.env.get_str("CC").unwrap_or("cc");
        let answer =
            Cmd::new(compiler, &self.dir, self.env).arg(format!("-print-file-name={file}")).output().ok()?;
        let path = Path::new(answer.trim_end());
        // A name that it does not know is printed as it is.
        (path.is_absolute() && path.is_file()).then(|| digest_of(path).ok())?.map(|(digest, _)| digest)
    }
}

/// The findings on the system that a build script printed: absolute paths that are there, and libraries. The folders of
/// cargo are no part of the system.
pub fn found_by_script(
    printed: &str,
    place: &CompilePlace,
    system: &System<'_>,
) -> (BTreeSet<String>, BTreeSet<Library>) {
    let (mut paths, mut libraries) = (BTreeSet::new(), BTreeSet::new());
    let told = printed.lines().filter_map(|line| line.strip_prefix("cargo:"));
    let told: Vec<&str> = told.map(|line| line.trim_start_matches(':')).collect();
    for line in &told {
        paths.extend(absolute_paths(line).filter(|path| is_of_system(path, place)).map(str::to_owned));
        let Some(library) = line.strip_prefix("rustc-link-lib=") else { continue };
        let (kind, name) = library.split_once('=').unwrap_or(("", library));
        let name = name.split(':').next().unwrap_or(name);
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
        if kind.starts_with("framework") || !is_plain || is_made(&told, name, place) {
            continue;
        }
        let folder = folders(&told).find(|folder| library_in(folder, name).is_some());
        let folder = folder.and_then(Path::to_str).map(str::to_owned);
        let digest = system.library(name, folder.as_deref());
        libraries.extend(digest.map(|digest| Library { name: name.to_owned(), folder, digest }));
    }
    (paths, libraries)
}

/// Folders in which the script says that libraries are.
fn folders<'t>(told: &[&'t str]) -> impl Iterator<Item = &'t Path> {
    let folders = told.iter().filter_map(|line| line.strip_prefix("rustc-link-search="));
    folders.map(|folder| Path::new(folder.split_once('=').map_or(folder, |(_, path)| path)))
}

fn library_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let paths = ["so", "dylib", "a"].iter().map(|ending| folder.join(format!("lib{name}.{ending}")));
    paths.into_iter().find(|path| path.is_file())
}

/// Whether the script made a library itself, in a folder that it names.
fn is_made(told: &[&str], name: &str, place: &CompilePlace) -> bool {
    let mut own = folders(told)
        .filter(|folder| folder.starts_with(&place.build_dir) || folder.starts_with(&place.cargo_home));
    own.any(|folder| library_in(folder, name).is_some())
}

fn absolute_paths(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split([' ', '=', ',', '"', '\'', ';']);
    words.filter(|word| word.starts_with('/') && word.len() > 1 && Path::new(word).exists())
}

fn is_of_system(path: &str, place: &CompilePlace) -> bool {
    [&place.build_dir, &place.cargo_home]
        .iter()
        .all(|folder| places(path.as_bytes(), folder).next() != Some(0))
}

/// The newest version of glibc that a program or shared library asks for.
pub fn needed_glibc(bytes: &[u8]) -> Option<Glibc> {
    let header = elf::FileHeader64::<Endianness>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, bytes).ok()?;
    let (mut needs, strings) = sections.gnu_verneed(endian, bytes).ok()??;
    let strings = sections.strings(endian, bytes, strings).ok()?;
    let mut newest = None;
    while let Ok(Some((_, mut versions))) = needs.next() {
        while let Ok(Some(version)) = versions.next() {
            let name = version.name(endian, strings).ok().and_then(|name| std::str::from_utf8(name).ok());
            newest = newest.max(name.and_then(|name| Glibc::parse(name.strip_prefix("GLIBC_")?)));
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "a test is its own program")]
    fn environment() -> Environment {
        Environment::new(std::env::vars_os())
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(glibc("2.4") < glibc("2.34") && glibc("2.2.5") < glibc("2.3"));
        assert!(Glibc::parse("PRIVATE").is_none());
    }

    fn glibc(text: &str) -> Glibc {
        Glibc::parse(text).unwrap()
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn this_program_needs_a_glibc() {
        let program = std::env::current_exe().unwrap();
        let needed = needed_glibc(&fs_err::read(program).unwrap()).unwrap();
        let env = environment();
        assert!(System::new("/", &env).glibc().unwrap() >= needed);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_script_found_is_told_from_what_it_made() {
        let build = tempfile::tempdir().unwrap();
        let build_dir = build.path().to_str().unwrap().to_owned();
        fs_err::create_dir(build.path().join("out")).unwrap();
        fs_err::write(build.path().join("out/libmade.a"), "").unwrap();
        let place = CompilePlace { build_dir: build_dir.clone(), cargo_home: "/no/home".to_owned() };
        let env = environment();
        let system = System::new("/", &env);
        let printed = format!(
            "noise /usr\ncargo:rustc-link-search=native={build_dir}/out\ncargo:rustc-link-lib=static=made\n\
             cargo::rustc-link-lib=dylib=c\ncargo:include=/usr\ncargo:root=/not/there\n"
        );
        let (paths, libraries) = found_by_script(&printed, &place, &system);
        assert_eq!(paths.into_iter().collect::<Vec<_>>(), ["/usr"]);
        let names: Vec<_> = libraries.iter().map(|library| library.name.as_str()).collect();
        assert_eq!(names, ["c"]);
        assert!(system.has(libraries.first().unwrap()));
        let other = Library { digest: Digest::hash(b""), ..libraries.first().unwrap().clone() };
        assert!(!system.has(&other));
    }
}
