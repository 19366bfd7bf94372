//! From reasons of single units to causes: which of them lie at the bottom, what follows from each, and through
//! which dependencies. Pure.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::Path,
};

use super::{
    answer::{Answer, Cause, CompiledUnit},
    log::{CargoLog, Freshness, Prepared},
    profiles::Profiles,
    reason::Reason,
    recorded::Recorded,
    skeleton::Skeleton,
};
use crate::{cargo::package_id::LoggedPackage, target_dir::layout::UnitPlace};

/// Puts the answer together: `reasons` are each unit's own.
pub(super) fn answer(
    log: &CargoLog,
    after: &[Option<Recorded>],
    mut reasons: Vec<Vec<Reason>>,
    skeleton: &Skeleton,
) -> Answer {
    let graph = Graph::new(log, after);
    for index in 0..log.units.len() {
        if graph.dirty[index] && reasons[index].is_empty() && graph.dirty_dependencies(index).next().is_none()
        {
            let mut own = reasons_of_dependents(log, &graph, &reasons, index);
            if own.is_empty() {
                own.push(unexplained(log, after, skeleton, &graph, index));
            }
            reasons[index] = own;
        }
    }
    let dirty = (0..log.units.len()).filter(|index| graph.dirty[*index]);
    let units = dirty.map(|index| {
        let chain = graph.path_from(index, |index| !reasons[index].is_empty());
        unit(&log.units[index], skeleton, reasons[index].clone(), package_names(log, &chain))
    });
    let mut direct: BTreeMap<&Reason, Vec<usize>> = BTreeMap::new();
    for (index, reasons) in reasons.iter().enumerate() {
        reasons.iter().for_each(|reason| direct.entry(reason).or_default().push(index));
    }
    let mut causes: Vec<Cause> = direct
        .into_iter()
        .map(|(reason, held)| {
            let reached = graph.reached_from(&held);
            let farthest = graph.farthest(&held, |index| package_name(log, index));
            Cause {
                text: reason.words(),
                reason: reason.clone(),
                direct: held.len(),
                units: reached.len(),
                // One package of several that it is held against says nothing.
                chain: Some(package_names(log, &farthest))
                    .filter(|chain| chain.len() > 1 || held.len() == 1)
                    .unwrap_or_default(),
            }
        })
        .collect();
    causes.sort_by_key(|cause| std::cmp::Reverse((cause.units, cause.direct)));
    Answer { total: log.units.len(), units: units.collect(), causes, profiles: Profiles::default() }
}

fn package_name(log: &CargoLog, index: usize) -> String {
    LoggedPackage::parse(&log.units[index].package).name
}

/// The packages on a path of units, each once in a row.
fn package_names(log: &CargoLog, path: &[usize]) -> Vec<String> {
    let mut names: Vec<String> = path.iter().map(|index| package_name(log, *index)).collect();
    names.dedup();
    names
}

/// cargo keeps features, profile and version of a build script's run in its hash only; the units of the same
/// package that depend on it say which of them changed.
fn reasons_of_dependents(
    log: &CargoLog,
    graph: &Graph,
    reasons: &[Vec<Reason>],
    index: usize,
) -> Vec<Reason> {
    let is_unknown = log.units[index].verdict == Freshness::Unknown;
    let same = |other: &&usize| log.units[**other].package == log.units[index].package;
    let dependents = graph.dependents[index].iter().filter(same).filter(|_| is_unknown);
    dependents.flat_map(|dependent| reasons[*dependent].iter().cloned()).collect()
}

/// A unit whose only fault is a dependency, and no dependency is compiled: another build was faster.
fn unexplained(
    log: &CargoLog,
    after: &[Option<Recorded>],
    skeleton: &Skeleton,
    graph: &Graph,
    index: usize,
) -> Reason {
    let prepared = &log.units[index];
    let package = LoggedPackage::parse(&prepared.package);
    let name = prepared.file.strip_prefix(skeleton.path()).unwrap_or(&prepared.file);
    let (Some(before), Some(after_this)) = (skeleton.before().get(name), &after[index]) else {
        return Reason::Source { package: package.to_string() };
    };
    let old: BTreeMap<&str, u64> = before.fingerprint.dependencies().collect();
    let mut now = after_this.fingerprint.dependencies();
    if let Some((name, _)) = now.find(|(name, whole)| old.get(name).is_some_and(|old| old != whole)) {
        return Reason::Rebuilt { dependency: name.to_owned() };
    }
    if let Some((_, name)) = log.newer.iter().find(|(folder, _)| holds_package(folder, &package)) {
        return Reason::Rebuilt { dependency: name.clone() };
    }
    let newest = graph.dependencies[index]
        .iter()
        .max_by_key(|dependency| after[**dependency].as_ref().map(|unit| unit.modified));
    match newest {
        Some(newest) => Reason::Rebuilt { dependency: package_name(log, *newest) },
        None => Reason::Source { package: package.to_string() },
    }
}

fn holds_package(folder: &Path, package: &LoggedPackage) -> bool {
    package.folder().is_some_and(|own| own == folder)
        || folder.ends_with(format!("{}-{}", package.name, package.version))
}

/// Who depends on whom, by index.
struct Graph {
    dirty: Vec<bool>,
    dependencies: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

impl Graph {
    /// A fingerprint names its dependencies by the hashes of theirs.
    fn new(log: &CargoLog, after: &[Option<Recorded>]) -> Self {
        let known = after.iter().enumerate().filter_map(|(index, unit)| Some((index, unit.as_ref()?)));
        let by_hash: HashMap<u64, usize> =
            known.clone().filter_map(|(index, unit)| Some((unit.whole?, index))).collect();
        let mut graph = Self {
            dirty: log.units.iter().map(is_dirty).collect(),
            dependencies: vec![Vec::new(); log.units.len()],
            dependents: vec![Vec::new(); log.units.len()],
        };
        for (index, unit) in known {
            for (_, whole) in unit.fingerprint.dependencies() {
                if let Some(dependency) = by_hash.get(&whole).copied() {
                    graph.dependencies[index].push(dependency);
                    graph.dependents[dependency].push(index);
                }
            }
        }
        graph
    }

    fn dirty_dependencies(&self, index: usize) -> impl Iterator<Item = usize> {
        self.dependencies[index].iter().copied().filter(|dependency| self.dirty[*dependency])
    }

    /// The shortest way to a unit from one below it that has what is asked for.
    fn path_from(&self, index: usize, has_reason: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut above: HashMap<usize, usize> = HashMap::new();
        let mut open = VecDeque::from([index]);
        while let Some(current) = open.pop_front() {
            if has_reason(current) {
                let mut path = vec![current];
                while let Some(next) = above.get(&path[path.len() - 1]) {
                    path.push(*next);
                }
                return path;
            }
            for dependency in self.dirty_dependencies(current) {
                if dependency != index && !above.contains_key(&dependency) {
                    above.insert(dependency, current);
                    open.push_back(dependency);
                }
            }
        }
        vec![index]
    }

    /// Every unit that follows, the given ones included, nearest first, with the one it follows from.
    fn spread(&self, from: &[usize]) -> (Vec<usize>, HashMap<usize, usize>) {
        let mut below: HashMap<usize, usize> = HashMap::new();
        let mut order: Vec<usize> = from.to_vec();
        let mut seen = vec![false; self.dirty.len()];
        from.iter().for_each(|index| seen[*index] = true);
        let mut at = 0;
        while let Some(current) = order.get(at).copied() {
            at += 1;
            for dependent in &self.dependents[current] {
                if self.dirty[*dependent] && !seen[*dependent] {
                    seen[*dependent] = true;
                    below.insert(*dependent, current);
                    order.push(*dependent);
                }
            }
        }
        (order, below)
    }

    fn reached_from(&self, from: &[usize]) -> Vec<usize> {
        self.spread(from).0
    }

    /// The way to the unit that is most packages away.
    fn farthest(&self, from: &[usize], package: impl Fn(usize) -> String) -> Vec<usize> {
        let (order, below) = self.spread(from);
        let mut distances: HashMap<usize, usize> = HashMap::new();
        for index in &order {
            let distance = below.get(index).map_or(0, |previous| {
                distances[previous] + usize::from(package(*previous) != package(*index))
            });
            distances.insert(*index, distance);
        }
        let mut path: Vec<usize> =
            order.into_iter().max_by_key(|index| distances[index]).into_iter().collect();
        while let Some(previous) = path.last().and_then(|index| below.get(index)) {
            path.push(*previous);
        }
        path.reverse();
        path
    }
}

/// A unit of the log in the answer's terms.
fn unit(prepared: &Prepared, skeleton: &Skeleton, reasons: Vec<Reason>, chain: Vec<String>) -> CompiledUnit {
    let name = prepared.file.strip_prefix(skeleton.path()).unwrap_or(&prepared.file);
    let folder = UnitPlace::from_file(name).map(|place| place.folder).unwrap_or_default();
    CompiledUnit {
        package: LoggedPackage::parse(&prepared.package).to_string(),
        target: name.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        folder: folder.display().to_string(),
        reasons,
        chain,
    }
}

fn is_dirty(prepared: &Prepared) -> bool {
    prepared.verdict != Freshness::Fresh
}
