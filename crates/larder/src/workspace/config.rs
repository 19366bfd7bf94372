//! The workspace's cargo configuration: `.cargo/config.toml` with all that it includes and those above it in the same
//! repository, as one document.
//!
//! Files are joined as cargo joins them, since what an included file sets reaches dependencies as much as the rest. A
//! path in an included file is relative to the folder above that file's own; in the one document it is relative to the
//! workspace's root. Configuration that no clone has, such as the one in somebody's home, is one person's and never read.
//! One that git ignores in the workspace itself is read, since cargo reads it as well; its variables are one person's.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{document::parse_toml, paths};
use crate::{
    cargo::settings_files::CONFIGURATION_OF_FOLDER,
    error::{Error, Result},
    git::shared_files::{SharedFiles, ignored, shared_above},
    process::Environment,
};

/// The configuration as one document, and the files that it was read from.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) document: DocumentMut,
    /// The `[env]` of the files that git does not ignore.
    pub(super) shared_env: Option<Item>,
    pub(super) files: Vec<Utf8PathBuf>,
}

/// The table of variables.
const ENV: &str = "env";

/// Includes that stand deeper than this go around in circles.
const DEPTH: usize = 16;

/// Lists that replace one another, by the last part of their key: each is one command.
const COMMANDS: [&str; 3] = ["credential-provider", "runner", "browser"];

/// Reads the configuration of a workspace; an empty document if there is none.
pub(super) fn read(root: &Utf8Path, env: &Environment) -> Result<Config> {
    let (document, files) = read_joined(root, env, &[])?;
    let unshared = unshared_env(root, env, &document, &files);
    let shared_env = match &unshared[..] {
        [] => document.get(ENV).cloned(),
        unshared => read_joined(root, env, unshared)?.0.get(ENV).cloned(),
    };
    Ok(Config { document, shared_env, files })
}

/// The files with variables that git ignores. It is asked only if there are variables.
fn unshared_env(
    root: &Utf8Path,
    env: &Environment,
    document: &DocumentMut,
    files: &[Utf8PathBuf],
) -> Vec<Utf8PathBuf> {
    if document.contains_key(ENV) { ignored(env, root, files) } else { Vec::new() }
}

/// All files as one document, without the variables of some.
fn read_joined(
    root: &Utf8Path,
    env: &Environment,
    without_env: &[Utf8PathBuf],
) -> Result<(DocumentMut, Vec<Utf8PathBuf>)> {
    let mut reader = ConfigReader {
        root,
        is_shared: &|path| SharedFiles::ask(env, root).has(path),
        without_env,
        files: Vec::new(),
    };
    let documents = found(root, env).iter().map(|path| reader.load(path, 0)).collect::<Result<Vec<_>>>()?;
    // A file counts over those above it.
    let mut documents = documents.into_iter().rev();
    let mut document = documents.next().unwrap_or_default();
    for below in documents {
        join(document.as_table_mut(), below.as_table());
    }
    Ok((document, reader.files))
}

/// Reads a configuration with all that is asked of it; for [`crate::fuzz`].
pub(crate) fn read_all(root: &Utf8Path, env: &Environment) {
    let Ok(mut config) = read(root, env) else { return };
    crate::seen::seen(paths::named(&config.document));
    paths::rebase(&mut config.document, Utf8Path::new("../x"));
}

/// The workspace's own file, then those above it that every clone of the repository has.
fn found(root: &Utf8Path, env: &Environment) -> Vec<Utf8PathBuf> {
    let above = root.ancestors().skip(1).filter_map(in_folder).collect();
    in_folder(root).into_iter().chain(shared_above(env, root, above)).collect()
}

fn in_folder(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let paths = CONFIGURATION_OF_FOLDER.map(|name| folder.join(name));
    paths.into_iter().find(|path| path.is_file())
}

/// Reads one file with all that it includes, its paths relative to the root, without variables of files that git
/// ignores.
pub(super) fn read_file(
    root: &Utf8Path,
    env: &Environment,
    path: &Utf8Path,
    shared: &SharedFiles,
) -> Result<DocumentMut> {
    let (document, files) = load_file(root, path, shared, &[])?;
    match &unshared_env(root, env, &document, &files)[..] {
        [] => Ok(document),
        unshared => load_file(root, path, shared, unshared).map(|(document, _)| document),
    }
}

fn load_file(
    root: &Utf8Path,
    path: &Utf8Path,
    shared: &SharedFiles,
    without_env: &[Utf8PathBuf],
) -> Result<(DocumentMut, Vec<Utf8PathBuf>)> {
    let mut reader =
        ConfigReader { root, is_shared: &|path| shared.has(path), without_env, files: Vec::new() };
    Ok((reader.load(path, 0)?, reader.files))
}

struct ConfigReader<'a> {
    root: &'a Utf8Path,
    /// Whether every clone has a file.
    is_shared: &'a dyn Fn(&Utf8Path) -> bool,
    /// Files whose variables are left out, with those of files that they include.
    without_env: &'a [Utf8PathBuf],
    files: Vec<Utf8PathBuf>,
}

impl ConfigReader<'_> {
    fn load(&mut self, path: &Utf8Path, depth: usize) -> Result<DocumentMut> {
        let mut document = self.load_with_env(path, depth)?;
        if self.without_env.iter().any(|file| file == path) {
            document.remove(ENV);
        }
        Ok(document)
    }

    fn load_with_env(&mut self, path: &Utf8Path, depth: usize) -> Result<DocumentMut> {
        let mut own = parse_toml(path)?;
        self.files.push(path.to_owned());
        let included = own.remove("include").map(|include| includes(&include)).unwrap_or_default();
        let folder = path.parent().unwrap_or(self.root);
        let base = folder.parent().map(paths::normalized).unwrap_or_default();
        if base != *self.root {
            paths::rebase(&mut own, &paths::way(self.root, &base));
        }
        if included.is_empty() {
            return Ok(own);
        }
        if depth == DEPTH {
            let reason = "`include`: the files include one another".into();
            return Err(Error::Toml { path: path.into(), reason });
        }
        let mut joined = DocumentMut::new();
        for Include { path, optional } in included {
            let path = folder.join(path);
            // An optional file that git does not track is one person's own.
            if optional && !(self.is_shared)(&path) {
                continue;
            }
            join(joined.as_table_mut(), self.load(&path, depth + 1)?.as_table());
        }
        join(joined.as_table_mut(), own.as_table());
        Ok(joined)
    }
}

struct Include {
    path: String,
    optional: bool,
}

/// The paths of the files that a file of cargo's configuration includes, there or not, as they are written.
pub(crate) fn included(document: &DocumentMut) -> Vec<String> {
    let includes = document.get("include").map(includes).unwrap_or_default();
    includes.into_iter().map(|include| include.path).collect()
}

/// The entries of `include`: paths, or tables with one.
fn includes(item: &Item) -> Vec<Include> {
    match item {
        Item::Value(Value::Array(array)) => array.iter().filter_map(Include::from_value).collect(),
        Item::Value(value) => Include::from_value(value).into_iter().collect(),
        Item::ArrayOfTables(tables) => tables.iter().filter_map(|table| Include::from_table(table)).collect(),
        Item::Table(table) => Include::from_table(table).into_iter().collect(),
        Item::None => Vec::new(),
    }
}

impl Include {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self { path: text.value().clone(), optional: false }),
            Value::InlineTable(table) => Self::from_table(table),
            _ => None,
        }
    }

    fn from_table(table: &dyn TableLike) -> Option<Self> {
        let optional = table.get("optional").and_then(Item::as_bool) == Some(true);
        Some(Self { path: table.get("path")?.as_str()?.to_owned(), optional })
    }
}

/// Puts `from` over `into` as cargo does: tables are joined, lists are continued, and of other values the later one
/// counts.
fn join(into: &mut dyn TableLike, from: &dyn TableLike) {
    for (key, item) in from.iter() {
        match into.get_mut(key) {
            Some(old) if old.is_table_like() && item.is_table_like() => {
                if let (Some(old), Some(new)) = (old.as_table_like_mut(), item.as_table_like()) {
                    join(old, new);
                }
            }
            Some(Item::Value(Value::Array(old))) if item.is_array() && !COMMANDS.contains(&key) => {
                old.extend(item.as_array().into_iter().flatten().cloned());
            }
            Some(old) => *old = fitting(old, item),
            None => drop(into.insert(key, item.clone())),
        }
    }
}

/// A value in the form that its place can hold: a table in one line holds none with a header.
fn fitting(old: &Item, new: &Item) -> Item {
    match (old, new.clone()) {
        (Item::Value(_), Item::Table(table)) => Item::Value(Value::InlineTable(table.into_inline_table())),
        (_, new) => new,
    }
}

#[cfg(test)]
mod tests {
    use toml_edit::{Array, InlineTable};

    use super::*;
    use crate::text::slashes;

    fn read_files(files: &[(&str, &str)]) -> (String, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().join("a/b");
        write_files(&root, files);
        let config = read(&root, &Environment::default()).unwrap();
        let name = |path: &Utf8PathBuf| slashes::below(&root, path).unwrap().to_string();
        (config.document.to_string(), config.files.iter().map(name).collect())
    }

    fn write_files(root: &Utf8Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
    }

    #[test]
    fn files_are_joined_as_cargo_joins_them() {
        let (text, files) = read_files(&[
            (
                ".cargo/config.toml",
                "include = [\"one.toml\", { path = \"gone.toml\", optional = true }]\n[build]\nrustflags = [\"c\"]\njobs = 1\n",
            ),
            (
                ".cargo/one.toml",
                "include = \"../deep/in/two.toml\"\nbuild = { rustflags = [\"b\"], jobs = 2, incremental = false }\ntarget.x.runner = [\"r\"]\n",
            ),
            (
                "deep/in/two.toml",
                "[build]\nrustflags = [\"a\"]\nrustc-wrapper = \"tools/wrap\"\n[target.x]\nlinker = \"ld\"\nrunner = [\"q\", \"s\"]\n\
                 [env]\nA = { value = \"x\", relative = true }\nB = \"x\"\n",
            ),
        ]);
        let config: DocumentMut = text.parse().unwrap();
        let flags: Array = config["build"]["rustflags"].as_array().unwrap().clone();
        let flags: Vec<&str> = flags.iter().filter_map(Value::as_str).collect();
        assert_eq!(flags, ["a", "b", "c"]);
        assert_eq!(config["build"]["jobs"].as_integer(), Some(1));
        assert_eq!(config["build"]["incremental"].as_bool(), Some(false));
        assert_eq!(config["build"]["rustc-wrapper"].as_str(), Some("deep/tools/wrap"));
        assert_eq!(config["target"]["x"]["linker"].as_str(), Some("ld"));
        assert_eq!(config["target"]["x"]["runner"].as_array().map(Array::len), Some(1));
        assert_eq!(config["env"]["A"]["value"].as_str(), Some("deep/x"));
        assert_eq!(config["env"]["B"].as_str(), Some("x"));
        assert!(!config.contains_key("include"));
        assert_eq!(files, [".cargo/config.toml", ".cargo/one.toml", ".cargo/../deep/in/two.toml"]);
    }

    /// cargo takes the path as it is written, with its `..`.
    #[test]
    fn a_file_at_the_root_speaks_of_cargos_folder() {
        let (text, _) = read_files(&[
            (".cargo/config.toml", "include = [\"../shared.toml\"]\n"),
            ("shared.toml", "[build]\nrustc-wrapper = \"b/wrap\"\nrustc = \"../../rustc\"\n"),
        ]);
        let config: DocumentMut = text.parse().unwrap();
        assert_eq!(config["build"]["rustc-wrapper"].as_str(), Some(".cargo/b/wrap"));
        assert_eq!(config["build"]["rustc"].as_str(), Some("../rustc"));
    }

    #[test]
    fn files_above_count_if_every_clone_has_them() {
        let dir = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(dir.path()).unwrap();
        let env = Environment::new([("PATH", "/usr/local/bin:/usr/bin:/bin")]);
        write_files(
            top,
            &[
                (".gitignore", "mine\n"),
                (
                    ".cargo/config.toml",
                    "[build]\nrustflags = [\"a\"]\nrustc-wrapper = \"tools/wrap\"\njobs = 1\n",
                ),
                ("mine/.cargo/config.toml", "[build]\nrustflags = [\"x\"]\n"),
                ("mine/app/Cargo.toml", ""),
                ("app/.cargo/config.toml", "[build]\nrustflags = [\"b\"]\njobs = 2\n"),
                ("app/Cargo.toml", ""),
            ],
        );
        assert!(read(&top.join("mine/app"), &env).unwrap().document.is_empty());
        crate::process::Cmd::new("git", top, &env).args(["init", "--quiet"]).output().unwrap();
        let config = read(&top.join("app"), &env).unwrap();
        let build = &config.document["build"];
        assert_eq!(build["rustflags"].as_array().unwrap().len(), 2);
        assert_eq!(build["rustc-wrapper"].as_str(), Some("../tools/wrap"));
        assert_eq!(build["jobs"].as_integer(), Some(2));
        assert_eq!(config.files, [top.join("app/.cargo/config.toml"), top.join(".cargo/config.toml")]);
    }

    #[cfg(unix)]
    #[test]
    fn variables_of_files_that_git_ignores_are_one_persons() {
        let dir = tempfile::tempdir().unwrap();
        let top = Utf8Path::from_path(dir.path()).unwrap();
        let env = Environment::new([("PATH", "/usr/local/bin:/usr/bin:/bin")]);
        write_files(
            top,
            &[
                (".gitignore", "app/.cargo/\nmine.toml\nlinked\n"),
                (
                    ".cargo/config.toml",
                    "include = [\"../mine.toml\", \"../linked/x.toml\"]\n[env]\nA = \"1\"\nB = \"1\"\n",
                ),
                ("mine.toml", "[env]\nC = \"x\"\n[build]\njobs = 1\n"),
                ("real/x.toml", "[env]\nE = \"x\"\n"),
                ("app/.cargo/config.toml", "include = [\"../ours.toml\"]\n[env]\nB = \"2\"\nD = \"x\"\n"),
                ("app/ours.toml", "[env]\nF = \"x\"\n"),
                ("app/Cargo.toml", ""),
            ],
        );
        std::os::unix::fs::symlink("real", top.join("linked")).unwrap();
        let app = top.join("app");
        let config = read(&app, &env).unwrap();
        assert_eq!(config.shared_env.unwrap().to_string(), config.document[ENV].to_string());
        crate::process::Cmd::new("git", top, &env).args(["init", "--quiet"]).output().unwrap();
        let config = read(&app, &env).unwrap();
        let all = config.document[ENV].as_table_like().unwrap();
        assert_eq!(all.iter().count(), 6);
        let shared: Vec<_> = config.shared_env.as_ref().unwrap().as_table_like().unwrap().iter().collect();
        let shared: Vec<_> = shared.into_iter().map(|(name, value)| (name, value.as_str())).collect();
        assert_eq!(shared, [("A", Some("1")), ("B", Some("1"))]);
        assert_eq!(config.document["build"]["jobs"].as_integer(), Some(1));
        let named = read_file(&app, &env, &top.join("mine.toml"), &SharedFiles::ask(&env, &app)).unwrap();
        assert!(!named.contains_key(ENV) && named.contains_key("build"));
    }

    #[test]
    fn circles_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        fs_err::create_dir(root.join(".cargo")).unwrap();
        fs_err::write(root.join(".cargo/config.toml"), "include = [\"config.toml\"]\n").unwrap();
        assert!(read(root, &Environment::default()).unwrap_err().to_string().contains("include one another"));
    }

    #[test]
    fn a_value_can_become_a_table() {
        let table = InlineTable::from_iter([("a", 1)]);
        let old = Item::Value(Value::InlineTable(table));
        let new: DocumentMut = "[x]\nb = 1\n".parse().unwrap();
        assert!(fitting(&old, &new["x"]).is_inline_table());
    }
}
