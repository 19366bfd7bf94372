//! The members that a half's own one stands on, built in steps before what stands on them is there: an edit of a
//! member compiles it and what stands on it, and not what it stands on itself.
//!
//! In a step, the members of later ones are manifests with empty targets. Nothing may ever be compiled from these, and
//! all that is compiled must be what the half's build wants, to the flag, or it would be compiled twice. Where that is
//! in doubt there are no such steps, and the half is built at once.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{
    Dependency, DependencyKind, Package, PackageId, TargetKind,
    camino::{Utf8Path, Utf8PathBuf},
};

use super::{
    application::{environment, folder_below, own_target_dir},
    halves::{Other, at, paths_below},
};
use crate::{
    error::Result,
    project::Project,
    slice::{Slice, option_values},
};

/// The most steps for one half. Each costs a call of cargo, and the cores wait for each other at its end. What is
/// lowest shares the first one, since it changes least.
const STEPS: usize = 4;

/// What is built before the half's own member is there.
#[derive(Debug, Clone)]
pub(super) struct Below {
    /// One after the other: what a step compiles stands on those before it alone.
    pub(super) steps: Vec<Step>,
    /// The half's own member, whose source comes after them.
    pub(super) own: Other,
    /// The variables of the slice.
    pub(super) variables: Vec<(String, String)>,
}

/// One step.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The members whose source comes with it; none in the first step, which has all that does not come later.
    pub(super) members: Vec<Other>,
    /// What cargo is called with.
    pub(super) args: Vec<String>,
}

impl Below {
    /// The members whose source is not there from the beginning.
    pub(super) fn late(&self) -> impl Iterator<Item = &Other> {
        self.steps.iter().flat_map(|step| &step.members).chain([&self.own])
    }
}

/// The steps before a half's own build; `None` where nothing can be built apart from it. `members` are those that the
/// half is made of, `folders` what it copies as a whole.
///
/// cargo resolves features for the members that it is told to build. Naming more of them changes nothing where these
/// are always built anyway and are given no features of their own, and where no `dev-dependencies` come with them,
/// which they do in the first resolver.
pub(super) fn of(
    project: &Project,
    slice: &Slice,
    members: &[&Package],
    folders: &[Utf8PathBuf],
) -> Result<Option<Below>> {
    let workspace = &project.workspace;
    let named = option_values(&slice.args, "--package");
    let Some(own) = members.iter().find(|package| named == [package.name.as_str()]) else { return Ok(None) };
    let has_library = own.targets.iter().any(|target| !is_program(target.kind.as_slice()));
    let (Some(folder), Some(common)) = (folder_apart(own, project, folders), arguments(slice, own)) else {
        return Ok(None);
    };
    if has_library || workspace.resolver() == "1" {
        return Ok(None);
    }
    let built = always_built(own, members);
    let mut steps: Vec<Step> = Vec::new();
    for group in groups(own, members, &built) {
        let late = if steps.is_empty() { Vec::new() } else { apart(&group, project, folders)? };
        let names: BTreeSet<&str> = group.iter().map(|package| package.name.as_str()).collect();
        let mut args = common.clone();
        args.extend(names.intersection(&built).map(|name| format!("--package={name}")));
        args.extend(own_target_dir(slice));
        steps.push(Step { members: late, args });
    }
    if steps.is_empty() {
        return Ok(None);
    }
    let own = Other::of(own, folder, workspace.root())?;
    Ok(Some(Below { steps, own, variables: environment(slice) }))
}

/// Those of the members whose folders can come later than the rest.
fn apart(members: &[&Package], project: &Project, copied: &[Utf8PathBuf]) -> Result<Vec<Other>> {
    let folders = members.iter().filter_map(|one| Some((one, folder_apart(one, project, copied)?)));
    folders.map(|(member, folder)| Other::of(member, folder, project.workspace.root())).collect()
}

/// The members but `own`, in groups: each stands on those before it alone, and has one that is always built.
fn groups<'a>(own: &Package, members: &[&'a Package], built: &BTreeSet<&str>) -> Vec<Vec<&'a Package>> {
    let mut groups: Vec<Vec<&Package>> = Vec::new();
    let mut waiting = Vec::new();
    for level in levels(members).into_values() {
        waiting.extend(level.into_iter().filter(|package| package.id != own.id));
        if waiting.iter().any(|package| built.contains(package.name.as_str())) {
            groups.push(std::mem::take(&mut waiting));
        }
    }
    while groups.len() > STEPS {
        let above = groups.remove(1);
        groups[0].extend(above);
    }
    groups
}

/// The members by how many stand below one another below them, whatever the features and the platform.
fn levels<'a>(members: &[&'a Package]) -> BTreeMap<usize, Vec<&'a Package>> {
    let mut levels: BTreeMap<&PackageId, usize> = BTreeMap::new();
    let mut is_done = false;
    while !is_done {
        is_done = true;
        for package in members {
            let below = paths_below(package).filter_map(|path| at(members, path));
            let level = below.map(|one| levels.get(&one.id).unwrap_or(&0) + 1).max().unwrap_or(0);
            is_done &= levels.insert(&package.id, level) == Some(level);
        }
    }
    let mut all: BTreeMap<usize, Vec<&Package>> = BTreeMap::new();
    members.iter().for_each(|package| all.entry(levels[&package.id]).or_default().push(package));
    all
}

/// The names of the libraries among the members that are built with `own`, whatever the features and the platform.
fn always_built<'a>(own: &'a Package, members: &[&'a Package]) -> BTreeSet<&'a str> {
    let always = |dependency: &&Dependency| {
        dependency.kind == DependencyKind::Normal && !dependency.optional && dependency.target.is_none()
    };
    let mut found = BTreeSet::new();
    let mut waiting = vec![own];
    while let Some(package) = waiting.pop() {
        let dependencies = package.dependencies.iter().filter(always);
        let below = dependencies.filter_map(|dependency| at(members, dependency.path.as_deref()?));
        waiting.extend(below.filter(|one| has_plain_library(one) && found.insert(one.name.as_str())));
    }
    found
}

/// What is linked into more than programs prepares for link-time optimisation in ways of its own.
fn has_plain_library(package: &Package) -> bool {
    let is_library = |kind: &TargetKind| matches!(kind, TargetKind::Lib | TargetKind::RLib);
    package.targets.iter().any(|target| target.kind.iter().all(is_library))
}

/// Whether a target is one of those that `--lib` leaves out.
fn is_program(kinds: &[TargetKind]) -> bool {
    use TargetKind::{Bench, Bin, CustomBuild, Example, Test};
    kinds.iter().all(|kind| matches!(kind, Bench | Bin | CustomBuild | Example | Test))
}

/// The member's folder, where it is copied as a whole and holds nothing that others are made of.
fn folder_apart<'a>(package: &'a Package, project: &Project, copied: &[Utf8PathBuf]) -> Option<&'a Utf8Path> {
    let root = project.workspace.root();
    let folder = folder_below(package, root)?;
    let members = &project.workspace.metadata().packages;
    let dependencies = members.iter().flat_map(|member| &member.dependencies);
    let named = dependencies.filter_map(|one| one.path.as_deref()?.strip_prefix(root).ok());
    let mut others = members.iter().filter_map(|member| folder_below(member, root)).chain(named);
    let is_apart = others.all(|other| other == folder || !other.starts_with(folder));
    // What is listed there is read by others as well.
    let is_listed =
        project.settings.docker.include.iter().any(|path| Utf8Path::new(path).starts_with(folder));
    (is_apart && !is_listed && copied.iter().any(|copied| copied == folder)).then_some(folder)
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
