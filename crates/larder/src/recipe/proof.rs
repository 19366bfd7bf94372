//! The proof: whether a recipe's own unit graph has the same external units as its slice's.

use cargo_metadata::camino::Utf8Path;

use crate::{
    cargo::{Cargo, platform::Platform},
    error::{Error, Result},
    plan::{Plan, Unit, UnitKey},
    slice::Slice,
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
            // One that was meant to be a unit of the slice's is named above.
            if !slice.units.contains_key(key)
                && !counterparts(unit, slice).any(|key| !recipe.units.contains_key(key))
            {
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
/// # Errors
/// When cargo refuses the recipe.
pub(super) fn plan_of_recipe(
    cargo: &Cargo,
    workspace: &Workspace,
    slice: &Slice,
    cook: &[String],
    dir: &Utf8Path,
) -> Result<Plan> {
    let cargo = &cargo.of_everybody(workspace.root().as_std_path())?;
    let call = slice.planning_in(cargo, workspace, dir.as_std_path(), cook)?;
    call.graph(cargo).map(|graph| Plan::of_graph(&graph))
}

fn difference(key: &UnitKey, unit: &Unit, recipe: &Plan) -> Option<String> {
    if let Some(found) = recipe.units.get(key) {
        return (found.lto != unit.lto)
            .then(|| format!("link-time optimisation {:?}, the slice needs {:?}", found.lto, unit.lto));
    }
    let Some(found) = counterparts(unit, recipe).next().map(|key| &recipe.units[key]) else {
        return Some("not in the recipe".into());
    };
    if found.features != unit.features {
        return Some(format!("features {:?}, the slice needs {:?}", found.features, unit.features));
    }
    Some("its profile or something below it differs".into())
}

/// The units that can have been meant to be the same.
fn counterparts<'a>(unit: &'a Unit, plan: &'a Plan) -> impl Iterator<Item = &'a UnitKey> {
    let same = plan.units.iter().filter(move |(_, other)| {
        other.package == unit.package
            && other.kinds == unit.kinds
            && other.mode == unit.mode
            && other.platform == unit.platform
            && other.for_host == unit.for_host
    });
    same.map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::external::tests::graph;

    /// The plan of a program that stands on one crate, in as many shapes as there are lists of features.
    fn plan(shapes: &[&[&str]]) -> Plan {
        const CRATE: (&str, &str, &[usize]) = ("registry+x#a@1.0.0", "lib", &[]);
        let edges: Vec<usize> = (1..=shapes.len()).collect();
        let mut units = vec![("path+file:///app#0.1.0", "bin", edges.as_slice())];
        units.extend(shapes.iter().map(|_| CRATE));
        let mut graph = graph(&units);
        for (unit, features) in graph.units[1..].iter_mut().zip(shapes) {
            unit.features = features.iter().map(|name| (*name).to_owned()).collect();
        }
        Plan::of_graph(&graph)
    }

    fn compare(slice: &[&[&str]], recipe: &[&[&str]]) -> (usize, Vec<String>) {
        let proof = Proof::compare(&plan(slice), &plan(recipe));
        (proof.proven, proof.missing)
    }

    #[test]
    fn every_difference_is_named_once() {
        assert_eq!(compare(&[&["std"]], &[&["std"]]), (1, Vec::new()));
        let (proven, missing) = compare(&[&["std"]], &[&[]]);
        assert_eq!((proven, missing.len()), (0, 1), "{missing:?}");
        assert!(missing[0].contains("features [], the slice needs [\"std\"]"), "{missing:?}");
        let (proven, missing) = compare(&[&["std"]], &[]);
        assert_eq!((proven, missing.len()), (0, 1), "{missing:?}");
        assert!(missing[0].contains("not in the recipe"), "{missing:?}");
    }

    #[test]
    fn one_more_shape_of_a_package_is_superfluous() {
        let (proven, missing) = compare(&[&["std"]], &[&["std"], &[]]);
        assert_eq!((proven, missing.len()), (1, 1), "{missing:?}");
        assert!(missing[0].contains("the slice does not need it"), "{missing:?}");
    }
}
