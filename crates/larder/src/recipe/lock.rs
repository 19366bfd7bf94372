//! Writing and checking recipes: plan every slice, keep what has not changed, write the rest, prove it, and
//! put the new `larder/` folder in place as a whole.

use std::{collections::BTreeMap, fs::File};

use super::{
    Recipe, config, content_digest,
    draft::Draft,
    lock_file::{Layer, LockFile, LockedSlice, VERSION},
    members::Members,
    staging::{self, Staging},
};
use crate::{
    Report,
    cargo::CargoLock,
    error::{Error, Result},
    plan::{Plans, Refused},
    platform::Platform,
    project::Project,
    side_by_side,
    slice::{Slice, Variant},
    workspace::Workspace,
};

/// What became of one slice.
#[derive(Debug, Clone)]
pub struct Locked {
    /// The slice's name.
    pub slice: String,
    /// Whether its recipe was written or kept.
    pub change: Change,
    /// How many external units it has on each platform, all of them proven.
    pub units: BTreeMap<Platform, usize>,
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

/// What became of all slices.
#[derive(Debug)]
pub struct Locking {
    /// Those that have a proven recipe now.
    pub locked: Vec<Locked>,
    /// Those that cannot be planned or proven; the recipes that they had are untouched.
    pub refused: Vec<Refused>,
}

/// Writes or refreshes the recipes of all slices that can be planned and proven.
///
/// # Errors
/// When the folder cannot be written, or cargo cannot read the workspace with it; the old recipes are untouched then.
pub fn lock(project: &Project, report: &dyn Report) -> Result<Locking> {
    let workspace = &project.workspace;
    let larder_dir = workspace.larder_dir();
    let _guard = exclusive(workspace, report)?;
    staging::recover(workspace.root(), &larder_dir)?;
    let old = project.recorded()?;
    let platforms = project.platforms(old.as_ref())?;
    let (drafts, refused) = match draft(project, &platforms, report) {
        Err(Error::StaleCargoLock { path }) if project.cargo.cargo_lock() == CargoLock::AsNeeded => {
            project.cargo.resolve(workspace.root().as_std_path())?;
            report
                .step("Updated", &format!("{}, which was not what the manifests asked for", path.display()));
            draft(project, &platforms, report)?
        }
        drafts => drafts?,
    };
    if drafts.is_empty() && !refused.is_empty() {
        return Ok(Locking { locked: Vec::new(), refused });
    }
    let shared = config::shared(workspace);
    // Asked once: the answer takes reading every file of a recipe.
    let unchanged = |draft: &Draft<'_>| old.as_ref().and_then(|old| draft.unchanged(project, old).cloned());
    let kept: Vec<Option<LockedSlice>> = drafts.iter().map(unchanged).collect();
    let is_current = |old: &LockFile| {
        let stays = |locked: &LockedSlice| {
            let name = &locked.slice.name;
            project.slices.iter().any(|slice| slice.name == *name) || refused.iter().any(|all| all.has(name))
        };
        old.slices.iter().all(stays) && old.platforms == platforms && kept.iter().all(Option::is_some)
    };
    if old.as_ref().is_some_and(is_current)
        && stale_config(workspace, old.as_ref(), shared.as_deref())?.is_none()
    {
        let locked = drafts.iter().map(|draft| draft.outcome(Change::Kept)).collect();
        return Ok(Locking { locked, refused });
    }

    let mut members = Members::of(project);
    let written = Writing { project, drafts: &drafts, old: old.as_ref(), platforms, report }.put(
        kept,
        refused,
        &mut members,
    );
    if !written.as_ref().is_ok_and(|locking| !locking.locked.is_empty()) {
        members.undo()?;
    }
    written
}

/// What recipes are written from.
struct Writing<'a> {
    project: &'a Project,
    drafts: &'a [Draft<'a>],
    old: Option<&'a LockFile>,
    platforms: Vec<Platform>,
    report: &'a dyn Report,
}

impl Writing<'_> {
    /// Writes the drafts that no record is kept of, proves them, and puts the folder in place.
    fn put(
        self,
        kept: Vec<Option<LockedSlice>>,
        mut refused: Vec<Refused>,
        members: &mut Members<'_>,
    ) -> Result<Locking> {
        let Self { project, drafts, old, ref platforms, report } = self;
        let workspace = &project.workspace;
        let larder_dir = workspace.larder_dir();
        let staging = Staging::new(workspace.root())?;
        // A run that is killed leaves the folder behind, and cargo must be able to read the workspace then as well.
        if let Some(draft) = drafts.first() {
            staging.make_folder(&draft.folder(0).join("src"))?;
        }
        members.ensure(report)?;
        for (draft, _) in drafts.iter().zip(&kept).filter(|(_, kept)| kept.is_none()) {
            report.step("Proving", &draft.describe());
        }
        let results = side_by_side::map(drafts.iter().zip(kept), |(draft, kept)| {
            let name = draft.slice.name.to_string();
            let written = match kept {
                Some(record) => {
                    staging.keep(&larder_dir, name.as_str().into()).map(|()| (record, Change::Kept))
                }
                None => draft.write(project, &staging, old, report).map(|record| (record, Change::Written)),
            };
            Ok((name, written.map(|(record, change)| (record, draft.outcome(change)))))
        })?;
        let (done, unproven) = Refused::apart(results)?;
        unproven.into_iter().for_each(|new| new.join(&mut refused));
        let (mut slices, locked): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        if locked.is_empty() {
            return Ok(Locking { locked, refused });
        }
        slices.extend(self.untouched(&staging, &refused)?);
        slices.sort_by(|one, other| one.slice.name.cmp(&other.slice.name));
        keep_foreign(workspace, &staging, old, &slices)?;
        let shared = config::shared(workspace);
        if let Some(text) = &shared {
            staging.write("config.toml".into(), text)?;
        }
        let config = shared.map(|text| content_digest(text.as_bytes()));
        let toolchain = workspace.toolchain().map(str::to_owned);
        let file = LockFile { version: VERSION, toolchain, config, platforms: platforms.clone(), slices };
        staging.write("larder.lock".into(), &file.text()?)?;
        staging.commit(&larder_dir, || members.ensure(report))?;
        Ok(Locking { locked, refused })
    }

    /// The recipes that refused slices had: they are as good as they were.
    fn untouched(&self, staging: &Staging, refused: &[Refused]) -> Result<Vec<LockedSlice>> {
        let larder_dir = self.project.workspace.larder_dir();
        let mut records = Vec::new();
        for name in refused.iter().flat_map(|refused| &refused.slices) {
            staging.remove(name.as_str().into())?;
            let record = self.old.and_then(|old| old.slice(name));
            if let Some(record) = record.filter(|record| record.verify(&larder_dir).is_ok()) {
                staging.keep(&larder_dir, name.as_str().into())?;
                records.push(record.clone());
            }
        }
        Ok(records)
    }
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
    /// Nothing is known of a slice that cannot be planned; the second text is what to do about it.
    Refused(String, String),
}

impl From<&Refused> for Finding {
    fn from(refused: &Refused) -> Self {
        Self::Refused(refused.text(), refused.error.hint().unwrap_or_default())
    }
}

impl Finding {
    /// Which kind of reason it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Stale(_) => "stale",
            Self::Edited(_) => "edited",
            Self::Unproven(_) => "unproven",
            Self::Refused(..) => "refused",
        }
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        let (Self::Stale(reason) | Self::Edited(reason) | Self::Unproven(reason) | Self::Refused(reason, _)) =
            self;
        reason
    }
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// Each slice that could be planned.
    pub outcomes: Vec<Locked>,
    /// Why recipes are not what their slices need; none if all are fresh and proven.
    pub findings: Vec<Finding>,
    /// The slices that nothing is known of.
    pub refused: Vec<Refused>,
}

/// Checks the recipes on disk against the slices, writing nothing.
///
/// # Errors
/// When there is no readable recipe.
pub fn check(project: &Project, report: &dyn Report) -> Result<Checked> {
    let workspace = &project.workspace;
    let old = LockFile::read(&workspace.larder_dir())?;
    let platforms = project.platforms(Some(&old))?;
    let (drafts, mut refused) = match draft(project, &platforms, report) {
        Err(error @ Error::StaleCargoLock { .. }) => {
            let findings = vec![Finding::Stale(error.to_string())];
            return Ok(Checked { outcomes: Vec::new(), findings, refused: Vec::new() });
        }
        drafts => drafts?,
    };
    let checked = side_by_side::map(&drafts, |draft| {
        let finding = draft.check(project, &old).map(|finding| (draft, finding));
        Ok((draft.slice.name.to_string(), finding))
    })?;
    let (checked, unreadable) = Refused::apart(checked)?;
    unreadable.into_iter().for_each(|new| new.join(&mut refused));
    let change = |finding: &Option<Finding>| if finding.is_none() { Change::Kept } else { Change::Needed };
    let outcomes = checked.iter().map(|(draft, finding)| draft.outcome(change(finding))).collect();
    let mut findings: Vec<Finding> = checked.into_iter().filter_map(|(_, finding)| finding).collect();
    let slices = &project.slices;
    let is_known =
        |name: &str| slices.iter().any(|s| s.name == name) || refused.iter().any(|all| all.has(name));
    for gone in old.slices.iter().filter(|locked| !is_known(&locked.slice.name)) {
        findings.push(Finding::Stale(format!("slice `{}` is gone from the workspace", gone.slice.name)));
    }
    let shared = config::shared(workspace);
    findings.extend(stale_config(workspace, Some(&old), shared.as_deref())?);
    Ok(Checked { outcomes, findings, refused })
}

/// The record that a first `lock` would leave, without writing or proving anything: one layer for each slice, whose
/// files nobody has seen yet.
///
/// # Errors
/// When a slice of the release cannot be planned; others are left out.
pub fn unwritten(project: &Project, report: &dyn Report) -> Result<LockFile> {
    let platforms = project.platforms(None)?;
    let (drafts, refused) = draft(project, &platforms, report)?;
    let ships = |slice: &&Slice| slice.variant == Variant::Release;
    let is_shipped =
        |refused: &Refused| project.slices.iter().filter(ships).any(|slice| refused.has(&slice.name));
    if let Some(refused) = refused.into_iter().find(is_shipped) {
        return Err(refused.error);
    }
    let slice = |draft: &Draft<'_>| LockedSlice {
        slice: draft.slice.clone(),
        cook: draft.recipe.cook.clone(),
        layers: vec![Layer {
            digest: draft.recipe.digest.clone(),
            units: draft.plans.counts(),
            booked: 0,
            files: BTreeMap::new(),
        }],
    };
    let config = config::shared(&project.workspace).map(|text| content_digest(text.as_bytes()));
    let toolchain = project.workspace.toolchain().map(str::to_owned);
    let slices = drafts.iter().map(slice).collect();
    Ok(LockFile { version: VERSION, toolchain, config, platforms, slices })
}

/// Whether the workspace's own cargo configuration holds something that nobody else may see.
pub(crate) fn has_secret_config(workspace: &Workspace) -> bool {
    config::has_secret(workspace)
}

/// Plans every slice, and tells apart those that cargo refuses.
fn draft<'a>(
    project: &'a Project,
    platforms: &[Platform],
    report: &dyn Report,
) -> Result<(Vec<Draft<'a>>, Vec<Refused>)> {
    let slices: Vec<&Slice> = project.slices.iter().collect();
    let names: Vec<&str> = slices.iter().map(|slice| slice.name.as_str()).collect();
    report.step("Planning", &names.join(", "));
    let workspace = &project.workspace;
    let plans = Plans::of_slices(&project.cargo, workspace, &slices, platforms)?;
    let draft = |slice, plans| Draft { slice, recipe: Recipe::of(workspace, slice, &plans), plans };
    let drafts = slices.into_iter().zip(plans);
    let drafts =
        drafts.map(|(slice, plans)| (slice.name.to_string(), plans.map(|plans| draft(slice, plans))));
    let (drafts, mut refused) = Refused::apart(drafts)?;
    refused.extend(project.refused());
    Ok((drafts, refused))
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
