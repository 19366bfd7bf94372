//! The members that a half's own one stands on, built in a step before its source is there: an edit of the server
//! compiles the server, and not the components that it shares with the front.
//!
//! In that step the half's own member is a manifest with empty targets. Nothing may ever be compiled from these, and
//! all that is compiled must be what the half's build wants, to the flag, or it would be compiled twice. Where that is
//! in doubt there is no such step, and the half is built at once.

use std::collections::BTreeSet;

use cargo_metadata::{
    DependencyKind, Package, TargetKind,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    application::{environment, folder_below, own_target_dir},
    halves::{Other, at, targets},
};
use crate::{
    error::Result,
    slice::{Slice, option_values},
    workspace::Workspace,
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

/// The step before a half's own build; `None` where nothing can be built apart from it. `members` are those that the
/// half is made of, `folders` what it copies as a whole.
///
/// cargo resolves features for the members that it is told to build. Naming more of them changes nothing where these
/// are always built anyway and are given no features of their own, and where no `dev-dependencies` come with them,
/// which they do in the first resolver.
pub(super) fn of(
    workspace: &Workspace,
    slice: &Slice,
    members: &[&Package],
    folders: &[Utf8PathBuf],
) -> Result<Option<Below>> {
    let root = workspace.root();
    let named = option_values(&slice.args, "--package");
    let Some(own) = members.iter().find(|package| named == [package.name.as_str()]) else { return Ok(None) };
    let below: BTreeSet<&str> = below(own, members).map(|package| package.name.as_str()).collect();
    let lies_apart = |folder: &&Utf8Path| lies_apart(folder, members, folders, root);
    let folder = folder_below(own, root).filter(lies_apart);
    let (Some(folder), Some(mut args)) = (folder, arguments(slice, own)) else { return Ok(None) };
    let has_library = own.targets.iter().any(|target| !is_program(target.kind.as_slice()));
    if below.is_empty() || has_library || workspace.resolver() == "1" {
        return Ok(None);
    }
    args.extend(below.into_iter().map(|name| format!("--package={name}")));
    args.extend(own_target_dir(slice));
    let own = Other { folder: folder.to_owned(), targets: targets(own, root)? };
    Ok(Some(Below { own, args, variables: environment(slice) }))
}

/// The libraries among the members that `own` depends on, whatever the features and the platform.
fn below<'a>(own: &'a Package, members: &'a [&Package]) -> impl Iterator<Item = &'a Package> {
    let always = own.dependencies.iter().filter(|dependency| {
        dependency.kind == DependencyKind::Normal && !dependency.optional && dependency.target.is_none()
    });
    let found = always.filter_map(|dependency| at(members, dependency.path.as_deref()?));
    // What is linked into more than programs prepares for link-time optimisation in ways of its own.
    let is_library = |kind: &TargetKind| matches!(kind, TargetKind::Lib | TargetKind::RLib);
    found.filter(move |package| {
        let mut kinds = package.targets.iter().map(|target| target.kind.as_slice());
        kinds.any(|kinds| kinds.iter().all(is_library))
    })
}

/// Whether a target is one of those that `--lib` leaves out.
fn is_program(kinds: &[TargetKind]) -> bool {
    use TargetKind::{Bench, Bin, CustomBuild, Example, Test};
    kinds.iter().all(|kind| matches!(kind, Bench | Bin | CustomBuild | Example | Test))
}

/// Whether the member's folder is copied as a whole, and no other member lies in there.
fn lies_apart(folder: &Utf8Path, members: &[&Package], copied: &[Utf8PathBuf], root: &Utf8Path) -> bool {
    let mut all = members.iter().filter_map(|package| folder_below(package, root));
    copied.iter().any(|copied| copied == folder)
        && all.all(|other| other == folder || !other.starts_with(folder))
}

/// The half's arguments, for libraries alone. Its own member stays named, since its features decide those of the
/// others, and is asked for by name in them, since with several packages they would be asked of each. `None` where
/// an argument is not known.
fn arguments(slice: &Slice, own: &Package) -> Option<Vec<String>> {
    // No --locked: what cargo-leptos lets pass is no error one step earlier.
    let mut args = vec!["build".to_owned(), "--lib".into()];
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
