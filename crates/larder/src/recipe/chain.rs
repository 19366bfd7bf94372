//! The chain of a slice's layers as it is on disk: what each layer builds, and what of it the slice still needs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    churn,
    expand::{self, Purpose},
    layers::Content,
    lock_file::LockedSlice,
    proof::plan_of_recipe,
};
use crate::{
    cargo::{CargoLock, platform::Platform},
    error::Result,
    plan::{Lto, Plan, UnitKey},
    project::Project,
    side_by_side,
};

/// The identity of units for a chain of layers.
pub type Identity = (UnitKey, Lto);

/// The contribution of a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Use {
    /// Units that the layer builds.
    pub units: usize,
    /// Units that the slice needs and no older layer has.
    pub provides: usize,
    /// Units that nothing needs any more and no older layer has.
    pub carries: usize,
}

/// The plans of a slice's layers on a platform, oldest first.
///
/// # Errors
/// When cargo cannot read a layer.
pub fn plans(project: &Project, locked: &LockedSlice, platform: &Platform) -> Result<Vec<Plan>> {
    side_by_side::map(0..locked.layers.len(), |index| plan_of_layer(project, locked, index, platform))
}

/// The plan of one layer of a slice on a platform.
pub(super) fn plan_of_layer(
    project: &Project,
    locked: &LockedSlice,
    index: usize,
    platform: &Platform,
) -> Result<Plan> {
    let cargo = project.cargo_on(platform)?.with_cargo_lock(CargoLock::Locked);
    let place = expand::layer(&project.workspace, locked, index, Purpose::Asking)?;
    plan_of_recipe(&cargo, &project.workspace, &locked.slice, &locked.cook, place.dir())
}

/// A plan as the choice of layers sees it.
pub fn content(plan: &Plan) -> Content<Identity> {
    Content { units: identities(plan), lines: churn::lines(plan) }
}

/// The identities of a plan's units.
pub fn identities(plan: &Plan) -> BTreeSet<Identity> {
    plan.units.iter().map(|(key, unit)| (*key, unit.lto)).collect()
}

/// The contribution of each layer, and which layer provides each unit that any of them has.
pub fn uses(
    layers: &[BTreeSet<Identity>],
    current: &BTreeSet<Identity>,
) -> (Vec<Use>, BTreeMap<Identity, usize>) {
    let mut providers = BTreeMap::new();
    let mut uses = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let mut layer_use = Use { units: layer.len(), ..Use::default() };
        for unit in layer {
            if !providers.contains_key(unit) {
                providers.insert(*unit, index);
                let counter =
                    if current.contains(unit) { &mut layer_use.provides } else { &mut layer_use.carries };
                *counter += 1;
            }
        }
        uses.push(layer_use);
    }
    (uses, providers)
}
