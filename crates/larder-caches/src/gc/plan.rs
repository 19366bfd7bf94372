//! Plans over all caches: made, printed by whoever asked, and applied.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder::{
    Report,
    camino::Utf8Path,
    cargo::Cargo,
    error::{Error, Result},
    project::Project,
    target_dir::{self, Profile},
    text::columns,
};

use super::{
    budget::Budget,
    docker::{self, Prune},
    downloads::{self, Downloads},
    guard::GuardedFolder,
    item::Item,
    needs::{self, Branches},
    nix::{self, Generations},
    policy::{Level, Policy},
    program,
    row::{CacheKind, ClearingWork, Freed, Row},
    rules::Rule,
    target::{self},
    wanted::Wishes,
};

/// The plan, before anything is deleted.
#[derive(Debug, Default)]
pub struct ClearingPlan {
    rows: Vec<Row>,
    folders: BTreeMap<String, (GuardedFolder, Rule)>,
    left_alone: Vec<String>,
}

impl ClearingPlan {
    /// The plan of `clean` at a level.
    ///
    /// # Errors
    /// If no folder is cargo's, or one cannot be read. One that is not cargo's is left alone beside others.
    pub fn clean(project: &Project, level: Level, report: &dyn Report) -> Result<Self> {
        let mut plan = Self::default();
        let env = project.cargo.env();
        let rule = match level {
            Level::Docker => None,
            Level::Artifacts => Some(Rule::Application { stubs: stubs(project) }),
            Level::Dependencies | Level::Downloads | Level::Everything => Some(Rule::Everything),
        };
        if let Some(rule) = rule {
            for (place, folder) in plan.target_folders(project, report)? {
                plan.add_folder(place, folder, rule.clone(), report)?;
            }
        }
        if matches!(level, Level::Downloads | Level::Everything) {
            plan.rows.push(downloads::plan(&project.cargo, Downloads::All));
        }
        if matches!(level, Level::Docker | Level::Everything) {
            plan.rows.push(docker::plan(env, Prune::All));
        }
        if level == Level::Everything {
            plan.rows.push(nix::plan(env, Generations::Old));
        }
        Ok(plan)
    }

    /// The plan of `gc` under a policy.
    ///
    /// # Errors
    /// If no folder is cargo's. One that is not cargo's is left alone beside others, and so is one that a slice or
    /// recipe builds into that cannot be planned.
    pub fn gc(project: &Project, policy: &Policy, report: &dyn Report) -> Result<Self> {
        let mut plan = Self::default();
        let env = project.cargo.env();
        let builds = policy.caches.contains(&CacheKind::Target);
        let folders = if builds { plan.target_folders(project, report)? } else { Vec::new() };
        let mut budget = Budget::new(policy, &folders, env)?;
        if builds {
            let wishes = wishes(project, &folders, policy.branches, report)?;
            for (place, folder) in folders {
                if wishes.is_unknown(folder.path()) {
                    plan.left_alone.push(place);
                    continue;
                }
                let at_any_age = unwanted_for(&wishes, Duration::ZERO);
                let unwanted = target::items(&folder, &at_any_age, SystemTime::now())?;
                let age = budget.age(policy.age(), folder.path(), &unwanted);
                plan.add_folder(place, folder, unwanted_for(&wishes, age), report)?;
            }
        }
        if policy.caches.contains(&CacheKind::Downloads) {
            let downloads = policy.older_than.map_or(Downloads::AsCargo, Downloads::OlderThan);
            report.step("Asking", "cargo what of its downloads is old");
            plan.rows.push(downloads::plan(&project.cargo, downloads));
        }
        if policy.caches.contains(&CacheKind::Docker) {
            report.step("Asking", "Docker what of its build cache is old");
            plan.rows.push(budget.docker(env, policy.age()));
        }
        if policy.caches.contains(&CacheKind::Nix) {
            report.step("Asking", "Nix what is dead");
            let generations = policy.generations.unwrap_or(Generations::OlderThan(policy.age()));
            plan.rows.push(nix::plan(env, generations));
        }
        if let Some(over) = budget.over() {
            report.warn(&format!("{} more than the budget is in use, and stays", columns::bytes(over)));
        }
        Ok(plan)
    }

    /// Target folders that cargo has not made, or of which it is not known what is needed there: nothing of them goes.
    pub fn left_alone(&self) -> &[String] {
        &self.left_alone
    }

    /// The rows, in the order in which they are applied.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Space on disk that would come free.
    pub fn bytes(&self) -> u64 {
        self.rows.iter().map(|row| row.bytes).sum()
    }

    /// Does it. The outcomes are in the order of the rows; a failure at one row does not keep others from being
    /// done. A target directory that a build keeps locked for longer than `patience` is left alone.
    pub fn apply(&self, cargo: &Cargo, patience: Duration, report: &dyn Report) -> Vec<Freed> {
        let mut outcomes: Vec<Freed> = self.rows.iter().map(|_| Freed::default()).collect();
        for (place, (folder, rule)) in &self.folders {
            let (numbers, items): (Vec<usize>, Vec<&[Item]>) =
                self.rows.iter().enumerate().filter_map(|(number, row)| items_in(number, row, place)).unzip();
            if items.is_empty() {
                continue;
            }
            report.step("Deleting", &format!("from {place}"));
            let freed = match target::apply(folder, rule, &items, patience, report) {
                Ok(freed) => freed,
                Err(error) => {
                    vec![Freed { skipped: Some(error.to_string()), ..Freed::default() }; items.len()]
                }
            };
            for (number, freed) in numbers.into_iter().zip(freed) {
                outcomes[number] = freed;
            }
        }
        for (row, outcome) in self.rows.iter().zip(&mut outcomes) {
            if let ClearingWork::Program(cmd, answer) = &row.work {
                let ready = match row.cache {
                    CacheKind::Downloads => downloads::wait(cargo, patience, report),
                    _ => Ok(()),
                };
                *outcome = match ready {
                    Ok(()) => {
                        report.step("Running", &cmd.line());
                        let before = loose_if_docker(cargo, row.cache);
                        let mut freed = match row.cache {
                            CacheKind::Downloads => downloads::run(cmd, *answer),
                            _ => program::run(cmd, *answer),
                        };
                        if let (Some(before), Some(after)) = (before, loose_if_docker(cargo, row.cache)) {
                            freed.bytes = before.saturating_sub(after);
                        }
                        freed
                    }
                    Err(error) => Freed { skipped: Some(error.to_string()), ..Freed::default() },
                };
            }
        }
        outcomes
    }

    /// The folders that this project builds into, with their names; those inside another one go with it.
    fn target_folders(
        &mut self,
        project: &Project,
        report: &dyn Report,
    ) -> Result<Vec<(String, GuardedFolder)>> {
        let root = project.workspace.root().as_std_path();
        // A user who makes `target` a link has named the folder that it leads to.
        let linked = project.workspace.own_link();
        let named = project.named_target_dir.as_deref().or(linked.as_deref()).map(Utf8Path::as_std_path);
        let paths: BTreeSet<PathBuf> = project.target_dirs().into_iter().map(PathBuf::from).collect();
        let mut folders: Vec<(String, GuardedFolder)> = Vec::new();
        let mut refused = Vec::new();
        for path in paths {
            if folders.iter().any(|(_, outer)| is_inside(&path, outer)) {
                continue;
            }
            let place = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            match GuardedFolder::check(&path, root, named) {
                Ok(folder) => folders.extend(folder.map(|folder| (place, folder))),
                Err(error @ Error::NotATargetFolder { .. }) => refused.push((place, error)),
                Err(error) => return Err(error),
            }
        }
        // A wrong path in one slice keeps nothing else from being cleared.
        if folders.is_empty() && !refused.is_empty() {
            return Err(refused.swap_remove(0).1);
        }
        for (place, error) in refused {
            report.warn(&error.to_string());
            self.left_alone.push(place);
        }
        Ok(folders)
    }

    fn add_folder(
        &mut self,
        place: String,
        folder: GuardedFolder,
        rule: Rule,
        report: &dyn Report,
    ) -> Result<()> {
        report.step("Reading", &place);
        let items = target::items(&folder, &rule, SystemTime::now())?;
        self.rows.extend(target::rows(&folder, &place, items));
        self.folders.insert(place, (folder, rule));
        Ok(())
    }
}

fn unwanted_for(wishes: &Wishes, age: Duration) -> Rule {
    Rule::Unwanted { wishes: Box::new(wishes.clone()), age }
}

fn loose_if_docker(cargo: &Cargo, cache: CacheKind) -> Option<u64> {
    (cache == CacheKind::Docker).then(|| docker::loose(cargo.env())).flatten()
}

fn items_in<'a>(number: usize, row: &'a Row, place: &str) -> Option<(usize, &'a [Item])> {
    match &row.work {
        ClearingWork::Items(items) if row.place == place => Some((number, items)),
        _ => None,
    }
}

/// The packages that recipes consist of.
fn stubs(project: &Project) -> Vec<String> {
    project.slices.iter().map(|slice| format!("larder-{}", slice.name)).collect()
}

/// Whether a folder lies in another one, or is the same.
fn is_inside(path: &Path, outer: &GuardedFolder) -> bool {
    fs_err::canonicalize(path).is_ok_and(|path| path.starts_with(outer.path()))
}

fn wishes(
    project: &Project,
    folders: &[(String, GuardedFolder)],
    branches: Branches,
    report: &dyn Report,
) -> Result<Wishes> {
    let mut profiles: Vec<Profile> = Vec::new();
    for (_, folder) in folders {
        profiles.extend(target_dir::read(folder.path())?.profiles);
    }
    needs::wishes(project, &profiles, branches, report)
}
