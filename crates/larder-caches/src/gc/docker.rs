//! Docker's build cache, counted and pruned by Docker's own commands.
//!
//! Images, containers and volumes are left alone: they are results and data, no cache.

use std::time::Duration;

use larder::{
    bytesize::ByteSize,
    docker::{client::Client, disk_usage::BuildCacheRecord},
    process::Environment,
    text::columns,
};

use super::row::{CacheKind, ClearingWork, FreedWording, Row};

/// The part of the build cache to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// All that no build uses just now.
    All,
    /// Everything unused for this long.
    OlderThan(Duration),
    /// The records that were used longest ago, until no more than this is left.
    Keep(ByteSize),
}

/// The row of the build cache.
pub fn plan(env: &Environment, prune: Prune) -> Row {
    let place = "build cache";
    let client = match Client::find(env).and_then(|client| client.engine_version().map(|_| client)) {
        Ok(client) => client,
        Err(error) => return Row::missing(CacheKind::Docker, place, error.to_string()),
    };
    match BuildCacheRecord::ask(client.cmd()) {
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
            let work = if entries == 0 {
                ClearingWork::Nothing
            } else {
                ClearingWork::Program(cmd.args(words), FreedWording::Docker)
            };
            let place = place.to_owned();
            Row { cache: CacheKind::Docker, place, what, entries, bytes, missing: None, work }
        }
        Err(error) => Row::missing(CacheKind::Docker, place, error.to_string()),
    }
}

/// The size of the whole build cache; `None` if no engine answers.
pub(super) fn size(env: &Environment) -> Option<u64> {
    let client = Client::find(env).ok()?;
    let records = BuildCacheRecord::ask(client.cmd()).ok()?;
    Some(total(records.iter()))
}

/// The space that pruning everything would give back. Docker's own figure afterwards counts shared records too, which
/// stay on disk with their images, so that what came free is told from this before and after.
pub(super) fn loose(env: &Environment) -> Option<u64> {
    let client = Client::find(env).ok()?;
    let records = BuildCacheRecord::ask(client.cmd()).ok()?;
    Some(total(records.iter().filter(|record| record.is_loose())))
}

/// Reads an answer and plans by it; for [`crate::fuzz`].
pub(crate) fn read_all(answer: &str) {
    let Ok(records) = BuildCacheRecord::parse(answer) else { return };
    let day = Duration::from_hours(24);
    for prune in [Prune::All, Prune::OlderThan(day), Prune::Keep(ByteSize::gb(1))] {
        going(&records, prune);
    }
}

/// The bytes of records. The figures of an engine may be anything.
fn total<'a>(records: impl Iterator<Item = &'a BuildCacheRecord>) -> u64 {
    records.map(BuildCacheRecord::bytes).fold(0, u64::saturating_add)
}

/// How many records go, and their bytes.
fn going(records: &[BuildCacheRecord], prune: Prune) -> (usize, u64) {
    let mut loose: Vec<&BuildCacheRecord> = records.iter().filter(|record| record.is_loose()).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<BuildCacheRecord> {
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
