//! The proof: whether a recipe's own unit graph has the same external units as its slice's.

use cargo_metadata::camino::Utf8Path;

use crate::{
    cargo::{Cargo, Network},
    error::{Error, Result},
    plan::{Plan, Unit, UnitKey},
    platform::Platform,
    slice::{Slice, environment},
    workspace::Workspace,
};

/// The outcome of comparing two plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Units that the recipe builds exactly as the slice needs them.
    pub proven: usize,
    /// Units that the slice needs.
    pub total: usize,
    /// One line per unit that differs, with the reason.
    pub missing: Vec<String>,
}

impl Proof {
    /// Compares what a slice needs with what a recipe builds.
    pub fn compare(slice: &Plan, recipe: &Plan) -> Self {
        let mut missing = Vec::new();
        for (key, unit) in &slice.units {
            if let Some(reason) = difference(key, unit, recipe) {
                missing.push(format!("{}: {reason}", unit.describe()));
            }
        }
        let proven = slice.units.len() - missing.len();
        for (key, unit) in &recipe.units {
            if !slice.units.contains_key(key) && counterpart(unit, slice).is_none() {
                missing.push(format!("{}: the slice does not need it", unit.describe()));
            }
        }
        Self { proven, total: slice.units.len(), missing }
    }

    /// Turns anything short of a full proof into an error.
    ///
    /// # Errors
    /// [`Error::Unproven`] with every difference.
    pub fn require(self, slice: &str, platform: &Platform) -> Result<Self> {
        if self.missing.is_empty() {
            return Ok(self);
        }
        let Self { proven, total, missing } = self;
        let (slice, platform) = (slice.to_owned(), platform.clone());
        Err(Error::Unproven { slice, platform, proven, total, missing })
    }
}

/// The plan of a written recipe of `slice`, which lies in `dir` and is cooked by the call `cook`. A query that may
/// change lock files reduces its `Cargo.lock`.
///
/// Everything the recipe names was in the slice's own query before, so the network is asked only where
/// cargo cannot answer without it.
///
/// # Errors
/// When cargo refuses the recipe.
pub(super) fn plan_of_recipe(
    cargo: &Cargo,
    workspace: &Workspace,
    slice: &Slice,
    cook: &[String],
    dir: &Utf8Path,
) -> Result<Plan> {
    let mut args = cook.to_vec();
    args.push(format!("--target-dir={}", slice.target_dir.resolve(workspace)));
    let env = environment::of_slice(cargo, workspace, slice)?;
    let offline = cargo.clone().with_network(Network::Offline);
    Plan::query(&offline, dir.as_std_path(), &args, &env)
        .or_else(|_| Plan::query(cargo, dir.as_std_path(), &args, &env))
}

fn difference(key: &UnitKey, unit: &Unit, recipe: &Plan) -> Option<String> {
    if let Some(found) = recipe.units.get(key) {
        return (found.lto != unit.lto)
            .then(|| format!("link-time optimisation {:?}, the slice needs {:?}", found.lto, unit.lto));
    }
    let Some(found) = counterpart(unit, recipe) else {
        return Some("not in the recipe".into());
    };
    if found.features != unit.features {
        return Some(format!("features {:?}, the slice needs {:?}", found.features, unit.features));
    }
    Some("its profile or something below it differs".into())
}

/// The unit that was meant to be the same.
fn counterpart<'a>(unit: &Unit, plan: &'a Plan) -> Option<&'a Unit> {
    plan.units.values().find(|other| {
        other.package == unit.package
            && other.kinds == unit.kinds
            && other.mode == unit.mode
            && other.platform == unit.platform
            && other.for_host == unit.for_host
    })
}
