//! How many lines of the table a choice of layers changes, before the table is written: from packages alone, since a
//! review has a line to read for each.
//!
//! It estimates: of several places that pin a package, a line has them all.

use std::collections::BTreeSet;

use cargo_metadata::semver::Version;

use super::layer::compatible;
use crate::{cargo::package_id::PackageSpec, plan::Plan};

/// A line of packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The package in those of its versions of which a layer has one.
    range: String,
    package: String,
    features: Vec<String>,
}

/// Lines that a bump of one package changes in `Cargo.lock` at least: its version and its checksum, before and after.
const LEAST_IN_LOCK_FILE: usize = 4;

/// The lines of the packages that a plan has.
pub fn lines(plan: &Plan) -> BTreeSet<Line> {
    plan.units.values().map(|unit| Line::new(&unit.package, &unit.features)).collect()
}

impl Line {
    pub(super) fn new(package: &str, features: &[String]) -> Self {
        let known = PackageSpec::parse(package);
        let version = known.version.and_then(|version| Version::parse(version).ok());
        let range = version.map(|version| format!("{}@{}", known.name, compatible(&version)));
        Self {
            range: range.unwrap_or_else(|| package.to_owned()),
            package: package.to_owned(),
            features: features.to_vec(),
        }
    }
}

/// The lines that change in the table if one chain of layers takes the place of another.
pub(super) fn in_table(before: &[&BTreeSet<Line>], after: &[&BTreeSet<Line>]) -> usize {
    let all: BTreeSet<&Line> = before.iter().chain(after).copied().flatten().collect();
    all.into_iter().map(|line| changed(&marks(before, line), &marks(after, line))).sum()
}

/// The lines that change in `Cargo.lock` with the packages of a recipe, at least.
pub(super) fn in_lock_file(before: &BTreeSet<Line>, after: &BTreeSet<Line>) -> usize {
    let moved = packages(before).symmetric_difference(&packages(after)).count();
    // Each is two lines of four that stand for a package, or more.
    LEAST_IN_LOCK_FILE.max(moved * LEAST_IN_LOCK_FILE / 2)
}

fn packages(lines: &BTreeSet<Line>) -> BTreeSet<&str> {
    lines.iter().map(|line| line.package.as_str()).collect()
}

/// The bounds of the ranges of layers that a line is in. An end is open at the top, and if another
/// line of the package takes over.
fn marks(chain: &[&BTreeSet<Line>], line: &Line) -> Vec<(usize, Option<usize>)> {
    let has: Vec<bool> = chain.iter().map(|lines| lines.contains(line)).collect();
    let mut marks = Vec::new();
    for first in (0..chain.len()).filter(|layer| has[*layer] && (*layer == 0 || !has[layer - 1])) {
        let end = (first..chain.len()).find(|layer| !has[*layer]);
        marks.push((first, end.filter(|layer| !is_taken_over(line, &chain[layer - 1..]))));
    }
    marks
}

/// Whether other lines of its package have the place of one that ends with the first of these layers, up to the top.
fn is_taken_over(line: &Line, chain: &[&BTreeSet<Line>]) -> bool {
    let of_package = |layer: &BTreeSet<Line>| layer.iter().any(|other| other.range == line.range);
    let [below, layer, above @ ..] = chain else { return false };
    let mut others = layer.iter().filter(|other| other.range == line.range);
    others.any(|other| !below.contains(other)) && above.iter().all(|layer| of_package(layer))
}

/// A line that appears or vanishes is one, a line that changes is two.
fn changed<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    match (before, after) {
        _ if before == after => 0,
        ([], _) | (_, []) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(names: &[&str]) -> BTreeSet<Line> {
        let id = |name: &str| format!("registry+https://github.com/rust-lang/crates.io-index#{name}.0");
        names.iter().map(|name| Line::new(&id(name), &[])).collect()
    }

    #[test]
    fn a_new_layer_adds_lines_and_a_dropped_one_removes_them() {
        let (base, top) = (layer(&["a@1.0", "b@1.0", "c@1.0"]), layer(&["a@1.0", "b@1.1", "c@1.0"]));
        let new = layer(&["a@1.0", "b@1.1", "c@2.0"]);
        // The mark of the old `c` gets an end, since another major version takes nothing over.
        assert_eq!(in_table(&[&base, &top], &[&base, &top, &new]), 3);
        // `b 1.1` stays what it is, in the layer that takes the place of the top.
        assert_eq!(in_table(&[&base, &top], &[&base, &new]), 3);
        // The old `b` and `c` go, and the new `b` is in the oldest layer now.
        assert_eq!(in_table(&[&base, &top], &[&new]), 5);
        assert_eq!((in_lock_file(&top, &new), in_lock_file(&base, &new)), (4, 8));
    }
}
