//! Writing and checking recipes: plan every slice, prove what its plan asks for, and put the table in place as a whole,
//! or compare it with the one that is there.

use std::{collections::BTreeMap, fs::File};

use cargo_metadata::camino::Utf8PathBuf;

use super::{
    Recipe,
    cargo_lock::CargoLockFile,
    config,
    draft::{Draft, Staleness, is_unproven},
    folder,
    lock_file::{LockFile, LockedSlice},
    locked::{Locked, RecipeChange},
    members::Members,
    memory, old_form, own_files, table,
};
use crate::{
    Report,
    cargo::{CargoLock, platform::Platform},
    error::{Error, Result},
    files::{own_folder::PROVING, read},
    plan::Plans,
    project::Project,
    side_by_side,
    slice::{Refused, Slice},
    workspace::Workspace,
};

/// The letters of slices in the table.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The outcome for all slices.
#[derive(Debug)]
pub struct Locking {
    /// Those that have a proven recipe now.
    pub locked: Vec<Locked>,
    /// Those that cannot be planned or proven; the recipes that they had are untouched.
    pub refused: Vec<Refused>,
    /// Files that are as this run left them, with their digests.
    pub written: BTreeMap<Utf8PathBuf, String>,
}

/// Writes or refreshes the recipes of all slices that can be planned and proven.
///
/// # Errors
/// When the folder cannot be written, or cargo cannot read the workspace with it; the old recipes are untouched then.
pub fn lock(project: &Project, report: &dyn Report) -> Result<Locking> {
    let workspace = &project.workspace;
    let _guard = exclusive(workspace, report)?;
    own_files::refuse_foreign(&workspace.larder_dir())?;
    for name in config::left_out(workspace) {
        report.warn(&format!(
            "`{name}` of cargo's configuration looks like a secret, and is left out of the recipes"
        ));
    }
    for name in config::of_one_person(workspace) {
        report.warn(&format!(
            "`{name}` of cargo's configuration is in a file that git ignores, and is left out of the recipes"
        ));
    }
    let old = readable(project)?;
    let platforms = project.platforms(old.as_ref())?;
    let mut resolved = None;
    let (drafts, refused) = match draft(project, &platforms, old.as_ref(), report) {
        Err(Error::StaleCargoLock { path }) if project.cargo.cargo_lock() == CargoLock::AsNeeded => {
            project.cargo.resolve(workspace.root().as_std_path())?;
            // Before it is read: whatever it becomes later was not planned from.
            resolved = memory::as_written(&workspace.lock_path());
            report
                .step("Updated", &format!("{}, which was not what the manifests asked for", path.display()));
            draft(project, &platforms, old.as_ref(), report)?
        }
        drafts => drafts?,
    };
    if drafts.is_empty() && !refused.is_empty() {
        return Ok(Locking { locked: Vec::new(), refused, written: BTreeMap::new() });
    }
    let mut members = Members::new(project);
    let writing = Writing { project, drafts: &drafts, old: old.as_ref(), platforms, report };
    let put = writing.put(refused, &mut members);
    if !put.as_ref().is_ok_and(|locking| !locking.locked.is_empty()) {
        members.undo()?;
    }
    put.map(|mut locking| {
        locking.written.extend(resolved);
        locking
    })
}

/// The recipes that are there, if they can be read, whatever somebody did to the file: it is written anew.
fn readable(project: &Project) -> Result<Option<LockFile>> {
    let path = LockFile::path(&project.workspace.larder_dir());
    match project.recorded() {
        Err(Error::OldRecipe { .. }) => Ok(None),
        // After a merge that git could not do, the layers of the branch merged into are still good.
        Err(Error::Table { .. }) => {
            let text = read::bytes(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.map(|text| table::ours(&text.replace("\r\n", "\n")));
            Ok(text.and_then(|text| LockFile::parse(&path, text.as_bytes()).ok()))
        }
        other => other,
    }
}

/// The sources of recipes.
struct Writing<'a> {
    project: &'a Project,
    drafts: &'a [Draft<'a>],
    old: Option<&'a LockFile>,
    platforms: Vec<Platform>,
    report: &'a dyn Report,
}

/// The recipes of all slices, proven, and what became of each.
struct Finished {
    file: LockFile,
    locked: Vec<Locked>,
    refused: Vec<Refused>,
}

impl Writing<'_> {
    /// Proves the drafts, and puts the table in place.
    fn put(self, refused: Vec<Refused>, members: &mut Members<'_>) -> Result<Locking> {
        let (project, report) = (self.project, self.report);
        let larder_dir = project.workspace.larder_dir();
        members.ensure(report)?;
        let Finished { file, locked, refused } = self.finish(refused)?;
        if locked.is_empty() {
            return Ok(Locking { locked, refused, written: BTreeMap::new() });
        }
        let old_files = old_form::files(&larder_dir);
        own_files::write(project, &file)?;
        let written = own_files::digests(&project.workspace, &file)?;
        if let [first, rest @ ..] = &old_form::remove(&larder_dir, &old_files)[..] {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            report.warn(&format!("files of the old form stay, and can be deleted: {first}{more}"));
        }
        if !old_files.is_empty() {
            report.step("Migrated", &format!("{larder_dir} from folders to one table"));
        }
        Ok(Locking { locked, refused, written })
    }

    fn finish(self, mut refused: Vec<Refused>) -> Result<Finished> {
        let Self { project, drafts, old, platforms, report } = self;
        let workspace = &project.workspace;
        for draft in drafts {
            report.step("Proving", &draft.describe());
        }
        let results = side_by_side::map(drafts, |draft| {
            let name = draft.slice.name.to_string();
            let dir = folder::outer(workspace.root()).join(PROVING).join(&name).join("0");
            Ok((name, draft.finish(project, dir, old, report).map(|locked| (draft, locked))))
        })?;
        let (done, unproven) = Refused::apart(results)?;
        unproven.into_iter().for_each(|new| new.join(&mut refused));
        let locked = done
            .iter()
            .map(|(draft, locked)| {
                let before = old.and_then(|old| old.slice(&locked.slice.name));
                draft.outcome(if before == Some(locked) { RecipeChange::Kept } else { RecipeChange::Written })
            })
            .collect();
        let mut slices: Vec<LockedSlice> = done.into_iter().map(|(_, locked)| locked).collect();
        // The recipes that refused slices had are as good as they were.
        let names = refused.iter().flat_map(|refused| &refused.slices);
        slices.extend(names.filter_map(|name| old?.slice(name)).cloned());
        slices.sort_by(|one, other| one.slice.name.cmp(&other.slice.name));
        let toolchain = workspace.toolchain().map(str::to_owned);
        let shared = config::shared(workspace);
        Ok(Finished { file: LockFile { toolchain, platforms, shared, slices }, locked, refused })
    }
}

/// One reason why a recipe is not what its slice needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipeFinding {
    /// `lock` would write it anew, with other packages and nothing else: slower, and never wrong.
    Moved(String),
    /// `lock` would write it anew.
    Stale(String),
    /// The recipe builds something else than the slice needs.
    Unproven(String),
    /// Nothing is known of a slice that cannot be planned; the second text is what to do about it.
    Refused(String, String),
}

impl From<&Refused> for RecipeFinding {
    fn from(refused: &Refused) -> Self {
        if is_unproven(&refused.error) {
            return Self::Unproven(refused.text());
        }
        Self::Refused(refused.text(), refused.error.hint().unwrap_or_default())
    }
}

impl From<Staleness> for RecipeFinding {
    fn from(staleness: Staleness) -> Self {
        match staleness {
            Staleness::Packages(reason) => Self::Moved(reason),
            Staleness::Settings(reason) => Self::Stale(reason),
        }
    }
}

impl RecipeFinding {
    /// Whether packages alone differ, as after a bot's update of `Cargo.lock`.
    pub fn is_of_packages(&self) -> bool {
        matches!(self, Self::Moved(_))
    }

    /// Which kind of reason it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Moved(_) | Self::Stale(_) => "stale",
            Self::Unproven(_) => "unproven",
            Self::Refused(..) => "refused",
        }
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        match self {
            Self::Moved(reason) | Self::Stale(reason) | Self::Unproven(reason) | Self::Refused(reason, _) => {
                reason
            }
        }
    }
}

/// The findings of a check.
#[derive(Debug)]
pub struct Checked {
    /// Each slice that could be planned.
    pub outcomes: Vec<Locked>,
    /// Why recipes are not what their slices need; none if all are fresh and proven.
    pub findings: Vec<RecipeFinding>,
    /// The slices that cannot be planned or proven.
    pub refused: Vec<Refused>,
}

/// Checks the recipes on disk against the slices, writing nothing of them: they are what `lock` would write, to the byte.
///
/// # Errors
/// When there is no readable recipe.
pub fn check(project: &Project, report: &dyn Report) -> Result<Checked> {
    let workspace = &project.workspace;
    let old = LockFile::read(&workspace.larder_dir())?;
    let platforms = project.platforms(Some(&old))?;
    let (drafts, refused) = match draft(project, &platforms, Some(&old), report) {
        Err(error @ Error::StaleCargoLock { .. }) => {
            let findings = vec![RecipeFinding::Stale(error.to_string())];
            return Ok(Checked { outcomes: Vec::new(), findings, refused: Vec::new() });
        }
        drafts => drafts?,
    };
    let writing = Writing { project, drafts: &drafts, old: Some(&old), platforms, report };
    let Finished { file, mut locked, refused } = writing.finish(refused)?;
    let mut findings = Vec::new();
    for draft in &drafts {
        let wanted = file.slice(&draft.slice.name);
        findings.extend(wanted.and_then(|wanted| draft.staleness(&old, wanted)).map(RecipeFinding::from));
    }
    for outcome in locked.iter_mut().filter(|outcome| outcome.change == RecipeChange::Written) {
        outcome.change = RecipeChange::Needed;
    }
    for gone in old.slices.iter().filter(|locked| file.slice(&locked.slice.name).is_none()) {
        findings
            .push(RecipeFinding::Stale(format!("slice `{}` is gone from the workspace", gone.slice.name)));
    }
    // Beside packages that moved, all else has to be right.
    if findings.iter().all(RecipeFinding::is_of_packages)
        && let Some(path) = own_files::first_wrong(workspace, &with_recipes_of(&old, file))?
    {
        findings.push(RecipeFinding::Stale(format!("{path} is not what `cargo larder lock` would write")));
    }
    Ok(Checked { outcomes: locked, findings, refused })
}

/// The table that `lock` would write if the recipes of slices were as they are.
fn with_recipes_of(old: &LockFile, mut file: LockFile) -> LockFile {
    for locked in &mut file.slices {
        if let Some(record) = old.slice(&locked.slice.name) {
            locked.clone_from(record);
        }
    }
    file
}

/// The record that a first `lock` would leave, without writing or proving anything: one layer for each slice.
///
/// # Errors
/// When a slice that is shipped cannot be planned; others are left out.
pub fn unwritten(project: &Project, report: &dyn Report) -> Result<LockFile> {
    let platforms = project.platforms(None)?;
    let (drafts, refused) = draft(project, &platforms, None, report)?;
    let shipped: Vec<&Slice> = project.slices.iter().filter(|slice| slice.is_shipped()).collect();
    let is_shipped = |refused: &Refused| shipped.iter().any(|slice| refused.has(&slice.name));
    if let Some(refused) = refused.into_iter().find(is_shipped) {
        return Err(refused.error);
    }
    let toolchain = project.workspace.toolchain().map(str::to_owned);
    let (shared, slices) = (config::shared(&project.workspace), drafts.iter().map(Draft::unproven).collect());
    Ok(LockFile { toolchain, platforms, shared, slices })
}

/// Whether the workspace's own cargo configuration holds something that nobody else may see.
pub(crate) fn has_secret_config(workspace: &Workspace) -> bool {
    config::has_secret(workspace)
}

/// Plans every slice, and tells apart those that cargo refuses.
fn draft<'a>(
    project: &'a Project,
    platforms: &[Platform],
    old: Option<&LockFile>,
    report: &dyn Report,
) -> Result<(Vec<Draft<'a>>, Vec<Refused>)> {
    let slices: Vec<&Slice> = project.slices.iter().collect();
    let names: Vec<&str> = slices.iter().map(|slice| slice.name.as_str()).collect();
    report.step("Planning", &names.join(", "));
    let workspace = &project.workspace;
    let plans = Plans::of_slices(&project.cargo, workspace, &slices, platforms)?;
    let lock = CargoLockFile::read(&workspace.lock_path())?;
    let letters = letters(&names, old)?;
    let drafts = slices.into_iter().zip(plans).map(|(slice, plans)| {
        let letter = letters[slice.name.as_str()];
        let draft = plans.and_then(|plans| draft_slice(project, slice, plans, letter, &lock));
        (slice.name.to_string(), draft)
    });
    let (drafts, mut refused) = Refused::apart(drafts)?;
    refused.extend(project.refused());
    Ok((drafts, refused))
}

fn draft_slice<'a>(
    project: &Project,
    slice: &'a Slice,
    plans: Plans,
    letter: char,
    lock: &CargoLockFile,
) -> Result<Draft<'a>> {
    let recipe = Recipe::from_plans(&project.workspace, slice, &plans, lock)?;
    let most_layers = project.settings.max_layers.min(table::MOST_LAYERS);
    Ok(Draft { slice, recipe, plans, letter, most_layers, sources: lock.sources() })
}

/// A letter for each slice: the one that it has, or the first that no slice has.
fn letters<'a>(names: &[&'a str], old: Option<&LockFile>) -> Result<BTreeMap<&'a str, char>> {
    let known = |name: &str| old.and_then(|old| Some(old.slice(name)?.letter));
    let mut letters: BTreeMap<&str, char> =
        names.iter().filter_map(|name| Some((*name, known(name)?))).collect();
    let taken: Vec<char> = old.iter().flat_map(|old| &old.slices).map(|locked| locked.letter).collect();
    let mut free = LETTERS.chars().filter(|letter| !taken.contains(letter));
    for name in names {
        if !letters.contains_key(name) {
            let letter = free.next().ok_or(Error::TooManySlices { most: LETTERS.len() })?;
            letters.insert(name, letter);
        }
    }
    Ok(letters)
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
