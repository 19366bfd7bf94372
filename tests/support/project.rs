//! Workspaces in temporary folders, written as text in the test.

use std::path::{Path, PathBuf};

use larder::cargo::messages::Counts;
use tempfile::TempDir;

use crate::{Outcome, Surroundings};

/// A cargo workspace that goes away with the test.
#[derive(Debug)]
pub struct Project {
    dir: TempDir,
}

impl Project {
    /// Writes files given as `(path, text)`, and lets cargo make `Cargo.lock` if there is none.
    ///
    /// # Panics
    /// When a file cannot be written or the manifests cannot be resolved.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Self::without_lock(files);
        if !project.path().join("Cargo.lock").exists() {
            project.cargo(&["generate-lockfile", "--quiet"]);
        }
        project
    }

    /// Writes files without asking cargo.
    ///
    /// # Panics
    /// When a file cannot be written.
    pub fn without_lock(files: &[(&str, &str)]) -> Self {
        let project = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// Runs git here, with nobody's settings and an author, whatever it ends with.
    pub fn try_git(&self, args: &[&str]) -> Outcome {
        let nobody = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")];
        let author = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
        Surroundings::get().run(Path::new("git"), self.path(), &[&author[..], args].concat(), &nobody)
    }

    /// The same, which must succeed.
    ///
    /// # Panics
    /// When git refuses.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> Outcome {
        self.try_git(args).ok()
    }

    /// Copies a folder, leaving `target` and `.git` behind.
    ///
    /// # Panics
    /// When a file cannot be copied.
    pub fn copy_of(folder: &Path) -> Self {
        let project = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        copy_tree(folder, project.path()).expect("the folder can be copied");
        project
    }

    /// The example as it was before Larder: no recipes, no metadata of Larder's, no cargo configuration, and nothing
    /// set for debug builds. The profiles of the release are its own, so that these compile the same units.
    ///
    /// # Panics
    /// When a file cannot be copied, or the example's manifest has other headings.
    pub fn plain_portfolio() -> Self {
        let project = Self::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio"));
        for folder in ["larder", ".cargo"] {
            fs_err::remove_dir_all(project.path().join(folder)).expect("the folder can be removed");
        }
        let mut plain = project.read("Cargo.toml");
        for (from, to) in
            [("# --- profiles", "[profile.release]"), ("# --- where it is built", "# --- how cargo-leptos")]
        {
            let (before, rest) = plain.split_once(from).expect("it has this heading");
            let (_, after) = rest.split_once(to).expect("and this one");
            plain = format!("{before}{to}{after}");
        }
        assert!(!plain.contains("larder"), "{plain}");
        project.write("Cargo.toml", &plain);
        project
    }

    /// The workspace's folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, making its folders.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs_err::create_dir_all(path.parent().expect("files are in a folder"))
            .expect("the folder can be made");
        fs_err::write(path, text).expect("the file can be written");
    }

    /// A file's text.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> String {
        fs_err::read_to_string(self.path().join(path)).expect("the file can be read")
    }

    /// Runs plain cargo.
    ///
    /// # Panics
    /// When it fails.
    pub fn cargo(&self, args: &[&str]) -> Outcome {
        Surroundings::get().run(Path::new("cargo"), self.path(), args, &[]).ok()
    }

    /// Runs `cargo larder`.
    pub fn larder(&self, args: &[&str]) -> Outcome {
        Surroundings::get().larder(self.path(), args)
    }

    /// Locks, cooks into an empty target directory and builds; returns what the build compiled.
    ///
    /// # Panics
    /// When any step fails.
    pub fn cook_then_build(&self, build: &[&str]) -> Counts {
        self.larder(&["lock"]).ok();
        self.larder(&["lock", "--check"]).ok();
        crate::recipes::assert_expanders_agree("expanders of every recipe", self.path());
        let _ = fs_err::remove_dir_all(self.path().join("target"));
        self.larder(&["cook"]).ok();
        Surroundings::get().cargo_counts(self.path(), build, &[])
    }

    /// Requires that cooking provides every external unit of the build, and that there are some.
    ///
    /// # Panics
    /// When any step fails, or an external unit is compiled again.
    #[track_caller]
    pub fn assert_exact(&self, build: &[&str]) -> Counts {
        let counts = self.cook_then_build(build);
        assert_eq!(counts.compiled_external, 0, "{counts:?}");
        assert!(counts.fresh > 0 && counts.compiled > 0, "{counts:?}");
        counts
    }

    /// Every file in `larder/` with its text.
    ///
    /// # Panics
    /// When a file cannot be read.
    pub fn recipes(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        let mut open = vec![self.path().join("larder")];
        while let Some(folder) = open.pop() {
            for entry in fs_err::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("the entry can be read").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let text = fs_err::read_to_string(&path).expect("recipes are text");
                    files.push((path.strip_prefix(self.path()).expect("it is below").to_owned(), text));
                }
            }
        }
        files.sort();
        files
    }

    /// Whether a run left something half-written behind.
    ///
    /// # Panics
    /// When the folder cannot be read.
    pub fn has_leftovers(&self) -> bool {
        let folders = [self.path().to_owned(), self.path().join("larder")];
        let entries =
            folders.into_iter().filter_map(|folder| fs_err::read_dir(folder).ok()).flatten().flatten();
        let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.any(|name| name.starts_with(".larder") || name.starts_with(".tmp"))
    }
}

/// A manifest of a package, version 0.1.0; `rest` follows in the `[package]` table.
pub fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
}

/// Copies what a folder holds, leaving `target` and `.git` behind.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if from.is_dir() {
            copy_tree(&from, &to)?;
        } else {
            fs_err::copy(&from, &to)?;
        }
    }
    Ok(())
}
