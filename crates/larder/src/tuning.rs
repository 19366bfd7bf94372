//! Settings of cargo that make builds quicker in every workspace that they fit, and how they get into files that a
//! user owns: comments, order and unknown keys stay, and a value that the user chose is never replaced unasked.
//!
//! `init` writes what is missing, `doctor` tells what is. The worth of each setting was measured in
//! `examples/portfolio`, which has the numbers. It must name no linker and no flags: cargo puts those into the
//! fingerprint of every unit, and a linker that one machine has breaks another.

use std::collections::BTreeSet;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, Value};

use crate::{
    cargo::settings_files::CONFIGURATION_OF_FOLDER,
    error::{Error, Result},
    files::{change::Change, read},
    slice::leptos,
    toml_text,
    workspace::{Workspace, locked_packages, parse_toml},
};

/// One key with the value that it should have.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The key's path, such as `profile`, `dev`, `debug`.
    pub path: Vec<String>,
    /// The value.
    pub value: Value,
    /// Why, as comment lines for the reader of the file; empty if the key explains itself.
    pub why: &'static str,
}

impl Setting {
    pub(crate) fn new(path: &[&str], value: impl Into<Value>, why: &'static str) -> Self {
        Self { path: path.iter().map(|&part| part.to_owned()).collect(), value: value.into(), why }
    }

    /// The path as TOML writes it.
    pub fn key(&self) -> String {
        let parts = self.path.iter().map(|part| toml_edit::Key::new(part).display_repr().into_owned());
        parts.collect::<Vec<_>>().join(".")
    }

    /// The whole setting as one line of TOML.
    pub fn line(&self) -> String {
        format!("{} = {}", self.key(), self.value.to_string().trim())
    }
}

/// The facts behind settings: read once, and given as a value.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Names of the dependencies in `Cargo.lock`: packages on disk are the user's own to debug.
    pub packages: BTreeSet<String>,
    /// Packages on disk that are no members, which a profile's `"*"` takes for dependencies.
    pub beside: BTreeSet<String>,
    /// Members that are compiled to WASM for a browser, and to nothing else that runs.
    pub fronts: BTreeSet<String>,
    /// Whether queries were prepared for sqlx, in `.sqlx/`.
    pub prepared_queries: bool,
}

impl Known {
    /// Reads what a workspace has.
    ///
    /// # Errors
    /// When `Cargo.lock` cannot be read.
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let lock = parse_toml(&workspace.lock_path())?;
        let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
        for package in locked_packages(&lock) {
            let names = if package.source.is_none() { &mut own } else { &mut others };
            names.insert(package.name.to_owned());
        }
        let members = workspace.metadata().workspace_packages().into_iter();
        let members: BTreeSet<String> = members.map(|package| package.name.to_string()).collect();
        Ok(Self {
            beside: &own - &members,
            // A profile's table is found by name, so one for a dependency would be one for its namesake too.
            packages: &others - &own,
            fronts: leptos::front_packages(workspace),
            prepared_queries: workspace.root().join(".sqlx").is_dir(),
        })
    }
}

/// Packages whose whole work is arithmetic on much data, each with those that do it for them. Without optimisation
/// they are many times slower, and they are quick to compile. The first three are measured in `examples/portfolio`.
const COMPUTING: [(&str, &[&str]); 16] = [
    ("crc32fast", &[]),
    ("miniz_oxide", &[]),
    ("simd-adler32", &[]),
    ("argon2", &["blake2"]),
    ("bcrypt", &["blowfish"]),
    ("brotli-decompressor", &[]),
    ("fdeflate", &[]),
    ("image-webp", &[]),
    ("jpeg-decoder", &[]),
    ("lz4_flex", &[]),
    ("pbkdf2", &["hmac", "sha2"]),
    ("png", &[]),
    ("scrypt", &["salsa20"]),
    ("weezl", &[]),
    ("zune-inflate", &[]),
    ("zune-jpeg", &[]),
];

const LINE_TABLES: &str = "\
Line tables give backtraces with file and line; full debug info slows down linking after every
edit.";
const NO_DEBUG_INFO: &str = "\
Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
first build and gains little.";
const LINE_TABLES_BESIDE: &str = "\
Code of your own outside of the workspace is stepped through like that of members.";
const OPTIMISED: &str = "\
CPU-heavy crates: cheap to compile, many times faster when optimised.";
const STRIPPED: &str = "\
Linking the WASM half drops all debug info, that of the standard library included; function names
stay. wasm-bindgen would drop it anyway, after it has read it, on every build.";
const OFFLINE_QUERIES: &str = "\
Queries are checked against `.sqlx/`, never against whatever database DATABASE_URL happens to name.
Set SQLX_OFFLINE=false in the environment to refresh `.sqlx/`.";

/// The settings that the root manifest lacks for debug builds that are quick after an edit.
pub fn dev_profile(manifest: &DocumentMut, known: &Known) -> Vec<Setting> {
    let mut wanted = vec![
        Setting::new(&["profile", "dev", "debug"], "line-tables-only", LINE_TABLES),
        Setting::new(&["profile", "dev", "package", "*", "debug"], false, NO_DEBUG_INFO),
    ];
    if get(manifest, &["profile", "dev", "package", "*", "debug"]).is_none() {
        for name in known.beside.iter().filter(|name| !has_another_spec(manifest, name)) {
            let path = ["profile", "dev", "package", name.as_str(), "debug"];
            wanted.push(Setting::new(&path, "line-tables-only", LINE_TABLES_BESIDE));
        }
    }
    wanted.extend(unoptimised(manifest, known));
    if get(manifest, &["profile", "dev", "strip"]).is_none() {
        for front in known.fronts.iter().filter(|front| !has_another_spec(manifest, front)) {
            let path = ["profile", "dev", "package", front.as_str(), "strip"];
            wanted.push(Setting::new(&path, "debuginfo", STRIPPED));
        }
    }
    missing(manifest, wanted)
}

/// Dependencies that compute a lot and would be compiled without optimisation.
pub fn unoptimised(manifest: &DocumentMut, known: &Known) -> Vec<Setting> {
    if is_optimised(manifest, &["profile", "dev", "opt-level"])
        || is_optimised(manifest, &["profile", "dev", "package", "*", "opt-level"])
    {
        return Vec::new();
    }
    let used = COMPUTING.into_iter().filter(|(name, _)| known.packages.contains(*name));
    let names: BTreeSet<&str> = used
        .flat_map(|(name, others)| others.iter().copied().chain([name]))
        .filter(|name| known.packages.contains(*name) && !has_another_spec(manifest, name))
        .collect();
    let level = |name| Setting::new(&["profile", "dev", "package", name, "opt-level"], 3, OPTIMISED);
    let mut settings = missing(manifest, names.into_iter().map(level).collect());
    // One reason is enough for all.
    settings.iter_mut().skip(1).for_each(|setting| setting.why = "");
    settings
}

/// Whether a level of optimisation is set, and it is another than 0.
fn is_optimised(manifest: &DocumentMut, path: &[&str]) -> bool {
    get(manifest, path).is_some_and(|level| level.as_integer() != Some(0))
}

/// Whether the development profile names a package with its version or source, as in `png@0.17.0`: cargo refuses a
/// second table that fits the same package.
fn has_another_spec(manifest: &DocumentMut, name: &str) -> bool {
    let tables = get(manifest, &["profile", "dev", "package"]).and_then(Item::as_table_like);
    tables.is_some_and(|tables| tables.iter().any(|(spec, _)| is_longer_spec(spec, name)))
}

fn is_longer_spec(spec: &str, name: &str) -> bool {
    let last = spec.rsplit(['/', '#']).next().unwrap_or(spec);
    spec != name && last.split(['@', ':']).next() == Some(name)
}

/// Missing settings of cargo's configuration.
pub fn configuration(config: &DocumentMut, known: &Known) -> Vec<Setting> {
    let mut wanted = Vec::new();
    if known.prepared_queries && known.packages.contains("sqlx") {
        wanted.push(Setting::new(&["env", "SQLX_OFFLINE"], "true", OFFLINE_QUERIES));
    }
    missing(config, wanted)
}

/// Without what the user has set already, to whatever value.
pub(crate) fn missing(document: &DocumentMut, settings: Vec<Setting>) -> Vec<Setting> {
    settings.into_iter().filter(|setting| !is_set(document, setting)).collect()
}

fn is_set(document: &DocumentMut, setting: &Setting) -> bool {
    let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
    get(document, &path).is_some()
}

/// A key's value in a document.
pub fn get<'a>(document: &'a DocumentMut, path: &[&str]) -> Option<&'a Item> {
    let mut item = document.as_item();
    for part in path {
        item = item.as_table_like()?.get(part)?;
    }
    Some(item)
}

/// The change that puts settings into a TOML file, which may not be there yet; `None` if nothing changes.
///
/// # Errors
/// [`Error::Toml`] if the file is no TOML, or has something else although a table is needed.
pub fn change(path: Utf8PathBuf, settings: &[Setting]) -> Result<Option<Change>> {
    if settings.is_empty() {
        return Ok(None);
    }
    let mut text = read::text_or_nothing(&path)?;
    for setting in settings {
        text = toml_text::set(&text, &setting.path, &setting.value, setting.why)
            .map_err(|reason| Error::Toml { path: path.clone().into(), reason })?;
    }
    Change::needed(path, text)
}

/// The file that cargo reads a workspace's configuration from: it prefers the name without an ending.
pub fn config_path(root: &Utf8Path) -> Utf8PathBuf {
    let [old, usual] = CONFIGURATION_OF_FOLDER.map(|name| root.join(name));
    if old.is_file() { old } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(packages: &[&str], fronts: &[&str]) -> Known {
        let [packages, fronts] =
            [packages, fronts].map(|names| names.iter().map(|&name| name.to_owned()).collect());
        Known { packages, fronts, prepared_queries: true, ..Known::default() }
    }

    fn tuned(manifest: &str, known: &Known) -> String {
        let document: DocumentMut = manifest.parse().unwrap();
        let mut text = manifest.to_owned();
        for setting in dev_profile(&document, known) {
            text = toml_text::set(&text, &setting.path, &setting.value, setting.why).unwrap();
        }
        let again: DocumentMut = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(dev_profile(&again, known).is_empty(), "{text}");
        text
    }

    #[test]
    fn a_plain_manifest_gets_a_profile_with_its_reasons() {
        let manifest = "# mine\n[package]\nname = \"a\" # really\n\n[dependencies]\nflate2 = \"1\"\n";
        insta::assert_snapshot!(tuned(manifest, &known(&["miniz_oxide"], &["site"])), @r#"
        # mine
        [package]
        name = "a" # really

        [dependencies]
        flate2 = "1"

        # Line tables give backtraces with file and line; full debug info slows down linking after every
        # edit.
        [profile.dev]
        debug = "line-tables-only"

        # Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
        # first build and gains little.
        [profile.dev.package."*"]
        debug = false

        # CPU-heavy crates: cheap to compile, many times faster when optimised.
        [profile.dev.package.miniz_oxide]
        opt-level = 3

        # Linking the WASM half drops all debug info, that of the standard library included; function names
        # stay. wasm-bindgen would drop it anyway, after it has read it, on every build.
        [profile.dev.package.site]
        strip = "debuginfo"
        "#);
    }

    #[test]
    fn what_the_user_chose_stays() {
        let manifest = "\
[profile.release] # fat
lto = true

[profile.dev]
# slow on purpose
debug = 2
odd-key = 1

[profile.dev.package.\"*\"]
opt-level = 1

[workspace]
members = []
";
        insta::assert_snapshot!(tuned(manifest, &known(&["miniz_oxide"], &[])), @r#"
        [profile.release] # fat
        lto = true

        [profile.dev]
        # slow on purpose
        debug = 2
        odd-key = 1

        [profile.dev.package."*"]
        opt-level = 1
        # Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
        # first build and gains little.
        debug = false

        [workspace]
        members = []
        "#);
    }

    #[test]
    fn line_ends_stay_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(dir.path().join("Cargo.toml")).unwrap();
        fs_err::write(&path, "# mine\r\n[package]\r\nname = \"a\" # really\r\n").unwrap();
        let settings = dev_profile(&DocumentMut::new(), &known(&[], &[]));
        let new = change(path, &settings).unwrap().unwrap().new;
        assert!(new.starts_with("# mine\r\n[package]\r\nname = \"a\" # really\r\n"), "{new:?}");
        assert_eq!(new.matches('\n').count(), new.matches("\r\n").count(), "{new:?}");
    }

    #[test]
    fn other_forms_of_tables_are_kept() {
        let inline = "[profile]\ndev = { opt-level = 1, package = { a = { debug = true } } }\n";
        insta::assert_snapshot!(tuned(inline, &known(&[], &[])), @r#"
        [profile]
        dev = { opt-level = 1, package = { a = { debug = true }, "*" = { debug = false } }, debug = "line-tables-only" }
        "#);
        let dotted = "profile.dev.opt-level = 0\n\n[package]\nname = \"a\"\n";
        insta::assert_snapshot!(tuned(dotted, &known(&[], &[])), @r#"
        profile.dev.opt-level = 0
        # Line tables give backtraces with file and line; full debug info slows down linking after every
        # edit.
        profile.dev.debug = "line-tables-only"
        # Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
        # first build and gains little.
        profile.dev.package."*".debug = false

        [package]
        name = "a"
        "#);
    }

    #[test]
    fn level_0_is_no_optimisation_whatever_stands_behind_it() {
        for (level, expected) in [("0 # as ever", 1), ("1 # for once", 0), ("\"s\"", 0)] {
            let manifest = format!("[profile.dev]\nopt-level = {level}\n").parse().unwrap();
            assert_eq!(unoptimised(&manifest, &known(&["png"], &[])).len(), expected, "{level}");
        }
    }

    #[test]
    fn whoever_computes_for_another_is_optimised_too() {
        let cases: [(&[&str], &[&str]); 2] =
            [(&["sha2", "serde"], &[]), (&["pbkdf2", "sha2", "serde"], &["pbkdf2", "sha2"])];
        for (packages, optimised) in cases {
            let settings = unoptimised(&DocumentMut::new(), &known(packages, &[]));
            let names: Vec<&str> = settings.iter().map(|setting| setting.path[3].as_str()).collect();
            assert_eq!(names, optimised, "{packages:?}");
        }
    }

    /// cargo ends with "multiple package overrides in profile `dev` match package" otherwise.
    #[test]
    fn a_package_that_is_named_with_its_version_gets_no_second_table() {
        for spec in ["png@0.17.0", "png:0.17.0", "https://github.com/rust-lang/crates.io-index#png@0.17"] {
            let manifest = format!("[profile.dev.package.\"{spec}\"]\nopt-level = 1\n").parse().unwrap();
            let settings = unoptimised(&manifest, &known(&["png", "weezl"], &[]));
            let names: Vec<&str> = settings.iter().map(|setting| setting.path[3].as_str()).collect();
            assert_eq!(names, ["weezl"], "{spec}");
        }
        let manifest = "[profile.dev.package.\"site@0.1.0\"]\nopt-level = 1\n".parse().unwrap();
        let settings = dev_profile(&manifest, &known(&[], &["site"]));
        assert!(settings.iter().all(|setting| setting.path.last().unwrap() != "strip"), "{settings:?}");
    }

    #[test]
    fn queries_are_checked_offline_where_they_were_prepared() {
        let empty = DocumentMut::new();
        assert_eq!(configuration(&empty, &known(&["sqlx"], &[])).len(), 1);
        assert!(configuration(&empty, &known(&["serde"], &[])).is_empty());
        let set = "env.SQLX_OFFLINE = \"false\"".parse().unwrap();
        assert!(configuration(&set, &known(&["sqlx"], &[])).is_empty());
    }
}
