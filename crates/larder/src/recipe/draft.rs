//! A draft: a planned slice with the recipe that its plan asks for, before it is written, kept or checked.

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    Recipe,
    chain::{self, identities},
    config, layers,
    lock::{Change, Finding, Locked},
    lock_file::{Layer, LockFile, LockedSlice},
    proof::{Proof, plan_of_recipe},
    staging::Staging,
};
use crate::{
    Report,
    cargo::CargoLock,
    error::{Error, Result},
    plan::{Plan, Plans},
    platform::Platform,
    project::Project,
    side_by_side,
    slice::Slice,
};

/// A planned slice.
pub(super) struct Draft<'a> {
    pub(super) slice: &'a Slice,
    pub(super) plans: Plans,
    pub(super) recipe: Recipe,
}

impl Draft<'_> {
    /// The slice and how much there is to prove.
    pub(super) fn describe(&self) -> String {
        let counts: Vec<String> =
            self.plans.counts().iter().map(|(platform, units)| format!("{units} on {platform}")).collect();
        format!("{} (external units: {})", self.slice.name, counts.join(", "))
    }

    pub(super) fn outcome(&self, change: Change) -> Locked {
        Locked {
            slice: self.slice.name.to_string(),
            change,
            units: self.plans.counts(),
            tainted: self.plans.tainted(),
        }
    }

    /// The old record where it still says what the draft asks for and its files are as written.
    pub(super) fn unchanged<'o>(&self, project: &Project, old: &'o LockFile) -> Option<&'o LockedSlice> {
        let record = old.slice(&self.slice.name)?;
        let fresh = self.staleness(record).is_none()
            && self.shares_units_with(project, old, record)
            && record.verify(&project.workspace.larder_dir()).is_ok();
        fresh.then_some(record)
    }

    /// Where a layer lies in the folder of all recipes.
    pub(super) fn folder(&self, index: usize) -> Utf8PathBuf {
        Utf8PathBuf::from(&self.slice.name).join(index.to_string())
    }

    /// Decides which layers stay and writes the recipe on top of them.
    pub(super) fn write(
        &self,
        project: &Project,
        staging: &Staging,
        old: Option<&LockFile>,
        report: &dyn Report,
    ) -> Result<LockedSlice> {
        let mut layers = self.kept_layers(project, old, report);
        let larder_dir = project.workspace.larder_dir();
        for index in 0..layers.len() {
            staging.keep(&larder_dir, &self.folder(index))?;
        }
        if layers.last().is_none_or(|top| top.digest != self.recipe.digest) {
            let folder = self.folder(layers.len());
            for (path, text) in &self.recipe.files {
                staging.write(&folder.join(path), text)?;
            }
            let dir = staging.dir().join(&folder);
            fs_err::copy(project.workspace.root().join("Cargo.lock"), dir.join("Cargo.lock"))?;
            self.prove(project, &dir, CargoLock::AsNeeded)?;
            layers.push(Layer::record(&dir, self.recipe.digest.clone(), self.plans.counts())?);
        }
        Ok(LockedSlice { slice: self.slice.clone(), cook: self.recipe.cook.clone(), layers })
    }

    /// The layers that stay below the draft's recipe, or with it where it is one of them already.
    fn kept_layers(&self, project: &Project, old: Option<&LockFile>, report: &dyn Report) -> Vec<Layer> {
        let Some((old, record)) = old.and_then(|old| Some((old, old.slice(&self.slice.name)?))) else {
            return Vec::new();
        };
        if !self.shares_units_with(project, old, record) {
            return Vec::new();
        }
        let dir = |index| record.layer_dir(&project.workspace.larder_dir(), index);
        let layers = record.layers.iter().enumerate();
        let intact: Vec<Layer> = layers
            .take_while(|(index, layer)| layer.verify(&dir(*index)).is_ok())
            .map(|(_, l)| l.clone())
            .collect();
        if let Some(index) = intact.iter().position(|layer| layer.digest == self.recipe.digest) {
            return intact[..=index].to_vec();
        }
        let (platform, plan) = self.plans.first();
        let mut chain = Vec::new();
        for index in 0..intact.len() {
            match chain::plan_of_layer(project, record, index, platform) {
                Ok(plan) => chain.push(identities(&plan)),
                Err(error) => {
                    // A source that is gone must not keep the project from going on.
                    report.warn(&format!(
                        "dropping the layers of `{}` from {index} on: cargo cannot read them any more ({error})",
                        self.slice.name
                    ));
                    break;
                }
            }
        }
        let booked: Vec<_> = intact.iter().map(|layer| layer.booked).collect();
        let choice = layers::keep(&chain, &booked, &identities(plan), project.settings.max_layers);
        let book = |layer: &Layer| Layer { booked: layer.booked + choice.extra(), ..layer.clone() };
        intact[..choice.kept].iter().map(book).collect()
    }

    /// Whether anything an older layer built can be what this draft needs: what reaches every unit and is
    /// not in its key is the same.
    fn shares_units_with(&self, project: &Project, old: &LockFile, record: &LockedSlice) -> bool {
        let before = &record.slice;
        record.cook == self.recipe.cook
            && before.target_dir == self.slice.target_dir
            && before.rustflags == self.slice.rustflags
            && before.env == self.slice.env
            && old.toolchain.as_deref() == project.workspace.toolchain()
            && config::compiles_the_same(&project.workspace, old.config.as_deref())
    }

    /// Proves a written recipe on every platform. `policy` is for the first query alone: what it leaves behind
    /// has to do for all of them.
    fn prove(&self, project: &Project, dir: &Utf8Path, policy: CargoLock) -> Result<()> {
        let prove = |(platform, plan): (&Platform, &Plan), policy| {
            let cargo = project.cargo_on(platform)?.with_cargo_lock(policy);
            let recipe = plan_of_recipe(&cargo, &project.workspace, self.slice, &self.recipe.cook, dir)?;
            Proof::compare(plan, &recipe).require(&self.slice.name, platform).map(drop)
        };
        let mut platforms = self.plans.iter();
        platforms.next().map_or(Ok(()), |first| prove(first, policy))?;
        side_by_side::map(platforms, |platform| prove(platform, CargoLock::Locked))?;
        Ok(())
    }

    /// Compares the recipe on disk with the draft.
    pub(super) fn check(&self, project: &Project, old: &LockFile) -> Result<Option<Finding>> {
        let name = &self.slice.name;
        let larder_dir = project.workspace.larder_dir();
        let Some(record) = old.slice(name) else {
            return Ok(Some(Finding::Stale(format!("slice `{name}` has no recipe yet"))));
        };
        match record.verify(&larder_dir) {
            Err(error @ Error::EditedRecipe { .. }) => return Ok(Some(Finding::Edited(error.to_string()))),
            other => other?,
        }
        if let Some(reason) = self.staleness(record) {
            return Ok(Some(Finding::Stale(format!("slice `{name}`: {reason}"))));
        }
        let dir = record.layer_dir(&larder_dir, record.layers.len().saturating_sub(1));
        match self.prove(project, &dir, CargoLock::Locked) {
            Err(error @ Error::Unproven { .. }) => Ok(Some(Finding::Unproven(error.to_string()))),
            other => other.map(|()| None),
        }
    }

    fn staleness(&self, record: &LockedSlice) -> Option<String> {
        if record.slice != *self.slice {
            return Some("its arguments or environment changed".into());
        }
        let Some(layer) = record.layers.last() else { return Some("it has no layer".into()) };
        if layer.digest == self.recipe.digest {
            return None;
        }
        let needed = self.plans.counts();
        if !layer.units.keys().eq(needed.keys()) {
            return Some("its platforms changed".into());
        }
        let sum = |units: &BTreeMap<Platform, usize>| units.values().sum::<usize>();
        Some(format!("its external units changed ({} locked, {} needed)", sum(&layer.units), sum(&needed)))
    }
}
