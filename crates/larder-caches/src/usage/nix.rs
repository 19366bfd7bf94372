//! The Nix store: what this project's roots keep, what nothing keeps any more, and the rest.
//!
//! Nix itself is asked for sizes, references and dead paths. It takes links to roots that are gone out of its list
//! while it looks for dead paths; no store path is removed.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder::{
    error::{Error, Result},
    files::disk::Size,
    nix::{NO_NIX, NixClient, NixFeatures},
    process::{Cmd, Environment},
    project::Project,
    side_by_side::joined,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    cache::{Cache, FoundCaches, Scope},
    measure::{Measure, measure},
};

const NAME: &str = "nix store";
const FILLED: &str = "nix build, nix develop and direnv";
const COLLECT: &str = "cargo larder gc --only nix";

pub(super) fn look(project: &Project, env: &Environment) -> FoundCaches {
    let Some(nix) = NixClient::find(env) else {
        return absent(&format!("Nix is not installed: {NO_NIX}"));
    };
    let store = env.get("NIX_STORE_DIR").map_or_else(|| PathBuf::from("/nix/store"), PathBuf::from);
    if !store.is_dir() {
        return absent("there is no store yet");
    }
    match measured(project, env, &nix, &store) {
        Ok(found) => found,
        Err(error) => absent(&one_line(&error)),
    }
}

fn absent(reason: &str) -> FoundCaches {
    let cache = Cache::absent(NAME, Scope::Machine, reason).said(FILLED, COLLECT);
    FoundCaches { caches: vec![cache], problems: Vec::new() }
}

/// The first line of what a program said, since it is one cell of a table.
pub(super) fn one_line(error: &Error) -> String {
    let text = match error {
        Error::Failed { command, stderr, .. } => {
            let said = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
            format!("`{command}`: {}", said.unwrap_or("it failed"))
        }
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// The relation of a store path to this project; the order is that of the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StorePathClass {
    Project,
    Dead,
    Other,
    /// Nix's own folders in the store, such as that of links between equal files.
    Store,
}

impl StorePathClass {
    fn row(self) -> usize {
        CLASSES.iter().position(|(found, ..)| *found == self).unwrap_or_default()
    }
}

const CLASSES: [(StorePathClass, &str, &str, &str); 4] = [
    (
        StorePathClass::Project,
        "this project's roots",
        "nix build, direnv",
        "remove the result links, then cargo larder gc --only nix",
    ),
    (StorePathClass::Dead, "dead", "builds whose roots are gone", COLLECT),
    (
        StorePathClass::Other,
        "other roots",
        "other projects, profiles and the system",
        "cargo larder gc --only nix --delete-old-generations",
    ),
    (
        StorePathClass::Store,
        "store itself",
        "nix: folders, locks and links between equal files",
        "nothing to gain",
    ),
];

fn measured(project: &Project, env: &Environment, nix: &NixClient, store: &Path) -> Result<FoundCaches> {
    let dir = project.workspace.root().as_std_path();
    let all = nix.nix(dir, NixFeatures::Commands, &["path-info", "--all", "--json"]);
    let dead = nix.store(dir, &["--gc", "--print-dead"]);
    let (paths, dead) = std::thread::scope(|scope| {
        let dead = scope.spawn(|| dead.output());
        (all.output().and_then(|text| parse(&text, store, &all)), joined(dead))
    });
    let (paths, dead) = (paths?, dead?);
    let dead: HashSet<&str> = dead.lines().filter_map(|line| base_name(line, store)).collect();
    let own = closure(&paths, roots(project, env, store));
    let known = StorePaths { own, dead, paths: &paths };
    let (sums, problems) = measure(&[store.to_owned()], CLASSES.len(), 1, |_, path| {
        known.class(path.to_str().unwrap_or_default()).row()
    });
    let mut archives = [(0, None); CLASSES.len()];
    for (name, info) in &paths {
        let (size, youngest) = &mut archives[known.class(name).row()];
        *size = u64::saturating_add(*size, info.nar_size);
        *youngest = info.registration_time.max(*youngest);
    }
    let rows =
        CLASSES.iter().zip(&sums[0]).zip(archives).map(|((row, sum), archive)| part(*row, *sum, archive));
    let cache = Cache::of_parts(NAME, Scope::Machine, rows.collect()).at(store).said(FILLED, COLLECT);
    Ok(FoundCaches { caches: vec![cache], problems })
}

/// The store's paths, by their base names.
struct StorePaths<'a> {
    own: HashSet<String>,
    dead: HashSet<&'a str>,
    paths: &'a HashMap<String, PathInfo>,
}

impl StorePaths<'_> {
    fn class(&self, name: &str) -> StorePathClass {
        match () {
            () if self.own.contains(name) => StorePathClass::Project,
            () if self.dead.contains(name) => StorePathClass::Dead,
            () if self.paths.contains_key(name) => StorePathClass::Other,
            () => StorePathClass::Store,
        }
    }
}

fn part(
    (class, name, filled_by, shrink): (StorePathClass, &str, &str, &str),
    sum: Measure,
    archives: (u64, Option<u64>),
) -> Cache {
    let (archive, youngest) = archives;
    // The size that Nix itself names for a path is that of its archive; its own folders have none.
    let apparent = if class == StorePathClass::Store { sum.size.apparent } else { archive };
    let size = Size { on_disk: sum.size.on_disk, apparent };
    let reusable = match class {
        StorePathClass::Project => Some(size.on_disk),
        StorePathClass::Dead => Some(0),
        StorePathClass::Other | StorePathClass::Store => None,
    };
    // Nix keeps no book of use: a path was last used when it came, as far as it knows.
    let came = youngest.map(|youngest| SystemTime::UNIX_EPOCH + Duration::from_secs(youngest));
    Cache::new(name, Scope::Machine, size).reusing(reusable).last_used(came).said(filled_by, shrink)
}

/// The facts that Nix tells of a path.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PathInfo {
    nar_size: u64,
    /// Some stores do not keep it.
    registration_time: Option<u64>,
    references: Vec<String>,
}

/// Reads an answer and follows what it names; for [`crate::fuzz`].
pub(crate) fn read_all(text: &str) {
    let cmd = Cmd::new("nix", "/", &Environment::default());
    if let Ok(paths) = parse(text, Path::new("/nix/store"), &cmd) {
        let all = paths.keys().cloned().collect();
        larder::fuzz::seen(closure(&paths, all));
    }
}

/// Reads what `path-info --json` prints: a list before Nix 2.19, an object by path since, and later one inside
/// `info` whose names lack the store's folder. Keys are base names.
fn parse(text: &str, store: &Path, cmd: &Cmd) -> Result<HashMap<String, PathInfo>> {
    let value: Value = serde_json::from_str(text).map_err(|error| cmd.unreadable(&error))?;
    let entries: Vec<(String, Value)> = match value {
        Value::Array(list) => {
            let path = |info: &Value| info["path"].as_str().unwrap_or_default().to_owned();
            list.into_iter().map(|info| (path(&info), info)).collect()
        }
        Value::Object(mut object) => match object.remove("info") {
            Some(Value::Object(info)) => info.into_iter().collect(),
            _ => object.into_iter().collect(),
        },
        _ => return Err(cmd.unreadable(&"it is neither a list nor an object")),
    };
    let named = entries.into_iter().filter(|(_, info)| !info.is_null());
    named
        .map(|(path, info)| {
            let mut info: PathInfo = serde_json::from_value(info).map_err(|error| cmd.unreadable(&error))?;
            info.references = info.references.iter().map(|path| key(path, store)).collect();
            Ok((key(&path, store), info))
        })
        .collect()
}

/// The name that a path has in the map: its base name, or all of it if it is not in the store.
fn key(path: &str, store: &Path) -> String {
    base_name(path, store).unwrap_or(path).to_owned()
}

/// The name of the store path that a path is, or is in.
fn base_name<'a>(path: &'a str, store: &Path) -> Option<&'a str> {
    let inside = path.strip_prefix(store.to_str()?)?.strip_prefix('/')?;
    inside.split('/').next()
}

/// Store paths that links in the project's folder keep: `result`, and what direnv leaves.
fn roots(project: &Project, env: &Environment, store: &Path) -> Vec<String> {
    let state = env.get("NIX_STATE_DIR").map_or_else(|| PathBuf::from("/nix/var/nix"), PathBuf::from);
    let root = project.workspace.root().as_std_path();
    let links = fs_err::read_dir(state.join("gcroots/auto")).into_iter().flatten().flatten();
    let targets = links.filter_map(|link| fs_err::read_link(link.path()).ok());
    let own = targets.filter(|target| target.starts_with(root));
    let kept = own.filter_map(|link| fs_err::read_link(link).ok());
    kept.filter_map(|path| Some(base_name(path.to_str()?, store)?.to_owned())).collect()
}

/// Everything that some paths need.
fn closure(paths: &HashMap<String, PathInfo>, mut open: Vec<String>) -> HashSet<String> {
    let mut closure = HashSet::new();
    while let Some(name) = open.pop() {
        if let Some(info) = paths.get(&name)
            && closure.insert(name)
        {
            open.extend(info.references.iter().filter(|path| !closure.contains(*path)).cloned());
        }
    }
    closure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_of_path_info_are_read() {
        let store = Path::new("/nix/store");
        let cmd = Cmd::new("nix", "/", &Environment::default());
        let forms = [
            r#"[{"path":"/nix/store/a-x","narSize":5,"references":["/nix/store/b-y"]},{"path":"/nix/store/b-y","narSize":7,"references":[]}]"#,
            r#"{"/nix/store/a-x":{"narSize":5,"registrationTime":null,"references":["/nix/store/b-y"]},"/nix/store/b-y":{"narSize":7,"references":[]},"/nix/store/gone":null}"#,
            r#"{"version":2,"storeDir":"/nix/store","info":{"a-x":{"narSize":5,"references":["b-y"]},"b-y":{"narSize":7,"references":[]}}}"#,
        ];
        for form in forms {
            let paths = parse(form, store, &cmd).unwrap();
            assert_eq!((paths.len(), paths["a-x"].nar_size), (2, 5), "{form}");
            assert_eq!(closure(&paths, vec!["a-x".into()]).len(), 2, "{form}");
            assert_eq!(closure(&paths, vec!["b-y".into()]).len(), 1, "{form}");
        }
        assert!(parse("true", store, &cmd).is_err());
    }
}
