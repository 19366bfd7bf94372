//! Which units are external, and on which side of the build they are.

use super::unit_graph::UnitGraph;

/// The relation of a unit to the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From a registry or git, and so is its whole dependency closure: independent of the application.
    External,
    /// From a registry or git, but reaches a path package: built with the application. So is its build script.
    Tainted,
    /// From a path: the application itself.
    Local,
}

/// The sides that a unit's output ends up on. A unit can be on both sides when host and target share one profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sides {
    /// In a build script or procedural macro.
    pub host: bool,
    /// In what the slice builds.
    pub target: bool,
}

/// The kind of every unit, by index.
pub fn kinds(graph: &UnitGraph) -> Vec<Kind> {
    let mut kinds = vec![None; graph.units.len()];
    for index in 0..graph.units.len() {
        kind_of(graph, index, &mut kinds);
    }
    let mut kinds: Vec<Kind> = kinds.into_iter().map(|kind| kind.unwrap_or(Kind::Local)).collect();
    taint_build_scripts(graph, &mut kinds);
    kinds
}

/// A build script that stands on nothing of the application is tainted all the same if everything that needs
/// it is: nothing but its package can ask cargo for it.
fn taint_build_scripts(graph: &UnitGraph, kinds: &mut [Kind]) {
    let mut needed = vec![false; kinds.len()];
    let roots = (0..kinds.len())
        .filter(|index| kinds[*index] == Kind::External && !graph.units[*index].is_build_script());
    let mut open: Vec<usize> = roots.collect();
    while let Some(index) = open.pop() {
        if !std::mem::replace(&mut needed[index], true) {
            open.extend(graph.units[index].edges());
        }
    }
    for (kind, _) in kinds.iter_mut().zip(needed).filter(|(_, needed)| !needed) {
        if *kind == Kind::External {
            *kind = Kind::Tainted;
        }
    }
}

fn kind_of(graph: &UnitGraph, index: usize, kinds: &mut [Option<Kind>]) -> Kind {
    if let Some(kind) = kinds[index] {
        return kind;
    }
    let unit = &graph.units[index];
    let mut kind = if unit.is_path() { Kind::Local } else { Kind::External };
    // Every edge is walked even once the answer is known, so that recursion stays as shallow as the graph.
    for edge in unit.edges() {
        if kind_of(graph, edge, kinds) != Kind::External && kind == Kind::External {
            kind = Kind::Tainted;
        }
    }
    kinds[index] = Some(kind);
    kind
}

/// The sides of every unit, by index: a root is on the target side unless it runs while building; so is
/// what it links, until a build script or procedural macro is reached, below which everything is host.
pub fn sides(graph: &UnitGraph) -> Vec<Sides> {
    let mut sides = vec![Sides::default(); graph.units.len()];
    let mut open: Vec<(usize, bool)> = graph.roots.iter().map(|root| (*root, false)).collect();
    while let Some((index, host)) = open.pop() {
        let unit = &graph.units[index];
        let host = host || unit.is_for_host();
        let seen = if host { &mut sides[index].host } else { &mut sides[index].target };
        if !std::mem::replace(seen, true) {
            open.extend(unit.edges().map(|edge| (edge, host)));
        }
    }
    sides
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A graph from `(package id, kind, edges)`, the first unit being the root.
    pub(crate) fn graph(units: &[(&str, &str, &[usize])]) -> UnitGraph {
        let units: Vec<_> = units
            .iter()
            .map(|(id, kind, edges)| {
                serde_json::json!({
                    "pkg_id": id, "mode": "build", "features": [], "platform": null,
                    "profile": {"name": "release", "lto": "true"},
                    "target": {"kind": [kind], "crate_types": [kind], "name": "t"},
                    "dependencies": edges.iter().map(|i| serde_json::json!({"index": i})).collect::<Vec<_>>(),
                })
            })
            .collect();
        let json = serde_json::json!({"version": 1, "units": units, "roots": [0]}).to_string();
        UnitGraph::parse("test", &json).unwrap()
    }

    #[test]
    fn a_registry_package_that_reaches_a_path_is_tainted() {
        let graph = graph(&[
            ("path+file:///app#0.1.0", "bin", &[1, 3]),
            ("registry+x#a@1.0.0", "lib", &[2]),
            ("path+file:///patched#b@1.0.0", "lib", &[]),
            ("registry+x#c@1.0.0", "lib", &[]),
        ]);
        assert_eq!(kinds(&graph), [Kind::Local, Kind::Tainted, Kind::Local, Kind::External]);
    }

    #[test]
    fn a_build_script_goes_with_its_package_and_what_it_needs_does_not() {
        let graph = graph(&[
            ("path+file:///app#0.1.0", "bin", &[1, 5]),
            ("registry+x#a@1.0.0", "lib", &[2, 3]),
            ("path+file:///patched#b@1.0.0", "lib", &[]),
            ("registry+x#a@1.0.0", "custom-build", &[4]),
            ("registry+x#cc@1.0.0", "lib", &[]),
            ("registry+x#c@1.0.0", "lib", &[6]),
            ("registry+x#c@1.0.0", "custom-build", &[]),
        ]);
        let (tainted, external) = (Kind::Tainted, Kind::External);
        let expected = [Kind::Local, tainted, Kind::Local, tainted, external, external, external];
        assert_eq!(kinds(&graph), expected);
    }

    #[test]
    fn a_unit_below_a_macro_and_below_the_root_is_on_both_sides() {
        let graph = graph(&[
            ("path+file:///app#0.1.0", "bin", &[1, 2]),
            ("registry+x#m@1.0.0", "proc-macro", &[2, 3]),
            ("registry+x#both@1.0.0", "lib", &[]),
            ("registry+x#syn@1.0.0", "lib", &[]),
        ]);
        let host = Sides { host: true, target: false };
        let expected = [Sides { host: false, target: true }, host, Sides { host: true, target: true }, host];
        assert_eq!(sides(&graph), expected);
    }
}
