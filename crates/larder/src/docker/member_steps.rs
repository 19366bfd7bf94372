//! Builds a half's members lowest first, in steps before the half's own build: an edit of a member rebuilds that member
//! and its dependents, and not its dependencies.
//!
//! In a step, placeholders (manifests with empty targets) take the place of members that are copied later. A placeholder
//! must never be taken for the member, and every artifact that stays must be one that the half's build uses, to the flag,
//! or it would be compiled twice. If that is in doubt, there are no steps, and the half is built at once.
//!
//! The steps of a program do not compile its own member: linking takes long, and naming the libraries below it does not
//! change them. The steps of a library call cargo as the half's build does, because cargo prepares libraries that are
//! named for link-time optimisation in another way; they remove what was compiled from placeholders. cargo would not
//! notice the change by itself: a copied file keeps its modification time, which is older than the placeholder's.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{
    Dependency, DependencyKind, Package, PackageId, TargetKind,
    camino::{Utf8Component, Utf8Path, Utf8PathBuf},
};
use toml_edit::{DocumentMut, Item};

use super::{
    absent::{AbsentMember, at, paths_below},
    image::Image,
    sources::folder_below,
};
use crate::{
    cargo::command_line::{Argument, arguments, option_values},
    error::Result,
    project::Project,
    slice::Slice,
    workspace::{Workspace, locked_packages, parse_toml},
};

/// The most steps for one half. Each costs a call of cargo, and the cores wait for each other at its end. The lowest
/// members share the first one, since they change least.
const STEPS: usize = 4;

/// The steps that build a half's members before its own one is copied.
#[derive(Debug, Clone)]
pub(super) struct MemberSteps {
    /// In their order: a step's members depend on those of earlier steps alone.
    pub(super) steps: Vec<MemberStep>,
    /// The half's own member, which is copied after them.
    pub(super) own: AbsentMember,
    /// The variables of the slice.
    pub(super) variables: Vec<(String, String)>,
}

/// One step.
#[derive(Debug, Clone)]
pub(super) struct MemberStep {
    /// The members that are copied for it; none in the first step, which has all that are not copied later.
    pub(super) members: Vec<AbsentMember>,
    /// The arguments of cargo.
    pub(super) args: Vec<String>,
    /// The arguments of the `cargo clean` after it, if it compiles placeholders.
    pub(super) clean: Option<Vec<String>>,
}

/// The files of absent members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    /// Empty files: nothing compiles them.
    Unread,
    /// Libraries that are compiled, then removed.
    Compiled,
}

impl MemberSteps {
    /// The members that are copied after the first step.
    pub(super) fn late(&self) -> impl Iterator<Item = &AbsentMember> {
        self.steps.iter().flat_map(|step| &step.members).chain([&self.own])
    }

    /// Their placeholders until then.
    pub(super) fn placeholder(&self) -> Placeholder {
        let is_compiled = self.steps.iter().any(|step| step.clean.is_some());
        if is_compiled { Placeholder::Compiled } else { Placeholder::Unread }
    }
}

/// The steps before a half's own build; `None` if nothing can be built apart from it. `members` are those that the
/// half is made of, `folders` what it copies as a whole.
pub(super) fn plan(
    project: &Project,
    image: &Image,
    slice: &Slice,
    members: &[&Package],
    folders: &[Utf8PathBuf],
) -> Result<Option<MemberSteps>> {
    let named = option_values(&slice.args, "--package");
    let Some(own) = members.iter().find(|package| named == [package.name.as_str()]) else { return Ok(None) };
    let Some(folder) = folder_apart(own, project, folders) else { return Ok(None) };
    // cargo-leptos joins the flags that it adds with the configured ones, which a variable would hide from a step.
    if !slice.rustflags.is_empty() && written_rustflags(&project.workspace).next().is_some() {
        return Ok(None);
    }
    let parts = StepSources { project, image, slice, members, folders, own };
    let is_program = own.targets.iter().all(|target| is_program(&target.kind));
    let steps = if is_program { parts.of_program()? } else { parts.of_library()? };
    if steps.is_empty() {
        return Ok(None);
    }
    let own = AbsentMember::new(&project.workspace, own, folder)?;
    Ok(Some(MemberSteps { steps, own, variables: image.environment(slice) }))
}

/// The sources of a half's steps.
struct StepSources<'a> {
    project: &'a Project,
    image: &'a Image,
    slice: &'a Slice,
    /// The members that it is made of.
    members: &'a [&'a Package],
    /// The folders that it copies as a whole.
    folders: &'a [Utf8PathBuf],
    /// The member that its build names.
    own: &'a Package,
}

impl StepSources<'_> {
    /// The steps of a program; none if it cannot be.
    ///
    /// cargo resolves features for the members that it is told to build. Naming more of them changes nothing if
    /// these are always built anyway and are given no features of their own, and if no `dev-dependencies` come
    /// with them, which they do in the first resolver.
    fn of_program(&self) -> Result<Vec<MemberStep>> {
        let Some(common) = library_args(self.slice, self.own) else { return Ok(Vec::new()) };
        if self.project.workspace.resolver() == "1" {
            return Ok(Vec::new());
        }
        let built = always_built(self.own, self.members);
        let mut steps: Vec<MemberStep> = Vec::new();
        for group in self.groups(|package| built.contains(package.name.as_str())) {
            let late = if steps.is_empty() { Vec::new() } else { self.apart(&group)? };
            let names: BTreeSet<&str> = group.iter().map(|package| package.name.as_str()).collect();
            let mut args = common.clone();
            args.extend(names.intersection(&built).map(|name| format!("--package={name}")));
            args.extend(self.image.target_dir_word(self.slice));
            steps.push(MemberStep { members: late, args, clean: None });
        }
        Ok(steps)
    }

    /// The steps of a library; none if it cannot be.
    ///
    /// All members are compiled in each step, so one that has to be there from the beginning takes all that it may
    /// stand on with it.
    fn of_library(&self) -> Result<Vec<MemberStep>> {
        let Some(calls) = self.calls()?.filter(|_| can_be_empty(self.own)) else { return Ok(Vec::new()) };
        let mut groups = self.groups(|_| true);
        let is_early = |package: &&Package| !can_be_empty(package) || self.folder_of(package).is_none();
        let highest_early = groups.iter().rposition(|group| group.iter().any(is_early)).unwrap_or(0);
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let late = groups.split_off(highest_early + 1);
        let members = std::iter::once(Ok(Vec::new())).chain(late.iter().map(|group| self.apart(group)));
        let steps = members.enumerate().map(|(number, members)| {
            let missing = late[number..].iter().flatten().copied().chain([self.own]);
            let clean = Some(calls.clean(missing));
            Ok(MemberStep { members: members?, args: calls.build.clone(), clean })
        });
        steps.collect()
    }

    /// The calls of a library's steps; `None` if an argument is not known, if a member's name stands for
    /// another package as well, or if flags for the linker name what an empty library does not have.
    fn calls(&self) -> Result<Option<Calls>> {
        let workspace = &self.project.workspace;
        let lock = parse_toml(&workspace.root().join("Cargo.lock"))?;
        let exports = written_rustflags(workspace).any(|flags| flags.to_string().contains("--export"));
        let args = &self.slice.args;
        let is_known =
            args.first().is_some_and(|arg| arg == "build") && args.iter().any(|arg| arg == "--lib");
        if !is_known || exports || !self.members.iter().all(|member| is_alone(&lock, member)) {
            return Ok(None);
        }
        let mut calls = Calls { build: vec!["build".to_owned()], clean: vec!["clean".to_owned()] };
        for Argument { name, value, words, .. } in given(self.slice) {
            match (name, value) {
                ("--release", None) | ("--profile" | "--target", _) => calls.clean.extend_from_slice(words),
                ("--lib" | "--no-default-features", None) | ("--package" | "--features", _) => {}
                _ => return Ok(None),
            }
            calls.build.extend_from_slice(words);
        }
        calls.build.extend(self.image.target_dir_word(self.slice));
        calls.clean.extend(self.image.target_dir_word(self.slice));
        Ok(Some(calls))
    }

    /// The members but the half's own, in groups: each stands on those before it alone, and has one that is asked
    /// for.
    fn groups(&self, is_asked_for: impl Fn(&Package) -> bool) -> Vec<Vec<&Package>> {
        let mut groups: Vec<Vec<&Package>> = Vec::new();
        let mut waiting = Vec::new();
        for level in levels(self.members).into_values() {
            waiting.extend(level.into_iter().filter(|package| package.id != self.own.id));
            if waiting.iter().any(|package| is_asked_for(package)) {
                groups.push(std::mem::take(&mut waiting));
            }
        }
        while groups.len() > STEPS {
            let above = groups.remove(1);
            groups[0].extend(above);
        }
        groups
    }

    /// Those of the members whose folders can come later than the rest.
    fn apart(&self, members: &[&Package]) -> Result<Vec<AbsentMember>> {
        let folders = members.iter().filter_map(|one| Some((one, self.folder_of(one)?)));
        folders.map(|(member, folder)| AbsentMember::new(&self.project.workspace, member, folder)).collect()
    }

    fn folder_of<'b>(&self, member: &'b Package) -> Option<&'b Utf8Path> {
        folder_apart(member, self.project, self.folders)
    }
}

/// Whether no other package has the member's name.
fn is_alone(lock: &DocumentMut, member: &Package) -> bool {
    locked_packages(lock).filter(|one| one.name == member.name.as_str()).count() == 1
}

/// The arguments of cargo in the steps of a library.
struct Calls {
    build: Vec<String>,
    /// All but the packages.
    clean: Vec<String>,
}

impl Calls {
    fn clean<'a>(&self, packages: impl Iterator<Item = &'a Package>) -> Vec<String> {
        let names: BTreeSet<&str> = packages.map(|package| package.name.as_str()).collect();
        let words = names.iter().map(|name| format!("--package={name}"));
        self.clean.iter().cloned().chain(words).collect()
    }
}

/// Whether an empty library can take a member's place till its folder is copied: an empty build script is an error,
/// and a file that lies elsewhere would stay empty.
fn can_be_empty(member: &Package) -> bool {
    let folder = member.manifest_path.parent();
    member.targets.iter().all(|target| {
        let path = folder.and_then(|folder| target.src_path.strip_prefix(folder).ok());
        let is_in_folder =
            path.is_some_and(|path| !path.components().any(|part| part == Utf8Component::ParentDir));
        !target.is_custom_build() && is_in_folder
    })
}

/// The flags for rustc in the workspace's own configuration, whatever the platform.
fn written_rustflags(workspace: &Workspace) -> impl Iterator<Item = &Item> {
    let of_build = workspace.config().get("build").and_then(|table| table.get("rustflags"));
    workspace.target_rustflags().chain(of_build)
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
    let mut found = BTreeSet::new();
    let mut waiting = vec![own];
    while let Some(package) = waiting.pop() {
        let dependencies = package.dependencies.iter().filter(|one| is_always_built(one));
        let below = dependencies.filter_map(|dependency| at(members, dependency.path.as_deref()?));
        waiting.extend(below.filter(|one| has_plain_library(one) && found.insert(one.name.as_str())));
    }
    found
}

fn is_always_built(dependency: &Dependency) -> bool {
    dependency.kind == DependencyKind::Normal && !dependency.optional && dependency.target.is_none()
}

/// A library that is linked into more than programs prepares for link-time optimisation in ways of its own.
fn has_plain_library(package: &Package) -> bool {
    let is_library = |kind: &TargetKind| matches!(kind, TargetKind::Lib | TargetKind::RLib);
    package.targets.iter().any(|target| target.kind.iter().all(is_library))
}

/// Whether a target is one of those that `--lib` leaves out.
fn is_program(kinds: &[TargetKind]) -> bool {
    use TargetKind::{Bench, Bin, CustomBuild, Example, Test};
    kinds.iter().all(|kind| matches!(kind, Bench | Bin | CustomBuild | Example | Test))
}

/// The member's folder, if it is copied as a whole and holds nothing that others are made of.
fn folder_apart<'a>(package: &'a Package, project: &Project, copied: &[Utf8PathBuf]) -> Option<&'a Utf8Path> {
    let root = project.workspace.root();
    let folder = folder_below(package, root)?;
    let members = &project.workspace.metadata().packages;
    let dependencies = members.iter().flat_map(|member| &member.dependencies);
    let named = dependencies.filter_map(|one| one.path.as_deref()?.strip_prefix(root).ok());
    let mut others = members.iter().filter_map(|member| folder_below(member, root)).chain(named);
    let is_apart = others.all(|other| other == folder || !other.starts_with(folder));
    // A folder that is listed there is read by others as well.
    let is_listed =
        project.settings.docker.include.iter().any(|path| Utf8Path::new(path).starts_with(folder));
    (is_apart && !is_listed && copied.iter().any(|copied| copied == folder)).then_some(folder)
}

/// The half's arguments, for libraries alone. Its own member stays named, since its features decide those of the
/// others, and is asked for by name in them, since with several packages they would be asked of each. `None` if
/// an argument is not known.
fn library_args(slice: &Slice, own: &Package) -> Option<Vec<String>> {
    let mut args = vec!["build".to_owned(), "--lib".into()];
    let mut features = Vec::new();
    let mut defaults = own.features.contains_key("default").then(|| of_member(own, "default"));
    for Argument { name, value, words, .. } in given(slice) {
        match (name, value) {
            ("--bin", _) => {}
            ("--no-default-features", None) => defaults = None,
            ("--features", Some(names)) => {
                let names = names.split([',', ' ']).filter(|name| !name.is_empty());
                features.extend(names.map(|name| of_member(own, name)));
            }
            ("--release", None) | ("--package" | "--profile" | "--target", _) => {
                args.extend_from_slice(words);
            }
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

/// The arguments of a half's build after the command. Without `--locked`: what
/// cargo-leptos lets pass is no error one step earlier.
fn given(slice: &Slice) -> impl Iterator<Item = Argument<'_>> {
    arguments(&slice.args[1..]).filter(|argument| argument.name != "--locked")
}

fn of_member(own: &Package, feature: &str) -> String {
    if feature.contains('/') { feature.to_owned() } else { format!("{}/{feature}", own.name) }
}
