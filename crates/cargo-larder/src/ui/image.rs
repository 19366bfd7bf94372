//! How the image of a build is shown.

use super::terminal;
use crate::{cli, schema};
use larder::{
    docker::progress::{BuildStep, Stage},
    text::columns,
};
use std::time::Duration;

/// The outcome of a build.
pub(crate) struct BuiltImage {
    pub(crate) id: String,
    /// In the engine's store.
    pub(crate) size: Option<u64>,
    pub(crate) time: Duration,
}

pub(crate) fn print(
    args: &cli::DockerBuild,
    image: &BuiltImage,
    stages: &[Stage],
    steps: &[&BuildStep],
) -> anyhow::Result<()> {
    let BuiltImage { id, size, time } = image;
    if args.json {
        let seconds = schema::seconds(*time);
        return terminal::print_json(&schema::docker::ImageBuild {
            image: id,
            bytes: *size,
            seconds,
            stages,
            steps,
        });
    }
    let rows: Vec<_> = stages.iter().map(row).collect();
    let head = ["<stage", "cached steps", "run steps", "seconds", "external compiled", "own compiled"];
    terminal::print(&columns::text(head, &rows));
    terminal::print_line(&format!("image {id}, {}, in {:.1} s", megabytes(*size), time.as_secs_f64()));
    Ok(())
}

fn row(stage: &Stage) -> [String; 6] {
    [
        stage.name.clone(),
        stage.cached.to_string(),
        stage.run.to_string(),
        format!("{:.1}", stage.seconds),
        stage.compiled_external.to_string(),
        stage.compiled_local.to_string(),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "sizes of images are far below 2^52")]
fn megabytes(size: Option<u64>) -> String {
    size.map_or_else(|| "pushed".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6))
}
