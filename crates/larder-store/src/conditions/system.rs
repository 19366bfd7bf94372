//! The parts of the system that a unit stands on: files and libraries that a build script found, and the version of
//! glibc that programs were linked with, and objects may need.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use larder::process::{Cmd, Environment};
use object::{Endianness, elf, read::elf::FileHeader as _};
use serde::{Deserialize, Serialize};

use super::compiler::CCompiler;
use crate::{
    digest::{Digest, digest_of},
    moved::{CompilePlace, places, real_path},
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
    compiler: OnceCell<Option<CCompiler>>,
    checkout: OnceCell<Option<PathBuf>>,
    libraries: RefCell<BTreeMap<String, Option<Digest>>>,
    files: RefCell<BTreeMap<String, Option<Digest>>>,
}

impl<'a> System<'a> {
    /// Programs are asked in the workspace `dir`, with the environment of the build.
    pub fn new(dir: impl Into<PathBuf>, env: &'a Environment) -> Self {
        Self {
            dir: dir.into(),
            env,
            glibc: OnceCell::new(),
            compiler: OnceCell::new(),
            checkout: OnceCell::new(),
            libraries: RefCell::default(),
            files: RefCell::default(),
        }
    }

    /// Why a library is not the same here, in words; `None` if it is.
    pub fn lacks(&self, library: &Library) -> Option<String> {
        let Library { name, folder, digest } = library;
        if self.library(name, folder.as_deref()) == Some(*digest) {
            return None;
        }
        if folder.is_none() && self.compiler().is_none() {
            return Some(format!("no C compiler answers where the system's library {name} is"));
        }
        Some(format!("the system's library {name} is another one"))
    }

    /// The content of a file or folder, which is read once however many units name it.
    pub(super) fn content(&self, path: &str, read: impl FnOnce(&str) -> Option<Digest>) -> Option<Digest> {
        let known = self.files.borrow().get(path).copied();
        let found = known.unwrap_or_else(|| read(path));
        self.files.borrow_mut().insert(path.to_owned(), found);
        found
    }

    /// Whether a path is in the checkout that is built and in none of cargo's folders, by whatever names. Other checkouts
    /// have their own.
    pub fn is_of_checkout(&self, path: &Path, place: &CompilePlace) -> bool {
        let Some(checkout) = self.checkout.get_or_init(|| checkout(&self.dir)) else { return false };
        let path = real_path(path);
        let mut of_cargo = [&place.build_dir, &place.cargo_home].into_iter().map(real_path);
        path.starts_with(checkout) && of_cargo.all(|folder| !path.starts_with(folder))
    }

    fn compiler(&self) -> Option<&CCompiler> {
        self.compiler.get_or_init(|| CCompiler::find(&self.dir, self.env)).as_ref()
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
        let path = self.compiler()?.place_of(file, &self.dir, self.env)?;
        // A name that it does not know is printed as it is.
        (path.is_absolute() && path.is_file()).then(|| digest_of(&path).ok())?.map(|(digest, _)| digest)
    }
}

/// The folder that git or whoever else makes once more for another checkout: the repository, or else the workspace.
/// Everything is no checkout.
fn checkout(workspace: &Path) -> Option<PathBuf> {
    let workspace = fs_err::canonicalize(workspace).ok()?;
    let repository = workspace.ancestors().find(|folder| folder.join(".git").exists());
    repository.or(Some(&workspace)).filter(|folder| folder.parent().is_some()).map(Path::to_owned)
}

/// The findings of build scripts on the system.
#[derive(Debug, Default)]
pub struct ScriptFindings {
    /// Absolute paths that are there.
    pub paths: BTreeSet<String>,
    /// Libraries.
    pub libraries: BTreeSet<Library>,
    /// Whether there is something of which nobody can say whether another machine has the same.
    pub is_in_doubt: bool,
}

/// Finds what a build script printed of the system. The folders of cargo are no part of it.
pub fn found_by_script(printed: &str, place: &CompilePlace, system: &System<'_>, found: &mut ScriptFindings) {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("cargo:"));
    let lines: Vec<&str> = lines.map(|line| line.trim_start_matches(':')).collect();
    let of_flags: Vec<String> = lines.iter().flat_map(|line| in_flags(line)).collect();
    let told: Vec<&str> = lines.into_iter().chain(of_flags.iter().map(String::as_str)).collect();
    for line in &told {
        for path in absolute_paths(line).filter(|path| is_of_system(path, place)) {
            found.is_in_doubt |= system.is_of_checkout(Path::new(path), place);
            found.paths.insert(path.to_owned());
        }
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
        // A library that the compiler does not know asks for nothing. For Windows no compiler knows any.
        found.is_in_doubt |= digest.is_none() && system.compiler().is_none() && !cfg!(windows);
        found.libraries.extend(digest.map(|digest| Library { name: name.to_owned(), folder, digest }));
    }
}

/// The lines that say the same as the flags of a line: `rustc-flags=-l z -L/usr/lib`.
fn in_flags(line: &str) -> Vec<String> {
    let mut words = line.strip_prefix("rustc-flags=").unwrap_or_default().split_whitespace();
    let mut lines = Vec::new();
    while let Some(word) = words.next() {
        for (flag, name) in [("-l", "rustc-link-lib"), ("-L", "rustc-link-search")] {
            let Some(joined) = word.strip_prefix(flag) else { continue };
            let value = if joined.is_empty() { words.next().unwrap_or_default() } else { joined };
            lines.push(format!("{name}={value}"));
        }
    }
    lines
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
    let words = line.split([' ', '=', ',', '"', '\'', ';', ':']);
    words.filter(|word| word.starts_with('/') && word.len() > 1 && Path::new(word).exists())
}

/// Whether a path is in none of cargo's folders.
pub(super) fn is_of_system(path: &str, place: &CompilePlace) -> bool {
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
        let found = found_in(&printed, &place, &system);
        assert_eq!(found.paths.into_iter().collect::<Vec<_>>(), ["/usr"]);
        let names: Vec<_> = found.libraries.iter().map(|library| library.name.as_str()).collect();
        assert_eq!((names, found.is_in_doubt), (vec!["c"], false));
        let library = found.libraries.first().unwrap();
        assert_eq!(system.lacks(library), None);
        let other = Library { digest: Digest::hash(b""), ..library.clone() };
        assert_eq!(system.lacks(&other).unwrap(), "the system's library c is another one");

        let in_checkout = format!("cargo:rustc-link-search={build_dir}");
        let elsewhere = CompilePlace { build_dir: "/of/nobody".to_owned(), ..place };
        assert!(!found_in(&in_checkout, &elsewhere, &system).is_in_doubt);
        let of_it = System::new(build.path(), &env);
        assert!(found_in(&in_checkout, &elsewhere, &of_it).is_in_doubt);
    }

    #[cfg(unix)]
    #[test]
    fn flags_and_lists_of_folders_are_findings() {
        let place = CompilePlace { build_dir: "/of/nobody".to_owned(), cargo_home: "/no/cargo".to_owned() };
        let env = environment();
        let system = System::new("/", &env);
        for flags in ["-l c -L /usr", "-lc -L/usr", "-L native=/usr -l dylib=c"] {
            let found = found_in(&format!("cargo:rustc-flags={flags}\n"), &place, &system);
            let names: Vec<_> = found.libraries.iter().map(|library| library.name.as_str()).collect();
            assert_eq!((names, found.paths.contains("/usr")), (vec!["c"], true), "{flags}");
        }
        let found = found_in("cargo:include=/usr:/etc\n", &place, &system);
        assert_eq!(found.paths.into_iter().collect::<Vec<_>>(), ["/etc", "/usr"]);
    }

    #[cfg(unix)]
    fn found_in(printed: &str, place: &CompilePlace, system: &System<'_>) -> ScriptFindings {
        let mut found = ScriptFindings::default();
        found_by_script(printed, place, system, &mut found);
        found
    }

    #[cfg(unix)]
    #[test]
    fn without_a_compiler_nobody_knows_a_library() {
        let place = CompilePlace { build_dir: "/of/nobody".to_owned(), cargo_home: "/no/cargo".to_owned() };
        let mut env = environment();
        env.set("CC", "ccache of-nobody");
        let known = found_in("cargo:rustc-link-lib=c", &place, &System::new("/", &env));
        assert!(!known.is_in_doubt && known.libraries.len() == 1, "{known:?}");
        let nothing = tempfile::tempdir().unwrap();
        env.set("PATH", nothing.path());
        let system = System::new("/", &env);
        let unknown = found_in("cargo:rustc-link-lib=c", &place, &system);
        assert!(unknown.is_in_doubt && unknown.libraries.is_empty(), "{unknown:?}");
        let reason = system.lacks(known.libraries.first().unwrap()).unwrap();
        assert_eq!(reason, "no C compiler answers where the system's library c is");
        assert!(!found_in("cargo:rustc-link-lib=framework=c", &place, &system).is_in_doubt);
    }
}
