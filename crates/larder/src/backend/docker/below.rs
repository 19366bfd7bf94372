//! The members that a half's own one stands on, built in a step before its source is there: an edit of the server
//! compiles the server, and not the components that it shares with the front.
//!
//! In that step the half's own member is a manifest with empty targets. Nothing may ever be compiled from these, and
//! all that is compiled must be what the half's build wants, to the flag. Both are read from cargo's unit graphs;
//! where they do not say so, there is no such step, and the half is built at once.

use std::collections::BTreeSet;

use cargo_metadata::{Package, camino::Utf8Path};

use super::{
    application::{environment, folder_below, own_target_dir},
    halves::{Half, Other, targets},
};
use crate::{
    error::Result,
    plan::{
        self,
        unit_graph::{Unit, UnitGraph},
    },
    platform::Platform,
    project::Project,
    slice::{self, Slice, option_values},
};

/// The step.
#[derive(Debug, Clone)]
pub(super) struct Below {
    /// The half's own member, whose source comes after it.
    pub(super) own: Other,
    /// What cargo is called with.
    pub(super) args: Vec<String>,
    /// The variables of the slice.
    pub(super) variables: Vec<(String, String)>,
}

/// The step before a half's own build; `None` where nothing can be built apart from it. The graphs are those of
/// `platform`.
pub(super) fn of(
    project: &Project,
    platform: &Platform,
    slice: &Slice,
    half: &Half,
    members: &[&Package],
) -> Result<Option<Below>> {
    let root = project.workspace.root();
    let named = option_values(&slice.args, "--package");
    let Some(own) = members.iter().find(|package| named == [package.name.as_str()]) else { return Ok(None) };
    let lies_apart = |folder: &&Utf8Path| lies_apart(folder, half, members, root);
    let Some(folder) = folder_below(own, root).filter(lies_apart) else { return Ok(None) };
    let Some(mut args) = arguments(slice, own) else { return Ok(None) };
    let query = Query { project, platform, slice };
    let whole = query.graph(slice.cargo_args())?;
    let is_below =
        |package: &Package| package.id != own.id && whole.units.iter().any(|unit| is_library(unit, package));
    let below: Vec<_> =
        members.iter().filter(|package| is_below(package)).map(|package| &package.name).collect();
    if below.is_empty() {
        return Ok(None);
    }
    args.extend(below.iter().map(|name| format!("--package={name}")).collect::<BTreeSet<_>>());
    let part = query.graph(&args)?;
    let compiles_own = part.units.iter().any(|unit| unit.pkg_id == own.id.repr);
    if compiles_own || !plan::is_part(&part, &whole) {
        return Ok(None);
    }
    args.extend(own_target_dir(slice));
    let own = Other { folder: folder.to_owned(), targets: targets(own, root)? };
    Ok(Some(Below { own, args, variables: environment(slice) }))
}

/// Whether the member's folder is copied as a whole, and nothing of what stands below it lies in there.
fn lies_apart(folder: &Utf8Path, half: &Half, members: &[&Package], root: &Utf8Path) -> bool {
    let mut inside = members.iter().filter_map(|package| folder_below(package, root));
    half.folders.iter().any(|copied| copied == folder)
        && inside.all(|other| other == folder || !other.starts_with(folder))
}

fn is_library(unit: &Unit, package: &Package) -> bool {
    let is_linked = unit.target.kind.iter().any(|kind| kind == "lib" || kind == "rlib");
    is_linked && unit.mode == "build" && unit.pkg_id == package.id.repr
}

/// The half's arguments, for libraries alone. Its own member stays named, since its features decide those of the
/// others, and is asked for by name in them, since with several packages they would be asked of each. `None` where
/// an argument is not known.
fn arguments(slice: &Slice, own: &Package) -> Option<Vec<String>> {
    let mut args = vec!["build".to_owned(), "--locked".into(), "--lib".into()];
    let mut features = Vec::new();
    let mut defaults = own.features.contains_key("default").then(|| of_member(own, "default"));
    for arg in &slice.args[1..] {
        match arg.split_once('=').unwrap_or((arg, "")) {
            ("--bin", _) | ("--locked", "") => {}
            ("--no-default-features", "") => defaults = None,
            ("--features", names) => {
                let names = names.split([',', ' ']).filter(|name| !name.is_empty());
                features.extend(names.map(|name| of_member(own, name)));
            }
            ("--release", "") | ("--package" | "--profile" | "--target", _) => args.push(arg.clone()),
            _ => return None,
        }
    }
    features.extend(defaults);
    args.push("--no-default-features".into());
    if !features.is_empty() {
        args.push(format!("--features={}", features.join(",")));
    }
    Some(args)
}

fn of_member(own: &Package, feature: &str) -> String {
    if feature.contains('/') { feature.to_owned() } else { format!("{}/{feature}", own.name) }
}

/// What is asked of cargo.
struct Query<'a> {
    project: &'a Project,
    platform: &'a Platform,
    slice: &'a Slice,
}

impl Query<'_> {
    fn graph(&self, args: &[String]) -> Result<UnitGraph> {
        let workspace = &self.project.workspace;
        let cargo = self.project.cargo_on(self.platform)?;
        let env = slice::environment::of_slice(&cargo, workspace, self.slice)?;
        plan::graph(&cargo, workspace.root().as_std_path(), args, &env)
    }
}
