//! The workspaces that images are made of, in a first state, and the changes that are made to them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};

use super::super::copies::ExampleEdit;

/// A workspace.
pub(in crate::bench) struct Sample {
    pub(in crate::bench) name: &'static str,
    source: SampleSource,
    /// The Dockerfile with cargo-chef.
    pub(in crate::bench) chef: &'static str,
    /// The Dockerfile that builds everything in one step.
    pub(in crate::bench) naive: &'static str,
    component: TextChange,
    /// Only a project with pages has it.
    page: Option<TextChange>,
    server: TextChange,
    /// Only a project of two halves has it.
    front: Option<TextChange>,
    /// The list of members, and the same with one more.
    members: (&'static str, &'static str),
    /// The manifest of the member that uses the new one.
    user: &'static str,
    /// The manifest with the version.
    version: &'static str,
    leaf: Bump,
    mid: Bump,
}

/// The place of its files.
enum SampleSource {
    Folder(PathBuf),
    Files(&'static [(&'static str, &'static str)]),
}

/// A text in a file, and what it becomes in each round.
struct TextChange {
    path: &'static str,
    old: &'static str,
    new: Box<dyn Fn(usize) -> String>,
}

/// A package of the lock file, and its versions before and after.
struct Bump {
    package: &'static str,
    from: &'static str,
    to: &'static str,
}

/// The change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bench) enum Edit {
    Component,
    Page,
    Server,
    Front,
    Member,
    Leaf,
    Mid,
}

impl Edit {
    /// Whether manifests stay as they are.
    pub(in crate::bench) fn is_of_code(self) -> bool {
        matches!(self, Self::Component | Self::Page | Self::Server | Self::Front)
    }
}

/// Folders that are left out of copies: those of builds and of recipes, which are written anew for those who have any.
const LEFT_OUT: [&str; 2] = ["target", "larder"];

const NOTES: &str = "[package]\nname = \"notes\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";

const SMALL: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"service\", \"shared\"]\nresolver = \"3\"\n\n\
         [workspace.metadata.larder]\nplatforms = [\"x86_64-unknown-linux-gnu\"]\n",
    ),
    (
        "service/Cargo.toml",
        "[package]\nname = \"service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         cfg-if = \"1\"\nserde_json = \"1\"\nshared = { path = \"../shared\" }\n",
    ),
    (
        "service/src/main.rs",
        "fn main() {\n    println!(\"{} {}\", shared::word(), serde_json::json!(1));\n}\n",
    ),
    ("shared/Cargo.toml", "[package]\nname = \"shared\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
    ("shared/src/lib.rs", "pub fn word() -> &'static str {\n    \"one\"\n}\n"),
];

const SERVICE: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"service\", \"shared\"]\nresolver = \"3\"\n\n\
         [workspace.metadata.larder]\nplatforms = [\"x86_64-unknown-linux-gnu\"]\n\n\
         [workspace.metadata.larder.docker]\nport = 3000\n\n\
         [workspace.metadata.larder.deploy.web]\nto = \"ssh://root@127.0.0.1:2222\"\nhealth = \"/\"\n",
    ),
    (
        "service/Cargo.toml",
        "[package]\nname = \"service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         axum = \"0.8\"\ncfg-if = \"1\"\nserde_json = \"1\"\nshared = { path = \"../shared\" }\n\
         tokio = { version = \"1\", features = [\"macros\", \"net\", \"rt\", \"signal\"] }\n",
    ),
    ("service/src/main.rs", include_str!("service.rs.txt")),
    SMALL[3],
    SMALL[4],
];

impl Sample {
    /// A copy of the example. Of its external units 3 of 765 depend on the leaf or are of it, and 31 on the
    /// package in the middle, which is as many as on the median one.
    pub(in crate::bench) fn portfolio(folder: &Path) -> Self {
        Self {
            name: "portfolio",
            source: SampleSource::Folder(folder.to_owned()),
            chef: include_str!("portfolio.chef.Dockerfile"),
            naive: include_str!("portfolio.naive.Dockerfile"),
            component: TextChange::in_copy(ExampleEdit::Component),
            page: Some(TextChange::in_copy(ExampleEdit::Page)),
            server: TextChange::in_copy(ExampleEdit::Server),
            front: Some(TextChange::in_copy(ExampleEdit::Front)),
            members: (
                "members = [\"app\", \"content\", \"frontend\", \"pages\", \"server\"]",
                "members = [\"app\", \"content\", \"frontend\", \"notes\", \"pages\", \"server\"]",
            ),
            user: "server/Cargo.toml",
            version: "Cargo.toml",
            leaf: Bump { package: "lazy_static", from: "1.5.0", to: "1.5.1" },
            mid: Bump { package: "serde_json", from: "1.0.153", to: "1.0.154" },
        }
    }

    /// Two members and a handful of dependencies.
    pub(in crate::bench) fn small() -> Self {
        Self {
            name: "small",
            source: SampleSource::Files(&SMALL),
            chef: include_str!("small.chef.Dockerfile"),
            naive: include_str!("small.naive.Dockerfile"),
            component: TextChange::new("shared/src/lib.rs", "\"one\"", |round| format!("\"two {round}\"")),
            page: None,
            server: TextChange::new("service/src/main.rs", "json!(1)", |round| format!("json!([{round}])")),
            front: None,
            members: (
                "members = [\"service\", \"shared\"]",
                "members = [\"notes\", \"service\", \"shared\"]",
            ),
            user: "service/Cargo.toml",
            version: "service/Cargo.toml",
            leaf: Bump { package: "cfg-if", from: "1.0.3", to: "1.0.4" },
            mid: Bump { package: "itoa", from: "1.0.14", to: "1.0.15" },
        }
    }

    /// A web server with a page, on the crates that most have.
    pub(in crate::bench) fn service() -> Self {
        let small = Self::small();
        Self {
            name: "service",
            source: SampleSource::Files(&SERVICE),
            server: TextChange::new("service/src/main.rs", "edition 0", |round| format!("edition {round}")),
            ..small
        }
    }

    /// Writes it into a folder that does not exist yet, locked to the versions before the bumps.
    pub(in crate::bench) fn write(&self, dir: &Path, env: &Environment) -> anyhow::Result<()> {
        match &self.source {
            SampleSource::Folder(folder) => copy(folder, dir)?,
            SampleSource::Files(files) => {
                files.iter().try_for_each(|(path, text)| write(&dir.join(path), text))?;
            }
        }
        let manifest = dir.join("Cargo.toml");
        let mut document: toml_edit::DocumentMut = fs_err::read_to_string(&manifest)?.parse()?;
        // The copy has nothing around it that could be sent.
        if let Some(docker) = document["workspace"]["metadata"]["larder"].get_mut("docker") {
            docker.as_table_like_mut().map(|table| table.remove("context"));
        }
        fs_err::write(manifest, document.to_string())?;
        if !dir.join("Cargo.lock").exists() {
            cargo(dir, env, &["generate-lockfile"])?;
        }
        for Bump { package, from, .. } in [&self.leaf, &self.mid] {
            cargo(dir, env, &["update", "--package", package, "--precise", from])?;
        }
        Ok(())
    }

    /// Whether there is anything to make this change to.
    pub(in crate::bench) fn has(&self, edit: Edit) -> bool {
        !edit.is_of_code() || self.change(edit).is_some()
    }

    /// The change of code that it is.
    fn change(&self, edit: Edit) -> Option<&TextChange> {
        match edit {
            Edit::Component => Some(&self.component),
            Edit::Page => self.page.as_ref(),
            Edit::Server => Some(&self.server),
            Edit::Front => self.front.as_ref(),
            Edit::Member | Edit::Leaf | Edit::Mid => None,
        }
    }

    /// Makes a change; of code in the round's words, counted from 1, which follow those of the round before.
    pub(in crate::bench) fn edit(
        &self,
        edit: Edit,
        round: usize,
        dir: &Path,
        env: &Environment,
    ) -> anyhow::Result<()> {
        match edit {
            Edit::Component | Edit::Page | Edit::Server | Edit::Front => {
                self.change(edit).map_or(Ok(()), |change| change.apply(round, dir))
            }
            Edit::Member => {
                let (old, new) = self.members;
                replace(dir, "Cargo.toml", old, new)?;
                replace(dir, self.version, "version = \"0.1.0\"", "version = \"0.2.0\"")?;
                replace(
                    dir,
                    self.user,
                    "[dependencies]\n",
                    "[dependencies]\nnotes = { path = \"../notes\" }\n",
                )?;
                write(&dir.join("notes/Cargo.toml"), NOTES)?;
                write(&dir.join("notes/src/lib.rs"), "//! Nothing yet.\n")?;
                cargo(dir, env, &["update", "--workspace"])
            }
            Edit::Leaf => self.leaf.apply(dir, env),
            Edit::Mid => self.mid.apply(dir, env),
        }
    }
}

impl TextChange {
    fn new(path: &'static str, old: &'static str, new: fn(usize) -> String) -> Self {
        Self { path, old, new: Box::new(new) }
    }

    /// The one that is made to copies of the example.
    fn in_copy(edit: ExampleEdit) -> Self {
        let (path, old, _) = edit.change(0);
        Self { path, old, new: Box::new(move |round| edit.change(round as u128).2) }
    }

    fn apply(&self, round: usize, dir: &Path) -> anyhow::Result<()> {
        replace(dir, self.path, &self.words(round - 1), &self.words(round))
    }

    fn words(&self, round: usize) -> String {
        if round == 0 { self.old.to_owned() } else { (self.new)(round) }
    }
}

impl Bump {
    fn apply(&self, dir: &Path, env: &Environment) -> anyhow::Result<()> {
        cargo(dir, env, &["update", "--package", self.package, "--precise", self.to])
    }
}

fn cargo(dir: &Path, env: &Environment, args: &[&str]) -> anyhow::Result<()> {
    Cmd::new("cargo", dir, env).args(args).arg("--quiet").output()?;
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs_err::create_dir_all(path.parent().context("files are in a folder")?)?;
    Ok(fs_err::write(path, text)?)
}

fn replace(dir: &Path, path: &str, old: &str, new: &str) -> anyhow::Result<()> {
    let text = fs_err::read_to_string(dir.join(path))?;
    ensure!(text.contains(old), "{path} has no `{old}` any more: see tools/src/bench/docker/sample.rs");
    Ok(fs_err::write(dir.join(path), text.replacen(old, new, 1))?)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if !LEFT_OUT.iter().any(|left_out| name == *left_out) {
                copy(&entry.path(), &to.join(&name))?;
            }
        } else {
            fs_err::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use larder::{
        camino::Utf8PathBuf,
        recipe::lock_file::LockFile,
        slice::{Slice, Variant},
    };

    use super::*;

    fn example() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio")
    }

    #[test]
    fn the_peer_cooks_what_is_built() {
        let path = Utf8PathBuf::from_path_buf(example().join("larder")).unwrap();
        let lock = LockFile::read(&path).unwrap();
        let slices = lock.slices.iter().map(|locked| &locked.slice);
        let release: Vec<&Slice> = slices.filter(|slice| slice.variant == Variant::Release).collect();
        let text = Sample::portfolio(&example()).chef.replace("\\\n", " ");
        let cooks: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once("cargo chef cook "))
            .map(|(_, words)| words)
            .collect();
        assert_eq!((release.len(), cooks.len()), (2, 2));
        for (slice, cook) in release.iter().zip(cooks) {
            let args = slice.args.iter().map(String::as_str);
            // cargo-chef knows no --lib.
            let mut wanted: Vec<&str> = args.filter(|arg| !["build", "--lib"].contains(arg)).collect();
            wanted.sort_unstable();
            let words =
                cook.replace("--recipe-path recipe.json", "").replace("--target-dir target/front", "");
            let mut words: Vec<&str> = words.split_whitespace().collect();
            words.sort_unstable();
            assert_eq!(words, wanted);
            let dir = String::from(slice.target_dir.clone());
            assert_eq!(cook.contains("--target-dir target/front"), dir == "target/front", "{dir}");
        }
    }

    #[test]
    fn changes_of_code_find_their_place() {
        let example = example();
        for sample in [Sample::portfolio(&example), Sample::small()] {
            let folder = tempfile::tempdir().unwrap();
            match &sample.source {
                SampleSource::Folder(example) => copy(example, folder.path()).unwrap(),
                SampleSource::Files(files) => {
                    files.iter().for_each(|(path, text)| write(&folder.path().join(path), text).unwrap());
                }
            }
            for change in [&sample.component, &sample.server].into_iter().chain(&sample.front) {
                change.apply(1, folder.path()).unwrap();
                change.apply(2, folder.path()).unwrap();
            }
            replace(folder.path(), "Cargo.toml", sample.members.0, sample.members.1).unwrap();
            replace(folder.path(), sample.version, "version = \"0.1.0\"", "").unwrap();
            replace(folder.path(), sample.user, "[dependencies]\n", "").unwrap();
            assert!(!folder.path().join("larder").exists());
        }
    }
}
