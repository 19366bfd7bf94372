//! The units that this checkout, and on request its branches, ask of target folders: questions to cargo, and nothing
//! built.

use std::path::Path;

use larder::{
    Report,
    cargo::{CargoLock, Network, invocation::Invocation},
    error::{Error, Result},
    process::Environment,
    project::Project,
    recipe::{
        expand::{self, Purpose, Workplace},
        lock_file::LockedSlice,
    },
    side_by_side,
    slice::Slice,
    target_dir::{Profile, compiler},
};

use super::{
    branches::OfBranches,
    call::{UnitGraphCall, Whose},
    matching::NeededUnits,
    wanted::Wishes,
};

/// Whether units that other branches of the repository need are wanted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branches {
    /// Only what is checked out counts; units of branches stay while they are young enough.
    CheckedOut,
    /// The builds of every local branch's committed recipes are wanted.
    All,
}

/// Everything that decides what is wanted. `profiles` are the profile folders that are there.
///
/// If a slice or a recipe cannot be planned, nothing is known of its folder, and nothing may be deleted there.
///
/// # Errors
/// When branches or recipes cannot be read.
pub fn wishes(
    project: &Project,
    profiles: &[Profile],
    branches: Branches,
    report: &dyn Report,
) -> Result<Wishes> {
    report.step("Asking", "cargo what slices and recipes need");
    let mut calls = of_slices(project)?;
    let mut of_recipes = OfRecipes::expand(project, report)?;
    calls.append(&mut of_recipes.calls);
    let mut of_branches = match branches {
        Branches::All => OfBranches::read(project, report)?,
        Branches::CheckedOut => OfBranches::default(),
    };
    calls.append(&mut of_branches.calls);
    let answers = side_by_side::map(calls, |call| Ok(ask(project, &call).map_err(|error| (call, error))))?;
    let kept = std::mem::take(&mut of_recipes.kept).into_iter().chain(of_branches.kept.drain(..)).collect();
    drop(of_recipes);
    let (mut needed, mut unknown) = (Vec::new(), Vec::new());
    for refused in project.refused() {
        report.warn(&refused.text());
    }
    for answer in answers {
        match answer {
            Ok(answer) => needed.push(answer),
            Err((call, error)) if call.whose == Whose::Ours && !error.is_of_one_slice() => return Err(error),
            Err((call, error)) if call.whose == Whose::Branch => {
                report.warn(&format!(
                    "what a branch builds in {} is not known: {error}",
                    call.folder.display()
                ));
            }
            Err((UnitGraphCall { folder, .. }, error)) => {
                report.warn(&format!("nothing is deleted from {}: {error}", folder.display()));
                unknown.push(folder);
            }
        }
    }
    // Plain calls are a guess at what else is run here: one that cargo refuses says nothing.
    let plain = side_by_side::map(of_plain_calls(project, profiles), |call| Ok(ask(project, &call).ok()))?;
    needed.extend(plain.into_iter().flatten());
    let members = project.workspace.metadata().packages.iter().map(|package| package.name.to_string());
    let in_graphs = needed.iter().flat_map(|needed| &needed.graph.units).filter(|unit| unit.is_path());
    let packages = in_graphs.map(|unit| unit.package_name().to_owned());
    Ok(Wishes {
        root: fs_err::canonicalize(project.workspace.root())?,
        packages: members.chain(packages).collect(),
        rustc: compiler::hash(&project.cargo, project.workspace.root().as_std_path()),
        needed,
        kept,
        unknown,
    })
}

/// The questions about the current recipes. Their folders are held for as long as this is.
#[derive(Default)]
struct OfRecipes {
    calls: Vec<UnitGraphCall>,
    /// The packages of recipes that cannot be asked about.
    kept: Vec<String>,
    places: Vec<Workplace>,
}

impl OfRecipes {
    /// Expands the recipes. On a disk that is full or cannot be written one stays as it is, and all that it could need.
    fn expand(project: &Project, report: &dyn Report) -> Result<Self> {
        let mut all = Self::default();
        let recorded = project.recorded()?;
        for locked in recorded.iter().flat_map(|file| &file.slices) {
            let top = locked.layers.len() - 1;
            match expand::layer(&project.workspace, locked, top, Purpose::Asking) {
                Ok(place) => {
                    all.calls.push(of_recipe(project, locked, place.dir().as_std_path())?);
                    all.places.push(place);
                }
                Err(error @ Error::Io(_)) => {
                    let name = &locked.slice.name;
                    report.warn(&format!(
                        "every unit of the packages in the recipe of `{name}` stays: {error}"
                    ));
                    all.kept.extend(locked.package_names());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}

fn ask(project: &Project, call: &UnitGraphCall) -> Result<NeededUnits> {
    let mut cargo = project.cargo.clone().with_cargo_lock(CargoLock::Locked);
    if call.whose == Whose::Branch {
        cargo = cargo.with_network(Network::Offline);
    }
    Ok(NeededUnits { folder: call.folder.clone(), graph: call.invocation.graph(&cargo)? })
}

fn of_slices(project: &Project) -> Result<Vec<UnitGraphCall>> {
    let planning = |slice: &Slice| slice.planning(&project.cargo, &project.workspace);
    project
        .slices
        .iter()
        .map(|slice| Ok(UnitGraphCall::new(project, planning(slice)?, Whose::Ours)))
        .collect()
}

/// The current recipe alone, which lies in `dir`, as it is cooked on this machine: older layers have nothing that it
/// lacks.
fn of_recipe(project: &Project, locked: &LockedSlice, dir: &Path) -> Result<UnitGraphCall> {
    let invocation = locked.slice.planning_in(&project.cargo, &project.workspace, dir, &locked.cook)?;
    Ok(UnitGraphCall::new(project, invocation, Whose::Ours))
}

/// The calls that people type: plain builds, checks and tests of the workspace, in each profile folder that is there.
fn of_plain_calls(project: &Project, profiles: &[Profile]) -> Vec<UnitGraphCall> {
    const WORDS: [&[&str]; 3] =
        [&["build"], &["build", "--workspace", "--all-targets"], &["check", "--workspace", "--all-targets"]];
    let workspace = &project.workspace;
    let mut calls = Vec::new();
    for profile in profiles.iter().filter(|profile| profile.base.as_os_str().is_empty()) {
        for words in WORDS {
            let mut args: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            match profile.name.as_str() {
                "debug" => {}
                name => args.push(format!("--profile={name}")),
            }
            args.extend(profile.platform.iter().map(|platform| format!("--target={platform}")));
            let invocation = Invocation {
                dir: workspace.root().into(),
                args,
                env: Environment::default(),
                target_dir: workspace.target_directory().to_owned(),
            };
            calls.push(UnitGraphCall::new(project, invocation, Whose::Ours));
        }
    }
    calls
}
