//! cargo configuration for recipes: the slice's own settings, and the workspace's that reach dependencies.
//!
//! cargo joins the arrays of every `.cargo/config.toml` from the working directory upwards, so a flag repeated
//! in a recipe would be passed twice on the host and make every unit a different one. A recipe therefore holds
//! only what its slice adds; what is [`shared`] is put at the root by backends that cook without the source.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{folder::UP, manifest, quoting::quoted};
use crate::{secret, slice::Slice, workspace::Workspace};

/// Keys of `[build]` that neither a dependency's units nor getting their sources needs. The build directory is the
/// application's own, wherever it is cooked; a wrapper for members is for those of the application.
const IRRELEVANT_IN_BUILD: [&str; 4] = ["build-dir", "rustc-workspace-wrapper", "rustdoc", "rustdocflags"];
/// Keys of the tables in `[target]` of which the same is true.
const IRRELEVANT_IN_TARGET: [&str; 2] = ["runner", "rustdocflags"];
/// Variables that say where sccache keeps its results, and reach none of these.
const OF_SCCACHE: &str = "SCCACHE_";
/// Tables that reach a compilation, beyond what is in the units' keys.
const COMPILED_WITH: [&str; 10] =
    ["build", "env", "host", "include", "patch", "paths", "profile", "source", "target", "unstable"];
/// Keys of `[build]` that reach a compilation.
const COMPILED_WITH_IN_BUILD: [&str; 4] = ["rustc", "rustc-wrapper", "rustflags", "target"];
/// The table of variables.
const ENV: &str = "env";
/// The table of sources, and the key by which one of them takes another's place.
const SOURCE: &str = "source";
const REPLACE: &str = "replace-with";
/// Keys of a registry that hold a secret, or how one is had.
const SECRET: [&str; 4] = ["token", "secret-key", PROVIDERS[0], PROVIDERS[1]];
/// Keys that say how a token is had.
const PROVIDERS: [&str; 2] = ["credential-provider", "global-credential-providers"];
/// The keys of these tables that getting sources takes. The others are for publishing, for terminals, or hold secrets
/// and how they are had.
const KEYS_OF: [(&str, &[&str]); 4] = [
    (
        "http",
        &[
            "cainfo",
            "check-revoke",
            "low-speed-limit",
            "multiplexing",
            "proxy",
            "ssl-version",
            "timeout",
            "user-agent",
        ],
    ),
    ("net", &["git-fetch-with-cli", "offline", "retry", "ssh"]),
    ("registries", &["index", "protocol"]),
    ("registry", &["index"]),
];

/// The first keys that lines of a recipe's configuration have, beside its environment: no other reaches it.
pub(super) const KEYS: [&str; 3] =
    ["build.rustflags = ", "build.target-dir = ", "target.\"cfg(all())\".rustflags = "];

/// The first keys of the settings that reach dependencies, or getting their sources: no other is copied.
pub(super) const SHARED: [&str; 13] = [
    "build.",
    "env.",
    "host.",
    "http.",
    "net.",
    "patch.",
    "paths = ",
    "profile.",
    "registries.",
    "registry.",
    "source.",
    "target.",
    "unstable.",
];

/// The lines of the recipe's `.cargo/config.toml`: target directory and added rustflags of the slice.
pub(super) fn of_recipe(workspace: &Workspace, slice: &Slice) -> BTreeSet<String> {
    let target_dir = format!("{UP}/{}", slice.target_dir.committed(workspace));
    let mut lines = BTreeSet::from([format!("build.target-dir = {}", quoted(&target_dir))]);
    if !slice.rustflags.is_empty() {
        let flags: Vec<String> = slice.rustflags.iter().map(|flag| quoted(flag)).collect();
        // cargo ignores `build.rustflags` if any `target.*.rustflags` applies.
        let table =
            if workspace.target_rustflags().next().is_some() { "target.\"cfg(all())\"" } else { "build" };
        lines.insert(format!("{table}.rustflags = [{}]", flags.join(", ")));
    }
    lines
}

/// The workspace's settings that reach dependencies, without those that nobody else may see.
pub(super) fn shared(workspace: &Workspace) -> BTreeSet<String> {
    without_secrets(reaching(workspace))
}

/// The settings that [`shared`] would have if they did not look like secrets, by their names.
pub(super) fn left_out(workspace: &Workspace) -> BTreeSet<String> {
    secret_entries(&reaching(workspace)).iter().map(|keys| told(keys)).collect()
}

/// The variables that [`shared`] would have if git did not ignore their file, by their names.
pub(super) fn of_one_person(workspace: &Workspace) -> BTreeSet<String> {
    let (all, shared) = (reaching_here(workspace), reaching(workspace));
    let entries = all.difference(&shared).filter_map(|line| SettingLine::parse(line));
    entries.map(|line| told(line.entry())).collect()
}

fn without_secrets(mut lines: BTreeSet<String>) -> BTreeSet<String> {
    let secret = secret_entries(&lines);
    lines.retain(|line| is_known(line) && !is_secret(line) && !is_of(line, &secret));
    lines
}

/// The keys of settings that are left out as a whole, since something of each is a secret.
fn secret_entries(lines: &BTreeSet<String>) -> BTreeSet<Vec<String>> {
    let secret = lines.iter().filter(|line| is_known(line) && is_secret(line));
    secret.filter_map(|line| SettingLine::parse(line)).map(|line| line.entry().to_vec()).collect()
}

/// Whether a line is part of one of these, or asks for one.
fn is_of(line: &str, entries: &BTreeSet<Vec<String>>) -> bool {
    let Some(line) = SettingLine::parse(line) else { return true };
    let replaces = line.keys.last().is_some_and(|key| key == REPLACE) && line.keys[0] == SOURCE;
    let wanted = line.value.as_str().filter(|_| replaces);
    let wanted = wanted.map(|name| vec![SOURCE.to_owned(), name.to_owned()]);
    entries.contains(line.entry()) || wanted.is_some_and(|wanted| entries.contains(&wanted))
}

/// A name that everybody may see: addresses stand in some, and passwords in these.
fn told(keys: &[String]) -> String {
    let parts = keys.iter().map(|key| if secret::is_held_by(key) { secret::HIDDEN } else { key });
    parts.collect::<Vec<_>>().join(".")
}

/// Whether something of it is a secret, which [`shared`] leaves out.
pub(super) fn has_secret(workspace: &Workspace) -> bool {
    reaching_here(workspace).iter().any(|line| is_secret(line))
}

/// The settings that reach dependencies in every clone.
fn reaching(workspace: &Workspace) -> BTreeSet<String> {
    reaching_with(workspace, workspace.shared_env())
}

/// The settings that reach them here, with variables of files that git ignores.
fn reaching_here(workspace: &Workspace) -> BTreeSet<String> {
    reaching_with(workspace, workspace.config().get(ENV))
}

fn reaching_with(workspace: &Workspace, env: Option<&Item>) -> BTreeSet<String> {
    let mut document = workspace.config().clone();
    match env {
        Some(env) => drop(document.insert(ENV, env.clone())),
        None => drop(document.remove(ENV)),
    }
    document.get_mut("build").into_iter().for_each(|build| remove(build, &IRRELEVANT_IN_BUILD));
    let targets = document.get_mut("target").and_then(Item::as_table_like_mut);
    targets
        .into_iter()
        .flat_map(TableLike::iter_mut)
        .for_each(|(_, target)| remove(target, &IRRELEVANT_IN_TARGET));
    // It is for `cargo publish`, `cargo add` and their kin.
    document.get_mut("registry").into_iter().for_each(|registry| remove(registry, &["default"]));
    let env = document.get_mut(ENV).and_then(Item::as_table_like_mut);
    if let Some(env) = env {
        let of_sccache: Vec<String> =
            env.iter().map(|(name, _)| name.to_owned()).filter(|name| name.starts_with(OF_SCCACHE)).collect();
        of_sccache.iter().for_each(|name| drop(env.remove(name)));
    }
    let is_shared = |line: &String| SHARED.iter().any(|key| line.starts_with(key));
    manifest::dotted(&document).into_iter().filter(is_shared).collect()
}

/// Whether a line says that cargo itself reads tokens from its file. Registries that ask for one before they show
/// anything need that to be said, and it holds no secret; any other provider is a program, and may be given one.
fn reads_tokens(line: &str) -> bool {
    let (key, value) = line.split_once(" = ").unwrap_or((line, ""));
    let is_cargos = ["\"cargo:token\"", "[\"cargo:token\"]"].contains(&value);
    let is_of_registries = ["registry.", "registries."].iter().any(|table| key.starts_with(table));
    is_cargos && is_of_registries && PROVIDERS.iter().any(|name| key.ends_with(&format!(".{name}")))
}

/// Whether a line's key is one that sources are had by, if its table has others as well.
fn is_known(line: &str) -> bool {
    if reads_tokens(line) {
        return true;
    }
    let key = line.split(" = ").next().unwrap_or(line);
    let (table, rest) = key.split_once('.').unwrap_or((key, ""));
    let Some((_, known)) = KEYS_OF.iter().find(|(name, _)| *name == table) else { return true };
    known.iter().any(|known| match table {
        // The name of a registry stands between.
        "registries" => rest.ends_with(&format!(".{known}")),
        _ => rest == *known || rest.starts_with(&format!("{known}.")),
    })
}

/// Whether a line is a credential, or looks like one: by its value, or by a part of its key.
fn is_secret(line: &str) -> bool {
    if reads_tokens(line) {
        return false;
    }
    let Some(SettingLine { keys, value }) = SettingLine::parse(line) else { return true };
    let mut texts = Vec::new();
    add_texts(&value, &mut texts);
    let is_named = match keys.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["registry" | "registries", .., last] => SECRET.contains(&last),
        [ENV, name, ..] => secret::is_secret(name, ""),
        _ => false,
    };
    is_named
        || keys.iter().any(|key| secret::is_held_by(key))
        || secret::is_held_by(&value.to_string())
        || secret::without_values(&texts) != texts
}

/// A line of [`manifest::dotted`], read.
struct SettingLine {
    keys: Vec<String>,
    value: Value,
}

impl SettingLine {
    /// `None` for a text that is no such line.
    fn parse(line: &str) -> Option<Self> {
        let document: DocumentMut = line.parse().ok()?;
        let mut table: &dyn TableLike = document.as_table();
        let mut keys = Vec::new();
        loop {
            let (key, item) = table.iter().next()?;
            keys.push(key.to_owned());
            match item.as_table_like() {
                Some(inner) => table = inner,
                None => return Some(Self { keys, value: item.as_value()?.clone() }),
            }
        }
    }

    /// The first parts of the key, up to what is of no use without the rest: cargo refuses half a variable, source or
    /// patch.
    fn entry(&self) -> &[String] {
        let count = match self.keys[0].as_str() {
            ENV | SOURCE => 2,
            "patch" => 3,
            _ => self.keys.len(),
        };
        &self.keys[..count.min(self.keys.len())]
    }
}

/// The texts in a value.
fn add_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.value().clone()),
        Value::Array(values) => values.iter().for_each(|value| add_texts(value, texts)),
        Value::InlineTable(table) => table.iter().for_each(|(_, value)| add_texts(value, texts)),
        _ => {}
    }
}

fn remove(item: &mut Item, keys: &[&str]) {
    if let Some(table) = item.as_table_like_mut() {
        keys.iter().for_each(|key| drop(table.remove(key)));
    }
}

/// Whether units are compiled with the same settings as when recipes were written, so that what an older layer built
/// can be of use. `triples` are all that anything is compiled for.
pub(super) fn compiles_the_same(
    workspace: &Workspace,
    before: &BTreeSet<String>,
    triples: &BTreeSet<&str>,
) -> bool {
    compiled_with(&shared(workspace), triples) == compiled_with(before, triples)
}

/// The lines of a configuration that reach a compilation.
fn compiled_with<'a>(lines: &'a BTreeSet<String>, triples: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    lines.iter().map(String::as_str).filter(|line| reaches_compilation(line, triples)).collect()
}

fn reaches_compilation(line: &str, triples: &BTreeSet<&str>) -> bool {
    let mut names = line.split(['.', ' ']);
    let table = names.next().unwrap_or_default();
    let is_left_out = match (table, names.next()) {
        ("build", Some(key)) => !COMPILED_WITH_IN_BUILD.contains(&key),
        // Expressions and names in quotation marks may mean any of them.
        ("target", Some(triple)) => !triple.starts_with(['"', '\'']) && !triples.contains(triple),
        _ => false,
    };
    COMPILED_WITH.contains(&table) && !is_left_out
}

/// The packages for which `[patch]` in cargo's configuration names a folder. cargo finds the patch in the recipe's folder
/// as well, and writes it down in its `Cargo.lock` as one that is not used there.
pub(super) fn patched_by_paths(workspace: &Workspace) -> Vec<&str> {
    let sources = workspace.config().get("patch").and_then(Item::as_table_like).map(|patch| patch.iter());
    let tables = sources.into_iter().flatten().filter_map(|(_, source)| source.as_table_like());
    let entries = tables.flat_map(|table| table.iter()).filter(|(_, entry)| entry.get("path").is_some());
    entries.map(|(alias, entry)| entry.get("package").and_then(Item::as_str).unwrap_or(alias)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> BTreeSet<String> {
        manifest::dotted(&text.parse().unwrap())
    }

    #[test]
    fn keys_that_get_sources_are_known() {
        for line in [
            "http.proxy = \"a\"",
            "net.retry = 2",
            "net.ssh.known-hosts = []",
            "registries.a.index = \"b\"",
            "registries.\"a.b\".protocol = \"sparse\"",
            "build.rustc = \"token\"",
            "registry.global-credential-providers = [\"cargo:token\"]",
            "registries.a.credential-provider = \"cargo:token\"",
        ] {
            assert!(is_known(line) && !is_secret(line), "{line}");
        }
        for line in [
            "registries.a.token = \"b\"",
            "registries.a.credential-provider = [\"b\", \"index\"]",
            "registry.global-credential-providers = [\"x\"]",
            "registry.global-credential-providers = [\"cargo:token\", \"x\"]",
            "registries.a.credential-provider = \"cargo:token-from-stdout x\"",
            "registry.token = \"b\"",
            "http.debug = true",
        ] {
            assert!(!is_known(line), "{line}");
        }
    }

    #[test]
    fn secrets_are_left_out_with_what_is_of_no_use_without_them() {
        let kept = "[env]\nA = \"1\"\n[http]\ntimeout = 3\n[source.crates-io]\nreplace-with = \"near\"\n\
                    [source.near]\ndirectory = \"vendor\"\n[registries.private]\nindex = \"sparse+https://a/\"\n\
                    [target.'cfg(feature = \"token\")']\nlinker = \"l\"\n[patch.\"https://a/b\"]\n\
                    c = { git = \"https://a/b\", rev = \"1\" }\n";
        assert_eq!(without_secrets(lines(kept)), lines(kept));
        for (text, name) in [
            ("http.proxy = \"me:canary@proxy:3128\"", "http.proxy"),
            ("env.B = \"me:canary@proxy:3128\"", "env.B"),
            ("env.NO_PROXY = { value = \"a.b,me:canary@c.d\", force = true }", "env.NO_PROXY"),
            (
                "source.\"git+https://canary@a/\" = { git = \"https://a/\", branch = \"b\" }",
                "source.(hidden)",
            ),
            ("source.own = { git = \"https://canary@a/\", branch = \"b\" }", "source.own"),
            ("patch.\"https://u:canary@a/\".c = { git = \"x\", rev = \"1\" }", "patch.(hidden).c"),
            ("patch.crates-io.c = { git = \"https://u:canary@a/\", rev = \"1\" }", "patch.crates-io.c"),
            ("target.'cfg(token = \"canary\")'.linker = \"l\"", "target.(hidden).linker"),
            ("registries.\"https://canary@a/\".index = \"x\"", "registries.(hidden).index"),
            ("build.rustflags = [\"--cfg\", 'token=\"canary\"']", "build.rustflags"),
            ("build.rustflags = [\"--token\", \"canary\"]", "build.rustflags"),
        ] {
            let all: BTreeSet<String> = lines(kept).into_iter().chain(lines(text)).collect();
            assert_eq!(without_secrets(all.clone()), lines(kept), "{text}");
            let names: Vec<String> = secret_entries(&all).iter().map(|keys| told(keys)).collect();
            assert_eq!(names, [name]);
        }
        let replaced =
            "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\nregistry = \"https://a:b@c/\"\n";
        assert_eq!(without_secrets(lines(replaced)), BTreeSet::new());
    }

    #[test]
    fn settings_that_reach_no_compilation_are_left_out() {
        let here = BTreeSet::from(["x"]);
        for text in [
            "[build]\njobs = 2\n",
            "[net]\nretry = 3\n[http]\ntimeout = 9\n[term]\nquiet = true\n",
            "[build]\nrustc-workspace-wrapper = \"w\"\ntarget-dir = \"t\"\nincremental = false\n",
            "[registries.own]\nindex = \"sparse+https://a/\"\n[alias]\na = \"b\"\n",
            "[target.aarch64-pc-windows-msvc]\nrustflags = [\"-Ctarget-feature=+crt-static\"]\n",
        ] {
            assert_eq!(compiled_with(&lines(text), &here), BTreeSet::new(), "{text}");
        }
        let kept = "[build]\nrustflags = [\"-g\"]\n\n[env]\nA = \"1\"\n\n[target.x]\nlinker = \"l\"";
        let more = format!("{kept}\n\n[net]\nretry = 3\n").replace("[build]", "[build]\njobs = 2");
        assert_eq!(
            compiled_with(&lines(&more), &here),
            BTreeSet::from(["build.rustflags = [\"-g\"]", "env.A = \"1\"", "target.x.linker = \"l\""])
        );
        let all = "[target.'cfg(unix)']\nrustflags = [\"-g\"]\n";
        assert_eq!(compiled_with(&lines(all), &here).len(), 1);
    }
}
