//! The data that Docker's engine keeps: its build cache, and the images and volumes of this project apart from all
//! others.
//!
//! The client is asked, and its rounded sizes are taken as they are. Nothing of it is on this machine's disk as a
//! folder that could be measured: the engine may be anywhere.

use std::time::{Duration, SystemTime};

use larder::{
    docker::{
        disk_usage::{Detail, ImageUsage, Totals, Volume},
        images,
    },
    files::disk::Size,
    process::{Cmd, Environment},
    project::Project,
    side_by_side::joined,
};

use super::{
    cache::{Cache, FoundCaches, Scope},
    nix::one_line,
};

const PRUNE: &str = "cargo larder gc --only docker";
const ROWS: [(&str, &str, &str); 3] = [
    ("docker build cache", "cargo larder docker, docker build", PRUNE),
    ("docker images", "cargo larder docker, docker pull", "docker image prune"),
    ("docker volumes", "containers that ran", "docker volume prune"),
];

pub(super) fn look(project: &Project, env: &Environment) -> FoundCaches {
    let Some(docker) = env.find_program("docker") else {
        return absent("Docker is not installed: there is no `docker` on PATH");
    };
    let docker = Cmd::new(&docker, "/", env);
    let (totals, detail) = std::thread::scope(|scope| {
        let totals = scope.spawn(|| Totals::ask(docker.clone()));
        let detail = Detail::ask(docker.clone());
        (joined(totals), detail)
    });
    match (totals, detail) {
        (Ok(totals), Ok(detail)) => {
            let (own_images, problem) = match images::read(&project.workspace) {
                Ok(images) => (images, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            let caches = rows(project, &own_images, &totals, &detail);
            FoundCaches { caches, problems: problem.into_iter().collect() }
        }
        (Err(error), _) | (_, Err(error)) => absent(&one_line(&error)),
    }
}

fn absent(reason: &str) -> FoundCaches {
    let rows = ROWS
        .map(|(name, filled_by, shrink)| Cache::absent(name, Scope::Machine, reason).said(filled_by, shrink));
    FoundCaches { caches: rows.into(), problems: Vec::new() }
}

fn rows(project: &Project, own_images: &[String], totals: &Totals, detail: &Detail) -> Vec<Cache> {
    let name = project.workspace.root().file_name().unwrap_or_default().to_lowercase();
    let images: Vec<&ImageUsage> =
        detail.images.iter().filter(|image| own_images.contains(&image.id)).collect();
    let volumes: Vec<&Volume> = detail.volumes.iter().filter(|volume| volume.is_of(&name)).collect();
    let [cache_row, image_row, volume_row] = ROWS;
    let built = images.iter().filter_map(|image| image.age().and_then(ago)).max();
    let own_image_bytes = images.iter().map(|image| image.bytes()).fold(0, u64::saturating_add);
    let own_volume_bytes = volumes.iter().map(|volume| volume.bytes()).fold(0, u64::saturating_add);
    let used = detail.build_cache.iter().filter_map(|record| record.unused_for().and_then(ago)).max();
    vec![
        row(cache_row, totals.build_cache, None).last_used(used),
        row(image_row, totals.images, Some((own_image_bytes, built))),
        row(volume_row, totals.volumes, Some((own_volume_bytes, None))),
    ]
}

/// A row; `own` is the project's share of its bytes and when that was last used, where this is told apart.
fn row(
    (name, filled_by, shrink): (&str, &str, &str),
    bytes: u64,
    own: Option<(u64, Option<SystemTime>)>,
) -> Cache {
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
}

fn ago(age: Duration) -> Option<SystemTime> {
    SystemTime::now().checked_sub(age)
}

/// The engine tells one size of each thing.
fn size(bytes: u64) -> Size {
    Size { on_disk: bytes, apparent: bytes }
}
