//! A plan: a slice's external units and their keys, read from cargo's unit graph. Compiles nothing.
//!
//! The graph itself is [`unit_graph`], what is external is decided in [`external`], keys in [`key`], and the
//! link-time-optimisation mode and the commits of git packages, which the graph does not print, in [`lto`] and
//! [`commits`].

pub mod commits;
pub mod external;
pub mod key;
pub mod lto;
pub mod unit_graph;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use external::Kind;
pub use key::UnitKey;
pub use lto::Lto;

use self::unit_graph::UnitGraph;
use crate::{
    cargo::{Cargo, invocation::Invocation, platform::Platform},
    error::{Error, Result},
    side_by_side,
    slice::Slice,
    workspace::Workspace,
};

/// A slice's external units on one platform.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The units, by key.
    pub units: BTreeMap<UnitKey, Unit>,
    /// Names of registry or git packages that reach a path package and are built with the application.
    pub tainted: Vec<String>,
    /// How many units belong to the application, tainted ones not counted.
    pub local: usize,
    /// The roots that the invocation asks for, in cargo's order.
    pub roots: Vec<Root>,
    /// Whether the slice's profile asks for link-time optimisation.
    pub has_lto: bool,
}

/// A unit that an invocation asks for: what it leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// cargo's package id specification.
    pub package: String,
    /// `lib`, `bin`, `example` and so on: cargo's target kinds.
    pub kinds: Vec<String>,
    /// `lib`, `cdylib`, `bin` and so on.
    pub crate_types: Vec<String>,
    /// The target's name.
    pub target: String,
    /// `build`, `check`, `test` and so on.
    pub mode: String,
    /// The triple of `--target`, or the path of a target specification; `None` for the host.
    pub platform: Option<String>,
    /// The profile's name.
    pub profile: String,
}

/// One external unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unit {
    /// cargo's package id specification.
    pub package: String,
    /// `lib`, `proc-macro`, `custom-build` and so on: cargo's target kinds.
    pub kinds: Vec<String>,
    /// The target's name.
    pub target: String,
    /// `build`, `check`, `run-custom-build` and so on.
    pub mode: String,
    /// The triple of `--target`; `None` for the host.
    pub platform: Option<String>,
    /// Enabled features, sorted.
    pub features: Vec<String>,
    /// The unit's mode of link-time optimisation.
    pub lto: Lto,
    /// Whether the unit is linked into something that runs while building.
    pub for_host: bool,
    /// Whether the unit is linked into what the slice builds.
    pub for_target: bool,
    /// Whether it is linked into tests alone, because those unwind if the profile says that panics abort.
    #[serde(skip)]
    pub for_tests: bool,
}

impl Unit {
    /// Whether this is the compilation or the run of a build script.
    pub fn is_build_script(&self) -> bool {
        self.kinds.iter().any(|kind| kind == "custom-build")
    }

    /// Whether the unit is only checked, for a procedural macro of the application that is only checked too:
    /// everything else that runs while building needs its dependencies compiled.
    pub fn is_checked_for_host(&self) -> bool {
        self.for_host && self.mode == "check"
    }

    /// One line that tells units apart, for listings and reasons.
    pub fn describe(&self) -> String {
        let package = self.package.rsplit_once('/').map_or(self.package.as_str(), |(_, name)| name);
        let package = package.trim_start_matches("crates.io-index#");
        let platform = self.platform.as_deref().unwrap_or("host");
        format!("{package} {} {} {platform}", self.kinds.join("+"), self.mode)
    }
}

impl Root {
    fn new(unit: &unit_graph::GraphUnit) -> Self {
        let profile = unit.profile.get("name").and_then(serde_json::Value::as_str);
        Self {
            package: unit.pkg_id.clone(),
            kinds: unit.target.kind.clone(),
            crate_types: unit.target.crate_types.clone(),
            target: unit.target.name.clone(),
            mode: unit.mode.clone(),
            platform: unit.platform.clone(),
            profile: profile.unwrap_or("dev").to_owned(),
        }
    }
}

/// A slice's plan on every platform, in the project's order; there is at least one.
#[derive(Debug, Clone)]
pub struct Plans(Vec<(Platform, Plan)>);

impl Plans {
    /// The plans of several slices, in their order, each with its own success: [`SlicePlan`] if cargo refuses the
    /// invocation, [`TargetFile`] for a target that a file describes, [`UnitGraphVersion`] for a format that is not known. The queries run side by side, since cargo mostly
    /// waits in them.
    ///
    /// [`SlicePlan`]: crate::error::Error::SlicePlan
    /// [`TargetFile`]: crate::error::Error::TargetFile
    /// [`UnitGraphVersion`]: crate::error::Error::UnitGraphVersion
    ///
    /// # Errors
    /// When rustc cannot be asked which platform this is.
    pub fn of_slices(
        cargo: &Cargo,
        workspace: &Workspace,
        slices: &[&Slice],
        platforms: &[Platform],
    ) -> Result<Vec<Result<Self>>> {
        let cargo = &cargo.of_everybody(workspace.root().as_std_path())?;
        // Made before the queries run, so that rustc is asked once which platform this is.
        // A question must not bring a stale Cargo.lock up to date.
        let asking = cargo.clone().asking();
        let cargos = platforms.iter().map(|platform| asking.on(workspace.root().as_std_path(), platform));
        let cargos = cargos.collect::<Result<Vec<_>>>()?;
        let on_platforms = || platforms.iter().zip(&cargos);
        let queries = slices.iter().flat_map(|slice| on_platforms().map(move |on| (*slice, on)));
        let plans = side_by_side::map(queries, |(slice, (platform, cargo))| {
            Ok(Plan::of_slice(cargo, workspace, slice).map(|plan| (platform.clone(), plan)))
        })?;
        let mut plans = plans.into_iter();
        let of_slice = |_| plans.by_ref().take(platforms.len()).collect::<Vec<_>>().into_iter();
        let of_slices = slices.iter().map(of_slice);
        Ok(of_slices.map(|plans| plans.collect::<Result<Vec<_>>>().map(Self)).collect())
    }

    /// Platforms and plans.
    pub fn iter(&self) -> impl Iterator<Item = (&Platform, &Plan)> {
        self.0.iter().map(|(platform, plan)| (platform, plan))
    }

    /// The units of all platforms.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.0.iter().flat_map(|(_, plan)| plan.units.values())
    }

    /// The plan of the platform named first.
    pub fn first(&self) -> (&Platform, &Plan) {
        let (platform, plan) = &self.0[0];
        (platform, plan)
    }

    /// How many external units the slice has on each platform.
    pub fn counts(&self) -> BTreeMap<Platform, usize> {
        self.iter().map(|(platform, plan)| (platform.clone(), plan.units.len())).collect()
    }

    /// Names of tainted packages on any platform.
    pub fn tainted(&self) -> Vec<String> {
        let all: BTreeSet<&String> = self.0.iter().flat_map(|(_, plan)| &plan.tainted).collect();
        all.into_iter().cloned().collect()
    }
}

impl Invocation {
    /// Asks cargo for the unit graph of the call, which is in the folder of a workspace or of a recipe.
    ///
    /// # Errors
    /// When cargo refuses, or answers with a format that is not known.
    pub fn graph(&self, cargo: &Cargo) -> Result<UnitGraph> {
        let (command, json) = cargo.unit_graph(self)?;
        let mut graph = UnitGraph::parse(&command, &json)?;
        commits::fill_in(&mut graph, &self.dir)?;
        Ok(graph)
    }
}

/// Asks cargo for the whole unit graph of a slice, the application included.
///
/// # Errors
/// As [`Plans::of_slices`].
pub fn graph_of_slice(cargo: &Cargo, workspace: &Workspace, slice: &Slice) -> Result<UnitGraph> {
    // A question must not bring a stale Cargo.lock up to date.
    let asking = cargo.clone().asking();
    slice.planning(cargo, workspace)?.graph(&asking).map_err(|error| error.of_slice(&slice.name))
}

impl Plan {
    /// Asks cargo for the slice's unit graph and keeps the external units.
    fn of_slice(cargo: &Cargo, workspace: &Workspace, slice: &Slice) -> Result<Self> {
        let graph = graph_of_slice(cargo, workspace, slice)?;
        // cargo tells the file's place on this machine, which must get into no key.
        match graph.target_file() {
            Some(file) => {
                let file = file.strip_prefix(workspace.root()).unwrap_or(file).to_owned();
                Err(Error::TargetFile { slice: slice.name.to_string(), file })
            }
            None => Ok(Self::of_graph(&graph)),
        }
    }

    /// Keeps what is external of a graph.
    pub fn of_graph(graph: &UnitGraph) -> Self {
        let kinds = external::kinds(graph);
        let sides = external::sides(graph);
        let keys = key::keys(graph, &kinds);
        let modes = lto::modes(graph);
        let some_abort = graph.units.iter().zip(&sides).any(|(unit, side)| side.target && unit.aborts());
        let has_lto = graph.units.iter().zip(&sides).any(|(unit, side)| side.target && lto::is_on(unit));
        let mut units = BTreeMap::new();
        for (index, key) in keys {
            let unit = &graph.units[index];
            units.insert(
                key,
                Unit {
                    package: unit.pkg_id.clone(),
                    kinds: unit.target.kind.clone(),
                    target: unit.target.name.clone(),
                    mode: unit.mode.clone(),
                    platform: unit.platform.clone(),
                    features: unit.features.clone(),
                    lto: modes[index],
                    for_host: sides[index].host,
                    for_target: sides[index].target,
                    for_tests: some_abort && sides[index].target && !unit.aborts(),
                },
            );
        }
        let mut tainted: Vec<String> = with_kind(graph, &kinds, Kind::Tainted).map(str::to_owned).collect();
        tainted.sort();
        tainted.dedup();
        let roots = graph.roots.iter().map(|root| Root::new(&graph.units[*root])).collect();
        Self { units, tainted, local: with_kind(graph, &kinds, Kind::Local).count(), roots, has_lto }
    }
}

fn with_kind<'a>(graph: &'a UnitGraph, kinds: &'a [Kind], kind: Kind) -> impl Iterator<Item = &'a str> {
    let units = graph.units.iter().zip(kinds);
    units.filter(move |(_, found)| **found == kind).map(|(unit, _)| unit.pkg_id.as_str())
}
