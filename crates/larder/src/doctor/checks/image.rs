//! The inputs of an image beside the packages of the workspace: system packages, and files that are read.

use super::recipes::NOT_GENERATED;
use crate::{
    docker::needs::Lacking,
    doctor::{
        facts::Facts,
        finding::{Finding, Repair},
    },
    tuning::Setting,
};

pub(super) fn packages(facts: &Facts) -> Finding {
    finding(
        facts,
        only_packages,
        &["build-packages", "runtime-packages"],
        "the packages that crates are known to need are listed",
    )
}

fn only_packages(lacking: &Lacking) -> Lacking {
    Lacking { build: lacking.build.clone(), runtime: lacking.runtime.clone(), ..Lacking::default() }
}

pub(super) fn files(facts: &Facts) -> Finding {
    let only = |lacking: &Lacking| Lacking { files: lacking.files.clone(), ..Lacking::default() };
    finding(facts, only, &["include"], "every file that the build is known to read is sent")
}

fn finding(facts: &Facts, only: fn(&Lacking) -> Lacking, keys: &[&str], good: &str) -> Finding {
    let lacking = match &facts.image_needs {
        Err(reason) => return Finding::skipped(reason),
        Ok(None) => return Finding::skipped(NOT_GENERATED),
        Ok(Some(lacking)) => only(lacking),
    };
    let reasons = lacking.reasons();
    let Some(first) = reasons.first() else { return Finding::ok(good) };
    let reason =
        if reasons.len() == 1 { first.clone() } else { format!("{first}, and {} more", reasons.len() - 1) };
    let is_ours = |setting: &&Setting| setting.path.last().is_some_and(|key| keys.contains(&key.as_str()));
    let settings: Vec<Setting> = facts.image_settings.iter().filter(is_ours).cloned().collect();
    Finding::warning(reason, "cargo larder init --only docker").with_repair(Repair::Manifest(settings))
}
