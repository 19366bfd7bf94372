//! The settings that cargo is to see when it is asked for a unit graph: those of the project's builds, on everybody's
//! machine.
//!
//! The query makes a stable cargo take unstable settings, which its builds ignore; and a shell, or a person's own
//! configuration, holds settings that are nobody else's. It must never change what a build gets.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use cargo_metadata::camino::Utf8Path;
use serde_json::Value;
use toml_edit::{DocumentMut, Item};

use super::{
    command_line::option_values, compilers::COMPILERS, settings_files::CONFIGURATION,
    variables::PROFILE_SETTINGS,
};
use crate::{
    error::{Error, Result},
    files::read,
    git::shared_files::shared_above,
    process::{Cmd, Environment},
};

/// With this a stable cargo and its rustc take what is unstable.
pub(crate) const BOOTSTRAP: &str = "RUSTC_BOOTSTRAP";
/// The start of the variables that hold unstable settings.
const UNSTABLE_VARIABLES: &str = "CARGO_UNSTABLE_";
/// The setting that the query itself needs.
const NEEDED: &str = "unstable-options";

/// The settings that a stable cargo has to be told, so that it obeys in a query what it obeys in a build; none for an
/// unstable one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stable {
    /// Switches that the configuration turns on.
    switches: BTreeSet<String>,
    /// Whether the configuration says nothing about [`BOOTSTRAP`], so that rustc can be told to stay stable.
    rustc: bool,
}

impl Stable {
    /// Asks a cargo; `None` for one that obeys the same in builds.
    pub(crate) fn ask(program: &Path, dir: &Path, env: &Environment) -> Option<Self> {
        if obeys_unstable(env) {
            return None;
        }
        let version = Cmd::new(program, dir, env).arg("-V").output().ok()?;
        if version.contains("-nightly") || version.contains("-dev") {
            return None;
        }
        let get = Cmd::new(program, dir, env)
            .args(["config", "get", "--format=json-value", "-Zunstable-options"])
            .env(BOOTSTRAP, "1");
        let config: Value =
            get.output().ok().and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let mut switches = BTreeSet::new();
        collect("unstable", &config["unstable"], &mut switches);
        Some(Self { switches, rustc: config["env"][BOOTSTRAP].is_null() })
    }

    /// The words for one call with its own `--config`.
    pub(crate) fn words(&self, args: &[String]) -> Vec<String> {
        let mut switches = self.switches.clone();
        for setting in option_values(args, "--config") {
            let Ok(document) = setting.parse::<DocumentMut>() else { continue };
            let json = toml_edit::de::from_document::<Value>(document).unwrap_or_default();
            collect("unstable", &json["unstable"], &mut switches);
        }
        let off = switches.iter().map(|switch| format!("--config={switch}=false"));
        // The compiler tells a build less of itself, and dependencies may hang on that.
        let rustc = [
            format!("--config=env.{BOOTSTRAP}.value=\"-1\""),
            format!("--config=env.{BOOTSTRAP}.force=true"),
        ];
        off.chain(rustc.into_iter().filter(|_| self.rustc)).collect()
    }
}

/// Whether builds in this environment take unstable settings from a stable cargo.
pub(crate) fn obeys_unstable(env: &Environment) -> bool {
    env.get_str(BOOTSTRAP) == Some("1")
}

/// Takes out what a stable cargo ignores.
pub(crate) fn without_unstable(env: &mut Environment) {
    remove(env, |name| name.starts_with(UNSTABLE_VARIABLES));
}

/// The environment without one person's settings that reach a plan. Variables for finding a compiler and getting
/// sources stay.
pub(crate) fn of_everybody(env: &Environment) -> Environment {
    const NAMES: [&str; 6] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        BOOTSTRAP,
        "RUSTDOCFLAGS",
        "CARGO_ENCODED_RUSTDOCFLAGS",
    ];
    const FAMILIES: [&str; 5] =
        [PROFILE_SETTINGS, "CARGO_BUILD_", "CARGO_TARGET_", "CARGO_RESOLVER_", UNSTABLE_VARIABLES];
    let is_compiler = |name: &str| COMPILERS.iter().any(|(_, names)| names.contains(&name));
    let mut env = env.clone();
    remove(&mut env, |name| {
        NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family)) && !is_compiler(name)
    });
    env
}

fn remove(env: &mut Environment, is_meant: impl Fn(&str) -> bool) {
    let names: Vec<String> = env
        .iter()
        .filter_map(|(name, _)| name.to_str())
        .filter(|name| is_meant(name))
        .map(str::to_owned)
        .collect();
    names.iter().for_each(|name| env.unset(name));
}

/// Refuses a person's own configuration, in `CARGO_HOME` or in a folder above the workspace, that would reach every
/// plan: cargo offers no way to leave it out.
///
/// # Errors
/// [`Error::PersonalSetting`] with the file and the key.
pub(crate) fn require_of_everybody(home: Option<PathBuf>, root: &Path, env: &Environment) -> Result<()> {
    let own = root.join(".cargo");
    let above = root.ancestors().skip(1).map(|folder| folder.join(".cargo"));
    for folder in above.chain(home).filter(|folder| *folder != own) {
        // cargo prefers the name without an extension.
        let files = CONFIGURATION.map(|name| folder.join(name));
        let Some(path) = files.into_iter().find(|path| path.is_file()) else { continue };
        // cargo has read the file already, and said what is wrong with it.
        let document = read::text(&path)?.parse::<DocumentMut>().unwrap_or_default();
        if let Some(key) = personal_key(&document).filter(|_| !is_shared(&path, root, env)) {
            return Err(Error::PersonalSetting { path, key });
        }
    }
    Ok(())
}

/// Whether a file above the workspace is the project's as much as its own configuration is.
fn is_shared(path: &Path, root: &Path, env: &Environment) -> bool {
    let paths = Utf8Path::from_path(path).zip(Utf8Path::from_path(root));
    paths.is_some_and(|(path, root)| !shared_above(env, root, vec![path.to_owned()]).is_empty())
}

/// The first key that reaches a unit graph.
fn personal_key(document: &DocumentMut) -> Option<String> {
    let target =
        document.get("build").and_then(|build| build.get("target")).map(|_| "build.target".to_owned());
    let tables = ["profile", "patch", "paths"];
    target.or_else(|| {
        let (name, item) = tables.iter().find_map(|name| Some((*name, document.get(name)?)))?;
        Some(dotted(name, item))
    })
}

/// A table's first key, down to a value.
fn dotted(name: &str, item: &Item) -> String {
    match item.as_table_like().and_then(|table| table.iter().next()) {
        Some((key, item)) => dotted(&format!("{name}.{key}"), item),
        None => name.to_owned(),
    }
}

/// Every switch of a setting that is turned on, by its full name.
fn collect(name: &str, value: &Value, switches: &mut BTreeSet<String>) {
    match value {
        Value::Bool(true) if name != format!("unstable.{NEEDED}") => {
            switches.insert(name.to_owned());
        }
        Value::Object(table) => {
            table.iter().for_each(|(key, value)| collect(&format!("{name}.{key}"), value, switches));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_turned_off_for_one_query() {
        let stable = Stable { switches: BTreeSet::from(["unstable.a".to_owned()]), rustc: false };
        let args = [
            "build",
            "--config",
            "unstable.git.shallow-index=true",
            "--config=unstable.unstable-options=true",
        ];
        let words = stable.words(&args.map(str::to_owned));
        assert_eq!(words, ["--config=unstable.a=false", "--config=unstable.git.shallow-index=false"]);
    }

    #[test]
    fn one_persons_settings_stay_out() {
        let kept = [
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_OWN_TOKEN",
            "RUSTC",
            "CARGO_BUILD_RUSTC",
            "HTTPS_PROXY",
        ];
        let gone = [
            "CARGO_PROFILE_RELEASE_DEBUG",
            "RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_DIR",
            "RUSTC_BOOTSTRAP",
        ];
        let env = Environment::new(kept.iter().chain(&gone).map(|name| (*name, "1")));
        let left = of_everybody(&env);
        assert!(kept.iter().all(|name| left.get(name).is_some()), "{left:?}");
        assert!(gone.iter().all(|name| left.get(name).is_none()), "{left:?}");
    }

    /// The file that stands in the way of a plan.
    fn personal(root: &Path, home: Option<PathBuf>, env: &Environment) -> Option<PathBuf> {
        match require_of_everybody(home, root, env) {
            Err(Error::PersonalSetting { path, .. }) => Some(path),
            other => other.map(|()| None).unwrap(),
        }
    }

    #[test]
    fn a_persons_file_in_any_folder_above_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        let env = Environment::new([("PATH", "/usr/local/bin:/usr/bin:/bin")]);
        let root = top.join("repository/apps/site");
        let [outside, tracked, ignored, own] = [
            (&top, "[build]\ntarget = \"x\"\n"),
            (&top.join("repository"), "[profile.release]\nlto = true\n"),
            (&top.join("repository/apps"), "[patch.crates-io]\na = { path = \"a\" }\n"),
            (&root, "[build]\ntarget = \"x\"\n"),
        ]
        .map(|(folder, text)| {
            fs_err::create_dir_all(folder.join(".cargo")).unwrap();
            let path = folder.join(".cargo/config.toml");
            fs_err::write(&path, text).unwrap();
            path
        });
        fs_err::write(root.join("Cargo.toml"), "").unwrap();
        fs_err::write(top.join("repository/.gitignore"), "/apps/.cargo\n").unwrap();
        Cmd::new("git", top.join("repository"), &env).args(["init", "--quiet"]).output().unwrap();
        assert_eq!(personal(&root, None, &env), Some(ignored.clone()));
        fs_err::write(&ignored, "[build]\njobs = 1\n").unwrap();
        assert_eq!(personal(&root, None, &env), Some(outside.clone()));
        fs_err::remove_file(&outside).unwrap();
        for home in [None, own.parent(), tracked.parent()] {
            assert_eq!(personal(&root, home.map(Path::to_owned), &env), None, "{home:?}");
        }
        let home = top.join("home");
        fs_err::create_dir(&home).unwrap();
        fs_err::write(home.join("config"), "paths = [\"a\"]\n").unwrap();
        assert_eq!(personal(&root, Some(home.clone()), &env), Some(home.join("config")));
    }

    #[test]
    fn the_key_is_named_to_its_end() {
        for (text, key) in [
            ("[profile.release.package.a]\nopt-level = 1\n", Some("profile.release.package.a.opt-level")),
            ("[build]\ntarget = \"x\"\n", Some("build.target")),
            ("[build]\njobs = 1\n[net]\nretry = 1\n[source.a]\nreplace-with = \"b\"\n", None),
        ] {
            assert_eq!(personal_key(&text.parse().unwrap()).as_deref(), key, "{text}");
        }
    }
}
