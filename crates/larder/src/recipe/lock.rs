//! Writing and checking recipes: plan every slice, keep what has not changed, write the rest, prove it, and
//! put the new `larder/` folder in place as a whole.

use std::fs::File;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{
    Recipe, config,
    lock_file::{Layer, LockFile, LockedSlice, VERSION},
    proof::{Proof, plan_of_recipe},
    staging::{self, Staging},
};
use crate::{
    Report,
    cargo::{Cargo, CargoLock},
    error::{Error, Result},
    plan::Plan,
    slice::{Slice, environment},
    workspace::Workspace,
};

/// What became of one slice.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The slice's name.
    pub slice: String,
    /// Whether its recipe was written or kept.
    pub change: Change,
    /// How many external units it has, all of them proven.
    pub units: usize,
    /// Packages that are built with the application because they reach a path package.
    pub tainted: Vec<String>,
}

/// Whether a recipe was touched, or should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The set of unit keys is the same; no file was touched.
    Kept,
    /// Written anew.
    Written,
    /// Only checked, and not right.
    Needed,
}

/// A planned slice with the recipe that its plan asks for.
struct Draft<'a> {
    slice: &'a Slice,
    plan: Plan,
    recipe: Recipe,
}

/// Writes or refreshes the recipes of all slices.
///
/// # Errors
/// When a slice cannot be planned, a recipe cannot be proven or the folder cannot be written; the old
/// recipes are untouched then.
pub fn lock(
    cargo: &Cargo,
    workspace: &Workspace,
    slices: &[Slice],
    report: &dyn Report,
) -> Result<Vec<Locked>> {
    let _guard = exclusive(workspace, report)?;
    staging::recover(workspace.root(), &workspace.larder_dir())?;
    let drafts = draft(cargo, workspace, slices, report)?;
    let larder_dir = workspace.larder_dir();
    let old = match LockFile::read(&larder_dir) {
        Ok(old) => Some(old),
        Err(Error::NoRecipe { .. } | Error::Toml { .. }) => None,
        Err(error) => return Err(error),
    };
    let shared = config::shared(workspace);
    let unchanged = |draft| old.as_ref().and_then(|old| unchanged(workspace, draft, old));
    // Asked once: the answer takes reading every file of a recipe.
    let kept: Vec<Option<&LockedSlice>> = drafts.iter().map(unchanged).collect();
    let all_kept =
        old.as_ref().is_some_and(|old| old.slices.len() == drafts.len() && kept.iter().all(Option::is_some));
    if all_kept && stale_config(workspace, old.as_ref(), shared.as_deref())?.is_none() {
        return Ok(drafts.iter().map(|draft| draft.outcome(Change::Kept)).collect());
    }

    let staging = Staging::new(workspace.root())?;
    let mut outcomes = Vec::new();
    let mut locked = Vec::new();
    for (draft, kept) in drafts.iter().zip(kept) {
        if let Some(record) = kept {
            staging.keep(&larder_dir, draft.slice.name.as_str().into())?;
            locked.push(LockedSlice { slice: draft.slice.clone(), ..record.clone() });
            outcomes.push(draft.outcome(Change::Kept));
        } else {
            report.step(
                "Proving",
                &format!("{} ({} external units)", draft.slice.name, draft.plan.units.len()),
            );
            locked.push(draft.write(cargo, workspace, &staging)?);
            outcomes.push(draft.outcome(Change::Written));
        }
    }
    keep_foreign(workspace, &staging, old.as_ref(), &locked)?;
    if let Some(text) = &shared {
        staging.write("config.toml".into(), text)?;
    }
    let config = shared.map(|_| super::file_digest(&staging.dir().join("config.toml"))).transpose()?;
    let toolchain = workspace.toolchain().map(str::to_owned);
    let file = LockFile { version: VERSION, toolchain, config, slices: locked };
    staging.write("larder.lock".into(), &file.text()?)?;
    staging.commit(&larder_dir)?;
    Ok(outcomes)
}

/// One reason why a recipe is not what its slice needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// `lock` would write it anew.
    Stale(String),
    /// A file was changed by somebody else.
    Edited(String),
    /// The recipe on disk builds something else than the slice needs.
    Unproven(String),
}

/// Checks the recipes on disk against the slices, writing nothing. No finding means fresh and proven.
///
/// # Errors
/// When a slice cannot be planned or there is no readable recipe.
pub fn check(
    cargo: &Cargo,
    workspace: &Workspace,
    slices: &[Slice],
    report: &dyn Report,
) -> Result<(Vec<Locked>, Vec<Finding>)> {
    let old = LockFile::read(&workspace.larder_dir())?;
    // Planning must not bring a stale Cargo.lock up to date here: nothing is written.
    let cargo = &cargo.clone().with_cargo_lock(CargoLock::Locked);
    let drafts = match draft(cargo, workspace, slices, report) {
        Err(Error::SlicePlan { stderr, .. }) if stderr.contains("--locked") => {
            let path = workspace.root().join("Cargo.lock");
            return Ok((
                Vec::new(),
                vec![Finding::Stale(format!("{path} is not what the manifests ask for"))],
            ));
        }
        drafts => drafts?,
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut outcomes = Vec::new();
    for draft in &drafts {
        let finding = draft.check(cargo, workspace, &old)?;
        outcomes.push(draft.outcome(if finding.is_none() { Change::Kept } else { Change::Needed }));
        findings.extend(finding);
    }
    for gone in old.slices.iter().filter(|locked| !slices.iter().any(|s| s.name == locked.slice.name)) {
        findings.push(Finding::Stale(format!("slice `{}` is gone from the workspace", gone.slice.name)));
    }
    let shared = config::shared(workspace);
    findings.extend(stale_config(workspace, Some(&old), shared.as_deref())?);
    Ok((outcomes, findings))
}

impl Draft<'_> {
    fn outcome(&self, change: Change) -> Locked {
        Locked {
            slice: self.slice.name.clone(),
            change,
            units: self.plan.units.len(),
            tainted: self.plan.tainted.clone(),
        }
    }

    /// Writes the recipe into the staging folder, lets cargo reduce the lock file, and proves it.
    fn write(&self, cargo: &Cargo, workspace: &Workspace, staging: &Staging) -> Result<LockedSlice> {
        let folder = Utf8PathBuf::from(&self.slice.name).join("0");
        for (path, text) in &self.recipe.files {
            staging.write(&folder.join(path), text)?;
        }
        let dir = staging.dir().join(&folder);
        fs_err::copy(workspace.root().join("Cargo.lock"), dir.join("Cargo.lock"))?;
        self.prove(cargo, workspace, &dir, CargoLock::AsNeeded)?.require(&self.slice.name)?;
        let layer = Layer::record(&dir, self.recipe.digest.clone(), self.plan.units.len())?;
        Ok(LockedSlice { slice: self.slice.clone(), cook: self.recipe.cook.clone(), layers: vec![layer] })
    }

    fn prove(
        &self,
        cargo: &Cargo,
        workspace: &Workspace,
        dir: &Utf8Path,
        cargo_lock: CargoLock,
    ) -> Result<Proof> {
        let cargo = &cargo.clone().with_cargo_lock(cargo_lock);
        let mut args = self.recipe.cook.clone();
        args.push(format!("--target-dir={}", self.slice.target_dir.resolve(workspace)));
        let env = environment::of_slice(cargo, workspace, self.slice)?;
        let recipe = plan_of_recipe(cargo, dir, &args, &env)?;
        Ok(Proof::compare(&self.plan, &recipe))
    }

    fn check(&self, cargo: &Cargo, workspace: &Workspace, old: &LockFile) -> Result<Option<Finding>> {
        let name = &self.slice.name;
        let larder_dir = workspace.larder_dir();
        let Some(record) = old.slice(name) else {
            return Ok(Some(Finding::Stale(format!("slice `{name}` has no recipe yet"))));
        };
        match record.verify(&larder_dir) {
            Err(error @ Error::EditedRecipe { .. }) => return Ok(Some(Finding::Edited(error.to_string()))),
            other => other?,
        }
        let dir = record.layer_dir(&larder_dir, record.layers.len().saturating_sub(1));
        if let Some(reason) = self.staleness(record) {
            return Ok(Some(Finding::Stale(format!("slice `{name}`: {reason}"))));
        }
        let proof = self.prove(cargo, workspace, &dir, CargoLock::Locked)?;
        Ok(proof.require(name).err().map(|error| Finding::Unproven(error.to_string())))
    }

    fn staleness(&self, record: &LockedSlice) -> Option<String> {
        if record.slice != *self.slice {
            return Some("its arguments or environment changed".into());
        }
        let layer = record.layers.last()?;
        if layer.digest == self.recipe.digest {
            return None;
        }
        Some(format!("its external units changed ({} locked, {} needed)", layer.units, self.plan.units.len()))
    }
}

/// Plans every slice.
fn draft<'a>(
    cargo: &Cargo,
    workspace: &Workspace,
    slices: &'a [Slice],
    report: &dyn Report,
) -> Result<Vec<Draft<'a>>> {
    let names: Vec<&str> = slices.iter().map(|slice| slice.name.as_str()).collect();
    report.step("Planning", &names.join(", "));
    let plans = Plan::of_slices(cargo, workspace, &slices.iter().collect::<Vec<_>>())?;
    let draft = |(slice, plan)| Draft { slice, recipe: Recipe::of(workspace, slice, &plan), plan };
    Ok(slices.iter().zip(plans).map(draft).collect())
}

/// The old record where it still says what the draft asks for and its files are as written.
fn unchanged<'a>(workspace: &Workspace, draft: &Draft<'_>, old: &'a LockFile) -> Option<&'a LockedSlice> {
    let record = old.slice(&draft.slice.name)?;
    let fresh = draft.staleness(record).is_none() && record.verify(&workspace.larder_dir()).is_ok();
    fresh.then_some(record)
}

fn stale_config(
    workspace: &Workspace,
    old: Option<&LockFile>,
    wanted: Option<&str>,
) -> Result<Option<Finding>> {
    let path = workspace.larder_dir().join("config.toml");
    let found = if path.is_file() { Some(fs_err::read_to_string(&path)?) } else { None };
    let recorded = old.and_then(|old| old.config.as_ref()).is_some();
    let same = found.as_deref() == wanted && recorded == wanted.is_some();
    Ok((!same).then(|| Finding::Stale(format!("{path} is not what .cargo/config.toml asks for"))))
}

/// Whatever somebody else put into `larder/` stays there.
fn keep_foreign(
    workspace: &Workspace,
    staging: &Staging,
    old: Option<&LockFile>,
    new: &[LockedSlice],
) -> Result<()> {
    let larder_dir = workspace.larder_dir();
    if !larder_dir.is_dir() {
        return Ok(());
    }
    let ours = |name: &str| {
        let in_old = old.is_some_and(|old| old.slice(name).is_some());
        in_old || new.iter().any(|l| l.slice.name == name) || name == "larder.lock" || name == "config.toml"
    };
    for entry in larder_dir.read_dir_utf8()? {
        let entry = entry?;
        if !ours(entry.file_name()) {
            staging.keep(&larder_dir, entry.file_name().into())?;
        }
    }
    Ok(())
}

/// Two runs at once wait for each other. The lock is on the workspace's folder, so that no file of ours stays
/// behind; cargo locks `Cargo.lock` and the target directory, and would wait for us there.
fn exclusive(workspace: &Workspace, report: &dyn Report) -> Result<File> {
    let file = fs_err::File::open(workspace.root())?.into_file();
    if file.try_lock().is_err() {
        report.step("Waiting", "for another `cargo larder lock` in this workspace");
        file.lock()?;
    }
    Ok(file)
}
