//! cargo's `--unit-graph`, read leniently: unknown fields are ignored, the version is checked.
//!
//! Format: <https://doc.rust-lang.org/nightly/cargo/reference/unstable.html#unit-graph>.

use std::collections::BTreeMap;

use cargo_metadata::camino::Utf8Path;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cargo::package_id::PackageSpec,
    error::{Error, Result},
};

/// The version this module reads.
pub const VERSION: u64 = 1;

/// Every unit that an invocation needs.
#[derive(Debug, Clone, Deserialize)]
pub struct UnitGraph {
    /// The units; dependencies and roots are indices into this list.
    pub units: Vec<GraphUnit>,
    /// The request on the command line.
    pub roots: Vec<usize>,
}

/// One run of rustc or of a build script.
#[derive(Debug, Clone, Deserialize)]
pub struct GraphUnit {
    /// A package id specification, such as `registry+https://…#serde@1.0.0`.
    pub pkg_id: String,
    /// The commit of a git package; not cargo's, see [`commits`](super::commits).
    #[serde(skip)]
    pub commit: Option<String>,
    /// The compiled targets of the package.
    pub target: Target,
    /// The resolved profile, as cargo prints it: names, numbers, flags.
    pub profile: BTreeMap<String, Value>,
    /// The triple of `--target`; `None` for the host.
    pub platform: Option<String>,
    /// `build`, `check`, `test`, `run-custom-build` and so on.
    pub mode: String,
    /// Enabled features, sorted by cargo.
    pub features: Vec<String>,
    /// The work to do before.
    pub dependencies: Vec<Dependency>,
}

/// A compile target of a package.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// `lib`, `rlib`, `bin`, `proc-macro`, `custom-build` and so on.
    pub kind: Vec<String>,
    /// `lib`, `rlib`, `dylib`, `cdylib`, `staticlib`, `bin`, `proc-macro`.
    pub crate_types: Vec<String>,
    /// The target's name.
    pub name: String,
}

/// An edge of the graph.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// Index of the unit depended on.
    pub index: usize,
}

impl UnitGraph {
    /// Parses the answer of `command`.
    ///
    /// # Errors
    /// [`Error::UnitGraphVersion`] for another version, [`Error::Answer`] for anything unreadable.
    pub fn parse(command: &str, json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct GraphVersion {
            version: u64,
        }
        // The version comes first: with another one, the rest may have any shape.
        let GraphVersion { version } =
            serde_json::from_str(json).map_err(|error| unreadable_answer(command, &error.to_string()))?;
        if version != VERSION {
            return Err(Error::UnitGraphVersion {
                command: command.to_owned(),
                found: version,
                known: VERSION,
            });
        }
        let graph: Self =
            serde_json::from_str(json).map_err(|error| unreadable_answer(command, &error.to_string()))?;
        let edges = graph.units.iter().flat_map(|unit| unit.dependencies.iter().map(|edge| edge.index));
        match edges.chain(graph.roots.iter().copied()).find(|index| *index >= graph.units.len()) {
            Some(index) => Err(unreadable_answer(command, &format!("index {index} is out of range"))),
            None if depth(&graph).is_none_or(|depth| depth > DEEPEST) => {
                Err(unreadable_answer(command, "its units depend on each other in a circle, or without end"))
            }
            None => Ok(graph),
        }
    }
}

fn unreadable_answer(command: &str, reason: &str) -> Error {
    Error::Answer { command: command.to_owned(), reason: format!("unit graph: {reason}") }
}

/// The longest chain of units that is followed. The deepest builds have some hundred.
const DEEPEST: usize = 2000;

/// The length of the longest chain of dependencies; `None` if there is a circle.
fn depth(graph: &UnitGraph) -> Option<usize> {
    let mut open_dependents = vec![0_usize; graph.units.len()];
    graph.units.iter().flat_map(GraphUnit::edges).for_each(|index| open_dependents[index] += 1);
    let mut depths = vec![1; graph.units.len()];
    let is_top = |index: &usize| open_dependents[*index] == 0;
    let mut open: Vec<usize> = (0..graph.units.len()).filter(is_top).collect();
    let mut done = 0;
    while let Some(index) = open.pop() {
        done += 1;
        for edge in graph.units[index].edges() {
            depths[edge] = depths[edge].max(depths[index] + 1);
            open_dependents[edge] -= 1;
            if open_dependents[edge] == 0 {
                open.push(edge);
            }
        }
    }
    (done == graph.units.len()).then(|| depths.into_iter().max().unwrap_or_default())
}

impl UnitGraph {
    /// The file that describes a target of the invocation, if there is one.
    pub fn target_file(&self) -> Option<&Utf8Path> {
        let targets = self.units.iter().filter_map(|unit| unit.platform.as_deref());
        targets.map(Utf8Path::new).find(|target| target.extension() == Some("json"))
    }
}

impl GraphUnit {
    /// The package's name.
    pub fn package_name(&self) -> &str {
        PackageSpec::parse(&self.pkg_id).name
    }

    /// Whether the package comes from a path.
    pub fn is_path(&self) -> bool {
        PackageSpec::parse(&self.pkg_id).is_path()
    }

    /// Whether this is the compilation or the run of a build script.
    pub fn is_build_script(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "custom-build")
    }

    /// Whether cargo builds the target for the machine that compiles: build scripts and procedural macros.
    pub fn is_for_host(&self) -> bool {
        self.is_build_script() || self.target.kind.iter().any(|kind| kind == "proc-macro")
    }

    /// Whether its panics abort; otherwise they unwind.
    pub fn aborts(&self) -> bool {
        self.profile.get("panic").and_then(Value::as_str) == Some("abort")
    }

    /// The indices of the units depended on.
    pub fn edges(&self) -> impl Iterator<Item = usize> {
        self.dependencies.iter().map(|dependency| dependency.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_package_is_where_cargo_puts_it() {
        for (id, name) in [
            ("registry+https://index.example/x#openssl-sys@0.9.1", "openssl-sys"),
            ("path+file:///project/pq-sys#0.1.0", "pq-sys"),
            ("path+file:///project/folder#pq-sys@0.1.0", "pq-sys"),
            ("git+https://git.example/zstd-sys?branch=1#2.0.0+zstd.1.5", "zstd-sys"),
        ] {
            let json = format!(
                r#"{{"version":1,"roots":[],"units":[{{"pkg_id":"{id}","mode":"build","features":[],"platform":null,
                "profile":{{}},"target":{{"kind":[],"crate_types":[],"name":"t"}},"dependencies":[]}}]}}"#
            );
            assert_eq!(UnitGraph::parse("test", &json).unwrap().units[0].package_name(), name);
        }
    }

    #[test]
    fn circles_and_endless_chains_are_refused() {
        assert!(parse_edges(&[&[1, 2], &[2, 2], &[]]).is_ok());
        let circle = "cannot read the answer of `cargo build`: unit graph: its units depend on each other in a circle, or without end";
        for edges in [&[&[0_usize][..]][..], &[&[1], &[2], &[0]], &[&[], &[2], &[1]]] {
            assert_eq!(parse_edges(edges).unwrap_err(), circle);
        }
        let chain: Vec<Vec<usize>> = (1..100_000).map(|next| vec![next]).chain([Vec::new()]).collect();
        let chain: Vec<&[usize]> = chain.iter().map(Vec::as_slice).collect();
        assert_eq!(parse_edges(&chain).unwrap_err(), circle);
    }

    /// A graph of units with these dependencies each.
    fn parse_edges(edges: &[&[usize]]) -> Result<UnitGraph, String> {
        let units: Vec<_> = edges
            .iter()
            .map(|edges| {
                let edges: Vec<_> = edges.iter().map(|index| serde_json::json!({"index": index})).collect();
                serde_json::json!({
                    "pkg_id": "registry+x#a@1.0.0", "mode": "build", "features": [], "platform": null,
                    "profile": {}, "target": {"kind": [], "crate_types": [], "name": "t"},
                    "dependencies": edges,
                })
            })
            .collect();
        let json = serde_json::json!({"version": 1, "units": units, "roots": [0]}).to_string();
        UnitGraph::parse("cargo build", &json).map_err(|error| error.to_string())
    }

    #[test]
    fn another_version_is_named() {
        let error = UnitGraph::parse("cargo build", r#"{"version":2,"something":"else"}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cargo printed unit graph version 2; this larder reads version 1 (`cargo build`)"
        );
    }

    #[test]
    fn unknown_fields_are_ignored_and_bad_indices_are_not() {
        assert!(UnitGraph::parse("c", r#"{"version":1,"units":[],"roots":[],"new":1}"#).is_ok());
        let error = UnitGraph::parse("c", r#"{"version":1,"units":[],"roots":[3]}"#).unwrap_err();
        assert!(error.to_string().contains("index 3 is out of range"), "{error}");
    }
}
