//! The compiler in use and cargo's configuration, asked as seldom as possible: each program that is started costs as much
//! as restoring many units.
//!
//! It must never remember an answer that another program could give: what is remembered is called by path, size, time
//! and number of the files that give it.

use std::path::{Path, PathBuf};

use cargo_config2::{Config, ResolveOptions};
use larder::{cargo::Cargo, process::Cmd, project::Project};

use crate::{
    Error, Result,
    digest::{Digest, digest_of},
    local::Store,
};

/// The compiler in use and cargo's configuration, asked once.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// rustc's answer about itself.
    pub(crate) rustc: String,
    /// The digest of the library that does the compiling; empty if the toolchain has none.
    pub(crate) driver: String,
    /// cargo's answer about itself.
    pub(crate) cargo: String,
    pub(crate) config: Config,
}

impl Toolchain {
    /// Asks rustc and cargo which ones they are. Answers are remembered in the store.
    ///
    /// # Errors
    /// If one of them does not answer, or the configuration cannot be read.
    pub fn ask(project: &Project, store: &Store) -> Result<Self> {
        let cargo = &project.cargo;
        let root = project.workspace.root().as_std_path();
        let sysroot = cargo.sysroot(root)?;
        let file = driver_in(&sysroot);
        let driver = match &file {
            Some(file) => remembered(store, "driver", &[file], || {
                digest_of(file).map(|(digest, _)| digest.to_string())
            })?,
            None => String::new(),
        };
        let program = cargo.rustc();
        let rustc = cargo.compiler(|| match &file {
            // A script in the place of rustc may have its own mind.
            Some(file) => remembered(store, "rustc -vV", &[&program, file], || cargo.ask_compiler(root)),
            None => cargo.ask_compiler(root),
        })?;
        // Another path is that of a proxy, which may choose another cargo the next time.
        let is_of_toolchain = cargo.program() == sysroot.join("bin").join(CARGO);
        let cargo_version = if is_of_toolchain {
            remembered(store, "cargo -V", &[cargo.program()], || ask_cargo(cargo, root))?
        } else {
            ask_cargo(cargo, root)?
        };
        let host = project.host()?;
        let options = ResolveOptions::default()
            .env(cargo.env().iter())
            .cargo(cargo.program())
            .rustc(cargo_config2::PathAndArgs::new(program))
            .host_triple(host.as_str());
        let config = Config::load_with_options(root, options);
        Ok(Self {
            rustc: rustc.to_owned(),
            driver,
            cargo: cargo_version,
            config: config.map_err(|error| unreadable(project, &error))?,
        })
    }

    /// rustc's answer about itself, and the digest of the library that does the compiling.
    pub(crate) fn compiler(self) -> (String, String) {
        (self.rustc, self.driver)
    }
}

fn ask_cargo(cargo: &Cargo, root: &Path) -> larder::Result<String> {
    Cmd::new(cargo.program(), root, cargo.env()).arg("-V").output()
}

pub(crate) fn unreadable(project: &Project, error: &cargo_config2::Error) -> Error {
    Error::bad(project.workspace.root().join(".cargo/config.toml"), error)
}

/// The name of cargo's program.
const CARGO: &str = if cfg!(windows) { "cargo.exe" } else { "cargo" };

/// The answer to a question that these files alone decide.
fn remembered<E>(
    store: &Store,
    question: &str,
    files: &[impl AsRef<Path>],
    ask: impl FnOnce() -> Result<String, E>,
) -> Result<String, E> {
    let identities: Option<Vec<String>> = files.iter().map(|file| identity(file.as_ref())).collect();
    let Some(identities) = identities else { return ask() };
    let key = Digest::of_texts(question, identities);
    if let Some(known) = store.remembered(key) {
        return Ok(known);
    }
    let answer = ask()?;
    // It is asked again if it cannot be remembered.
    let _ = store.remember(key, &answer);
    Ok(answer)
}

/// The facts by which a file is known again as the same, without reading it.
fn identity(path: &Path) -> Option<String> {
    let facts = fs_err::metadata(path).ok()?;
    let (name, length) = (path.display(), facts.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Some(format!("{name} {length} {} {} {}", facts.mtime(), facts.mtime_nsec(), facts.ino()))
    }
    #[cfg(not(unix))]
    {
        let modified = facts.modified().ok()?;
        let modified = modified.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        Some(format!("{name} {length} {}", modified.as_nanos()))
    }
}

/// The toolchain's folder with the libraries of its programs.
const LIBRARIES: &str = if cfg!(windows) { "bin" } else { "lib" };

/// The library that does the compiling.
fn driver_in(sysroot: &Path) -> Option<PathBuf> {
    let entries = fs_err::read_dir(sysroot.join(LIBRARIES)).into_iter().flatten().flatten();
    let is_driver = |name: &str| name.trim_start_matches("lib").starts_with("rustc_driver");
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_name().is_some_and(|name| is_driver(&name.to_string_lossy()));
    paths.into_iter().find(name)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A program that gives another answer each time it is asked.
    struct FickleProgram<'a> {
        store: &'a Store,
        program: &'a Path,
        times: Cell<usize>,
    }

    impl FickleProgram<'_> {
        fn answer(&self, question: &str) -> String {
            let answer = remembered(self.store, question, &[self.program], || {
                self.times.set(self.times.get() + 1);
                Ok::<_, Error>(format!("answer {}\nto {question}", self.times.get()))
            });
            answer.unwrap()
        }
    }

    #[test]
    fn an_answer_lasts_as_long_as_the_files_that_give_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store")).unwrap();
        let program = dir.path().join("program");
        let asked = FickleProgram { store: &store, program: &program, times: Cell::new(0) };
        // Nothing is remembered of a program that is not there.
        assert_ne!(asked.answer("a"), asked.answer("a"));
        fs_err::write(&program, "one").unwrap();
        assert_eq!(asked.answer("a"), asked.answer("a"));
        assert_ne!(asked.answer("a"), asked.answer("b"));
        let before = asked.answer("a");
        fs_err::write(&program, "other").unwrap();
        assert_ne!(asked.answer("a"), before);
        assert_eq!(asked.times.get(), 5);
    }
}
