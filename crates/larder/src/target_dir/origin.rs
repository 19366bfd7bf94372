//! Whose code a unit is, if its own files do not tell, and which external units are tainted.

use std::collections::HashMap;

use super::folder::{CodeOrigin, TargetFolder, UnitKind};

/// Completes the origins that dep-info files gave.
pub(super) fn settle(folder: &mut TargetFolder) {
    from_source_paths(folder);
    from_build_scripts(folder);
    taint(folder);
}

/// Documentation has no dep-info, but the same root source file as its library.
fn from_source_paths(folder: &mut TargetFolder) {
    let mut known: HashMap<u64, CodeOrigin> = HashMap::new();
    for unit in folder.units.iter().filter(|unit| unit.origin != CodeOrigin::Unknown) {
        if let Some(path) =
            unit.fingerprint.as_ref().map(|fingerprint| fingerprint.path).filter(|&path| path != 0)
        {
            known.insert(path, unit.origin);
        }
    }
    for unit in folder.units.iter_mut().filter(|unit| unit.origin == CodeOrigin::Unknown) {
        let path = unit.fingerprint.as_ref().map(|fingerprint| fingerprint.path);
        unit.origin = path.and_then(|path| known.get(&path)).copied().unwrap_or(CodeOrigin::Unknown);
    }
}

/// A run depends on the script's compilation first of all; both are of one package. If that compilation is gone,
/// another unit of the package tells, unless there are packages of that name of both kinds.
fn from_build_scripts(folder: &mut TargetFolder) {
    let mut of_package: HashMap<&str, Option<CodeOrigin>> = HashMap::new();
    for unit in folder.units.iter().filter(|unit| unit.origin != CodeOrigin::Unknown) {
        let origin = of_package.entry(&unit.package).or_insert(Some(unit.origin));
        if *origin != Some(unit.origin) {
            *origin = None;
        }
    }
    let found: Vec<(usize, CodeOrigin)> = folder
        .units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.origin == CodeOrigin::Unknown)
        .filter_map(|(number, unit)| {
            let scripts = folder.dependencies(unit).into_iter().flatten().map(|dep| &folder.units[dep]);
            let mut scripts =
                scripts.filter(|dep| dep.kind == UnitKind::BuildScript && dep.package == unit.package);
            let of_script =
                scripts.next().map(|script| script.origin).filter(|&origin| origin != CodeOrigin::Unknown);
            Some((number, of_script.or_else(|| of_package.get(unit.package.as_str()).copied().flatten())?))
        })
        .collect();
    for (number, origin) in found {
        folder.units[number].origin = origin;
    }
}

/// An external unit that depends on a local or tainted one is tainted.
fn taint(folder: &mut TargetFolder) {
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); folder.units.len()];
    for (number, unit) in folder.units.iter().enumerate() {
        for dependency in folder.dependencies(unit).into_iter().flatten() {
            dependents[dependency].push(number);
        }
    }
    let local = |number: &usize| folder.units[*number].origin == CodeOrigin::Local;
    let mut open: Vec<usize> = (0..folder.units.len()).filter(local).collect();
    while let Some(number) = open.pop() {
        for &dependent in &dependents[number] {
            if folder.units[dependent].origin == CodeOrigin::External {
                folder.units[dependent].origin = CodeOrigin::Tainted;
                open.push(dependent);
            }
        }
    }
}
