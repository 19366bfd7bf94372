//! `docker system df`, read in each of its forms: totals, lists of all there is, and the records of the build cache.
//!
//! Sizes and ages are Docker's own words, rounded by it. It must never delete anything: `gc` has Docker do that.

use std::time::{Duration, SystemTime};

use bytesize::ByteSize;
use serde::Deserialize;

use crate::{error::Result, process::Cmd};

/// The totals of an engine, each layer counted once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of all images.
    pub images: u64,
    /// Bytes of all volumes.
    pub volumes: u64,
    /// Bytes of the build cache.
    pub build_cache: u64,
    /// How many records the build cache has; `None` if the client does not say.
    pub build_cache_records: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TotalLine {
    r#type: String,
    size: String,
    #[serde(default)]
    total_count: String,
}

/// The images and volumes of an engine, one by one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Detail {
    /// Every image.
    #[serde(deserialize_with = "list")]
    pub images: Vec<ImageUsage>,
    /// Every volume.
    #[serde(deserialize_with = "list")]
    pub volumes: Vec<Volume>,
    /// Every record of the build cache.
    #[serde(deserialize_with = "list")]
    pub build_cache: Vec<BuildCacheRecord>,
}

/// An image.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ImageUsage {
    /// Its id, with the kind of its digest.
    #[serde(rename = "ID")]
    pub id: String,
    size: String,
    created_since: String,
}

/// A volume.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Volume {
    labels: String,
    size: String,
}

/// One record of the build cache.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BuildCacheRecord {
    size: String,
    last_used_at: String,
    last_used_since: String,
    created_since: String,
    in_use: String,
    shared: String,
}

impl Totals {
    /// Asks a client. `docker` is the client without arguments, here and below.
    ///
    /// # Errors
    /// If the engine does not answer, or with words that are unknown.
    pub fn ask(docker: Cmd) -> Result<Self> {
        let cmd = docker.args(["system", "df", "--format", "{{json .}}"]);
        Self::parse(&cmd.output()?).map_err(|error| cmd.unreadable(&error))
    }

    fn parse(text: &str) -> serde_json::Result<Self> {
        let mut totals = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line: TotalLine = serde_json::from_str(line)?;
            match line.r#type.as_str() {
                "Images" => totals.images = bytes(&line.size),
                "Local Volumes" => totals.volumes = bytes(&line.size),
                "Build Cache" => {
                    totals.build_cache = bytes(&line.size);
                    totals.build_cache_records = line.total_count.parse().ok();
                }
                _ => {}
            }
        }
        Ok(totals)
    }
}

impl Detail {
    /// Asks a client.
    ///
    /// # Errors
    /// As [`Totals::ask`].
    pub fn ask(docker: Cmd) -> Result<Self> {
        let cmd = docker.args(["system", "df", "--verbose", "--format", "{{json .}}"]);
        serde_json::from_str(&cmd.output()?).map_err(|error| cmd.unreadable(&error))
    }
}

impl ImageUsage {
    /// Its size, with layers that others share.
    pub fn bytes(&self) -> u64 {
        bytes(&self.size)
    }

    /// How long ago it was built.
    pub fn age(&self) -> Option<Duration> {
        age(&self.created_since)
    }
}

impl Volume {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        bytes(&self.size)
    }

    /// Whether compose made it for the project of this name, which is that of the folder.
    pub fn is_of(&self, project: &str) -> bool {
        let label = format!("com.docker.compose.project={project}");
        !project.is_empty() && self.labels.split(',').any(|found| found == label)
    }
}

impl BuildCacheRecord {
    /// Asks a client for the records of the build cache.
    ///
    /// # Errors
    /// As [`Totals::ask`].
    pub fn ask(docker: Cmd) -> Result<Vec<Self>> {
        let cmd = docker.args(["system", "df", "--verbose", "--format", "{{json .BuildCache}}"]);
        Self::parse(&cmd.output()?).map_err(|error| cmd.unreadable(&error))
    }

    /// Reads the client's answer.
    ///
    /// # Errors
    /// If it is no list of records.
    pub fn parse(text: &str) -> serde_json::Result<Vec<Self>> {
        serde_json::from_str::<Option<Vec<Self>>>(text).map(Option::unwrap_or_default)
    }

    /// Its size.
    pub fn bytes(&self) -> u64 {
        bytes(&self.size)
    }

    /// How long ago it was last used; `None` if it never was.
    pub fn unused_for(&self) -> Option<Duration> {
        match instant(&self.last_used_at) {
            Some(used) => Some(SystemTime::now().duration_since(used).unwrap_or_default()),
            None => age(&self.last_used_since),
        }
    }

    /// The same, or how long ago it was made.
    pub fn age(&self) -> Duration {
        self.unused_for().or_else(|| age(&self.created_since)).unwrap_or_default()
    }

    /// Whether pruning gives its space back: not while a build uses it, nor if an image shares it.
    pub fn is_loose(&self) -> bool {
        self.in_use == "false" && self.shared != "true"
    }
}

/// Reads an answer of every kind with all that is in it; for [`crate::fuzz`].
pub(crate) fn read_all(text: &str) {
    use crate::seen::seen;
    seen(Totals::parse(text));
    if let Ok(detail) = serde_json::from_str::<Detail>(text) {
        detail.images.iter().for_each(|image| seen((image.bytes(), image.age())));
        detail.volumes.iter().for_each(|volume| seen((volume.bytes(), volume.is_of("x"))));
        detail.build_cache.iter().for_each(|record| seen((record.bytes(), record.age())));
    }
}

/// The client prints `null` for an empty list.
fn list<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// `2.021GB` in bytes; nothing if the client prints no size.
fn bytes(text: &str) -> u64 {
    text.parse().map_or(0, |size: ByteSize| size.as_u64())
}

/// A time as Docker prints it, `2026-11-22 23:36:30.724 +0000 UTC`; `None` for other zones.
fn instant(text: &str) -> Option<SystemTime> {
    let (time, _) = text.split_once(" +0000 ")?;
    humantime::parse_rfc3339_weak(time).ok()
}

/// An age as Docker prints it: `3 days ago`, `About an hour ago`, `Less than a second ago`.
fn age(text: &str) -> Option<Duration> {
    let mut words = text.split_whitespace().skip_while(|word| matches!(*word, "About" | "Less" | "than"));
    let count = match words.next()? {
        "a" | "an" => 1,
        count => count.parse().ok()?,
    };
    let seconds = match words.next()?.trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        "month" => 30 * 86_400,
        "year" => 365 * 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(u64::saturating_mul(count, seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_read_from_words() {
        assert_eq!(
            [bytes("2.021GB"), bytes("0B"), bytes("12.5kB"), bytes("N/A")],
            [2_021_000_000, 0, 12_500, 0]
        );
        for (text, hours) in [("3 hours ago", 3), ("About an hour ago", 1), ("2 weeks ago", 336)] {
            assert_eq!(age(text).unwrap().as_secs() / 3600, hours, "{text}");
        }
        assert_eq!(age("Less than a second ago"), Some(Duration::from_secs(1)));
        assert_eq!(age(""), None);
        let new_year = SystemTime::UNIX_EPOCH + Duration::from_hours(490_896);
        assert_eq!(instant("2026-01-01 00:00:00 +0000 UTC"), Some(new_year));
        assert!(instant("2026-01-01 00:00:00.724331 +0000 UTC").is_some());
        assert_eq!(instant("2026-01-01 00:00:00 +0100 CET"), None);
    }

    #[test]
    fn totals_are_read_by_their_names() {
        let text = r#"{"Active":"1","Size":"3.2GB","TotalCount":"2","Type":"Images"}
            {"Active":"0","Size":"5GB","TotalCount":"31","Type":"Build Cache"}"#;
        let expected = Totals {
            images: 3_200_000_000,
            build_cache: 5_000_000_000,
            build_cache_records: Some(31),
            ..Totals::default()
        };
        assert_eq!(Totals::parse(text).unwrap(), expected);
    }

    #[test]
    fn what_is_not_said_to_be_unused_stays() {
        let records = r#"[{"Size":"1GB","InUse":"false"},{"Size":"1GB"},{"InUse":"false","Shared":"true"}]"#;
        let loose: Vec<bool> =
            BuildCacheRecord::parse(records).unwrap().iter().map(BuildCacheRecord::is_loose).collect();
        assert_eq!(loose, [true, false, false]);
    }

    #[test]
    fn a_volume_is_of_the_project_that_its_label_names() {
        assert!(volume("a=b,com.docker.compose.project=shop").is_of("shop"));
        assert!(!volume("com.docker.compose.project=shop2").is_of("shop"));
        assert!(!volume("").is_of(""));
    }

    fn volume(labels: &str) -> Volume {
        Volume { labels: labels.into(), ..Volume::default() }
    }
}
