//! The code that a unit emits for link-time optimisation. The unit graph does not print it, yet it is part of cargo's
//! hash of a unit, so a recipe that gets it wrong compiles everything a second time.
//!
//! Follows cargo's `src/compiler/lto.rs`: the mode starts at the roots, depends on their crate types, and is
//! widened if units are shared.

use serde::Serialize;
use serde_json::Value;

use super::unit_graph::{GraphUnit, UnitGraph};

/// How rustc is told to prepare for link-time optimisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lto {
    /// The unit itself runs it: a binary, cdylib or staticlib.
    Run,
    /// Explicitly off, thin-local optimisation included.
    Off,
    /// Bitcode only: everything above runs it.
    OnlyBitcode,
    /// Bitcode for those that run it, object code for those that do not.
    ObjectAndBitcode,
    /// Object code only.
    OnlyObject,
}

/// The profile's `lto` setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LtoSetting {
    False,
    Off,
    /// `true`, `"thin"` or `"fat"`.
    On,
}

/// Whether a unit's profile asks for link-time optimisation.
pub fn is_on(unit: &GraphUnit) -> bool {
    setting(unit) == LtoSetting::On
}

/// The mode of every unit, by index.
pub fn modes(graph: &UnitGraph) -> Vec<Lto> {
    let mut modes = vec![None; graph.units.len()];
    for root in &graph.roots {
        let unit = &graph.units[*root];
        let types = crate_types(unit);
        let start = match setting(unit) {
            LtoSetting::False => Lto::OnlyObject,
            LtoSetting::Off => Lto::Off,
            LtoSetting::On if unit.is_for_host() => Lto::OnlyObject,
            LtoSetting::On if needs_object(&types) => when_needs_object(&types),
            LtoSetting::On => Lto::OnlyBitcode,
        };
        spread(graph, *root, start, &mut modes);
    }
    modes.into_iter().map(|mode| mode.unwrap_or(Lto::OnlyObject)).collect()
}

fn spread(graph: &UnitGraph, index: usize, parent: Lto, modes: &mut [Option<Lto>]) {
    let unit = &graph.units[index];
    let mode = wanted(unit, parent);
    let merged = modes[index].map_or(mode, |before| merge(mode, before));
    if modes[index].replace(merged) != Some(merged) {
        unit.edges().for_each(|edge| spread(graph, edge, merged, modes));
    }
}

fn wanted(unit: &GraphUnit, parent: Lto) -> Lto {
    let types = crate_types(unit);
    if unit.is_for_host() {
        return Lto::OnlyObject;
    }
    if types.iter().all(|name| can_lto(name)) {
        return match setting(unit) {
            LtoSetting::On => Lto::Run,
            LtoSetting::Off => Lto::Off,
            LtoSetting::False => Lto::OnlyObject,
        };
    }
    match (parent, needs_object(&types)) {
        (Lto::Run, false) => Lto::OnlyBitcode,
        (Lto::Run | Lto::OnlyBitcode, true) => when_needs_object(&types),
        (parent, _) => parent,
    }
}

fn merge(new: Lto, before: Lto) -> Lto {
    use Lto::{ObjectAndBitcode, Off, OnlyBitcode, OnlyObject, Run};
    match (new, before) {
        (Run, _) | (_, Run) => Run,
        (Off, _) | (_, Off) => Off,
        (OnlyBitcode, OnlyBitcode) => OnlyBitcode,
        (OnlyObject, OnlyObject) => OnlyObject,
        (ObjectAndBitcode | OnlyObject | OnlyBitcode, _) => ObjectAndBitcode,
    }
}

fn setting(unit: &GraphUnit) -> LtoSetting {
    match unit.profile.get("lto").and_then(Value::as_str) {
        None | Some("false") => LtoSetting::False,
        Some("off") => LtoSetting::Off,
        Some(_) => LtoSetting::On,
    }
}

/// A test is linked like a binary, whatever its target's crate type.
fn crate_types(unit: &GraphUnit) -> Vec<&str> {
    if unit.mode == "test" || unit.mode == "doctest" {
        return vec!["bin"];
    }
    unit.target.crate_types.iter().map(String::as_str).collect()
}

fn can_lto(crate_type: &str) -> bool {
    matches!(crate_type, "bin" | "staticlib" | "cdylib")
}

fn needs_object(types: &[&str]) -> bool {
    types.iter().any(|name| can_lto(name) || matches!(*name, "dylib" | "proc-macro"))
}

/// rustc cannot run it over a dylib, so nobody needs the bitcode there.
fn when_needs_object(types: &[&str]) -> Lto {
    if types.iter().all(|name| *name == "dylib") { Lto::OnlyObject } else { Lto::ObjectAndBitcode }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::external::tests::graph;

    const LIB: (&str, &str, &[usize]) = ("registry+x#a@1.0.0", "lib", &[]);

    fn dependency_mode(root_types: &[&str]) -> Lto {
        let mut graph = graph(&[("path+file:///app#0.1.0", "lib", &[1]), LIB]);
        graph.units[0].target.crate_types = root_types.iter().map(|name| (*name).to_owned()).collect();
        modes(&graph)[1]
    }

    #[test]
    fn the_crate_types_of_the_root_decide() {
        assert_eq!(dependency_mode(&["bin"]), Lto::OnlyBitcode);
        assert_eq!(dependency_mode(&["cdylib"]), Lto::OnlyBitcode);
        assert_eq!(dependency_mode(&["lib"]), Lto::OnlyBitcode);
        assert_eq!(dependency_mode(&["cdylib", "rlib"]), Lto::ObjectAndBitcode);
        assert_eq!(dependency_mode(&["dylib"]), Lto::OnlyObject);
    }

    #[test]
    fn a_unit_shared_with_a_build_script_needs_both() {
        let graph = graph(&[
            ("path+file:///app#0.1.0", "bin", &[1, 2]),
            LIB,
            ("path+file:///app#0.1.0", "custom-build", &[1]),
        ]);
        assert_eq!(modes(&graph)[1], Lto::ObjectAndBitcode);
    }
}
