//! A draft: a planned slice with the recipe that its plan asks for, before it is proven.

use std::collections::BTreeSet;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    Recipe,
    cargo_lock::CargoLockFile,
    chain::{self},
    config,
    layer::Layer,
    layers,
    lock_file::{LockFile, LockedSlice},
    locked::{Locked, RecipeChange},
    placed,
    proof::{Proof, plan_of_recipe},
    workplace::Workplace,
};
use crate::{
    Report,
    cargo::{CargoLock, platform::Platform},
    error::{Error, Result},
    files::read,
    plan::{Plan, Plans},
    project::Project,
    side_by_side,
    slice::Slice,
};

/// Why a recorded recipe is not the one that is needed, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Staleness {
    /// Its packages are others, and nothing else is, as after an update of `Cargo.lock`.
    Packages(String),
    /// It differs in something that decides how packages are built.
    Settings(String),
}

/// A planned slice.
pub(super) struct Draft<'a> {
    pub(super) slice: &'a Slice,
    pub(super) plans: Plans,
    pub(super) recipe: Recipe,
    /// The letter that it has in the table, or would have.
    pub(super) letter: char,
    /// How many layers it may have.
    pub(super) most_layers: usize,
    /// The sources of the packages in the workspace's `Cargo.lock`.
    pub(super) sources: BTreeSet<String>,
}

impl Draft<'_> {
    /// The slice and how much there is to prove.
    pub(super) fn describe(&self) -> String {
        let counts: Vec<String> =
            self.plans.counts().iter().map(|(platform, units)| format!("{units} on {platform}")).collect();
        format!("{} (external units: {})", self.slice.name, counts.join(", "))
    }

    pub(super) fn outcome(&self, change: RecipeChange) -> Locked {
        Locked {
            slice: self.slice.name.to_string(),
            change,
            units: self.plans.counts(),
            tainted: self.plans.tainted(),
        }
    }

    /// The slice with its recipe, proven: the layers of `old` that stay, and the current one on top. cargo works in
    /// `dir`.
    ///
    /// # Errors
    /// [`Error::Unproven`], or cargo's own refusal.
    pub(super) fn finish(
        &self,
        project: &Project,
        dir: Utf8PathBuf,
        old: Option<&LockFile>,
        report: &dyn Report,
    ) -> Result<LockedSlice> {
        let place = Workplace::alone(&project.workspace, self.slice, dir)?;
        let dir = place.dir();
        let record = old.and_then(|old| Some((old, old.slice(&self.slice.name)?)));
        let chain = record.filter(|(old, record)| self.shares_units_with(project, old, record));
        let layers = chain.map(|(_, record)| record.layers.as_slice()).unwrap_or_default();
        // Nobody reads frozen layers any more, so they bring in nothing that the project does not have today.
        let ours = |layer: &&Layer| layer.is_within(&self.sources, &self.recipe.layer);
        let layers = &layers[..layers.iter().take_while(ours).count()];
        // cargo has reduced its lock file before, if the top pins the same.
        let known = layers.iter().rfind(|layer| layer.pins_the_same(&self.recipe.layer));
        let top = match known.map(|layer| self.prove_layer(project, dir, layer)) {
            Some(Ok(layer)) => layer,
            Some(Err(_)) | None => self.prove_anew(project, dir)?,
        };
        let mut layers = self.kept_layers(project, layers, &top, record.map(|(_, record)| record), report);
        if layers.last() != Some(&top) {
            layers.push(top);
        }
        Ok(self.locked(layers))
    }

    fn locked(&self, layers: Vec<Layer>) -> LockedSlice {
        LockedSlice {
            most: self.most_layers,
            slice: self.slice.clone(),
            cook: self.recipe.cook.clone(),
            letter: self.letter,
            stubs: self.recipe.stubs.clone(),
            config: self.recipe.config.clone(),
            layers,
        }
    }

    /// The record that a first `lock` would leave, without asking cargo about the recipe.
    pub(super) fn unproven(&self) -> LockedSlice {
        self.locked(vec![self.recipe.layer.clone()])
    }

    /// Proves a layer that is complete.
    fn prove_layer(&self, project: &Project, dir: &Utf8Path, layer: &Layer) -> Result<Layer> {
        placed::write(&project.workspace, dir, &self.locked(vec![layer.clone()]).files(0))?;
        self.prove(project, dir, CargoLock::Locked)?;
        Ok(layer.clone())
    }

    /// Has cargo reduce the workspace's `Cargo.lock`, takes over what is left, and proves that.
    fn prove_anew(&self, project: &Project, dir: &Utf8Path) -> Result<Layer> {
        let workspace = &project.workspace;
        let mut files = self.unproven().files(0);
        files.insert("Cargo.lock".into(), read::text(workspace.lock_path())?);
        placed::write(workspace, dir, &files)?;
        self.prove(project, dir, CargoLock::Reduced)?;
        let mut layer = self.recipe.layer.clone();
        let path = dir.join("Cargo.lock");
        CargoLockFile::read(&path)?.complete(&mut layer);
        let files = self.locked(vec![layer.clone()]).files(0);
        if files.get(Utf8Path::new("Cargo.lock")) != Some(&read::text(&path)?) {
            placed::write(workspace, dir, &files)?;
            self.prove(project, dir, CargoLock::Locked)?;
        }
        Ok(layer)
    }

    /// The layers that stay below the current one, or with it if it is one of them already.
    fn kept_layers(
        &self,
        project: &Project,
        layers: &[Layer],
        top: &Layer,
        record: Option<&LockedSlice>,
        report: &dyn Report,
    ) -> Vec<Layer> {
        let Some(record) = record else { return Vec::new() };
        let (platform, plan) = self.plans.first();
        let known = layers.iter().position(|layer| layer == top);
        let mut chain = Vec::new();
        for index in 0..known.unwrap_or(layers.len()) {
            match chain::plan_of_layer(project, record, index, platform) {
                Ok(plan) => chain.push(chain::content(&plan)),
                Err(error) => {
                    // Neither a source that is gone nor a merge of two layers must keep the project from going on.
                    report.warn(&format!(
                        "dropping the layers of `{}` from {index} on: cargo cannot read them any more ({error})",
                        self.slice.name
                    ));
                    break;
                }
            }
        }
        if let Some(index) = known.filter(|index| *index == chain.len()) {
            return layers[..=index].to_vec();
        }
        let choice = layers::keep(&chain, &chain::content(plan), self.most_layers);
        layers[..choice.kept].to_vec()
    }

    /// Whether anything an older layer built can be what this draft needs: what reaches every unit and is
    /// not in its key is the same.
    fn shares_units_with(&self, project: &Project, old: &LockFile, record: &LockedSlice) -> bool {
        let before = &record.slice;
        let units = self.plans.iter().flat_map(|(_, plan)| plan.units.values());
        let mut triples: BTreeSet<&str> = units.filter_map(|unit| unit.platform.as_deref()).collect();
        triples.extend(self.plans.iter().map(|(platform, _)| platform.as_str()));
        record.cook == self.recipe.cook
            && record.stubs == self.recipe.stubs
            && record.config == self.recipe.config
            && before.is_test() == self.slice.is_test()
            && before.env == self.slice.env
            && old.toolchain.as_deref() == project.workspace.toolchain()
            && config::compiles_the_same(&project.workspace, &old.shared, &triples)
    }

    /// Proves an expanded recipe on every platform. `policy` is for the first query alone: what it leaves behind
    /// has to do for all of them.
    fn prove(&self, project: &Project, dir: &Utf8Path, policy: CargoLock) -> Result<()> {
        let mut platforms = self.plans.iter();
        platforms.next().map_or(Ok(()), |first| self.prove_on(first, project, dir, policy))?;
        side_by_side::map(platforms, |platform| self.prove_on(platform, project, dir, CargoLock::Locked))?;
        Ok(())
    }

    fn prove_on(
        &self,
        (platform, plan): (&Platform, &Plan),
        project: &Project,
        dir: &Utf8Path,
        policy: CargoLock,
    ) -> Result<()> {
        let cargo = project.cargo_on(platform)?.with_cargo_lock(policy);
        let recipe = plan_of_recipe(&cargo, &project.workspace, self.slice, &self.recipe.cook, dir)?;
        Proof::compare(plan, &recipe).require(&self.slice.name, platform).map(drop)
    }

    /// Why the recorded recipe is not the one that is needed.
    pub(super) fn staleness(&self, old: &LockFile, wanted: &LockedSlice) -> Option<Staleness> {
        let name = &self.slice.name;
        let Some(record) = old.slice(name) else {
            return Some(Staleness::Settings(format!("slice `{name}` has no recipe yet")));
        };
        if record == wanted {
            return None;
        }
        let (Some(before), Some(after)) = (record.layers.last(), wanted.layers.last()) else {
            return Some(Staleness::Settings(format!("slice `{name}`: it has no layer")));
        };
        if record.slice != *self.slice {
            return Some(Staleness::Settings(format!(
                "slice `{name}`: its arguments or environment changed"
            )));
        }
        if before == after && record.layers.len() != wanted.layers.len() {
            return Some(Staleness::Settings(format!("slice `{name}`: the layers below its recipe changed")));
        }
        let names = moved(before, after);
        // All but the packages of layers.
        let is_same_beside = Layer { packages: after.packages.clone(), ..before.clone() } == *after
            && LockedSlice { layers: wanted.layers.clone(), ..record.clone() } == *wanted;
        let reason = format!("slice `{name}`: {}", changed(&names, is_same_beside));
        // An update of `Cargo.lock` leaves packages of the same sources behind.
        let is_left_behind = record.layers.iter().all(|layer| layer.is_within(&self.sources, after));
        let is_of_packages = !names.is_empty() && is_same_beside && is_left_behind;
        Some(if is_of_packages { Staleness::Packages(reason) } else { Staleness::Settings(reason) })
    }
}

/// The packages that make two layers differ, by name.
fn moved<'a>(before: &'a Layer, after: &'a Layer) -> Vec<&'a str> {
    let keys = before.packages.keys().chain(after.packages.keys());
    let mut names: Vec<&str> = keys
        .filter(|id| before.packages.get(id) != after.packages.get(id))
        .map(|id| id.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The changes of a slice whose call is the same, in words.
fn changed(moved: &[&str], is_same_beside: bool) -> String {
    const NAMED: usize = 5;
    let settings = if is_same_beside { "" } else { ", and its settings" };
    match moved.len() {
        0 => "its settings changed".into(),
        count if count > NAMED => {
            let (named, more) = (moved[..NAMED].join(", "), count - NAMED);
            format!("its external units changed ({named}, and {more} more){settings}")
        }
        _ => format!("its external units changed ({}){settings}", moved.join(", ")),
    }
}

/// An unproven recipe is one thing, a refusal by cargo another.
pub(super) fn is_unproven(error: &Error) -> bool {
    matches!(error, Error::Unproven { .. })
}
