//! Which derivations Nix would build, and by which input of theirs: what a result was built from, compared with
//! what the same installable is now.
//!
//! Nix is asked to evaluate and never to build. Values of variables that look like secrets are left out.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    nix::{NixClient, NixFeatures},
    secret,
};

/// A derivation that would be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChangedDerivation {
    /// Its name.
    pub name: String,
    /// Which of its own inputs changed, in words; empty if it only follows.
    pub reasons: Vec<String>,
    /// The derivations that it follows.
    pub follows: Vec<String>,
}

/// Compares the result behind `link` with what `installable` is now; dependencies come first.
///
/// # Errors
/// When Nix cannot evaluate, or no longer knows what the result was built from.
pub fn misses(nix: &NixClient, dir: &Path, link: &Path, installable: &str) -> Result<Vec<ChangedDerivation>> {
    let result = fs_err::read_link(link)?;
    let old = nix.store(dir, &["--query", "--deriver", &result.to_string_lossy()]).output()?;
    let old = old.trim();
    if old.is_empty() || old == "unknown-deriver" {
        let reason = format!("{} does not say what it was built from", result.display());
        return Err(Error::Io(std::io::Error::other(reason)));
    }
    let new = nix.nix(dir, NixFeatures::Flakes, &["path-info", "--derivation", installable]).output()?;
    let Some(new) = new.lines().last().map(str::trim) else { return Ok(Vec::new()) };
    let comparison = Comparison { old: described(nix, dir, old)?, new: described(nix, dir, new)? };
    let mut found = Vec::new();
    comparison.compare(old, new, &mut BTreeSet::new(), &mut found);
    Ok(found)
}

/// A derivation and everything below it, by path. The command has had two names.
fn described(nix: &NixClient, dir: &Path, path: &str) -> Result<BTreeMap<String, Described>> {
    let [now, before] = [&["derivation", "show"][..], &["show-derivation"]]
        .map(|words| nix.nix(dir, NixFeatures::Flakes, words).args(["--recursive", path]));
    let answer = now.output().or_else(|_| before.output())?;
    closure(&answer).map_err(|error| Error::Answer {
        command: format!("nix derivation show {path}"),
        reason: error.to_string(),
    })
}

/// A derivation as Nix describes it. Later versions keep inputs one level deeper.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Described {
    builder: String,
    args: Vec<String>,
    env: BTreeMap<String, serde_json::Value>,
    input_srcs: Vec<String>,
    input_drvs: BTreeMap<String, serde_json::Value>,
    inputs: Inputs,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Inputs {
    srcs: Vec<String>,
    drvs: BTreeMap<String, serde_json::Value>,
}

/// Later versions wrap the derivations, too.
fn closure(answer: &str) -> serde_json::Result<BTreeMap<String, Described>> {
    let mut answer: serde_json::Value = serde_json::from_str(answer)?;
    let derivations = answer.get_mut("derivations").map(serde_json::Value::take).unwrap_or(answer);
    serde_json::from_value(derivations)
}

impl Described {
    fn sources(&self) -> BTreeSet<&str> {
        self.input_srcs.iter().chain(&self.inputs.srcs).map(String::as_str).collect()
    }

    fn derivations(&self) -> BTreeSet<&str> {
        self.input_drvs.keys().chain(self.inputs.drvs.keys()).map(String::as_str).collect()
    }
}

/// A path that is not the same before and after, or there only once.
struct MovedPath<'a> {
    name: String,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

/// The paths that are not in both sets, in pairs of one name. Several paths can have the same, as sources do.
fn moved<'a>(old: &BTreeSet<&'a str>, new: &BTreeSet<&'a str>) -> Vec<MovedPath<'a>> {
    let mut gone: BTreeMap<String, VecDeque<&str>> = BTreeMap::new();
    for path in old.difference(new) {
        gone.entry(name(path)).or_default().push_back(path);
    }
    let mut moved = Vec::new();
    for path in new.difference(old) {
        let name = name(path);
        let old = gone.get_mut(&name).and_then(VecDeque::pop_front);
        moved.push(MovedPath { name, old, new: Some(path) });
    }
    let rest = gone.values().flatten().map(|path| MovedPath { name: name(path), old: Some(path), new: None });
    moved.extend(rest);
    moved.sort_by(|one, other| one.name.cmp(&other.name));
    moved
}

struct Comparison {
    old: BTreeMap<String, Described>,
    new: BTreeMap<String, Described>,
}

impl Comparison {
    fn compare(&self, old: &str, new: &str, seen: &mut BTreeSet<String>, found: &mut Vec<ChangedDerivation>) {
        if old == new || !seen.insert(new.to_owned()) {
            return;
        }
        let (Some(before), Some(after)) = (get(&self.old, old), get(&self.new, new)) else { return };
        let mut reasons = differences(before, after);
        let mut follows = Vec::new();
        for MovedPath { name, old, new } in moved(&before.derivations(), &after.derivations()) {
            let name = name.trim_end_matches(".drv");
            match (old, new) {
                (Some(old), Some(new)) => {
                    self.compare(old, new, seen, found);
                    follows.push(name.to_owned());
                }
                (None, _) => reasons.push(format!("it takes {name} now")),
                (_, None) => reasons.push(format!("it takes {name} no more")),
            }
        }
        found.push(ChangedDerivation {
            name: name(new).trim_end_matches(".drv").to_owned(),
            reasons,
            follows,
        });
    }
}

/// Later versions leave the store's folder out of keys.
fn get<'a>(all: &'a BTreeMap<String, Described>, path: &str) -> Option<&'a Described> {
    all.get(path).or_else(|| all.get(path.rsplit('/').next()?))
}

/// The differences of a derivation itself.
fn differences(old: &Described, new: &Described) -> Vec<String> {
    let mut reasons: Vec<String> = moved(&old.sources(), &new.sources())
        .into_iter()
        .map(|MovedPath { name, old, new }| match (old, new) {
            (Some(old), Some(new)) => source(&name, Path::new(old), Path::new(new)),
            (None, _) => format!("source {name} is new"),
            (_, None) => format!("source {name} is gone"),
        })
        .collect();
    if plain(&old.builder) != plain(&new.builder) {
        reasons.push(format!("the builder was {}", plain(&old.builder)));
    }
    if old.args.iter().map(|arg| plain(arg)).ne(new.args.iter().map(|arg| plain(arg))) {
        reasons.push("the builder's arguments changed".into());
    }
    let names: BTreeSet<&String> = old.env.keys().chain(new.env.keys()).collect();
    for name in names {
        let [was, is] = [old, new].map(|described| described.env.get(name).map(|value| plain(&text(value))));
        if was != is {
            reasons.push(variable(name, was, is));
        }
    }
    reasons
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn variable(name: &str, old: Option<String>, new: Option<String>) -> String {
    if secret::is_named(name) {
        return format!("variable {name} changed");
    }
    crate::why::reason::Reason::variable(name.to_owned(), old, new).words()
}

/// A source that changed, with the files if both can be read.
fn source(name: &str, old: &Path, new: &Path) -> String {
    const SHOWN: usize = 3;
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    if !old.exists() || !new.exists() {
        return format!("source {name} changed");
    }
    files(old, old, &mut was);
    files(new, new, &mut is);
    let all: BTreeSet<&PathBuf> = was.keys().chain(is.keys()).collect();
    let changed: Vec<String> = all
        .into_iter()
        .filter(|file| was.get(*file) != is.get(*file))
        .map(|file| file.display().to_string())
        .collect();
    match changed.len() {
        0 => format!("source {name} changed"),
        _ if changed == [""] => format!("file {name} changed"),
        count => {
            let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
            format!("source {name} changed: {}{more}", changed[..count.min(SHOWN)].join(", "))
        }
    }
}

/// The content of every file below a path, links not followed.
fn files(root: &Path, path: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(metadata) = fs_err::symlink_metadata(path) else { return };
    if metadata.is_dir() {
        let entries = fs_err::read_dir(path).into_iter().flatten().flatten();
        entries.for_each(|entry| files(root, &entry.path(), found));
        return;
    }
    let name = path.strip_prefix(root).unwrap_or(path).to_owned();
    let content = if metadata.is_symlink() {
        fs_err::read_link(path).map(|target| target.into_os_string().into_encoded_bytes())
    } else {
        fs_err::read(path)
    };
    found.insert(name, content.unwrap_or_default());
}

/// The name in a store path: what follows the hash.
fn name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    if is_hashed(file) { file[HASH + 1..].to_owned() } else { file.to_owned() }
}

/// How long hashes in store paths are.
const HASH: usize = 32;

fn is_hashed(file: &str) -> bool {
    file.len() > HASH
        && file.as_bytes()[HASH] == b'-'
        && file.as_bytes()[..HASH].iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// A text with the hashes of store paths left out: they change whenever something below does.
fn plain(text: &str) -> String {
    let mut parts = text.split('/');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push('/');
        plain.push_str(if part.is_char_boundary(HASH.min(part.len())) && is_hashed(part) {
            &part[HASH + 1..]
        } else {
            part
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"/nix/store/00000000000000000000000000000000-app.drv":{"builder":"/bin/sh","args":["-c"],
        "env":{"src":"/nix/store/11111111111111111111111111111111-source","A":"1","API_TOKEN":"x"},
        "inputSrcs":["/nix/store/11111111111111111111111111111111-source"],"inputDrvs":{}}}"#;

    #[test]
    fn what_differs_is_named_and_secrets_are_not_shown() {
        let new = OLD
            .replace("11111111111111111111111111111111", "22222222222222222222222222222222")
            .replace("\"A\":\"1\"", "\"A\":\"2\"")
            .replace("\"x\"", "\"y\"");
        let (old, new) = (closure(OLD).unwrap(), closure(&new).unwrap());
        let reasons = differences(old.values().next().unwrap(), new.values().next().unwrap());
        let expected =
            ["source source changed", "variable A changed from `1` to `2`", "variable API_TOKEN changed"];
        assert_eq!(reasons, expected);
    }

    /// Sources are mostly called just that, and a builder may take several.
    #[test]
    fn of_paths_with_one_name_none_is_missed() {
        let [one, two, three, four] =
            ["1", "2", "3", "4"].map(|digit| format!("/nix/store/{}-source", digit.repeat(HASH)));
        assert_eq!(reasons(&[&one, &three], &[&two, &three]), ["source source changed"]);
        assert_eq!(reasons(&[&one, &three], &[&three]), ["source source is gone"]);
        let both = ["source source changed", "source source is new"];
        assert_eq!(reasons(&[&one, &four], &[&two, &three, &four]), both);
    }

    /// The reasons why a derivation with the new sources is not the one with the old.
    fn reasons(old: &[&str], new: &[&str]) -> Vec<String> {
        let [old, new] = [old, new].map(|sources| Described {
            input_srcs: sources.iter().map(|path| (*path).to_owned()).collect(),
            ..Described::default()
        });
        differences(&old, &new)
    }

    #[test]
    fn later_versions_of_nix_wrap_and_nest() {
        let answer = r#"{"version":4,"derivations":{"x-app.drv":{"inputs":{"srcs":["s"],"drvs":{"d":{}}}}}}"#;
        let derivations = closure(answer).unwrap();
        let app = get(&derivations, "/nix/store/x-app.drv").unwrap();
        assert_eq!((app.sources().len(), app.derivations().len()), (1, 1));
    }

    #[test]
    fn hashes_of_store_paths_are_left_out() {
        assert_eq!(plain("-L/nix/store/11111111111111111111111111111111-a/lib:x"), "-L/nix/store/a/lib:x");
        assert_eq!(plain("/üüüüüüüüüüüüüüüüüüüüü"), "/üüüüüüüüüüüüüüüüüüüüü");
    }
}
