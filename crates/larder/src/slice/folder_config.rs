//! cargo's configuration in folders below the workspace's root: a call made there reads it, and a slice, which is
//! called at the root, does not. So a slice has to carry it.
//!
//! A setting that cannot be carried is named rather than left out.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, Key, TableLike, Value};

use crate::{
    error::Result,
    git::shared_files::ignored,
    process::Environment,
    tuning,
    workspace::{Workspace, parse_toml, texts},
};

/// The settings in some folders, the deepest last.
#[derive(Debug, Default)]
pub(super) struct FolderConfig {
    files: Vec<(Utf8PathBuf, DocumentMut)>,
}

/// The table of variables.
const ENV: &str = "env";
/// Tables that reach no unit.
const HARMLESS: [&str; 11] = [
    "alias",
    "cache",
    "cargo-new",
    "credential-alias",
    "doc",
    "future-incompat-report",
    "http",
    "install",
    "net",
    "term",
    "registry",
];
/// Tables that say which packages there are, in every call alike.
const OF_ALL_CALLS: [&str; 5] = ["include", "patch", "paths", "registries", "source"];
/// Keys that are read on their own, or reach no unit.
const OTHER_KEYS: [&str; 9] = [
    "build.incremental",
    "build.jobs",
    "build.rustdoc",
    "build.rustdocflags",
    "build.rustflags",
    "build.target",
    "build.target-dir",
    "build.warnings",
    "build.dep-info-basedir",
];

impl FolderConfig {
    /// The files that a call in `dir` reads and one at the root does not.
    ///
    /// # Errors
    /// If one is no TOML.
    pub(super) fn between(root: &Utf8Path, dir: &Utf8Path) -> Result<Self> {
        let folders: Vec<&Utf8Path> = dir.ancestors().take_while(|above| !root.starts_with(above)).collect();
        let mut files = Vec::new();
        for folder in folders.into_iter().rev() {
            let path = tuning::config_path(folder);
            if path.is_file() {
                let document = parse_toml(&path)?;
                files.push((path, document));
            }
        }
        Ok(Self { files })
    }

    /// The same without variables of files that git ignores, which may be one person's secrets.
    pub(super) fn without_ignored_variables(mut self, env: &Environment, root: &Utf8Path) -> Self {
        let files = self.files.iter().filter(|(_, document)| document.contains_key(ENV));
        let files: Vec<Utf8PathBuf> = files.map(|(path, _)| path.clone()).collect();
        // Mostly there are none, and git is not asked.
        if !files.is_empty() {
            let ignored = ignored(env, root, &files);
            let files = self.files.iter_mut().filter(|(path, _)| ignored.contains(path));
            files.for_each(|(_, document)| drop(document.remove(ENV)));
        }
        self
    }

    /// One file that was named on a command line.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn of_file(workspace: &Workspace, path: Utf8PathBuf) -> Result<Self> {
        let document = workspace.named_config(&path)?;
        Ok(Self { files: vec![(path, document)] })
    }

    /// Whether the files say anything that may reach a unit.
    pub(super) fn is_relevant(&self) -> bool {
        let keys = self.files.iter().flat_map(|(_, document)| flat(document.as_table(), ""));
        keys.into_iter().any(|(key, _)| !HARMLESS.iter().any(|table| key.starts_with(&format!("{table}."))))
    }

    /// The file that has the last word about a key.
    fn last(&self, path: &[&str]) -> Option<(&Utf8Path, &Item)> {
        let mut files = self.files.iter().rev();
        files.find_map(|(file, document)| Some((file.as_path(), tuning::get(document, path)?)))
    }

    /// The targets of `build.target`, each with the folder that a path is relative to.
    pub(super) fn targets(&self) -> Vec<String> {
        let Some((_, item)) = self.last(&["build", "target"]) else { return Vec::new() };
        texts(item).into_iter().map(str::to_owned).collect()
    }

    /// The absolute path of `build.target-dir`.
    pub(super) fn target_dir(&self) -> Option<Utf8PathBuf> {
        let (file, item) = self.last(&["build", "target-dir"])?;
        // Relative to the folder that `.cargo` is in.
        Some(file.parent()?.parent()?.join(item.as_str()?))
    }

    /// The variables of `[env]`.
    ///
    /// # Errors
    /// With the one that holds a path.
    pub(super) fn variables(&self) -> Result<Vec<(String, String)>, String> {
        let mut variables = Vec::new();
        for (file, document) in &self.files {
            let tables = document.get(ENV).and_then(Item::as_table_like).into_iter();
            for (name, item) in tables.flat_map(TableLike::iter) {
                let value = item.as_str().or_else(|| item.get("value").and_then(Item::as_str));
                let is_relative = item.get("relative").and_then(Item::as_bool) == Some(true);
                match value.filter(|_| !is_relative) {
                    Some(value) => variables.push((name.to_owned(), value.to_owned())),
                    None => return Err(format!("{file} sets {name} to a path of its own")),
                }
            }
        }
        Ok(variables)
    }

    /// All other settings that reach units, as `KEY=VALUE`; `is_set` tells which variables win over one.
    ///
    /// # Errors
    /// With the setting that cannot be carried.
    pub(super) fn settings(&self, is_set: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
        let mut settings: Vec<(String, String)> = Vec::new();
        for (file, document) in &self.files {
            for (key, value) in flat(document.as_table(), "") {
                let table = key.split('.').next().unwrap_or_default();
                if OF_ALL_CALLS.contains(&table) {
                    return Err(format!("{file} has `{table}`, which counts for calls in that folder alone"));
                }
                if is_left_out(&key, table) || is_set(&variable(&key)) {
                    continue;
                }
                if is_path(&key, &value) {
                    return Err(format!("{file} has `{key}`, which names a path"));
                }
                settings.retain(|(known, _)| *known != key);
                settings.push((key, value.to_string().trim().to_owned()));
            }
        }
        Ok(settings.into_iter().map(|(key, value)| format!("{key}={value}")).collect())
    }
}

fn is_left_out(key: &str, table: &str) -> bool {
    let of_target = |name: &str| table == "target" && key.ends_with(&format!(".{name}"));
    table == ENV
        || HARMLESS.contains(&table)
        || OTHER_KEYS.contains(&key)
        || ["ar", "runner", "rustdocflags", "rustflags"].iter().any(|name| of_target(name))
}

/// Programs are found by their names on every machine, and in other places by a path; a folder is one.
fn is_path(key: &str, value: &Value) -> bool {
    let program = value.as_str().or_else(|| value.as_array()?.get(0)?.as_str());
    let names_program = ["linker", "rustc", "rustc-wrapper", "rustc-workspace-wrapper"];
    let last = key.rsplit('.').next().unwrap_or_default();
    key == "build.build-dir"
        || (names_program.contains(&last) && program.is_some_and(|path| path.contains('/')))
}

/// The variable that says the same as a key.
fn variable(key: &str) -> String {
    format!("CARGO_{}", key.replace(['.', '-'], "_").replace('"', "").to_uppercase())
}

/// All values with their keys as TOML writes them.
fn flat(table: &dyn TableLike, above: &str) -> Vec<(String, Value)> {
    let values = table.iter().flat_map(|(name, item)| {
        let key = format!("{above}{}", Key::new(name).display_repr());
        match (item.as_table_like(), item) {
            (Some(table), _) => flat(table, &format!("{key}.")),
            (None, Item::Value(value)) => vec![(key, value.clone().decorated("", ""))],
            // `[[patch]]` and its kind.
            (None, _) => vec![(key, Value::from(true))],
        }
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> FolderConfig {
        let file = Utf8PathBuf::from("/p/app/.cargo/config.toml");
        FolderConfig { files: vec![(file, text.parse().unwrap())] }
    }

    #[test]
    fn settings_that_reach_units_are_carried() {
        let text = "\
[alias]
b = \"build\"
[build]
target = [\"a\", \"b\"]
target-dir = \"../out\"
rustflags = [\"--cfg\", \"x\"]
jobs = 1
rustc-wrapper = \"sccache\"
[profile.release]
opt-level = 1 # small
lto = \"thin\"
package.\"*\".debug = 1
[target.x86_64-unknown-linux-gnu]
linker = \"clang\"
runner = \"./run\"
[env]
A = \"1\"
B = { value = \"2\", force = true }
";
        let config = config(text);
        assert_eq!(config.targets(), ["a", "b"]);
        assert_eq!(config.target_dir().unwrap(), "/p/app/../out");
        let variables = config.variables().unwrap();
        assert_eq!(variables, [("A".into(), "1".into()), ("B".into(), "2".into())]);
        assert_eq!(
            config.settings(|name| name == "CARGO_PROFILE_RELEASE_LTO").unwrap(),
            [
                "build.rustc-wrapper=\"sccache\"",
                "profile.release.opt-level=1",
                "profile.release.package.\"*\".debug=1",
                "target.x86_64-unknown-linux-gnu.linker=\"clang\"",
            ]
        );
    }

    #[test]
    fn settings_that_cannot_be_carried_are_named() {
        for (text, named) in [
            ("[source.crates-io]\nreplace-with = \"vendor\"\n", "`source`"),
            ("paths = [\"../x\"]\n", "`paths`"),
            ("[target.x]\nlinker = \"./ld\"\n", "`target.x.linker`"),
            ("[build]\nrustc-wrapper = \"bin/w\"\n", "`build.rustc-wrapper`"),
        ] {
            let reason = config(text).settings(|_| false).unwrap_err();
            assert!(reason.contains(named), "{reason}");
        }
        assert!(config("[env]\nA = { value = \"x\", relative = true }\n").variables().is_err());
    }
}
