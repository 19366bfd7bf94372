//! How a provoked rebuild is checked: a project, a change, and the cause that must be named. The answer is held against
//! what cargo then compiles, and the target directory must not be touched by the question.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder_tests::{Outcome, Project, Surroundings, skip};
use serde_json::Value;

const MANIFEST: &str = "[workspace]\nmembers = [\"app\", \"mid\"]\nresolver = \"2\"\n";
const CONFIG: &str =
    "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n";
const APP: &str = r#"
[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
mid = { path = "../mid" }
"#;
const MID: &str = r#"
[package]
name = "mid"
version = "0.1.0"
edition = "2021"

[features]
more = []

[dependencies]
near = "1.0.0"
"#;
const MID_BUILD: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=input.txt");
    println!("cargo::rerun-if-env-changed=MID_VARIABLE");
}
"#;
const MID_LIB: &str = "mod part;\npub fn name() -> Option<&'static str> { near::f(); part::f(); option_env!(\"LEPTOS_SITE\") }\n";

/// Packages of a registry, as a folder: `far` below `near`, each in two versions.
fn vendor(project: &Project) {
    for (name, version, dependencies, code) in [
        ("far", "1.0.0", "", "pub fn f() {}\n"),
        ("far", "1.0.1", "", "pub fn f() {}\n"),
        ("near", "1.0.0", "far = \"1.0.0\"\n", "pub fn f() { far::f() }\n"),
        ("near", "1.0.1", "far = \"1.0.0\"\n", "pub fn f() { far::f() }\n"),
        ("other", "1.0.0", "", "pub fn f() {}\n"),
    ] {
        let folder = format!("vendor/{name}-{version}");
        let head = format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2021\"\n");
        project.write(&format!("{folder}/Cargo.toml"), &format!("{head}\n[dependencies]\n{dependencies}"));
        project.write(&format!("{folder}/src/lib.rs"), code);
        project.write(&format!("{folder}/.cargo-checksum.json"), "{\"files\":{}}");
    }
}

pub(crate) fn project() -> Project {
    let project = Project::without_lock(&[
        ("Cargo.toml", MANIFEST),
        (".cargo/config.toml", CONFIG),
        ("app/Cargo.toml", APP),
        ("app/src/main.rs", "fn main() { println!(\"{:?}\", mid::name()) }\n"),
        ("mid/Cargo.toml", MID),
        ("mid/build.rs", MID_BUILD),
        ("mid/input.txt", "a\n"),
        ("mid/src/lib.rs", MID_LIB),
        ("mid/src/part.rs", "pub fn f() {}\n"),
    ]);
    vendor(&project);
    // A folder knows no `--precise`, so the older versions are locked by way of the manifest.
    project.write("mid/Cargo.toml", &MID.replace("near = \"1.0.0\"", "near = \"=1.0.0\"\nfar = \"=1.0.0\""));
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.write("mid/Cargo.toml", MID);
    project.cargo(&["update", "--quiet", "--workspace"]);
    project
}

/// cargo's layout of its folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Old,
    New,
}

impl Layout {
    /// The layouts that the installed cargo offers.
    fn all(test: &str) -> Vec<Self> {
        let words = ["-Z", "help"];
        let offers = Surroundings::get().run(Path::new("cargo"), Path::new("/"), &words, &[]).stdout;
        if offers.contains("build-dir-new-layout") {
            return vec![Self::Old, Self::New];
        }
        skip(test, "this cargo has one layout of build directories only");
        vec![Self::Old]
    }

    fn variables(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Old => Vec::new(),
            Self::New => {
                vec![("RUSTC_BOOTSTRAP", "1".into()), ("CARGO_UNSTABLE_BUILD_DIR_NEW_LAYOUT", "true".into())]
            }
        }
    }
}

/// A project in the middle of a case.
pub(crate) struct Stage {
    pub(crate) project: Project,
    layout: Layout,
    /// Variables that the case adds to the environment.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Stage {
    fn with_variables<T>(&self, act: impl FnOnce(&[(&str, &str)]) -> T) -> T {
        let all = [self.layout.variables(), self.variables.clone()].concat();
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        act(&all)
    }

    pub(crate) fn build(&self, words: &[&str]) -> Outcome {
        let words = [&["build", "--quiet"], words].concat();
        self.with_variables(|vars| {
            Surroundings::get().run(Path::new("cargo"), self.project.path(), &words, vars)
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.project.path().join(name)
    }

    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.project.read(path);
        assert!(text.contains(from), "{path} holds {from:?}");
        self.project.write(path, &text.replace(from, to));
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        self.project.write(path, &format!("{}{text}", self.project.read(path)));
    }

    /// The one file below `target` whose name fits.
    pub(crate) fn output(&self, fits: impl Fn(&str) -> bool) -> PathBuf {
        let files = listing(&self.path("target"));
        let fits = |path: &&PathBuf| path.file_name().is_some_and(|name| fits(&name.to_string_lossy()));
        self.path("target").join(files.keys().find(fits).expect("there is such a file"))
    }
}

pub(crate) fn set_time(path: &Path, time: SystemTime) {
    fs_err::File::options().write(true).open(path).unwrap().file().set_modified(time).unwrap();
}

pub(crate) fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

/// Every file of a folder with its time and content.
pub(crate) fn listing(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut open: Vec<PathBuf> = folder.is_dir().then(|| folder.to_owned()).into_iter().collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let modified = fs_err::metadata(&path).unwrap().modified().unwrap();
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), (modified, Vec::new()));
            open.extend(fs_err::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let modified = fs_err::metadata(&path).unwrap().modified().unwrap();
            let content = fs_err::read(&path).unwrap();
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), (modified, content));
        }
    }
    files
}

/// The units that the answer says are compiled: package and whether it is a library, a binary or a build script.
fn predicted(build: &Value) -> Vec<(String, String)> {
    let units = build["units"].as_array().unwrap().iter();
    let mut all: Vec<_> = units
        .filter(|unit| !field(unit, "target").starts_with("run-"))
        .map(|unit| {
            let target = field(unit, "target");
            let kind = if target.starts_with("build-script") { "custom-build" } else { &target[..3] };
            (field(unit, "package").split(' ').next().unwrap().to_owned(), kind.to_owned())
        })
        .collect();
    all.sort();
    all
}

fn field<'a>(unit: &'a Value, key: &str) -> &'a str {
    unit[key].as_str().unwrap()
}

/// The units that cargo compiles, in the same terms.
fn compiled(stage: &Stage, words: &[&str]) -> Vec<(String, String)> {
    let outcome = stage.build(&[words, &["--message-format=json-render-diagnostics"]].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let messages = outcome.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut all: Vec<_> = messages
        .filter(|message| message["reason"] == "compiler-artifact" && message["fresh"] == false)
        .map(|message| {
            let id = message["package_id"].as_str().unwrap();
            let name = id.rsplit(['/', '#']).next().unwrap().split('@').next().unwrap();
            let name = if name.starts_with(|char: char| char.is_ascii_digit()) {
                id.rsplit('#').nth(1).unwrap().rsplit('/').next().unwrap()
            } else {
                name
            };
            (name.to_owned(), message["target"]["kind"][0].as_str().unwrap().to_owned())
        })
        .collect();
    all.sort();
    all
}

/// One provoked rebuild.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The work after a build.
    pub(crate) change: fn(&mut Stage),
    /// The causes, each up to its first variable part.
    pub(crate) causes: &'static [&'static str],
    /// From the first cause to the last package that follows.
    pub(crate) chain: &'static [&'static str],
}

impl Case {
    fn check(&self, layout: Layout) {
        let name = format!("{} ({layout:?} layout)", self.name);
        let mut stage = Stage { project: project(), layout, variables: Vec::new() };
        let release = ["--release"];
        assert_eq!(stage.build(&release).code, 0, "{name}");
        let is_new = listing(&stage.path("target")).keys().any(|path| path.ends_with("fingerprint"));
        assert_eq!(is_new, layout == Layout::New, "{name}");
        (self.change)(&mut stage);
        let before = listing(&stage.path("target"));
        let outcome = stage.with_variables(|vars| {
            Surroundings::get().larder_with(stage.project.path(), &["why", "--json", "--offline"], vars)
        });
        let answer: Value = serde_json::from_str(&outcome.clone().ok().stdout).unwrap();
        assert!(listing(&stage.path("target")) == before, "{name}: the target directory was touched");
        let build = &answer["builds"][0];
        let causes: Vec<&str> =
            build["causes"].as_array().unwrap().iter().map(|cause| cause["text"].as_str().unwrap()).collect();
        assert_eq!(causes.len(), self.causes.len(), "{name}: {causes:#?}");
        for (found, expected) in causes.iter().zip(self.causes) {
            assert!(found.starts_with(expected), "{name}: {found}, not {expected}");
        }
        if let Some(first) = build["causes"].get(0) {
            assert_eq!(first["chain"], serde_json::json!(self.chain), "{name}: {build:#}");
        }
        assert_eq!(predicted(build), compiled(&stage, &release), "{name}");
    }
}

pub(crate) fn check_all(test: &str, cases: &[Case]) {
    for layout in Layout::all(test) {
        cases.iter().for_each(|case| case.check(layout));
    }
}
