//! sccache beside Larder: it keeps single calls of rustc for the workspace's own crates, Larder the dependencies. The
//! settings that put it there, and its own figures.
//!
//! It must never start sccache's server, nor write a credential.

use std::{net::TcpStream, time::Duration};

use serde::Deserialize;
use toml_edit::{DocumentMut, Item, Value};

use crate::{
    cargo::compilers::WRAPPERS,
    process::{Cmd, Environment},
    project::Project,
    tuning::{Setting, get, missing},
};

/// The port of its server if none is named.
const PORT: u16 = 4226;
/// How long its client may take.
const PATIENCE: Duration = Duration::from_secs(5);
const OWN_CRATES: &str = "\
Crates of this workspace go through sccache; dependencies are cooked once, and need no cache of single
calls. It keeps what is not built incrementally: release builds, and all with CARGO_INCREMENTAL=0.";
const SCCACHE_PLACE: &str = "\
What sccache keeps is there; it takes credentials from the environment alone.";

/// The place in which sccache keeps its results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SccacheStorage {
    /// A folder: absolute, or below the workspace.
    Folder(String),
    /// A bucket.
    Bucket {
        /// Its name.
        name: String,
        /// The prefix of its objects' names.
        prefix: Option<String>,
        /// Its region; `auto` if its server does not care.
        region: Option<String>,
        /// The server, if it is not Amazon's.
        endpoint: Option<String>,
    },
}

impl SccacheStorage {
    /// Of `s3://bucket/prefix?region=…&endpoint=…`, or a folder.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            let is_folder = !text.is_empty() && !text.contains("://") && !text.chars().any(char::is_control);
            return is_folder
                .then(|| Self::Folder(text.to_owned()))
                .ok_or_else(|| format!("{text:?} is no folder and no s3:// address"));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() || name.contains(':') || !is_plain(name) || !is_plain(prefix) {
            return Err(format!("{text:?} names no bucket; credentials go into the environment"));
        }
        let (mut region, mut endpoint) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("region", value)) if is_plain(value) => region = Some(value.to_owned()),
                Some(("endpoint", value)) if is_plain(value) => endpoint = Some(value.to_owned()),
                _ => return Err(format!("{pair:?} is neither a region nor an endpoint")),
            }
        }
        let prefix = prefix.trim_matches('/');
        let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
        Ok(Self::Bucket { name: name.to_owned(), prefix, region, endpoint })
    }

    fn variables(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Folder(folder) if folder.starts_with('/') => vec![("SCCACHE_DIR", folder.into())],
            Self::Folder(folder) => {
                let mut table = toml_edit::InlineTable::new();
                table.insert("value", folder.into());
                table.insert("relative", true.into());
                vec![("SCCACHE_DIR", table.into())]
            }
            Self::Bucket { name, prefix, region, endpoint } => {
                let mut all = vec![("SCCACHE_BUCKET", name.into())];
                let more = [
                    ("SCCACHE_S3_KEY_PREFIX", prefix),
                    ("SCCACHE_REGION", region),
                    ("SCCACHE_ENDPOINT", endpoint),
                ];
                all.extend(more.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?.into()))));
                all
            }
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
}

/// Missing settings that put sccache in front of rustc for the workspace's own crates.
pub fn settings(config: &DocumentMut, storage: Option<&SccacheStorage>) -> Vec<Setting> {
    let mut wanted = vec![Setting::new(&["build", "rustc-workspace-wrapper"], "sccache", OWN_CRATES)];
    let variables = storage.map(SccacheStorage::variables).unwrap_or_default();
    for (index, (name, value)) in variables.into_iter().enumerate() {
        wanted.push(Setting::new(&["env", name], value, if index == 0 { SCCACHE_PLACE } else { "" }));
    }
    missing(config, wanted)
}

/// The counts of its server since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calls of compilers.
    pub requests: u64,
    /// Calls that were answered from the cache.
    pub hits: u64,
    /// Calls that were compiled and kept.
    pub misses: u64,
    /// Calls of a kind that it does not keep.
    pub not_cacheable: u64,
    /// Those of them that were incremental.
    pub incremental: u64,
    /// Errors of its storage.
    pub errors: u64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests, hits, misses, not_cacheable, .. } = self;
        write!(
            f,
            "{hits} hits, {misses} misses and {not_cacheable} that it cannot keep, of {requests} calls since its server started"
        )
    }
}

/// As sccache prints them; other versions have more.
#[derive(Deserialize)]
struct Printed {
    stats: Stats,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    compile_requests: u64,
    requests_not_cacheable: u64,
    cache_hits: LanguageCounts,
    cache_misses: LanguageCounts,
    cache_errors: LanguageCounts,
    cache_write_errors: u64,
    not_cached: std::collections::BTreeMap<String, u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LanguageCounts {
    counts: std::collections::BTreeMap<String, u64>,
}

impl LanguageCounts {
    fn sum(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Figures {
    /// Of what `sccache --show-stats --stats-format=json` prints.
    pub fn parse(text: &str) -> Option<Self> {
        let Printed { stats } = serde_json::from_str(text).ok()?;
        Some(Self {
            requests: stats.compile_requests,
            hits: stats.cache_hits.sum(),
            misses: stats.cache_misses.sum(),
            not_cacheable: stats.requests_not_cacheable,
            incremental: stats.not_cached.get("incremental").copied().unwrap_or_default(),
            errors: stats.cache_errors.sum() + stats.cache_write_errors,
        })
    }

    /// Asks the server, if sccache is in front of rustc and its server runs.
    pub fn ask(project: &Project) -> Option<Self> {
        let env = project.cargo.env();
        if !is_used(project) || !runs(env) {
            return None;
        }
        let words = ["--show-stats", "--stats-format=json"];
        let answer =
            Cmd::new("sccache", project.workspace.root(), env).args(words).output_within(PATIENCE).ok()?;
        Self::parse(&answer)
    }
}

/// Whether a variable or the workspace's configuration puts sccache in front of rustc.
pub fn is_used(project: &Project) -> bool {
    let env = project.cargo.env();
    let config = project.workspace.config();
    let configured = |key: &str| get(config, &["build", key]).and_then(Item::as_str).is_some_and(is_sccache);
    let set = |variables: [&str; 2]| variables.iter().any(|name| env.get_str(name).is_some_and(is_sccache));
    WRAPPERS.into_iter().any(|(key, variables)| set(variables) || configured(key))
}

fn is_sccache(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name) == "sccache"
}

/// Whether its server runs: asking its client would start one.
fn runs(env: &Environment) -> bool {
    let port = env.get_str("SCCACHE_SERVER_PORT").and_then(|port| port.parse().ok()).unwrap_or(PORT);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_and_buckets_and_hold_no_credentials() {
        assert_eq!(variable_lines("/srv/cache").unwrap(), "env.SCCACHE_DIR = \"/srv/cache\"");
        assert_eq!(
            variable_lines("cache").unwrap(),
            "env.SCCACHE_DIR = { value = \"cache\", relative = true }"
        );
        assert_eq!(
            variable_lines("s3://units/site?region=eu-central-1&endpoint=s3.example:9000").unwrap(),
            "env.SCCACHE_BUCKET = \"units\"\nenv.SCCACHE_S3_KEY_PREFIX = \"site\"\nenv.SCCACHE_REGION = \"eu-central-1\"\nenv.SCCACHE_ENDPOINT = \"s3.example:9000\""
        );
        for text in
            ["", "s3://", "s3://id:secret@units", "s3://units?key=secret", "https://units.example", "s3:///x"]
        {
            assert!(variable_lines(text).is_err(), "{text}");
        }
    }

    /// The settings that tell sccache of a place, each on a line.
    fn variable_lines(place: &str) -> Result<String, String> {
        let place = SccacheStorage::parse(place)?;
        let set = settings(&DocumentMut::new(), Some(&place));
        Ok(set.iter().skip(1).map(Setting::line).collect::<Vec<_>>().join("\n"))
    }

    /// As sccache 0.4 printed it, shortened.
    #[test]
    fn figures_are_read() {
        let text = r#"{"stats":{"compile_requests":20,"requests_not_cacheable":17,"cache_errors":{"counts":{}},"cache_hits":{"counts":{"Rust":1}},"cache_misses":{"counts":{"Rust":2}},"cache_write_errors":0,"not_cached":{"-":3,"incremental":12}},"cache_location":"Local disk","cache_size":4048}"#;
        let expected =
            Figures { requests: 20, hits: 1, misses: 2, not_cacheable: 17, incremental: 12, errors: 0 };
        assert_eq!(Figures::parse(text), Some(expected));
        assert_eq!(Figures::parse("sccache: error: no server"), None);
    }

    #[test]
    fn what_the_user_chose_stays() {
        let config: DocumentMut = "[build]\nrustc-workspace-wrapper = \"mine\"\n".parse().unwrap();
        assert!(settings(&config, None).is_empty());
    }
}
