//! The source of everything else: `Cargo.lock`, the recipes, and the files generated from them.

use crate::{
    doctor::{
        facts::Facts,
        finding::{Finding, Repair},
    },
    git::Tracked,
    recipe::lock,
};

/// There is nothing that checks of an image could say.
pub(super) const NOT_GENERATED: &str = "there is no generated Dockerfile";
const REFRESH: &str = "cargo update --workspace";

pub(super) fn cargo_lock(facts: &Facts) -> Finding {
    match &facts.lock_fits {
        Ok(false) => {
            return Finding::problem("Cargo.lock is not what the manifests ask for", REFRESH);
        }
        Err(reason) => return Finding::skipped(reason),
        Ok(true) => {}
    }
    let tracked = match &facts.git {
        Ok(git) => &git.cargo_lock,
        Err(reason) => return Finding::ok(format!("it fits the manifests; {reason}")),
    };
    match tracked {
        Ok(Tracked::Clean) => Finding::ok("it is committed, and fits the manifests"),
        Ok(Tracked::Modified) => Finding::warning(
            "Cargo.lock is changed and not committed: the recipes of others are made from another one",
            "git commit Cargo.lock larder",
        ),
        Ok(Tracked::Untracked) => Finding::problem(
            "Cargo.lock is not committed: every clone would resolve other dependencies than the recipes pin",
            "git add Cargo.lock",
        ),
        Ok(Tracked::Ignored) => Finding::problem(
            "git ignores Cargo.lock: every clone would resolve other dependencies than the recipes pin",
            "git add --force Cargo.lock",
        ),
        Err(reason) => Finding::skipped(reason),
    }
}

pub(super) fn fresh(facts: &Facts) -> Finding {
    match &facts.recipes {
        Err(reason) => Finding::skipped(reason),
        Ok(None) => {
            Finding::warning("there are no recipes yet", "cargo larder lock").with_repair(Repair::Recipes)
        }
        Ok(Some(findings)) => match findings.first() {
            None => Finding::ok("they are fresh and proven"),
            // Those that can be repaired come first.
            Some(lock::RecipeFinding::Refused(reason, hint)) => {
                Finding::problem(reason.clone(), hint.clone())
            }
            Some(first) => {
                let (reason, more) = (first.reason(), findings.len() - 1);
                let reason = if more == 0 { reason.to_owned() } else { format!("{reason}, and {more} more") };
                Finding::problem(reason, "cargo larder lock").with_repair(Repair::Recipes)
            }
        },
    }
}

/// Recipes that are right and that no build uses.
pub(super) fn used(facts: &Facts) -> Finding {
    if let Some(driver) = facts.drivers.first() {
        return Finding::warning(driver.reason(), driver.observe());
    }
    match facts.empty_slices.first() {
        None => Finding::ok("no build driver is known that makes other calls of cargo"),
        Some(name) => Finding::warning(
            format!("slice `{name}` has no external unit: there is nothing to cook for it"),
            "cargo larder observe -- COMMAND shows what your own build calls",
        ),
    }
}

pub(super) fn committed(facts: &Facts) -> Finding {
    let tracked = match &facts.git {
        Ok(git) => &git.recipes,
        Err(reason) => return Finding::skipped(reason),
    };
    match tracked {
        Ok(Tracked::Clean) => Finding::ok("git has every file of larder/"),
        Ok(Tracked::Modified) => Finding::warning(
            "larder/ is changed and not committed: CI and other clones cook the older recipes",
            "git add larder && git commit",
        ),
        Ok(Tracked::Untracked) => Finding::problem(
            "not all of larder/ is committed: CI, images and flakes do without it",
            "git add larder && git commit",
        ),
        Ok(Tracked::Ignored) => Finding::problem(
            "git ignores larder/ or files in it: CI, images and flakes do without them",
            "git add --force larder",
        ),
        Err(reason) => Finding::skipped(reason),
    }
}

/// Flags, targets and variables in it are part of every unit.
pub(super) fn config(facts: &Facts) -> Finding {
    let tracked = match &facts.git {
        Ok(git) => &git.config,
        Err(reason) => return Finding::skipped(reason),
    };
    match tracked {
        Ok(Tracked::Clean | Tracked::Modified) => Finding::ok("git has .cargo/config.toml"),
        Ok(Tracked::Untracked) => Finding::warning(
            "git does not have .cargo/config.toml: clones build with other settings than the recipes",
            "git add .cargo/config.toml",
        ),
        Ok(Tracked::Ignored) => Finding::problem(
            "git ignores .cargo/config.toml: clones build with other settings than the recipes",
            "git add --force .cargo/config.toml",
        ),
        Err(reason) => Finding::skipped(reason),
    }
}

pub(super) fn generated(facts: &Facts) -> Finding {
    match &facts.generated {
        Err(reason) => Finding::skipped(reason),
        Ok(None) => Finding::skipped(NOT_GENERATED),
        Ok(Some(stale)) if stale.is_empty() => Finding::ok("Dockerfile and .dockerignore are fresh"),
        Ok(Some(stale)) => {
            let names: Vec<&str> = stale.iter().filter_map(|path| path.file_name()).collect();
            Finding::problem(
                format!("{} would be written otherwise now", names.join(" and ")),
                "cargo larder dockerfile",
            )
            .with_repair(Repair::Generated)
        }
    }
}
