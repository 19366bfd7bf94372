//! The Debian packages that an image needs, from the crates that its slices are made of and from the programs that
//! cargo's configuration names.
//!
//! Which crate needs what is in `table` alone. Must never say anything about base images of other systems.

mod programs;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use super::settings::DockerSettings;
use crate::{
    cargo::platform::Platform,
    error::Result,
    plan::{
        self, external,
        unit_graph::{GraphUnit, UnitGraph},
    },
    project::Project,
    side_by_side,
    slice::Slice,
};
pub(crate) use programs::{flags, of_program};

/// Packages by name, each with what needs it.
pub type Needed = BTreeMap<String, BTreeSet<String>>;

/// The packages that an image needs beside its base images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages {
    /// For compiling.
    pub build: Needed,
    /// For running.
    pub runtime: Needed,
}

/// Names that Debian changed with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DebianRelease {
    /// Debian 13, and what has its names.
    Trixie,
    /// Debian 12, and what is older.
    Bookworm,
}

impl DebianRelease {
    /// The release of a base image, by its name; `None` for an image that is not Debian's kind.
    fn from_image(image: &str) -> Option<Self> {
        const OTHERS: [&str; 16] = [
            "alpine",
            "alma",
            "amazonlinux",
            "archlinux",
            "busybox",
            "centos",
            "chainguard",
            "distroless",
            "fedora",
            "nixos",
            "opensuse",
            "oracle",
            "rocky",
            "scratch",
            "ubi",
            "wolfi",
        ];
        const OLDER: [&str; 10] = [
            "bookworm",
            "bullseye",
            "buster",
            "debian:10",
            "debian:11",
            "debian:12",
            "focal",
            "jammy",
            "ubuntu:20.04",
            "ubuntu:22.04",
        ];
        let image = image.to_lowercase();
        match () {
            () if OTHERS.iter().any(|system| is_of(&image, system)) => None,
            () if OLDER.iter().any(|name| image.contains(name)) => Some(Self::Bookworm),
            () => Some(Self::Trixie),
        }
    }

    /// The name here of a package whose names are written as `trixie's|bookworm's`.
    fn name(self, names: &str) -> &str {
        match (self, names.split_once('|')) {
            (_, None) => names,
            (Self::Trixie, Some((name, _))) | (Self::Bookworm, Some((_, name))) => name,
        }
    }
}

/// Whether `apt-get` installs packages in a base image, as far as its name tells.
pub(super) fn is_debian(image: &str) -> bool {
    DebianRelease::from_image(image).is_some()
}

/// Whether an image is called after a system: a word of its name is the system's, with its version or `linux` behind it. A
/// word that only has those letters in it, such as `rubidium` with `ubi`, says nothing.
fn is_of(image: &str, system: &str) -> bool {
    let mut words = image.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        let rest = word.strip_prefix(system).map(|rest| rest.strip_prefix("linux").unwrap_or(rest));
        rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
    })
}

/// A crate as one unit of a slice has it.
#[derive(Debug, Clone)]
struct Used<'a> {
    name: &'a str,
    features: &'a [String],
    /// Whether Debian's own libraries can be linked to it.
    is_native: bool,
    /// Whether it ends up in what is shipped.
    is_shipped: bool,
}

impl Used<'_> {
    fn has_any_feature(&self, features: &[&str]) -> bool {
        self.features.iter().any(|feature| features.contains(&feature.as_str()))
    }
}

/// The units of the slices that are shipped.
///
/// # Errors
/// When cargo cannot tell those of one.
pub(super) fn graphs(project: &Project) -> Result<Vec<UnitGraph>> {
    let slices: Vec<&Slice> = project.slices.iter().filter(|slice| slice.is_shipped()).collect();
    let cargo = project.cargo_on(&linux(project)?)?;
    side_by_side::map(slices, |slice| plan::graph_of_slice(&cargo, &project.workspace, slice))
}

/// The packages that the image of a project needs for the units of its slices.
pub(super) fn needed(project: &Project, graphs: &[UnitGraph]) -> Packages {
    let mut found = Packages::default();
    for graph in graphs {
        found.add(graph, &project.settings.docker);
    }
    let build = DebianRelease::from_image(project.settings.docker.build_base());
    for (package, program) in programs::configured(project, graphs).into_iter().filter(|_| build.is_some()) {
        found.build.entry(package).or_default().insert(program);
    }
    found
}

/// The platform that images are for: this machine's if it is Linux, else one that recipes serve.
pub(crate) fn linux(project: &Project) -> Result<Platform> {
    let host = project.host()?;
    if is_linux(&host) {
        return Ok(host);
    }
    let platforms = project.platforms(project.recorded().ok().flatten().as_ref())?;
    Ok(platforms.into_iter().find(is_linux).unwrap_or(host))
}

fn is_linux(platform: &Platform) -> bool {
    platform.to_string().contains("linux")
}

impl Packages {
    /// Adds what the units of a slice need.
    fn add(&mut self, graph: &UnitGraph, settings: &DockerSettings) {
        let used = used(graph);
        let names: BTreeSet<&str> = used.iter().map(|used| used.name).collect();
        if let Some(release) = DebianRelease::from_image(settings.build_base()) {
            for (one, row) in fitting(&used, &names) {
                add(&mut self.build, one, row.build, release);
            }
            for user in cmake_users(graph) {
                for package in ["cmake", "g++", "make"] {
                    self.build.entry(package.to_owned()).or_default().insert(user.to_owned());
                }
            }
            if let Some(user) = compiled_for_musl(graph) {
                self.build.entry("musl-tools".to_owned()).or_default().insert(user.to_owned());
            }
        }
        if let Some(release) = DebianRelease::from_image(settings.runtime_base()) {
            for (one, row) in fitting(&used, &names).filter(|(one, _)| one.is_shipped) {
                add(&mut self.runtime, one, row.runtime, release);
            }
        }
    }
}

fn add(needed: &mut Needed, used: &Used, packages: &[&str], release: DebianRelease) {
    for names in packages {
        needed.entry(release.name(names).to_owned()).or_default().insert(used.name.to_owned());
    }
}

/// The rows that hold, each with the crate that it holds for.
fn fitting<'a>(
    used: &'a [Used<'a>],
    names: &'a BTreeSet<&'a str>,
) -> impl Iterator<Item = (&'a Used<'a>, &'a table::CrateNeeds)> {
    used.iter()
        .flat_map(|used| table::ALL.iter().filter(|row| fits(row, used, names)).map(move |row| (used, row)))
}

fn fits(row: &table::CrateNeeds, used: &Used, names: &BTreeSet<&str>) -> bool {
    row.crates.contains(&used.name)
        && (row.with.is_empty() || used.has_any_feature(row.with))
        && !used.has_any_feature(row.without)
        && !row.instead.iter().any(|name| names.contains(name))
        && (row.runtime.is_empty() || used.is_native)
}

fn used(graph: &UnitGraph) -> Vec<Used<'_>> {
    let sides = external::sides(graph);
    let units = graph.units.iter().zip(sides).filter(|(unit, _)| !unit.is_build_script());
    let used = units.map(|(unit, side)| Used {
        name: unit.package_name(),
        features: &unit.features,
        is_native: unit.platform.as_deref().is_none_or(|target| target.ends_with("linux-gnu")),
        is_shipped: side.target,
    });
    used.collect()
}

/// The crates whose build scripts call `cmake`.
fn cmake_users(graph: &UnitGraph) -> BTreeSet<&str> {
    callers(graph, "cmake").filter(|name| !table::WITHOUT_CMAKE.contains(name)).collect()
}

/// A crate whose build script compiles C for musl.
fn compiled_for_musl(graph: &UnitGraph) -> Option<&str> {
    let is_musl = |target: &str| target.contains("-linux-musl");
    let is_built = graph.units.iter().any(|unit| unit.platform.as_deref().is_some_and(is_musl));
    callers(graph, table::C_COMPILER).next().filter(|_| is_built)
}

/// The crates whose build scripts depend on another one.
fn callers<'a>(graph: &'a UnitGraph, callee: &'a str) -> impl Iterator<Item = &'a str> {
    let calls =
        move |unit: &&GraphUnit| unit.edges().any(|index| graph.units[index].package_name() == callee);
    graph.units.iter().filter(|unit| unit.is_build_script()).filter(calls).map(GraphUnit::package_name)
}

#[cfg(test)]
mod tests;
