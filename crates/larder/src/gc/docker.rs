//! Docker's build cache, counted and pruned by Docker's own commands.
//!
//! Images, containers and volumes are left alone: they are results and data, no cache.

use std::time::{Duration, SystemTime};

use bytesize::ByteSize;
use serde::Deserialize;

use super::row::{Answer, Cache, Row, Work};
use crate::{
    docker::client::Client,
    error::{Error, Result},
    process::Environment,
    text::columns,
};

/// What of the build cache goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// All that no build uses just now.
    All,
    /// What was not used for this long.
    OlderThan(Duration),
    /// What was used longest ago, until no more than this is left.
    Keep(ByteSize),
}

/// One record of the build cache, as `docker system df` prints it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    size: String,
    #[serde(default)]
    last_used_at: String,
    #[serde(default)]
    last_used_since: String,
    #[serde(default)]
    created_since: String,
    in_use: String,
    #[serde(default)]
    shared: String,
}

impl Record {
    fn bytes(&self) -> u64 {
        self.size.parse::<ByteSize>().map_or(0, |size| size.as_u64())
    }

    /// When it was last used, or made where it never was.
    fn age(&self) -> Duration {
        if let Some(used) = instant(&self.last_used_at) {
            return SystemTime::now().duration_since(used).unwrap_or_default();
        }
        let used = if self.last_used_since.is_empty() { &self.created_since } else { &self.last_used_since };
        age(used)
    }

    /// Whether pruning gives its space back: not while a build uses it, nor where an image shares it.
    fn is_loose(&self) -> bool {
        self.in_use != "true" && self.shared != "true"
    }
}

/// The row of the build cache.
pub fn plan(env: &Environment, prune: Prune) -> Row {
    let place = "build cache";
    let client = match Client::find(env).and_then(|client| client.engine_version().map(|_| client)) {
        Ok(client) => client,
        Err(error) => return Row::missing(Cache::Docker, place, error.to_string()),
    };
    match records(&client) {
        Ok(records) => {
            let (entries, bytes) = going(&records, prune);
            let cmd = client.cmd().args(["builder", "prune", "--force", "--all"]);
            let (words, what) = match prune {
                Prune::All => (Vec::new(), "everything that no build or image uses".to_owned()),
                Prune::OlderThan(age) => {
                    let filter = format!("until={}s", age.as_secs());
                    let age = humantime::format_duration(age);
                    (vec!["--filter".into(), filter], format!("unused for {age}"))
                }
                Prune::Keep(size) => (
                    vec![format!("--keep-storage={}", size.as_u64())],
                    format!("used longest ago, down to {}", columns::bytes(size.as_u64())),
                ),
            };
            let work =
                if entries == 0 { Work::Nothing } else { Work::Program(cmd.args(words), Answer::Docker) };
            let place = place.to_owned();
            Row { cache: Cache::Docker, place, what, entries, bytes, missing: None, work }
        }
        Err(error) => Row::missing(Cache::Docker, place, error.to_string()),
    }
}

/// The size of the whole build cache; `None` where no engine answers.
pub(super) fn size(env: &Environment) -> Option<u64> {
    let client = Client::find(env).ok()?;
    let records = records(&client).ok()?;
    Some(total(records.iter()))
}

/// The space that pruning everything would give back. What Docker says afterwards counts shared records too, which
/// stay on disk with their images, so that what came free is told from this before and after.
pub(super) fn loose(env: &Environment) -> Option<u64> {
    let client = Client::find(env).ok()?;
    let records = records(&client).ok()?;
    Some(total(records.iter().filter(|record| record.is_loose())))
}

fn records(client: &Client) -> Result<Vec<Record>> {
    let cmd = client.cmd().args(["system", "df", "--verbose", "--format", "{{json .BuildCache}}"]);
    let answer = cmd.output()?;
    parse(&answer).map_err(|error| Error::Answer { command: cmd.line(), reason: error.to_string() })
}

fn parse(answer: &str) -> serde_json::Result<Vec<Record>> {
    serde_json::from_str::<Option<Vec<Record>>>(answer).map(Option::unwrap_or_default)
}

/// Reads an answer and plans by it; for [`crate::fuzz`].
pub(crate) fn read_all(answer: &str) {
    let Ok(records) = parse(answer) else { return };
    let day = Duration::from_hours(24);
    for prune in [Prune::All, Prune::OlderThan(day), Prune::Keep(ByteSize::gb(1))] {
        going(&records, prune);
    }
}

/// The bytes of records. What an engine says may be anything.
fn total<'a>(records: impl Iterator<Item = &'a Record>) -> u64 {
    records.map(Record::bytes).fold(0, u64::saturating_add)
}

/// How many records go, and their bytes.
fn going(records: &[Record], prune: Prune) -> (usize, u64) {
    let mut loose: Vec<&Record> = records.iter().filter(|record| record.is_loose()).collect();
    match prune {
        Prune::All => {}
        Prune::OlderThan(limit) => loose.retain(|record| record.age() > limit),
        Prune::Keep(size) => {
            loose.sort_by_key(|record| std::cmp::Reverse(record.age()));
            let mut left = total(records.iter());
            loose.retain(|record| {
                let goes = left > size.as_u64();
                left = left.saturating_sub(if goes { record.bytes() } else { 0 });
                goes
            });
        }
    }
    (loose.len(), total(loose.iter().copied()))
}

/// Reads a time as Docker prints it, `2026-11-22 23:36:30.724 +0000 UTC`; `None` for other zones.
fn instant(text: &str) -> Option<SystemTime> {
    let (time, _) = text.split_once(" +0000 ")?;
    humantime::parse_rfc3339_weak(time).ok()
}

/// Reads what Docker says of an age: `3 days ago`, `About an hour ago`.
fn age(text: &str) -> Duration {
    let mut words = text.split(' ').skip_while(|word| matches!(*word, "About" | "Less" | "than"));
    let count = match words.next() {
        Some("a" | "an") => 1,
        Some(word) => word.parse().unwrap_or_default(),
        None => 0,
    };
    let unit = match words.next().unwrap_or_default().trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 24 * 3600,
        "week" => 7 * 24 * 3600,
        "month" => 30 * 24 * 3600,
        "year" => 365 * 24 * 3600,
        _ => 1,
    };
    Duration::from_secs(u64::saturating_mul(count, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_docker_says_them() {
        assert_eq!(age("About an hour ago"), Duration::from_hours(1));
        assert_eq!(age("3 days ago"), Duration::from_hours(72));
        assert_eq!(age("Less than a second ago"), Duration::from_secs(1));
        assert_eq!(age(""), Duration::ZERO);
        let new_year = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896);
        assert_eq!(instant("2026-01-01 00:00:00 +0000 UTC"), Some(new_year));
        assert!(instant("2026-01-01 00:00:00.724331 +0000 UTC").is_some());
        assert_eq!(instant("2026-01-01 00:00:00 +0100 CET"), None);
    }

    fn records() -> Vec<Record> {
        let json = r#"[
            {"Size":"1GB","LastUsedSince":"2 weeks ago","InUse":"false","Shared":"false"},
            {"Size":"500MB","LastUsedSince":"2 days ago","InUse":"false","Shared":"false"},
            {"Size":"250MB","LastUsedSince":"2 months ago","InUse":"true","Shared":"false"},
            {"Size":"125MB","CreatedSince":"2 hours ago","InUse":"false","Shared":"true"}]"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_used_or_shared_gives_nothing() {
        assert_eq!(going(&records(), Prune::All), (2, 1_500_000_000));
        let week = Duration::from_hours(168);
        assert_eq!(going(&records(), Prune::OlderThan(week)), (1, 1_000_000_000));
        assert_eq!(going(&records(), Prune::Keep(ByteSize::gb(1))), (1, 1_000_000_000));
        assert_eq!(going(&records(), Prune::Keep(ByteSize::mb(100))), (2, 1_500_000_000));
    }
}
