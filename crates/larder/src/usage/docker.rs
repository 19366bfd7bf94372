//! What Docker's engine keeps: its build cache, and the images and volumes of this project apart from all others.
//!
//! The client is asked, and its rounded sizes are taken as they are. Nothing of it is on this machine's disk as a
//! folder that could be measured: the engine may be anywhere.

use std::time::{Duration, SystemTime};

use bytesize::ByteSize;
use serde::Deserialize;

use super::{
    cache::{Cache, Found, Scope},
    nix::one_line,
};
use crate::{
    docker::images,
    error::{Error, Result},
    files::disk::Size,
    process::{Cmd, Environment},
    project::Project,
    side_by_side::joined,
};

const PRUNE: &str = "cargo larder gc --only docker";
const ROWS: [(&str, &str, &str); 3] = [
    ("docker build cache", "cargo larder docker, docker build", PRUNE),
    ("docker images", "cargo larder docker, docker pull", "docker image prune"),
    ("docker volumes", "containers that ran", "docker volume prune"),
];

pub(super) fn look(project: &Project, env: &Environment) -> Found {
    let absent = |reason: &str| {
        let row =
            |(name, filled_by, shrink)| Cache::absent(name, Scope::Machine, reason).said(filled_by, shrink);
        Found { caches: ROWS.map(row).into(), problems: Vec::new() }
    };
    let Some(docker) = env.find_program("docker") else {
        return absent("Docker is not installed: there is no `docker` on PATH");
    };
    let cmd = |words: &[&str]| Cmd::new(&docker, "/", env).args(words);
    let summary = cmd(&["system", "df", "--format", "{{json .}}"]);
    let detail = cmd(&["system", "df", "--verbose", "--format", "{{json .}}"]);
    let (totals, detail) = std::thread::scope(|scope| {
        let totals = scope.spawn(|| summary.output().and_then(|text| Totals::parse(&text, &summary)));
        let detail = detail.output().and_then(|text| Detail::parse(&text, &detail));
        (joined(totals), detail)
    });
    match (totals, detail) {
        (Ok(totals), Ok(detail)) => Found { caches: rows(project, &totals, &detail), problems: Vec::new() },
        (Err(error), _) | (_, Err(error)) => absent(&one_line(&error)),
    }
}

fn rows(project: &Project, totals: &Totals, detail: &Detail) -> Vec<Cache> {
    let own_images = images::read(&project.workspace);
    let name = project.workspace.root().file_name().unwrap_or_default().to_lowercase();
    let images: Vec<&Image> = detail.images.iter().filter(|image| own_images.contains(&image.id)).collect();
    let volumes: Vec<&Volume> = detail.volumes.iter().filter(|volume| volume.is_of(&name)).collect();
    let [cache_row, image_row, volume_row] = ROWS;
    let row =
        |(name, filled_by, shrink): (&str, &str, &str), bytes, own: Option<(u64, Option<SystemTime>)>| {
            let cache = match own {
                None => Cache::new(name, Scope::Machine, size(bytes)),
                Some((own, last_use)) => {
                    // Layers that several images share count in each of them, but once in the whole.
                    let own = own.min(bytes);
                    let project = Cache::new("this project's", Scope::Project, size(own)).last_used(last_use);
                    let other = Cache::new("all others", Scope::Machine, size(bytes.saturating_sub(own)));
                    let parts = [project, other].map(|part| part.said(filled_by, shrink));
                    Cache::of_parts(name, Scope::Machine, parts.into())
                }
            };
            cache.said(filled_by, shrink)
        };
    let ago = |words: &String| SystemTime::now().checked_sub(age(words)?);
    let built = images.iter().filter_map(|image| ago(&image.created_since)).max();
    let own_image_bytes = images.iter().map(|image| bytes(&image.size)).fold(0, u64::saturating_add);
    let own_volume_bytes = volumes.iter().map(|volume| bytes(&volume.size)).fold(0, u64::saturating_add);
    let used = detail.build_cache.iter().filter_map(|entry| ago(&entry.last_used_since)).max();
    vec![
        row(cache_row, totals.build_cache, None).last_used(used),
        row(image_row, totals.images, Some((own_image_bytes, built))),
        row(volume_row, totals.volumes, Some((own_volume_bytes, None))),
    ]
}

/// The engine tells one size of each thing.
fn size(bytes: u64) -> Size {
    Size { on_disk: bytes, apparent: bytes }
}

/// `2.021GB` in bytes; nothing where the client prints no size.
fn bytes(text: &str) -> u64 {
    text.parse().map_or(0, |size: ByteSize| size.as_u64())
}

/// What `docker system df` adds up, each layer counted once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    images: u64,
    volumes: u64,
    build_cache: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TotalLine {
    r#type: String,
    size: String,
}

/// Reads an answer of either kind with all that is in it; for [`crate::fuzz`].
pub(crate) fn read_all(text: &str) {
    let cmd = Cmd::new("docker", "/", &Environment::default());
    crate::fuzz::seen::seen(
        Totals::parse(text, &cmd).map(|totals| (totals.images, totals.volumes, totals.build_cache)),
    );
    let Ok(detail) = Detail::parse(text, &cmd) else { return };
    detail
        .images
        .iter()
        .for_each(|image| crate::fuzz::seen::seen((bytes(&image.size), age(&image.created_since))));
    detail
        .volumes
        .iter()
        .for_each(|volume| crate::fuzz::seen::seen((bytes(&volume.size), volume.is_of("x"))));
    detail.build_cache.iter().for_each(|record| crate::fuzz::seen::seen(age(&record.last_used_since)));
}

impl Totals {
    fn parse(text: &str, cmd: &Cmd) -> Result<Self> {
        let mut totals = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line: TotalLine = serde_json::from_str(line).map_err(|error| unreadable(cmd, &error))?;
            let total = match line.r#type.as_str() {
                "Images" => &mut totals.images,
                "Local Volumes" => &mut totals.volumes,
                "Build Cache" => &mut totals.build_cache,
                _ => continue,
            };
            *total = bytes(&line.size);
        }
        Ok(totals)
    }
}

fn unreadable(cmd: &Cmd, error: &serde_json::Error) -> Error {
    Error::Answer { command: cmd.line(), reason: error.to_string() }
}

/// What `docker system df --verbose` lists.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Detail {
    #[serde(deserialize_with = "list")]
    images: Vec<Image>,
    #[serde(deserialize_with = "list")]
    volumes: Vec<Volume>,
    #[serde(deserialize_with = "list")]
    build_cache: Vec<BuildCache>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Image {
    #[serde(rename = "ID")]
    id: String,
    size: String,
    created_since: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Volume {
    name: String,
    labels: String,
    size: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct BuildCache {
    last_used_since: String,
}

impl Detail {
    fn parse(text: &str, cmd: &Cmd) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| unreadable(cmd, &error))
    }
}

/// The client prints `null` for an empty list.
fn list<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl Volume {
    /// Whether compose made it for the project of this name, which is that of the folder.
    fn is_of(&self, project: &str) -> bool {
        let label = format!("com.docker.compose.project={project}");
        !project.is_empty() && self.labels.split(',').any(|found| found == label)
    }
}

/// The time in `3 hours ago`.
fn age(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text.trim_end_matches(" ago").split_whitespace().collect();
    let (count, unit) = match words.as_slice() {
        ["Less", "than", ..] => (1, "second"),
        ["About", _, unit] => (1, *unit),
        [count, unit] => (count.parse().ok()?, unit.trim_end_matches('s')),
        _ => return None,
    };
    let seconds = match unit {
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
        let hours = |text| age(text).unwrap().as_secs() / 3600;
        assert_eq!([hours("3 hours ago"), hours("About an hour ago"), hours("2 weeks ago")], [3, 1, 336]);
        assert_eq!(age(""), None);
    }

    #[test]
    fn a_volume_is_of_the_project_that_its_label_names() {
        let volume = |labels: &str| Volume { labels: labels.into(), ..Volume::default() };
        assert!(volume("a=b,com.docker.compose.project=shop").is_of("shop"));
        assert!(!volume("com.docker.compose.project=shop2").is_of("shop"));
        assert!(!volume("").is_of(""));
    }
}
